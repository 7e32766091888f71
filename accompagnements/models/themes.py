from datetime import date
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from accompagnements.enums import Famille, Orientation


class ReferentielQuerySet(models.QuerySet["Referentiel"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(Q(valide_au=None) | Q(valide_au__gte=day), valide_du__lte=day)


class Referentiel(models.Model):
    """A line of a dated referential: closed by a date, never removed nor renumbered, since entries hold its number."""

    id = models.PositiveSmallIntegerField("numéro", primary_key=True)
    code = models.CharField("code", max_length=60, unique=True)
    nom = models.CharField("nom", max_length=120)
    ordre = models.PositiveSmallIntegerField("ordre")
    valide_du = models.DateField("valide du")
    valide_au = models.DateField("valide au", null=True, blank=True)

    objects = ReferentielQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.nom

    def is_valid_on(self, day: date) -> bool:
        """Say of one row what `valid_on` says of all."""
        return self.valide_du <= day and (self.valide_au is None or day <= self.valide_au)


def _dated(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(valide_au=None) | Q(valide_au__gte=F("valide_du")),
        name=name,
        violation_error_message="La fin de validité ne peut pas précéder le début.",
    )


def _kept() -> list[pgtrigger.Trigger]:
    return [
        pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        pgtrigger.Protect(
            name="same_number",
            operation=pgtrigger.Update,
            condition=pgtrigger.Q(old__id__df=pgtrigger.F("new__id"))
            | pgtrigger.Q(old__code__df=pgtrigger.F("new__code")),
        ),
    ]


class Theme(Referentiel):
    """A theme (STANDARDS §4), in a family of the service offer (S1, S4). `Accompagnement.themes` holds its number."""

    famille = models.CharField("famille", max_length=80, choices=Famille)
    phrase = models.CharField(
        "ce que l'on y apprend", max_length=250, default="", help_text="une phrase simple, pour tout le monde"
    )
    # A démarche is said with the theme it belongs to: choosing the one chooses the other.
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="précise le thème"
    )

    class Meta:
        verbose_name = "thème"
        ordering = ["ordre"]
        constraints = [_dated("theme_dates")]
        triggers = _kept()


class Organisme(Referentiel):
    """To whom a person is directed (DOMAINE §9), more precisely than the values exchanges have for it."""

    categorie = models.CharField("sorte d'orientation", max_length=40, choices=Orientation)

    class Meta:
        verbose_name = "organisme d'orientation"
        verbose_name_plural = "organismes d'orientation"
        ordering = ["ordre"]
        constraints = [_dated("organisme_dates")]
        triggers = _kept()
