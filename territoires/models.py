from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from territoires.constants import FUSEAUX_COMMUNES
from territoires.enums import PHONE_REGIONS, ZoneMobilite
from territoires.keys import Cle


class Region(models.Model):
    code = models.CharField("code", max_length=3, primary_key=True)
    nom = models.CharField("nom", max_length=60)

    class Meta:
        verbose_name = "région"
        ordering = ["nom"]

    def __str__(self) -> str:
        return self.nom


class Departement(models.Model):
    code = models.CharField("code", max_length=3, primary_key=True)
    nom = models.CharField("nom", max_length=60)
    # The collectivités d'outre-mer belong to no région.
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="departements", verbose_name="région"
    )
    fuseau = models.CharField("fuseau horaire", max_length=40, default="Europe/Paris")

    class Meta:
        verbose_name = "département"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.nom} ({self.code})"


class CommuneQuerySet(models.QuerySet["Commune"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Commune(models.Model):
    code = models.CharField("code INSEE", max_length=5, primary_key=True)
    nom = models.CharField("nom", max_length=80)
    departement = models.ForeignKey(Departement, models.PROTECT, related_name="communes", verbose_name="département")
    codes_postaux = ArrayField(models.CharField(max_length=5), verbose_name="codes postaux")
    population = models.PositiveIntegerField("population", default=0)
    longitude = models.FloatField("longitude")
    latitude = models.FloatField("latitude")
    zone = models.CharField("zone de mobilité", max_length=30, choices=ZoneMobilite)
    # Kilometres in the plane of the zone; planes are shifted apart, so one index serves them all.
    x = models.FloatField("abscisse")
    y = models.FloatField("ordonnée")
    # A merged commune leaves the referential, but what already points to it keeps its place.
    is_active = models.BooleanField("existe toujours", default=True)
    cle = models.GeneratedField(
        expression=Cle("nom"), output_field=models.TextField(), db_persist=True, verbose_name="clé de recherche"
    )

    objects = CommuneQuerySet.as_manager()

    class Meta:
        verbose_name = "commune"
        indexes = [
            # Search by the beginning of a name, by code postal.
            models.Index(fields=["cle"], name="commune_cle", opclasses=["text_pattern_ops"]),
            GinIndex(fields=["codes_postaux"], name="commune_codes_postaux"),
        ]

    def __str__(self) -> str:
        return f"{self.nom} ({self.departement_id})"

    @property
    def libelle(self) -> str:
        """The name and the first code postal: unlike the name, it designates one commune only."""
        return f"{self.nom} ({self.codes_postaux[0]})"

    @property
    def fuseau(self) -> str:
        return FUSEAUX_COMMUNES.get(self.code, self.departement.fuseau)

    @property
    def phone_region(self) -> str:
        """In whose national form a telephone number typed here is first read."""
        return PHONE_REGIONS.get(self.zone, "FR")


class AncienNom(models.Model):
    """A name under which people may still look for a commune: merged, delegated or renamed since 1943."""

    commune = models.ForeignKey(Commune, models.CASCADE, related_name="anciens_noms", verbose_name="commune")
    nom = models.CharField("nom", max_length=80)
    cle = models.GeneratedField(
        expression=Cle("nom"), output_field=models.TextField(), db_persist=True, verbose_name="clé de recherche"
    )

    class Meta:
        verbose_name = "ancien nom de commune"
        verbose_name_plural = "anciens noms de communes"
        constraints = [
            models.UniqueConstraint(
                fields=["commune", "nom"],
                name="ancien_nom_unique_par_commune",
                violation_error_message="Cette commune a déjà cet ancien nom.",
            ),
        ]
        indexes = [models.Index(fields=["cle"], name="ancien_nom_cle", opclasses=["text_pattern_ops"])]

    def __str__(self) -> str:
        return self.nom
