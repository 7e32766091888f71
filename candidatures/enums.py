from django.db import models


class StatutCandidature(models.TextChoices):
    BROUILLON = "brouillon", "Brouillon"
    A_CONFIRMER = "a_confirmer", "À confirmer"
    ACTIVE = "active", "Active"
    EN_PAUSE = "en_pause", "En pause"
    RECRUTEE = "recrutee", "Recrutée"
    RETIREE = "retiree", "Retirée"
    EXPIREE = "expiree", "Expirée"


_S = StatutCandidature
NEXT_STATUTS: dict[StatutCandidature, frozenset[StatutCandidature]] = {
    _S.BROUILLON: frozenset({_S.A_CONFIRMER}),
    # Back to draft when the person corrects the form before confirming.
    _S.A_CONFIRMER: frozenset({_S.ACTIVE, _S.BROUILLON, _S.RETIREE, _S.EXPIREE}),
    _S.ACTIVE: frozenset({_S.EN_PAUSE, _S.RECRUTEE, _S.RETIREE, _S.EXPIREE}),
    _S.EN_PAUSE: frozenset({_S.ACTIVE, _S.RECRUTEE, _S.RETIREE, _S.EXPIREE}),
    _S.RECRUTEE: frozenset({_S.ACTIVE}),  # after a rupture, if the person wishes
    _S.RETIREE: frozenset(),
    _S.EXPIREE: frozenset(),
}
# One e-mail address has at most one of these.
STATUTS_VIVANTS = frozenset({_S.ACTIVE, _S.EN_PAUSE, _S.RECRUTEE})
# The person may still change what they wrote.
STATUTS_MODIFIABLES = frozenset({_S.A_CONFIRMER, _S.ACTIVE, _S.EN_PAUSE})

# "France entière": more than half the Earth's circumference, so that `distance <= rayon_km` simply holds.
FRANCE_ENTIERE = 99_999


class RayonKm(models.IntegerChoices):
    KM_5 = 5, "5 km"
    KM_10 = 10, "10 km"
    KM_15 = 15, "15 km"
    KM_20 = 20, "20 km"
    KM_40 = 40, "40 km"
    KM_100 = 100, "100 km"
    FRANCE = FRANCE_ENTIERE, "France entière"


class MotifRetrait(models.TextChoices):
    EMPLOI = "emploi", "J'ai trouvé un emploi"
    CONSEILLER = "conseiller", "J'ai été recruté comme conseiller numérique"
    PLUS_INTERESSE = "plus_interesse", "Je ne suis plus intéressé"
    AUTRE = "autre", "Autre raison"
    REPRESENTANT = "representant", "Le représentant légal a refusé"


# What the person, or support in their place, may answer.
MOTIFS_PERSONNE = [(motif.value, motif.label) for motif in MotifRetrait if motif != MotifRetrait.REPRESENTANT]


class StatutCV(models.TextChoices):
    QUARANTAINE = "quarantaine", "En cours de vérification"
    PROPRE = "propre", "Vérifié"
    REFUSE = "refuse", "Refusé"
    SUPPRIME = "supprime", "Supprimé"


# The row stays for ever, with its readings in the journal; the file does not.
NEXT_STATUTS_CV: dict[StatutCV, frozenset[StatutCV]] = {
    StatutCV.QUARANTAINE: frozenset({StatutCV.PROPRE, StatutCV.REFUSE, StatutCV.SUPPRIME}),
    StatutCV.PROPRE: frozenset({StatutCV.SUPPRIME}),
    StatutCV.REFUSE: frozenset({StatutCV.SUPPRIME}),
    StatutCV.SUPPRIME: frozenset(),
}


class Etape(models.TextChoices):
    """The steps of the form, in order. The representative's is for minors only, the last one asks for nothing."""

    IDENTITE = "identite", "Votre identité"
    REPRESENTANT = "representant-legal", "Votre représentant légal"
    LIEU = "lieu", "Votre lieu de recherche"
    SITUATION = "situation", "Votre situation"
    DISPONIBILITE = "disponibilite", "Votre disponibilité et votre motivation"
    EXPERIENCE = "experience", "Votre expérience (facultatif)"


class Langue(models.TextChoices):
    """What is spoken where posts are: the first foreign languages of the country, and those of its territories."""

    LSF = "lsf", "Langue des signes française"
    ALLEMAND = "allemand", "Allemand"
    ANGLAIS = "anglais", "Anglais"
    ARABE = "arabe", "Arabe"
    BASQUE = "basque", "Basque"
    BERBERE = "berbere", "Berbère"
    BRETON = "breton", "Breton"
    CHINOIS = "chinois", "Chinois"
    CORSE = "corse", "Corse"
    CREOLE = "creole", "Créole"
    ESPAGNOL = "espagnol", "Espagnol"
    ITALIEN = "italien", "Italien"
    KANAK = "kanak", "Langue kanak"
    OCCITAN = "occitan", "Occitan"
    PEUL = "peul", "Peul"
    POLYNESIENNE = "polynesienne", "Langue polynésienne"
    PORTUGAIS = "portugais", "Portugais"
    ROUMAIN = "roumain", "Roumain"
    RUSSE = "russe", "Russe"
    SHIMAORE = "shimaore", "Shimaoré ou kibushi"
    TAMOUL = "tamoul", "Tamoul"
    TURC = "turc", "Turc"
    UKRAINIEN = "ukrainien", "Ukrainien"
    WOLOF = "wolof", "Wolof"


class SavoirEtre(models.TextChoices):
    PATIENCE = "patience", "Patience"
    PEDAGOGIE = "pedagogie", "Pédagogie"
    ECOUTE = "ecoute", "Écoute"
    CLARTE = "clarte", "Clarté"
    EMPATHIE = "empathie", "Empathie"
    RIGUEUR = "rigueur", "Rigueur"
    CURIOSITE = "curiosite", "Curiosité"
