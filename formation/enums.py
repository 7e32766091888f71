from django.db import models


class StatutDossier(models.TextChoices):
    A_POSITIONNER = "a_positionner", "À positionner"
    POSITIONNE = "positionne", "Parcours assigné"
    EN_FORMATION = "en_formation", "En formation"
    FORME = "forme", "Formé"
    EXEMPTE = "exempte", "Exempté (TP REMN)"
    INTERROMPU = "interrompu", "Interrompu"


_D = StatutDossier
NEXT_STATUTS_DOSSIER: dict[StatutDossier, frozenset[StatutDossier]] = {
    _D.A_POSITIONNER: frozenset({_D.POSITIONNE, _D.EXEMPTE, _D.INTERROMPU}),
    _D.POSITIONNE: frozenset({_D.A_POSITIONNER, _D.EN_FORMATION, _D.INTERROMPU}),
    _D.EN_FORMATION: frozenset({_D.FORME, _D.POSITIONNE, _D.INTERROMPU}),
    _D.FORME: frozenset(),
    _D.EXEMPTE: frozenset(),
    _D.INTERROMPU: frozenset({_D.A_POSITIONNER}),
}


class Competence(models.TextChoices):
    """The grid of the positioning interview: what the person can do, and how they relate (S1)."""

    MATERIEL = "materiel", "Prendre en main un équipement"
    INTERNET = "internet", "Naviguer et échanger sur internet"
    BUREAUTIQUE = "bureautique", "Utiliser la bureautique et gérer ses contenus"
    DEMARCHES = "demarches", "Accompagner une démarche en ligne"
    SECURITE = "securite", "Protéger ses données et s'informer avec esprit critique"
    ECOUTE = "ecoute", "Écouter et comprendre la demande"
    PEDAGOGIE = "pedagogie", "Expliquer et s'adapter à la personne"
    ANIMATION = "animation", "Animer un atelier"


TECHNIQUES = (
    Competence.MATERIEL,
    Competence.INTERNET,
    Competence.BUREAUTIQUE,
    Competence.DEMARCHES,
    Competence.SECURITE,
)
RELATIONNELLES = (Competence.ECOUTE, Competence.PEDAGOGIE, Competence.ANIMATION)


class Niveau(models.IntegerChoices):
    DECOUVRIR = 0, "À découvrir"
    DEBUTER = 1, "Débute"
    PRATIQUER = 2, "Pratique"
    MAITRISER = 3, "Maîtrise et transmet"


class JourSemaine(models.IntegerChoices):
    """A working day, numbered as ISO does."""

    LUNDI = 1, "Lundi"
    MARDI = 2, "Mardi"
    MERCREDI = 3, "Mercredi"
    JEUDI = 4, "Jeudi"
    VENDREDI = 5, "Vendredi"


class StatutSession(models.TextChoices):
    OUVERTE = "ouverte", "Ouverte aux inscriptions"
    EN_COURS = "en_cours", "En cours"
    CLOSE = "close", "Close"
    ANNULEE = "annulee", "Annulée"


_SE = StatutSession
NEXT_STATUTS_SESSION: dict[StatutSession, frozenset[StatutSession]] = {
    _SE.OUVERTE: frozenset({_SE.EN_COURS, _SE.ANNULEE}),
    _SE.EN_COURS: frozenset({_SE.CLOSE}),
    _SE.CLOSE: frozenset(),
    _SE.ANNULEE: frozenset(),
}


class StatutInscription(models.TextChoices):
    PROPOSEE = "proposee", "Proposée"
    CONFIRMEE = "confirmee", "Confirmée"
    EN_COURS = "en_cours", "En cours"
    TERMINEE = "terminee", "Terminée"
    ABANDONNEE = "abandonnee", "Abandonnée"
    REPORTEE = "reportee", "Reportée"


_I = StatutInscription
NEXT_STATUTS_INSCRIPTION: dict[StatutInscription, frozenset[StatutInscription]] = {
    _I.PROPOSEE: frozenset({_I.CONFIRMEE, _I.ABANDONNEE, _I.REPORTEE}),
    _I.CONFIRMEE: frozenset({_I.EN_COURS, _I.ABANDONNEE, _I.REPORTEE}),
    _I.EN_COURS: frozenset({_I.TERMINEE, _I.ABANDONNEE, _I.REPORTEE}),
    _I.TERMINEE: frozenset(),
    _I.ABANDONNEE: frozenset(),
    _I.REPORTEE: frozenset(),
}
# Those that take a place in the session.
STATUTS_PLACES = frozenset({_I.PROPOSEE, _I.CONFIRMEE, _I.EN_COURS, _I.TERMINEE})


class Resultat(models.TextChoices):
    EN_ATTENTE = "en_attente", "En attente"
    OBTENU = "obtenu", "Obtenu"
    NON_OBTENU = "non_obtenu", "Non obtenu"
    ABSENT = "absent", "Absent"


class GenreAttestation(models.TextChoices):
    ENTREE = "entree", "Attestation d'entrée en formation"
    FIN = "fin", "Attestation de fin de formation"
