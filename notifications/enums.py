from django.db import models


class EtatEffet(models.TextChoices):
    EN_ATTENTE = "en_attente", "En attente"
    RASSEMBLE = "rassemble", "Attend le récapitulatif du jour"
    FAIT = "fait", "Fait"
    ECARTE = "ecarte", "Écarté : la personne n'en veut pas"
    REFUSE = "refuse", "Refusé par le fournisseur"
    ABANDONNE = "abandonne", "Abandonné après plusieurs essais"


# What support may send again.
ETATS_ECHEC = frozenset({EtatEffet.REFUSE, EtatEffet.ABANDONNE})


class Rythme(models.TextChoices):
    IMMEDIAT = "immediat", "Tout de suite"
    QUOTIDIEN = "quotidien", "Une fois par jour, en un seul message"
    JAMAIS = "jamais", "Jamais"


class Categorie(models.TextChoices):
    # Account, security, contract decisions, what the law or the procedure requires: nobody can stop it.
    INDISPENSABLE = "indispensable", "Indispensable"
    INFORMATIVE = "informative", "Informatif"
