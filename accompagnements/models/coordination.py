import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accompagnements.constants import (
    DUREE_MAX,
    DUREE_MIN,
    NOTES_MAX,
    PARTENAIRES_MAX,
    PARTICIPANTS_MAX,
    PREMIER_JOUR,
)
from accompagnements.enums import Echelon, NaturePartenaire, Objet, TypeCoordination
from accompagnements.models.historique import Modifiable, Revision
from common.triggers import append_only
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from territoires.models import Commune


class CoordinationQuerySet(models.QuerySet["Coordination"]):
    def visible_to(self, role: Role) -> Self:
        """A coordinateur reads their own; ANCT and BdT all."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.COORDINATEUR:
                return self.filter(coordinateur=role.compte_id)
        return self.none()

    def for_list(self) -> Self:
        return self.select_related("commune").order_by("-date", "-pk")


class Coordination(Modifiable):
    """What a coordinateur does for a territory (STANDARDS §4): an animation, an event, a partnership."""

    # Given by the browser: the same entry sent twice is one entry.
    uuid = models.UUIDField("identifiant", default=uuid.uuid4, unique=True, editable=False)
    coordinateur = models.ForeignKey(
        Compte, models.PROTECT, related_name="coordinations", db_index=False, verbose_name="coordinateur"
    )
    type = models.CharField("type", max_length=12, choices=TypeCoordination)
    titre = models.CharField("titre", max_length=120)
    date = models.DateField("date")
    duree = models.PositiveSmallIntegerField("durée (minutes)")
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="+", verbose_name="commune")
    echelon = models.CharField("échelle", max_length=15, choices=Echelon, default=Echelon.DEPARTEMENTAL)
    objet = models.CharField("pour quoi faire", max_length=15, choices=Objet)
    # People met, conseillers included; a partnership is counted by its organismes.
    participants = models.PositiveSmallIntegerField("participants", default=0)
    organismes = ArrayField(models.CharField(max_length=120), verbose_name="organismes", default=list, blank=True)
    partenaire = models.CharField("nature du partenaire", max_length=20, choices=NaturePartenaire, blank=True)
    notes = models.TextField("notes", max_length=NOTES_MAX, blank=True)

    objects = CoordinationQuerySet.as_manager()

    class Meta:
        verbose_name = "activité de coordination"
        verbose_name_plural = "activités de coordination"
        constraints = [
            models.CheckConstraint(
                condition=Q(duree__gte=DUREE_MIN, duree__lte=DUREE_MAX),
                name="coordination_duree",
                violation_error_message="La durée va de 5 minutes à 8 heures : notez une activité par jour.",
            ),
            models.CheckConstraint(
                condition=Q(type=TypeCoordination.PARTENARIAT, participants=0)
                | (~Q(type=TypeCoordination.PARTENARIAT) & Q(participants__gte=1, participants__lte=PARTICIPANTS_MAX)),
                name="coordination_participants",
                violation_error_message="Une animation ou un événement compte de 1 à 1 000 participants.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(type=TypeCoordination.PARTENARIAT, organismes__len__gte=1) & ~Q(partenaire="")
                    | ~Q(type=TypeCoordination.PARTENARIAT) & Q(partenaire="")
                ),
                name="coordination_partenaire",
                violation_error_message="Un partenariat a une nature, et au moins un organisme.",
            ),
            models.CheckConstraint(
                condition=Q(organismes__len__lte=PARTENAIRES_MAX),
                name="coordination_organismes",
                violation_error_message=f"Indiquez {PARTENAIRES_MAX} organismes au plus.",
            ),
            models.CheckConstraint(
                condition=~Q(titre=""),
                name="coordination_titre",
                violation_error_message="Donnez un titre à cette activité.",
            ),
            # The upper bound, today in the place's time zone, is checked by the services.
            models.CheckConstraint(
                condition=Q(date__gte=PREMIER_JOUR),
                name="coordination_apres_lancement",
                violation_error_message=f"Le programme a commencé le {PREMIER_JOUR:%d/%m/%Y}.",
            ),
        ]
        indexes = [
            # The coordinateur's list and figures; then those of territories.
            models.Index(fields=["coordinateur", "-date", "-id"], name="coordination_liste"),
            models.Index(fields=["date"], name="coordination_par_date"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} du {self.date:%d/%m/%Y}"

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:coordination_detail", args=[self.pk])


class CoordinationRevision(Revision):
    # No foreign key: the row outlives the activity.
    coordination_pk = models.BigIntegerField("activité n°")
    coordinateur = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="coordinateur")

    class Meta(Revision.Meta):
        verbose_name = "révision d'activité de coordination"
        verbose_name_plural = "révisions d'activités de coordination"
        constraints = [Revision.constraint("coordination_revision_apres")]
        indexes = [models.Index(fields=["coordination_pk"], name="revision_par_coordination")]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.get_acte_display()} de l'activité de coordination n° {self.coordination_pk}"
