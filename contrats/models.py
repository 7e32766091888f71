from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from candidatures.models import Candidature
from common.models import HorodatageModel, StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from contrats.enums import NEXT_STATUTS, STATUTS_EN_POSTE, StatutContrat, TypeContrat
from matching.models import MiseEnRelation
from structures.models import Poste, Structure


class SmicMensuel(models.Model):
    """Gross monthly minimum wage for 35 h, from a date. S1 gives 1 554,58 € in 2021; later values by decree."""

    valide_du = models.DateField("à partir du", unique=True)
    montant = models.DecimalField("montant brut mensuel (€)", max_digits=8, decimal_places=2)
    source = models.CharField("source", max_length=200)

    class Meta:
        verbose_name = "SMIC mensuel"
        verbose_name_plural = "SMIC mensuels"
        ordering = ["-valide_du"]

    def __str__(self) -> str:
        return f"{self.montant} € depuis le {self.valide_du:%d/%m/%Y}"


class ContratQuerySet(models.QuerySet["Contrat"]):
    def visible_to(self, role: Role) -> Self:
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.STRUCTURE:
                return self.filter(structure__membres__compte=role.compte_id)
            case RoleKind.CANDIDAT | RoleKind.CONSEILLER:
                # A draft is the structure's business until it is sent.
                rows = self.filter(candidature__compte=role.compte_id)
                return rows.exclude(status__in=[StatutContrat.PREPARE, StatutContrat.ABANDONNE])
        return self.none()


class Contrat(StatusModel):
    NEXT_STATUSES: ClassVar = NEXT_STATUTS

    mise_en_relation = models.ForeignKey(MiseEnRelation, models.PROTECT, related_name="contrats")
    candidature = models.ForeignKey(Candidature, models.PROTECT, related_name="contrats")
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="contrats")
    poste = models.ForeignKey(Poste, models.PROTECT, related_name="contrats")
    type = models.CharField("type de contrat", max_length=15, choices=TypeContrat)
    date_debut = models.DateField("début")
    date_fin = models.DateField("fin", null=True, blank=True)
    salaire_brut_mensuel = models.DecimalField("salaire brut mensuel (€)", max_digits=8, decimal_places=2)
    status = models.CharField("statut", max_length=12, choices=StatutContrat, default=StatutContrat.PREPARE)
    transmis_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="transmis par"
    )
    valide_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="validé par"
    )
    valide_at = models.DateTimeField("validé le", null=True, blank=True)
    precedent = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="suivant",
        verbose_name="contrat précédent",
    )

    objects = ContratQuerySet.as_manager()

    class Meta:
        verbose_name = "contrat"
        constraints = [
            models.CheckConstraint(
                condition=(Q(type=TypeContrat.CDI, date_fin=None))
                | (~Q(type=TypeContrat.CDI) & Q(date_fin__isnull=False, date_fin__gt=F("date_debut"))),
                name="contrat_dates",
                violation_error_message="Un CDI n'a pas de fin ; les autres contrats finissent après leur début.",
            ),
            models.UniqueConstraint(
                fields=["candidature"],
                condition=Q(status__in=[StatutContrat.TRANSMIS, StatutContrat.VALIDE, StatutContrat.EN_COURS]),
                name="contrat_un_par_personne",
                violation_error_message="Cette personne est déjà en cours de recrutement par une structure.",
            ),
            models.UniqueConstraint(
                fields=["poste"],
                condition=Q(status__in=[StatutContrat.TRANSMIS, StatutContrat.VALIDE, StatutContrat.EN_COURS]),
                name="contrat_un_par_poste",
                violation_error_message="Un contrat est déjà en cours sur ce poste.",
            ),
            models.UniqueConstraint(
                fields=["mise_en_relation"],
                condition=Q(status__in=[StatutContrat.PREPARE, StatutContrat.TRANSMIS]),
                name="contrat_un_en_preparation",
                violation_error_message="Un contrat est déjà en préparation avec cette personne.",
            ),
            models.CheckConstraint(
                condition=Q(valide_par=None) | ~Q(valide_par=F("transmis_par")),
                name="contrat_deux_personnes",
                violation_error_message="La personne qui a transmis le contrat ne peut pas le valider.",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS)]

    def __str__(self) -> str:
        return f"Contrat n° {self.pk}"


class ContratTransition(TransitionModel):
    objet = models.ForeignKey(Contrat, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class ConseillerQuerySet(models.QuerySet["Conseiller"]):
    def in_post(self) -> Self:
        return self.filter(contrat__status__in=sorted(STATUTS_EN_POSTE))

    def visible_to(self, role: Role) -> Self:
        """Formation narrows it further for an organisme: only those sent to it."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.STRUCTURE:
                return self.filter(contrat__structure__membres__compte=role.compte_id)
            case RoleKind.PREFET if role.departement_id:
                return self.filter(contrat__structure__commune__departement=role.departement_id)
            case RoleKind.PREFET:
                return self.filter(contrat__structure__commune__departement__region=role.region_id)
            case RoleKind.CONSEILLER:
                return self.filter(compte=role.compte_id)
        return self.none()


class Conseiller(HorodatageModel):
    """A person recruited. Created, or reactivated, when BdT validates the contract."""

    compte = models.OneToOneField(Compte, models.PROTECT, related_name="conseiller", verbose_name="compte")
    # The current contract, or the last one.
    contrat = models.OneToOneField(Contrat, models.PROTECT, related_name="conseiller", verbose_name="contrat")
    tenue_remise_at = models.DateField("tenue remise le", null=True, blank=True, help_text="S3")
    mobilier_remis_at = models.DateField("mobilier remis le", null=True, blank=True, help_text="S3")

    objects = ConseillerQuerySet.as_manager()

    class Meta:
        verbose_name = "conseiller numérique"
        verbose_name_plural = "conseillers numériques"

    def __str__(self) -> str:
        return self.compte.get_full_name()
