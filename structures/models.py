from datetime import date
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.urls import reverse
from django.utils import timezone

from common.fields import PointField
from common.models import HorodatageModel, StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from structures.constants import AVIS_DELAY, MOTIF_MAX_LENGTH, MOTIF_MIN_LENGTH, STEP_KEYS
from structures.enums import (
    NEXT_STATUTS_DEMANDE,
    NEXT_STATUTS_POSTE,
    STATUTS_DEMANDE_UNIQUE,
    TYPES_PRIVES,
    Avis,
    Decision,
    StatutDemande,
    StatutPoste,
    TypeDemande,
    TypePoste,
    TypeStructure,
)
from structures.validators import validate_ridet, validate_siret
from territoires.models import Commune


class StructureQuerySet(models.QuerySet["Structure"]):
    def visible_to(self, role: Role) -> Self:
        """ANCT and BdT read all; a préfecture its territory; a member its own."""
        match role.kind:
            case RoleKind.ANCT | RoleKind.BDT:
                return self
            case RoleKind.PREFET if role.departement_id:
                return self.filter(commune__departement=role.departement_id)
            case RoleKind.PREFET:
                return self.filter(commune__departement__region=role.region_id)
            case RoleKind.STRUCTURE:
                return self.filter(membres__compte=role.compte_id)
        return self.none()


class Structure(HorodatageModel):
    """A host structure, known by its SIRET, or RIDET in Nouvelle-Calédonie."""

    siret = models.CharField("SIRET", max_length=14, null=True, blank=True, unique=True, validators=[validate_siret])
    ridet = models.CharField("RIDET", max_length=10, null=True, blank=True, unique=True, validators=[validate_ridet])
    nom = models.CharField("nom", max_length=200)
    type = models.CharField("type", max_length=30, choices=TypeStructure)
    adresse = models.CharField("adresse", max_length=250, blank=True)
    commune = models.ForeignKey(Commune, models.PROTECT, related_name="structures", verbose_name="commune")
    contact_prenom = models.CharField("prénom du contact", max_length=150)
    contact_nom = models.CharField("nom du contact", max_length=150)
    contact_fonction = models.CharField("fonction du contact", max_length=150)
    contact_email = models.EmailField("e-mail du contact")
    contact_telephone = models.CharField("téléphone du contact", max_length=16, blank=True)
    france_services = models.BooleanField("labellisée France Services", default=False)
    reseau = models.CharField("réseau national", max_length=60, blank=True)
    # None: not checked yet against the public directory (it was unreachable); a task tries again.
    verifiee_at = models.DateTimeField("vérifiée dans l'annuaire le", null=True, blank=True)
    fermee = models.BooleanField("fermée selon l'annuaire", default=False)

    objects = StructureQuerySet.as_manager()

    class Meta:
        verbose_name = "structure d'accueil"
        verbose_name_plural = "structures d'accueil"
        constraints = [
            models.CheckConstraint(
                condition=Q(siret__isnull=False, ridet=None) | Q(siret=None, ridet__isnull=False),
                name="structure_siret_ou_ridet",
                violation_error_message="Une structure a un SIRET ou un RIDET.",
            ),
            models.CheckConstraint(
                condition=Q(siret=None) | Q(siret__regex=r"^[0-9]{14}$"),
                name="structure_siret_14_chiffres",
                violation_error_message="Un SIRET compte 14 chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(ridet=None) | Q(ridet__regex=r"^[0-9]{7}$"),
                name="structure_ridet_7_chiffres",
                violation_error_message="Un RIDET compte 7 chiffres.",
            ),
        ]
        triggers = [
            # Structure, then commune, then posts: nobody takes these locks in another order.
            pgtrigger.Trigger(
                name="place_to_postes",
                operation=pgtrigger.UpdateOf("commune_id", "siret", "ridet"),
                when=pgtrigger.After,
                condition=pgtrigger.AnyChange("commune", "siret", "ridet"),
                func="""
                    PERFORM FROM territoires_commune WHERE code = NEW.commune_id FOR SHARE;
                    UPDATE structures_poste SET structure_id = structure_id WHERE structure_id = NEW.id;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.nom

    def get_absolute_url(self) -> str:
        return reverse("structures:detail", args=[self.pk])

    @property
    def is_private(self) -> bool:
        return self.type in TYPES_PRIVES


class Membre(HorodatageModel):
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="membres")
    compte = models.ForeignKey(Compte, models.CASCADE, related_name="appartenances")

    class Meta:
        verbose_name = "membre"
        constraints = [models.UniqueConstraint(fields=["structure", "compte"], name="membre_une_fois")]

    def __str__(self) -> str:
        return f"{self.compte} · {self.structure}"


class DemandePosteQuerySet(models.QuerySet["DemandePoste"]):
    def submitted(self) -> Self:
        return self.exclude(status=StatutDemande.BROUILLON)

    def visible_to(self, role: Role) -> Self:
        """Those of the structures one may read; never a draft, except one's own."""
        rows = self.filter(structure__in=Structure.objects.visible_to(role))
        return rows if role.kind == RoleKind.STRUCTURE else rows.submitted()

    def late_for_avis(self) -> Self:
        return self.filter(status=StatutDemande.DEPOSEE, deposee_at__lte=timezone.now() - AVIS_DELAY)

    def for_list(self) -> Self:
        return self.select_related("structure__commune__departement").order_by("-deposee_at", "-pk")

    def for_page(self) -> Self:
        return self.select_related("structure__commune__departement", "session", "convention").prefetch_related(
            "transitions__by", "avis", "decisions__session", "decisions__preparee_par", "decisions__validee_par"
        )


class DemandePoste(StatusModel):
    """A request for posts. Each step is dated, motivated and kept: avis, decisions and moves are rows."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_DEMANDE

    # A draft holds what was typed; the Structure is created, or found, when it is submitted.
    structure = models.ForeignKey(
        Structure, models.PROTECT, null=True, blank=True, related_name="demandes", verbose_name="structure"
    )
    type = models.CharField("type", max_length=10, choices=TypeDemande, default=TypeDemande.INITIALE)
    status = models.CharField("statut", max_length=20, choices=StatutDemande, default=StatutDemande.BROUILLON)
    brouillon = models.JSONField("saisie en cours", default=dict, blank=True)
    contact_email = models.EmailField("e-mail du contact", blank=True)
    postes_souhaites = models.PositiveSmallIntegerField("postes souhaités", default=1)
    date_debut = models.DateField("date de début souhaitée", null=True, blank=True)
    candidat_identifie = models.BooleanField("candidat déjà identifié", default=False)
    coordinateur = models.BooleanField("poste de coordinateur", default=False)
    motivation = models.TextField("motivation", max_length=2500, blank=True)
    engagement_version = models.CharField("version de l'engagement", max_length=20, blank=True)
    engagement_at = models.DateTimeField("engagement pris le", null=True, blank=True)
    deposee_at = models.DateTimeField("déposée le", null=True, blank=True)
    # The session it is, or was last, examined in; each decision keeps its own.
    session = models.ForeignKey(
        "SessionCoselec", models.PROTECT, null=True, blank=True, related_name="demandes", verbose_name="session"
    )

    objects = DemandePosteQuerySet.as_manager()

    class Meta:
        verbose_name = "demande de postes"
        verbose_name_plural = "demandes de postes"
        constraints = [
            models.CheckConstraint(
                condition=Q(postes_souhaites__gte=1),
                name="demande_au_moins_un_poste",
                violation_error_message="Demandez au moins un poste.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[StatutDemande.BROUILLON, StatutDemande.ABANDONNEE])
                | Q(
                    structure__isnull=False,
                    deposee_at__isnull=False,
                    engagement_at__isnull=False,
                    date_debut__isnull=False,
                ),
                name="demande_deposee_complete",
                violation_error_message="La demande n'est pas complète.",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutDemande.COSELEC) | Q(session__isnull=False),
                name="demande_coselec_en_session",
                violation_error_message="Choisissez la session qui examine la demande.",
            ),
            models.UniqueConstraint(
                fields=["structure"],
                condition=Q(type=TypeDemande.INITIALE, status__in=STATUTS_DEMANDE_UNIQUE),
                name="demande_initiale_unique",
                violation_error_message="Cette structure a déjà une demande : passez par un avenant.",
            ),
        ]
        triggers = [status_follows(NEXT_STATUTS_DEMANDE)]

    def __str__(self) -> str:
        return f"Demande n° {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("structures:demande_detail", args=[self.pk])

    def missing_steps(self) -> list[str]:
        """Steps of a draft nothing was saved for; one key is enough for the identifier, all for the others."""
        return [
            step
            for step, keys in STEP_KEYS.items()
            if not (any if step == "identifiant" else all)(self.brouillon.get(key) for key in keys)
        ]

    @property
    def avis_before(self) -> date | None:
        """The day the file goes on without the préfet's avis."""
        return timezone.localdate(self.deposee_at + AVIS_DELAY) if self.deposee_at else None


class DemandePosteTransition(TransitionModel):
    objet = models.ForeignKey(DemandePoste, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class AvisPrefet(models.Model):
    demande = models.ForeignKey(DemandePoste, models.PROTECT, related_name="avis")
    avis = models.CharField("avis", max_length=12, choices=Avis)
    commentaire = models.TextField("commentaire", max_length=1000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par"
    )
    at = models.DateTimeField("le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "avis du préfet"
        verbose_name_plural = "avis du préfet"
        constraints = [
            models.CheckConstraint(
                # 10 to 1000 characters (DOMAINE §5); only the deadline passes a file on in silence.
                condition=Q(avis=Avis.SANS_AVIS, by=None)
                | (
                    Q(by__isnull=False)
                    & Q(GreaterThanOrEqual(Length("commentaire"), MOTIF_MIN_LENGTH))
                    & Q(LessThanOrEqual(Length("commentaire"), MOTIF_MAX_LENGTH))
                ),
                name="avis_motive",
                violation_error_message="Motivez l'avis en 10 à 1 000 caractères.",
            )
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return self.get_avis_display()


class SessionCoselecQuerySet(models.QuerySet["SessionCoselec"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class SessionCoselec(HorodatageModel):
    """A numbered session of the national selection committee (ANCT)."""

    numero = models.PositiveSmallIntegerField("numéro", unique=True)
    date = models.DateField("date")
    closed_at = models.DateTimeField("close le", null=True, blank=True)

    objects = SessionCoselecQuerySet.as_manager()

    class Meta:
        verbose_name = "session du COSELEC"
        verbose_name_plural = "sessions du COSELEC"
        ordering = ["-numero"]

    def __str__(self) -> str:
        return f"COSELEC n° {self.numero} du {self.date:%d/%m/%Y}"


class DecisionCoselec(HorodatageModel):
    """What one session decides on one file. Prepared by one person, validated by another."""

    demande = models.ForeignKey(DemandePoste, models.PROTECT, related_name="decisions")
    session = models.ForeignKey(SessionCoselec, models.PROTECT, related_name="decisions")
    decision = models.CharField("décision", max_length=25, choices=Decision)
    postes = models.PositiveSmallIntegerField("postes accordés", default=0)
    motif = models.TextField("motif", max_length=1000, blank=True)
    preparee_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="préparée par")
    validee_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="validée par"
    )
    validee_at = models.DateTimeField("validée le", null=True, blank=True)

    class Meta:
        verbose_name = "décision du COSELEC"
        verbose_name_plural = "décisions du COSELEC"
        constraints = [
            models.UniqueConstraint(
                fields=["demande", "session"],
                name="decision_une_par_session",
                violation_error_message="Cette session a déjà une décision sur cette demande.",
            ),
            models.CheckConstraint(
                condition=Q(decision=Decision.FAVORABLE, postes__gte=1)
                | (~Q(decision=Decision.FAVORABLE) & Q(postes=0)),
                name="decision_postes_si_favorable",
                violation_error_message="Une décision favorable accorde au moins un poste, les autres aucun.",
            ),
            models.CheckConstraint(
                condition=Q(validee_par=None) | ~Q(validee_par=F("preparee_par")),
                name="decision_deux_personnes",
                violation_error_message="La personne qui a préparé la décision ne peut pas la valider.",
            ),
            models.CheckConstraint(
                condition=Q(validee_par=None, validee_at=None) | Q(validee_par__isnull=False, validee_at__isnull=False),
                name="decision_validation_datee",
            ),
        ]
        triggers = [
            # Prepared, it may still be corrected; validated, it is kept for ever.
            pgtrigger.Protect(
                name="validated_is_kept",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__validee_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} ({self.session})"


class Convention(HorodatageModel):
    """Signed with the Banque des Territoires; prepared by one person, signed by another."""

    numero = models.CharField("numéro", max_length=20, unique=True)
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="conventions")
    demande = models.OneToOneField(DemandePoste, models.PROTECT, related_name="convention")
    date_debut = models.DateField("début")
    date_fin = models.DateField("fin")
    annees_aide = models.PositiveSmallIntegerField("années d'aide", help_text="2, 3 ou 5 selon la date d'entrée (S4)")
    preparee_par = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="préparée par")
    signee_par = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="signée par"
    )
    signee_at = models.DateTimeField("signée le", null=True, blank=True)
    precedente = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="suivante", verbose_name="reconventionne"
    )

    class Meta:
        verbose_name = "convention"
        constraints = [
            models.CheckConstraint(
                condition=Q(date_fin__gt=F("date_debut")),
                name="convention_dates",
                violation_error_message="La fin de la convention doit suivre son début.",
            ),
            models.CheckConstraint(
                condition=Q(annees_aide__in=[2, 3, 5]),
                name="convention_annees_aide",
                violation_error_message="L'aide dure 2, 3 ou 5 ans.",
            ),
            models.CheckConstraint(
                condition=Q(signee_par=None, signee_at=None)
                | (Q(signee_par__isnull=False, signee_at__isnull=False) & ~Q(signee_par=F("preparee_par"))),
                name="convention_deux_personnes",
                violation_error_message="La personne qui a préparé la convention ne peut pas la signer.",
            ),
        ]

    def __str__(self) -> str:
        return f"Convention {self.numero}"


class PosteQuerySet(models.QuerySet["Poste"]):
    def vacant(self) -> Self:
        return self.filter(status=StatutPoste.VACANT)

    def visible_to(self, role: Role) -> Self:
        return self.filter(structure__in=Structure.objects.visible_to(role))


class Poste(StatusModel):
    """One granted post."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_POSTE

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="postes")
    convention = models.ForeignKey(Convention, models.PROTECT, related_name="postes")
    type = models.CharField("type", max_length=15, choices=TypePoste, default=TypePoste.ORDINAIRE)
    status = models.CharField("statut", max_length=10, choices=StatutPoste, default=StatutPoste.VACANT)
    date_debut = models.DateField("disponible à partir du")
    # Copied from the structure and its commune by the triggers: the index answers a search of neighbours alone.
    position = PointField("position", null=True, editable=False)
    latitude = models.FloatField("latitude", null=True, editable=False)
    longitude = models.FloatField("longitude", null=True, editable=False)
    cle = models.CharField("SIRET ou RIDET", max_length=14, blank=True, editable=False)

    objects = PosteQuerySet.as_manager()

    class Meta:
        verbose_name = "poste"
        indexes = [
            models.Index(
                fields=["structure"],
                include=["date_debut"],
                condition=Q(status=StatutPoste.VACANT),
                name="poste_vacant",
            ),
            # What `matching` reads of the vacant posts around a person, without the table.
            GistIndex(
                "position",
                include=["structure", "date_debut", "latitude", "longitude", "cle"],
                condition=Q(status=StatutPoste.VACANT),
                name="poste_vacant_position",
            ),
        ]
        triggers = [
            status_follows(NEXT_STATUTS_POSTE),
            pgtrigger.Trigger(
                name="place_from_structure",
                # The copies too: saving a row read long ago writes them as they were.
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("structure_id", "position", "latitude", "longitude", "cle"),
                when=pgtrigger.Before,
                # A post that arrives waits for whoever is changing its structure or commune, who can't see it yet.
                # One that is there already waits for nobody: that change will reach it.
                func="""
                    IF TG_OP = 'INSERT' OR NEW.structure_id <> OLD.structure_id THEN
                        PERFORM FROM structures_structure WHERE id = NEW.structure_id FOR SHARE;
                        PERFORM FROM territoires_commune
                        WHERE code = (SELECT commune_id FROM structures_structure WHERE id = NEW.structure_id)
                        FOR SHARE;
                    END IF;
                    SELECT point(o.x, o.y), o.latitude, o.longitude, coalesce(s.siret, s.ridet)
                    INTO NEW.position, NEW.latitude, NEW.longitude, NEW.cle
                    FROM structures_structure s JOIN territoires_commune o ON o.code = s.commune_id
                    WHERE s.id = NEW.structure_id;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Poste n° {self.pk}"


class PosteTransition(TransitionModel):
    objet = models.ForeignKey(Poste, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]
