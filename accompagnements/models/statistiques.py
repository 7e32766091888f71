from django.contrib.postgres.fields import ArrayField
from django.db import models

from accompagnements.indicateurs import INDICATEURS, JOURS, THEMES
from contrats.models import Conseiller
from territoires.models import Departement


class MarqueStatistique(models.Model):
    """A key whose figures must be counted again, written by the triggers of `Accompagnement` (docs/adr/0017).

    Rows are only added: two conseillers never wait for each other, and a mark made while the worker counts outlives
    it. No foreign keys: checking them would cost more than the row, which lives a second.
    """

    conseiller = models.ForeignKey(Conseiller, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    departement = models.ForeignKey(
        Departement, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    jour = models.DateField("jour")

    class Meta:
        verbose_name = "marque de statistique"

    def __str__(self) -> str:
        return f"marque n° {self.pk}"


class Cumul(models.Model):
    """Additive figures of a key, never written but by `accompagnements.cumuls`. A zero is a NULL."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"cumul n° {self.pk}"


def _add_series(model: type[models.Model], names: list[str]) -> None:
    keys, *measures = names
    model.add_to_class(keys, ArrayField(models.SmallIntegerField(), default=list))
    for name in measures:
        model.add_to_class(name, ArrayField(models.IntegerField(), default=list))


for _name in INDICATEURS:
    Cumul.add_to_class(_name, models.IntegerField(null=True))
_add_series(Cumul, THEMES)


class CumulConseiller(Cumul):
    """One conseiller, one month."""

    conseiller = models.ForeignKey(Conseiller, models.CASCADE, related_name="+", db_index=False)
    mois = models.DateField("mois", help_text="son premier jour")

    class Meta:
        verbose_name = "cumul d'un conseiller"
        verbose_name_plural = "cumuls des conseillers"
        constraints = [
            models.UniqueConstraint(fields=["conseiller", "mois"], name="cumul_conseiller_unique"),
        ]


_add_series(CumulConseiller, JOURS)


class CumulTerritoire(Cumul):
    """Where the activity took place, one day: a large commune (C44109), a département (D44), a région (R52), the
    country (FR).

    By day and at every level: any period, whatever its borders, reads a row a day.
    """

    territoire = models.CharField("territoire", max_length=6)
    jour = models.DateField("jour")

    class Meta:
        verbose_name = "cumul d'un territoire"
        verbose_name_plural = "cumuls des territoires"
        constraints = [
            models.UniqueConstraint(fields=["territoire", "jour"], name="cumul_territoire_unique"),
        ]
        indexes = [models.Index(fields=["jour"], name="cumul_territoire_par_jour")]
