from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from accompagnements.enums import Famille


class ThemeQuerySet(models.QuerySet["Theme"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(Q(valide_au=None) | Q(valide_au__gte=day), valide_du__lte=day)


class Theme(models.Model):
    """A theme of the dated referential (STANDARDS §4), in a family of the service offer (S1, S4).

    A row is closed by a date, never removed: `Accompagnement.themes` holds its number.
    """

    id = models.PositiveSmallIntegerField("numéro", primary_key=True)
    code = models.CharField("code", max_length=60, unique=True)
    nom = models.CharField("nom", max_length=120)
    famille = models.CharField("famille", max_length=80, choices=Famille)
    phrase = models.CharField(
        "ce que l'on y apprend", max_length=250, default="", help_text="une phrase simple, pour tout le monde"
    )
    ordre = models.PositiveSmallIntegerField("ordre")
    # A démarche is said with the theme it belongs to: choosing the one chooses the other.
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="précise le thème"
    )
    valide_du = models.DateField("valide du")
    valide_au = models.DateField("valide au", null=True, blank=True)

    objects = ThemeQuerySet.as_manager()

    class Meta:
        verbose_name = "thème"
        ordering = ["ordre"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valide_au=None) | Q(valide_au__gte=F("valide_du")),
                name="theme_dates",
                violation_error_message="La fin de validité ne peut pas précéder le début.",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="same_number",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__id__df=pgtrigger.F("new__id"))
                | pgtrigger.Q(old__code__df=pgtrigger.F("new__code")),
            ),
        ]

    def __str__(self) -> str:
        return self.nom

    def is_valid_on(self, day: date) -> bool:
        """Say of one row what `valid_on` says of all."""
        return self.valide_du <= day and (self.valide_au is None or day <= self.valide_au)
