import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accompagnements.constants import IMPORT_KEPT, IMPORT_MAX_SIZE, IMPORT_UNDO
from accompagnements.enums import (
    IMPORTS_A_SUIVRE,
    IMPORTS_AU_TRAVAIL,
    IMPORTS_OUVERTS,
    NEXT_STATUTS_IMPORT,
    StatutImport,
)
from accompagnements.models.activites import Accompagnement
from accompagnements.models.livraisons import Livraison
from common.models import StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller

IMPORT_FOLDERS = {"depot": "imports/quarantaine/", "fichier": "imports/lus/"}


class ImportActiviteQuerySet(models.QuerySet["ImportActivite"]):
    def visible_to(self, role: Role) -> Self:
        """Only its author's: nobody writes the activity of another (`permissions.can_log`)."""
        if role.kind == RoleKind.CONSEILLER:
            return self.filter(conseiller__compte=role.compte_id)
        return self.none()

    def open(self) -> Self:
        return self.filter(status__in=sorted(IMPORTS_OUVERTS))

    def waiting_too_long(self) -> Self:
        return self.filter(status=StatutImport.DEPOSE, created_at__lte=timezone.now() - timedelta(hours=1))

    def abandoned(self) -> Self:
        """Nobody came back to them: the file goes."""
        return self.filter(status__in=sorted(IMPORTS_A_SUIVRE), updated_at__lte=timezone.now() - IMPORT_KEPT)


class ImportActivite(StatusModel):
    """A file of past activity: read, its columns and words understood with its author, verified, written at once."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_IMPORT

    conseiller = models.ForeignKey(Conseiller, models.PROTECT, related_name="imports", verbose_name="conseiller")
    role = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="déposé par")
    nom = models.CharField("nom du fichier", max_length=150)
    taille = models.PositiveIntegerField("taille (octets)")
    status = models.CharField("statut", max_length=15, choices=StatutImport, default=StatutImport.DEPOSE)
    progression = models.PositiveSmallIntegerField("avancement (%)", default=0)
    essais = models.PositiveSmallIntegerField("essais", default=0)
    # Counts the verifications asked for: each is one effect of the outbox.
    tour = models.PositiveIntegerField("tour", default=0)
    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    # As received, read by the worker alone and erased once read; then its cells as text, of our writing.
    depot = models.FileField("fichier reçu", upload_to=IMPORT_FOLDERS["depot"], blank=True, editable=False)
    fichier = models.FileField("cellules lues", upload_to=IMPORT_FOLDERS["fichier"], blank=True, editable=False)
    format = models.CharField("format", max_length=80, blank=True)
    lignes = models.PositiveIntegerField("lignes", default=0)
    entetes = models.JSONField("noms des colonnes", default=list, blank=True)
    exemples = models.JSONField("premières lignes", default=list, blank=True)
    # Rank of a column → field; field → word → what it means.
    colonnes = models.JSONField("colonnes associées", default=dict, blank=True)
    mots = models.JSONField("mots précisés", default=dict, blank=True)
    bilan = models.JSONField("résultat de la vérification", default=dict, blank=True)
    # The last time its author asked the worker for something.
    demande_at = models.DateTimeField("demandé le", null=True, blank=True)
    motif_refus = models.CharField("motif du refus", max_length=300, blank=True)
    analyse_at = models.DateTimeField("analysé par l'antivirus le", null=True, blank=True)
    importes = models.PositiveIntegerField("accompagnements importés", default=0)
    importe_at = models.DateTimeField("importé le", null=True, blank=True)
    erreurs = models.ForeignKey(
        Livraison, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="fichier des erreurs"
    )

    objects = ImportActiviteQuerySet.as_manager()

    class Meta:
        verbose_name = "import d'activité"
        verbose_name_plural = "imports d'activité"
        constraints = [
            models.CheckConstraint(
                condition=Q(taille__gte=1, taille__lte=IMPORT_MAX_SIZE),
                name="import_taille",
                violation_error_message="Le fichier pèse 40 Mo au maximum.",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutImport.REFUSE) | ~Q(motif_refus=""), name="import_refus_motive"
            ),
            models.CheckConstraint(condition=Q(progression__lte=100), name="import_progression"),
        ]
        indexes = [models.Index(fields=["conseiller", "-created_at"], name="import_liste")]
        triggers = [status_follows(NEXT_STATUTS_IMPORT)]

    def __str__(self) -> str:
        return self.nom

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:import", args=[self.pk])

    @property
    def is_at_work(self) -> bool:
        return self.status in IMPORTS_AU_TRAVAIL

    @property
    def can_be_undone(self) -> bool:
        is_recent = self.importe_at is not None and timezone.now() - self.importe_at <= IMPORT_UNDO
        return self.status == StatutImport.FAIT and self.importes > 0 and is_recent

    def stored_name(self, column: str) -> str:
        return f"{IMPORT_FOLDERS[column]}{self.reference}"

    def write(self, **values: Any) -> None:
        """Change columns of the row but its status, and nothing else: the worker and its author both write here."""
        values["updated_at"] = timezone.now()
        ImportActivite.objects.filter(pk=self.pk).update(**values)
        for name, value in values.items():
            setattr(self, name, value)

    def advance(self, percent: int) -> None:
        self.write(progression=min(percent, 99))


class ImportActiviteTransition(TransitionModel):
    objet = models.ForeignKey(ImportActivite, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]


class Origine(models.Model):
    """Where an imported accompagnement comes from, and what its row said that our columns do not hold exactly."""

    accompagnement = models.OneToOneField(
        Accompagnement, models.CASCADE, primary_key=True, related_name="origine", verbose_name="accompagnement"
    )
    importation = models.ForeignKey(ImportActivite, models.PROTECT, related_name="origines", verbose_name="import")
    ligne = models.PositiveIntegerField("ligne du fichier")
    identifiant = models.CharField("identifiant dans le fichier", max_length=100, blank=True)
    # Label of a column → what stood there: an age band wider than ours, a duration given as a range…
    valeurs = models.JSONField("valeurs d'origine", default=dict, blank=True)

    class Meta:
        verbose_name = "origine"

    def __str__(self) -> str:
        return f"ligne {self.ligne} de {self.importation}"
