from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.urls import reverse

from common.models import HorodatageModel
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from contrats.models import Conseiller
from territoires.models import Departement


class GroupeQuerySet(models.QuerySet["Groupe"]):
    def visible_to(self, role: Role) -> Self:
        """A coordinateur reads their own; ANCT and BdT all."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.COORDINATEUR:
                return self.filter(coordinateur=role.compte_id)
        return self.none()


class Groupe(HorodatageModel):
    """The conseillers one coordinateur follows. It outlives who leads it: a successor takes it over."""

    nom = models.CharField("nom", max_length=120)
    coordinateur = models.OneToOneField(
        Compte, models.PROTECT, related_name="groupe", verbose_name="coordinateur",
        error_messages={"unique": "Ce coordinateur a déjà un groupe."},
    )  # fmt: skip
    # Whose clock and public holidays are those of the coordinateur.
    departement = models.ForeignKey(Departement, models.PROTECT, related_name="+", verbose_name="département")

    objects = GroupeQuerySet.as_manager()

    class Meta:
        verbose_name = "groupe de conseillers"
        verbose_name_plural = "groupes de conseillers"

    def __str__(self) -> str:
        return self.nom

    def get_absolute_url(self) -> str:
        return reverse("pilotage:groupe")


class AppartenanceQuerySet(models.QuerySet["Appartenance"]):
    def visible_to(self, role: Role) -> Self:
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.COORDINATEUR:
                return self.filter(groupe__coordinateur=role.compte_id)
        return self.none()

    def accepted(self) -> Self:
        return self.filter(acceptee_at__isnull=False)

    def pending(self) -> Self:
        return self.filter(acceptee_at=None)

    def on(self, day: date) -> Self:
        """Keep the periods that hold this day, both ends included."""
        return self.within(day, day)

    def within(self, debut: date, fin: date) -> Self:
        return self.filter(Q(fin=None) | Q(fin__gte=debut), debut__lte=fin)


def _same(column: str) -> Func:
    """A number as a range, which GiST compares without an extension."""
    return Func(
        F(column), F(column), Value("[]"), function="int8range", output_field=BigIntegerRangeField()
    )  # fmt: skip


class Appartenance(HorodatageModel):
    """A period in a group, first and last day included. Who left and came back has two, and counts once.

    Proposed by the coordinateur, it gives nothing to see until ANCT accepts it (docs/adr/0023).
    """

    groupe = models.ForeignKey(Groupe, models.PROTECT, related_name="appartenances", verbose_name="groupe")
    conseiller = models.ForeignKey(Conseiller, models.PROTECT, related_name="appartenances", verbose_name="conseiller")
    debut = models.DateField("depuis le")
    fin = models.DateField("jusqu'au", null=True, blank=True)
    proposee_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="proposée par")
    acceptee_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="acceptée par"
    )
    acceptee_at = models.DateTimeField("acceptée le", null=True, blank=True)

    objects = AppartenanceQuerySet.as_manager()

    class Meta:
        verbose_name = "appartenance à un groupe"
        verbose_name_plural = "appartenances à un groupe"
        constraints = [
            models.CheckConstraint(
                condition=Q(fin=None) | Q(fin__gte=F("debut")),
                name="appartenance_dates",
                violation_error_message="La fin ne peut pas précéder le début.",
            ),
            models.CheckConstraint(
                condition=Q(acceptee_at=None, acceptee_par=None)
                | Q(acceptee_at__isnull=False, acceptee_par__isnull=False),
                name="appartenance_acceptee_par",
                violation_error_message="Une appartenance acceptée l'est par quelqu'un.",
            ),
            ExclusionConstraint(
                name="appartenance_sans_chevauchement",
                expressions=[
                    (_same("groupe"), "&&"),
                    (_same("conseiller"), "&&"),
                    (
                        Func(F("debut"), F("fin"), Value("[]"), function="daterange", output_field=DateRangeField()),
                        "&&",
                    ),
                ],
                violation_error_message="Ce conseiller est déjà dans le groupe, ou proposé, à ces dates.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conseiller} dans {self.groupe}"

    @property
    def is_accepted(self) -> bool:
        return self.acceptee_at is not None
