from django.db import models


class TypeStructure(models.TextChoices):
    COMMUNE = "commune", "Commune"
    EPCI = "epci", "Intercommunalité (EPCI)"
    DEPARTEMENT = "departement", "Département"
    REGION = "region", "Région"
    COLLECTIVITE_OUTRE_MER = "collectivite_outre_mer", "Collectivité d'outre-mer"
    GIP = "gip", "Groupement d'intérêt public (GIP)"
    ETABLISSEMENT_PUBLIC = "etablissement_public", "Établissement public"
    ASSOCIATION = "association", "Association"
    ENTREPRISE_ESS = "entreprise_ess", "Entreprise de l'économie sociale et solidaire"


# Whose contracts follow private law (S1); every other type is a public employer.
TYPES_PRIVES = frozenset({TypeStructure.ASSOCIATION, TypeStructure.ENTREPRISE_ESS})


class TypeDemande(models.TextChoices):
    INITIALE = "initiale", "Demande initiale"
    AJOUT = "ajout", "Avenant : ajout de postes"
    RETRAIT = "retrait", "Avenant : retrait de postes"


class StatutDemande(models.TextChoices):
    BROUILLON = "brouillon", "Brouillon"
    DEPOSEE = "deposee", "Déposée"
    AVIS_RENDU = "avis_rendu", "Avis du préfet rendu"
    COSELEC = "coselec", "En COSELEC"
    A_CONVENTIONNER = "a_conventionner", "À conventionner"
    CONVENTIONNEE = "conventionnee", "Conventionnée"
    REFUSEE = "refusee", "Refusée"
    ABANDONNEE = "abandonnee", "Abandonnée"
    DOUBLON = "doublon", "Doublon"


_S = StatutDemande
NEXT_STATUTS_DEMANDE: dict[StatutDemande, frozenset[StatutDemande]] = {
    # A draft confirmed for a structure that has its managers already never enters instruction.
    _S.BROUILLON: frozenset({_S.DEPOSEE, _S.DOUBLON, _S.ABANDONNEE}),
    _S.DEPOSEE: frozenset({_S.AVIS_RENDU, _S.ABANDONNEE, _S.DOUBLON}),
    _S.AVIS_RENDU: frozenset({_S.COSELEC, _S.ABANDONNEE, _S.DOUBLON}),
    # "Examen complémentaire" sends the file back to a later session.
    _S.COSELEC: frozenset({_S.AVIS_RENDU, _S.A_CONVENTIONNER, _S.REFUSEE, _S.ABANDONNEE}),
    _S.A_CONVENTIONNER: frozenset({_S.CONVENTIONNEE, _S.ABANDONNEE}),
    _S.CONVENTIONNEE: frozenset(),
    _S.REFUSEE: frozenset(),
    _S.ABANDONNEE: frozenset(),
    _S.DOUBLON: frozenset(),
}
# A structure has one initial request at a time in these; after it, posts are added by an avenant.
STATUTS_DEMANDE_UNIQUE = [
    _S.DEPOSEE,
    _S.AVIS_RENDU,
    _S.COSELEC,
    _S.A_CONVENTIONNER,
    _S.CONVENTIONNEE,
]
STATUTS_DEMANDE_OUVERTS = frozenset({_S.DEPOSEE, _S.AVIS_RENDU, _S.COSELEC, _S.A_CONVENTIONNER})


class Avis(models.TextChoices):
    FAVORABLE = "favorable", "Favorable"
    DEFAVORABLE = "defavorable", "Défavorable"
    SANS_AVIS = "sans_avis", "Sans avis dans le délai"


class Decision(models.TextChoices):
    FAVORABLE = "favorable", "Favorable"
    DEFAVORABLE = "defavorable", "Défavorable"
    EXAMEN_COMPLEMENTAIRE = "examen_complementaire", "Examen complémentaire"


class StatutPoste(models.TextChoices):
    VACANT = "vacant", "Vacant"
    POURVU = "pourvu", "Pourvu"
    RENDU = "rendu", "Rendu"


NEXT_STATUTS_POSTE: dict[StatutPoste, frozenset[StatutPoste]] = {
    StatutPoste.VACANT: frozenset({StatutPoste.POURVU, StatutPoste.RENDU}),
    StatutPoste.POURVU: frozenset({StatutPoste.VACANT}),
    StatutPoste.RENDU: frozenset(),
}


class TypePoste(models.TextChoices):
    ORDINAIRE = "ordinaire", "Conseiller numérique"
    COORDINATEUR = "coordinateur", "Conseiller numérique coordinateur"
