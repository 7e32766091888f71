import hashlib
from datetime import date, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.fields import normalize_email
from common.models import HorodatageModel
from common.triggers import append_only
from comptes.constants import ENDED_KEPT
from comptes.enums import OWN_DATA_ROLES, SCOPES_BY_ROLE, STAFF_ROLES, JetonPurpose, RoleKind, ScopeApi
from territoires.models import Departement, Region

Rows = TypeVar("Rows", bound=models.QuerySet[Any])

# What an invitation must say beside the role: the structure or organisme to join, a region, or nothing.
JOINED_KINDS = [RoleKind.STRUCTURE, RoleKind.ORGANISME_FORMATION]
NATIONAL_KINDS = [RoleKind.ANCT, RoleKind.BDT]
REGIONAL_KINDS = [RoleKind.HUB, RoleKind.COORDINATEUR]


class CompteManager(BaseUserManager["Compte"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Compte":
        compte = self.model(email=normalize_email(email), **fields)
        compte.set_password(password)
        compte.save(using=self._db)
        return compte

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Compte":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "Compte":
        return self.get(email=normalize_email(username or ""))


class Compte(AbstractBaseUser, PermissionsMixin, HorodatageModel):
    """A person who signs in. What they may do is in their `Role` rows, never here."""

    email = models.EmailField("adresse e-mail", unique=True, help_text="normalisée : NFKC, minuscules")
    prenom = models.CharField("prénom", max_length=150, blank=True)
    nom = models.CharField("nom", max_length=150, blank=True)
    is_active = models.BooleanField("actif", default=True)
    is_staff = models.BooleanField("accès à l'administration", default=False)

    objects: ClassVar[CompteManager] = CompteManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "compte"

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def get_full_name(self) -> str:
        return f"{self.prenom} {self.nom}".strip()

    def get_short_name(self) -> str:
        return self.prenom or self.email

    def has_role(self, kind: RoleKind) -> bool:
        return any(role.kind == kind for role in self.roles.all())


class RoleQuerySet(models.QuerySet["Role"]):
    def active(self) -> Self:
        return self.filter(ended_at=None)


class Role(HorodatageModel):
    """One right to act: a kind and, for territorial kinds, a territory. The current one is `request.role`.

    Belonging to a structure, an organisme or a group is a row of the app that owns it.
    """

    compte = models.ForeignKey(Compte, models.CASCADE, related_name="roles", verbose_name="compte")
    kind = models.CharField("rôle", max_length=20, choices=RoleKind)
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région")
    reseau = models.CharField("réseau", max_length=60, blank=True)
    ended_at = models.DateTimeField("retiré le", null=True, blank=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        verbose_name = "rôle"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["compte", "kind", "departement", "region", "reseau"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="role_une_fois_par_perimetre",
                violation_error_message="Ce compte a déjà ce rôle sur ce périmètre.",
            ),
            models.CheckConstraint(
                condition=~Q(kind=RoleKind.PREFET)
                | Q(departement__isnull=False, region=None)
                | Q(departement=None, region__isnull=False),
                name="role_prefet_un_territoire",
                violation_error_message="Une préfecture a un département ou une région, et un seul.",
            ),
        ]

    def __str__(self) -> str:
        territory = self.departement or self.region or self.reseau
        return f"{self.get_kind_display()} ({territory})" if territory else self.get_kind_display()

    @property
    def needs_second_factor(self) -> bool:
        return self.kind not in OWN_DATA_ROLES

    @property
    def is_staff_role(self) -> bool:
        return self.kind in STAFF_ROLES


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ended_long_ago(rows: Rows, early_end: str) -> Rows:
    """Keep the rows that ended, early (revoked, used) or by their date, before what `ENDED_KEPT` keeps."""
    oldest = timezone.now() - ENDED_KEPT
    return rows.filter(Q(expires_at__lt=oldest) | Q(**{f"{early_end}__lt": oldest}))


class JetonQuerySet(models.QuerySet["Jeton"]):
    def usable(self) -> Self:
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def outdated(self) -> Self:
        """Used or expired for as long as it is kept."""
        return ended_long_ago(self, "used_at")


class Jeton(models.Model):
    """A single-use right carried by a link: only its SHA-256 is kept, and only a POST consumes it.

    It is minted when the e-mail is rendered, so that the outbox never holds it.
    """

    purpose = models.CharField("usage", max_length=30, choices=JetonPurpose)
    objet_id = models.BigIntegerField("objet", help_text="clé de la ligne concernée, selon l'usage")
    email = models.EmailField("adresse e-mail")
    digest = models.CharField("empreinte", max_length=64, unique=True)
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    expires_at = models.DateTimeField("expire le")
    used_at = models.DateTimeField("utilisé le", null=True, blank=True)

    objects = JetonQuerySet.as_manager()

    class Meta:
        verbose_name = "jeton"
        indexes = [models.Index(fields=["purpose", "objet_id"], name="jeton_par_objet")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} n° {self.objet_id}"


class JetonApiQuerySet(models.QuerySet["JetonApi"]):
    def visible_to(self, role: Role) -> Self:
        """Only one's own, whatever the role they act for."""
        return self.filter(role__compte=role.compte_id)

    def usable(self) -> Self:
        """Keep the tokens that still open something: neither their role nor their account is closed."""
        return self.filter(
            revoked_at=None, expires_at__gt=timezone.now(), role__ended_at=None, role__compte__is_active=True
        )

    def outdated(self) -> Self:
        """Revoked or expired for as long as it is kept."""
        return ended_long_ago(self, "revoked_at")


class JetonApi(HorodatageModel):
    """A right to call the API in the name of one role. Only its SHA-256 and its first characters are kept."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="jetons_api", verbose_name="rôle")
    nom = models.CharField("nom", max_length=60)
    prefixe = models.CharField("début du jeton", max_length=12)
    digest = models.CharField("empreinte", max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=30, choices=ScopeApi), verbose_name="droits")
    expires_at = models.DateTimeField("expire le")
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)
    # A day, not an instant: enough to see a forgotten token, and one write a day.
    last_used_on = models.DateField("dernière utilisation", null=True, blank=True)

    objects = JetonApiQuerySet.as_manager()

    class Meta:
        verbose_name = "jeton d'API"
        verbose_name_plural = "jetons d'API"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=366)),
                name="jeton_api_un_an",
                violation_error_message="Un jeton dure un an au plus.",
            ),
            models.CheckConstraint(
                condition=Q(scopes__len__gte=1) & Q(scopes__contained_by=ScopeApi.values),
                name="jeton_api_droits",
                violation_error_message="Choisissez au moins un droit.",
            ),
        ]

    def __str__(self) -> str:
        return self.nom

    def allows(self, scope: ScopeApi) -> bool:
        """Both the token and its role, as it is now, must open it."""
        return scope in self.scopes and scope in SCOPES_BY_ROLE.get(RoleKind(self.role.kind), ())

    def note_use(self, day: date) -> None:
        if self.last_used_on != day:
            JetonApi.objects.filter(pk=self.pk).update(last_used_on=day)


class AppelApi(models.Model):
    """How many calls one token, or one address, made in its last window of time. Addresses are hashed.

    A table of ours rather than the cache: one atomic statement counts, where the cache would read, then write.
    """

    cle = models.CharField("qui", max_length=64, primary_key=True)
    fenetre = models.BigIntegerField("fenêtre")
    nombre = models.PositiveIntegerField("appels")

    class Meta:
        verbose_name = "compteur d'appels"
        verbose_name_plural = "compteurs d'appels"

    def __str__(self) -> str:
        return f"{self.nombre} appels"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> Self:
        return self.filter(accepted_at=None, cancelled_at=None)


class Invitation(HorodatageModel):
    """A colleague invited to a role; the link is a `Jeton`."""

    email = models.EmailField("adresse e-mail")
    kind = models.CharField("rôle", max_length=20, choices=RoleKind)
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région")
    reseau = models.CharField("réseau", max_length=60, blank=True)
    # The structure or organisme to join: owned by an app above, joined by its receiver.
    objet_id = models.BigIntegerField("structure ou organisme", null=True, blank=True, help_text="son numéro")
    invited_by = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="invité par")
    accepted_at = models.DateTimeField("acceptée le", null=True, blank=True)
    accepted_by = models.ForeignKey(
        Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="acceptée par"
    )
    cancelled_at = models.DateTimeField("annulée le", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "invitation"
        constraints = [
            models.UniqueConstraint(
                fields=["email", "kind", "departement", "region", "reseau", "objet_id"],
                condition=Q(accepted_at=None, cancelled_at=None),
                nulls_distinct=False,
                name="invitation_une_en_attente",
                violation_error_message="Une invitation est déjà en attente pour cette adresse.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=JOINED_KINDS, objet_id__isnull=False, departement=None, region=None, reseau="")
                | Q(kind=RoleKind.PREFET, objet_id=None, departement__isnull=False, region=None, reseau="")
                | Q(kind=RoleKind.PREFET, objet_id=None, departement=None, region__isnull=False, reseau="")
                | Q(kind__in=REGIONAL_KINDS, objet_id=None, departement=None, region__isnull=False, reseau="")
                | (Q(kind=RoleKind.GRAND_RESEAU, objet_id=None, departement=None, region=None) & ~Q(reseau=""))
                | Q(kind__in=NATIONAL_KINDS, objet_id=None, departement=None, region=None, reseau=""),
                name="invitation_perimetre",
                violation_error_message="Le périmètre ne correspond pas à ce rôle.",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, cancelled_at=None),
                name="invitation_acceptee_ou_annulee",
                violation_error_message="Une invitation acceptée ne peut pas être annulée.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_kind_display()})"

    @property
    def state(self) -> str:
        if self.accepted_at:
            return "Acceptée"
        return "Annulée" if self.cancelled_at else "En attente"


class EntreeJournal(models.Model):
    """Who did or read what. Rows are added, never edited."""

    at = models.DateTimeField("le", default=timezone.now, editable=False)
    compte = models.ForeignKey(Compte, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte")
    role = models.CharField("rôle", max_length=20, blank=True)
    verbe = models.CharField("acte", max_length=60)
    objet = models.CharField("objet", max_length=80, help_text="app.Modele:clé")
    details = models.JSONField("détails", default=dict, blank=True, help_text="sans donnée personnelle")

    class Meta:
        verbose_name = "entrée du journal d'audit"
        verbose_name_plural = "journal d'audit"
        indexes = [models.Index(fields=["objet", "-at"], name="journal_par_objet")]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.verbe} {self.objet}"
