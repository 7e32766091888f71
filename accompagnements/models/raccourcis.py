from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from accompagnements.enums import (
    Canal,
    NiveauAtelier,
    TypePublic,
)
from accompagnements.models.etiquettes import Etiquette
from accompagnements.models.lieux import LieuActivite
from common.models import HorodatageModel
from comptes.models import Compte, Role
from territoires.models import Commune


class NommeQuerySet(models.QuerySet["Nomme"]):
    def visible_to(self, role: Role) -> Self:
        """Only its author's."""
        return self.filter(compte=role.compte_id)


class Nomme(HorodatageModel):
    """What a person named for themselves, to find it again."""

    compte = models.ForeignKey(Compte, models.CASCADE, related_name="+", verbose_name="compte")
    nom = models.CharField("nom", max_length=60)

    objects = NommeQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.nom


class FiltreEnregistre(Nomme):
    """The filters of the list, as their address says them."""

    requete = models.CharField("filtres", max_length=1000)

    class Meta:
        verbose_name = "filtre enregistré"
        verbose_name_plural = "filtres enregistrés"
        constraints = [
            models.UniqueConstraint(
                fields=["compte", "nom"],
                name="filtre_enregistre_nom",
                violation_error_message="Vous avez déjà un filtre de ce nom.",
            )
        ]

    def get_absolute_url(self) -> str:
        return f"{reverse('accompagnements:list')}?{self.requete}"


class ModeleAtelier(Nomme):
    """An atelier held again and again: the activity, never the people."""

    titre = models.CharField("titre de l'atelier", max_length=120, blank=True)
    duree = models.PositiveSmallIntegerField("durée (minutes)")
    canal = models.CharField("canal", max_length=15, choices=Canal)
    lieu = models.ForeignKey(
        LieuActivite, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="lieu"
    )
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name="commune")
    participants = models.PositiveSmallIntegerField("nombre habituel de participants")
    themes = ArrayField(models.PositiveSmallIntegerField(), verbose_name="thèmes")
    type_public = models.CharField("public", max_length=10, choices=TypePublic, default=TypePublic.HABITANTS)
    niveau = models.CharField("niveau de l'atelier", max_length=15, choices=NiveauAtelier, blank=True)
    etiquettes = models.ManyToManyField(Etiquette, through="EtiquetageModele", related_name="modeles")

    class Meta:
        verbose_name = "modèle d'atelier"
        verbose_name_plural = "modèles d'atelier"
        constraints = [
            models.UniqueConstraint(
                fields=["compte", "nom"],
                name="modele_atelier_nom",
                violation_error_message="Vous avez déjà un modèle de ce nom.",
            )
        ]

    def get_absolute_url(self) -> str:
        return f"{reverse('accompagnements:create')}?modele={self.pk}"


class EtiquetageModele(models.Model):
    """A word a model puts on what begins from it, as long as its author may still use it."""

    modele = models.ForeignKey(
        ModeleAtelier, models.CASCADE, related_name="etiquetages", db_index=False, verbose_name="modèle"
    )
    etiquette = models.ForeignKey(
        Etiquette, models.CASCADE, related_name="etiquetages_modeles", verbose_name="étiquette"
    )

    class Meta:
        verbose_name = "étiquetage d'un modèle"
        verbose_name_plural = "étiquetages des modèles"
        constraints = [
            models.UniqueConstraint(
                fields=["modele", "etiquette"],
                name="etiquetage_modele_une_fois",
                violation_error_message="Cette étiquette est choisie deux fois.",
            )
        ]

    def __str__(self) -> str:
        return f"étiquetage de modèle n° {self.pk}"
