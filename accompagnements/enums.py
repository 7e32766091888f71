"""Values are those the national tool's API exchanges (STANDARDS §4)."""

from django.db import models


class TypeAccompagnement(models.TextChoices):
    INDIVIDUEL = "individuel", "Accompagnement individuel"
    ATELIER = "atelier", "Atelier collectif"
    PONCTUEL = "ponctuel", "Aide ponctuelle"


class Canal(models.TextChoices):
    LIEU_ACTIVITE = "lieu_activite", "Dans un lieu d'activité"
    AUTRE = "autre", "Dans un autre lieu"
    DOMICILE = "domicile", "À domicile"
    A_DISTANCE = "a_distance", "À distance"


class Suite(models.TextChoices):
    AUCUNE = "", "Aucune suite prévue"
    INDIVIDUEL = "individuel", "Poursuite en accompagnement individuel"
    ATELIER = "atelier", "Poursuite en atelier"
    ORIENTATION = "orientation", "Orientation vers un autre organisme"


class Orientation(models.TextChoices):
    ADMINISTRATION = "administration", "Administration"
    MEDIATION_NUMERIQUE = "mediation_numerique", "Médiation numérique"
    OPERATEUR = "operateur_ou_organisme_en_charge", "Opérateur ou organisme en charge"
    AIDE_SOCIALE = "aide_sociale", "Aide sociale"
    INSERTION = "insertion_professionnelle", "Insertion professionnelle"
    DEMARCHES = "aide_aux_demarches_administratives", "Aide aux démarches administratives"
    AUTRE = "autre", "Autre"


class Autonomie(models.TextChoices):
    ENTIEREMENT_ACCOMPAGNE = "entierement_accompagne", "Entièrement accompagné"
    PARTIELLEMENT_AUTONOME = "partiellement_autonome", "Partiellement autonome"
    AUTONOME = "autonome", "Autonome"


class Materiel(models.TextChoices):
    ORDINATEUR = "ordinateur", "Ordinateur"
    TELEPHONE = "telephone", "Téléphone"
    TABLETTE = "tablette", "Tablette"
    AUTRE = "autre", "Autre matériel"
    AUCUN = "aucun", "Aucun matériel"


class NiveauAtelier(models.TextChoices):
    DEBUTANT = "debutant", "Débutant"
    INTERMEDIAIRE = "intermediaire", "Intermédiaire"
    AVANCE = "avance", "Avancé"


class Dispositif(models.TextChoices):
    """National schemes a conseiller calls upon during an accompagnement (S0, S4)."""

    AIDANTS_CONNECT = "aidants_connect", "Mandat Aidants Connect"
    PASS_NUMERIQUE = "pass_numerique", "Pass numérique"


class TypePublic(models.TextChoices):
    HABITANTS = "habitants", "Habitants"
    TPE_PME = "tpe_pme", "TPE et PME"


class TypeCoordination(models.TextChoices):
    """What a coordinateur logs (STANDARDS §4)."""

    ANIMATION = "animation", "Animation"
    EVENEMENT = "evenement", "Événement"
    PARTENARIAT = "partenariat", "Partenariat"


class Echelon(models.TextChoices):
    COMMUNAL = "communal", "La commune"
    INTERCOMMUNAL = "intercommunal", "L'intercommunalité"
    DEPARTEMENTAL = "departemental", "Le département"
    REGIONAL = "regional", "La région"
    NATIONAL = "national", "La France entière"


class Objet(models.TextChoices):
    """What an activity of coordination is for."""

    ECHANGER = "echanger", "Échanger entre conseillers"
    OUTILLER = "outiller", "Former et outiller"
    ORGANISER = "organiser", "Organiser le territoire"
    PUBLICS = "publics", "Aller vers un public"
    FAIRE_CONNAITRE = "faire_connaitre", "Faire connaître"
    FINANCER = "financer", "Financer et pérenniser"
    AUTRE = "autre", "Autre"


class NaturePartenaire(models.TextChoices):
    COLLECTIVITE = "collectivite", "Collectivité territoriale"
    ETAT = "etat", "Service de l'État"
    OPERATEUR = "operateur", "Opérateur (France Travail, CAF…)"
    ASSOCIATION = "association", "Association"
    ENTREPRISE = "entreprise", "Entreprise"
    RESEAU = "reseau", "Hub ou réseau de médiation"
    ENSEIGNEMENT = "enseignement", "École ou université"
    AUTRE = "autre", "Autre"


class ActeRevision(models.TextChoices):
    MODIFICATION = "modification", "Modification"
    SUPPRESSION = "suppression", "Suppression"


class ModeConsentement(models.TextChoices):
    ORAL = "oral", "De vive voix, après lecture de la phrase"
    ECRIT = "ecrit", "Par écrit"
    REPRESENTANT = "representant", "Par son représentant légal (avant 15 ans, ou sous tutelle)"


class MotifEffacement(models.TextChoices):
    RETRAIT = "retrait", "La personne retire son accord"
    FIN = "fin", "Je ne la suis plus"
    ERREUR = "erreur", "La fiche a été créée par erreur"
    CONSERVATION = "conservation", "24 mois après le dernier accompagnement"


class Portee(models.TextChoices):
    PERSONNELLE = "personnelle", "Personnelle"
    STRUCTURE = "structure", "Structure"
    DEPARTEMENT = "departement", "Département"
    NATIONALE = "nationale", "Nationale"


class Famille(models.TextChoices):
    """The families of the service offer (S4; S1 details the same). The label is the value: it was the first one."""

    AUTONOMIE = "L'autonomie numérique", "L'autonomie numérique"
    QUOTIDIEN = "Les usages quotidiens", "Les usages quotidiens"
    CITOYEN = "Les usages citoyens et critiques", "Les usages citoyens et critiques"
    DEMARCHES = "Les démarches administratives en ligne", "Les démarches administratives en ligne"

    @property
    def anchor(self) -> str:
        return self.name.lower()


# Column of Accompagnement → label. What is not counted is "non communiqué": never a column of its own.
GENRES = {"genre_feminin": "Femmes", "genre_masculin": "Hommes"}
AGES = {
    "age_moins_de_douze": "Moins de 12 ans",
    "age_douze_dix_huit": "12–17 ans",
    "age_dix_huit_vingt_quatre": "18–24 ans",
    "age_vingt_cinq_trente_neuf": "25–39 ans",
    "age_quarante_cinquante_neuf": "40–59 ans",
    "age_soixante_soixante_neuf": "60–69 ans",
    "age_soixante_dix_plus": "70 ans et plus",
}
STATUTS = {
    "statut_scolarise": "Scolarisés",
    "statut_sans_emploi": "Sans emploi",
    "statut_en_emploi": "En emploi",
    "statut_retraite": "Retraités",
}


class GenreLivraison(models.TextChoices):
    BILAN = "bilan", "Bilan d'activité (PDF)"
    TABLEUR = "tableur", "Accompagnements (XLSX)"
    ERREURS = "erreurs", "Erreurs d'un import (XLSX)"


class StatutLivraison(models.TextChoices):
    EN_ATTENTE = "en_attente", "En attente"
    EN_COURS = "en_cours", "En préparation"
    PRETE = "prete", "Prêt"
    ECHEC = "echec", "En échec"
    SUPPRIMEE = "supprimee", "Supprimé"


NEXT_STATUTS_LIVRAISON: dict[StatutLivraison, frozenset[StatutLivraison]] = {
    StatutLivraison.EN_ATTENTE: frozenset({StatutLivraison.EN_COURS}),
    StatutLivraison.EN_COURS: frozenset({StatutLivraison.PRETE, StatutLivraison.ECHEC}),
    StatutLivraison.PRETE: frozenset({StatutLivraison.SUPPRIMEE}),
    StatutLivraison.ECHEC: frozenset({StatutLivraison.SUPPRIMEE}),
    StatutLivraison.SUPPRIMEE: frozenset(),
}
LIVRAISONS_EN_CHEMIN = frozenset({StatutLivraison.EN_ATTENTE, StatutLivraison.EN_COURS})


class StatutImport(models.TextChoices):
    DEPOSE = "depose", "Fichier en cours de lecture"
    A_ASSOCIER = "a_associer", "Colonnes à associer"
    VERIFICATION = "verification", "Vérification en cours"
    A_PRECISER = "a_preciser", "Mots à préciser"
    VERIFIE = "verifie", "Prêt à importer"
    ERRONE = "errone", "Lignes en erreur"
    ECRITURE = "ecriture", "Import en cours"
    FAIT = "fait", "Importé"
    ANNULATION = "annulation", "Annulation en cours"
    ANNULE = "annule", "Annulé"
    REFUSE = "refuse", "Fichier refusé"
    ABANDONNE = "abandonne", "Abandonné"


_VERIFIER = {StatutImport.VERIFICATION, StatutImport.ABANDONNE}
NEXT_STATUTS_IMPORT: dict[StatutImport, frozenset[StatutImport]] = {
    StatutImport.DEPOSE: frozenset({StatutImport.A_ASSOCIER, StatutImport.REFUSE, StatutImport.ABANDONNE}),
    StatutImport.A_ASSOCIER: frozenset(_VERIFIER),
    StatutImport.VERIFICATION: frozenset(
        {StatutImport.A_PRECISER, StatutImport.VERIFIE, StatutImport.ERRONE, StatutImport.A_ASSOCIER}
    ),
    StatutImport.A_PRECISER: frozenset(_VERIFIER),
    StatutImport.VERIFIE: frozenset({StatutImport.ECRITURE} | _VERIFIER),
    StatutImport.ERRONE: frozenset(_VERIFIER),
    # Back to the person when something changed since it was verified: a contract, a theme, a place.
    StatutImport.ECRITURE: frozenset({StatutImport.FAIT, StatutImport.ERRONE, StatutImport.A_PRECISER}),
    StatutImport.FAIT: frozenset({StatutImport.ANNULATION}),
    StatutImport.ANNULATION: frozenset({StatutImport.ANNULE, StatutImport.FAIT}),
    StatutImport.ANNULE: frozenset(),
    StatutImport.REFUSE: frozenset(),
    StatutImport.ABANDONNE: frozenset(),
}
# What the worker does; what waits for the person; where the file is still needed.
IMPORTS_AU_TRAVAIL = frozenset(
    {StatutImport.DEPOSE, StatutImport.VERIFICATION, StatutImport.ECRITURE, StatutImport.ANNULATION}
)
IMPORTS_A_SUIVRE = frozenset(
    {StatutImport.A_ASSOCIER, StatutImport.A_PRECISER, StatutImport.VERIFIE, StatutImport.ERRONE}
)
IMPORTS_OUVERTS = IMPORTS_A_SUIVRE | {StatutImport.DEPOSE, StatutImport.VERIFICATION, StatutImport.ECRITURE}
