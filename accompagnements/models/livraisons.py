import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accompagnements.constants import LIVRAISON_KEPT
from accompagnements.enums import (
    LIVRAISONS_EN_CHEMIN,
    NEXT_STATUTS_LIVRAISON,
    GenreLivraison,
    StatutLivraison,
)
from common.models import StatusModel, TransitionModel
from common.triggers import append_only, status_follows
from comptes.models import Role

FOLDER = "livraisons/"
EXTENSIONS = {GenreLivraison.BILAN: "pdf", GenreLivraison.TABLEUR: "xlsx", GenreLivraison.ERREURS: "xlsx"}


class LivraisonQuerySet(models.QuerySet["Livraison"]):
    def visible_to(self, role: Role) -> Self:
        """Only who asked, under the role they asked with: what it holds was theirs to see under that role."""
        return self.filter(role=role.pk)

    def kept(self) -> Self:
        return self.exclude(status=StatutLivraison.SUPPRIMEE).filter(
            Q(expire_at=None) | Q(expire_at__gt=timezone.now())
        )

    def downloadable(self) -> Self:
        return self.filter(status=StatutLivraison.PRETE, expire_at__gt=timezone.now())

    def outdated(self) -> Self:
        old = timezone.now() - LIVRAISON_KEPT
        return self.filter(
            Q(status=StatutLivraison.PRETE, expire_at__lte=timezone.now())
            | Q(status=StatutLivraison.ECHEC, updated_at__lte=old)
        )


class Livraison(StatusModel):
    """A file someone asked for, made aside by the worker and kept a few days: bilan, spreadsheet, errors."""

    NEXT_STATUSES: ClassVar = NEXT_STATUTS_LIVRAISON

    role = models.ForeignKey(Role, models.CASCADE, related_name="+", verbose_name="demandé par")
    genre = models.CharField("contenu", max_length=10, choices=GenreLivraison)
    titre = models.CharField("titre", max_length=300)
    # What was asked, as an address says it: the filters, the scope, the period.
    demande = models.CharField("demande", max_length=1000, blank=True)
    status = models.CharField("statut", max_length=15, choices=StatutLivraison, default=StatutLivraison.EN_ATTENTE)
    progression = models.PositiveSmallIntegerField("avancement (%)", default=0)
    essais = models.PositiveSmallIntegerField("essais", default=0)
    # What the file is called where it is kept: nothing of anyone, and nothing anyone can guess.
    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    fichier = models.FileField("fichier", upload_to=FOLDER, blank=True, editable=False)
    taille = models.PositiveIntegerField("taille (octets)", default=0)
    motif_echec = models.CharField("raison de l'échec", max_length=300, blank=True)
    prete_at = models.DateTimeField("prêt le", null=True, blank=True)
    expire_at = models.DateTimeField("disponible jusqu'au", null=True, blank=True)

    objects = LivraisonQuerySet.as_manager()

    class Meta:
        verbose_name = "fichier demandé"
        verbose_name_plural = "fichiers demandés"
        constraints = [
            # A double click, a refresh: one file.
            models.UniqueConstraint(
                fields=["role", "genre", "demande"],
                condition=Q(status__in=sorted(LIVRAISONS_EN_CHEMIN)),
                name="livraison_une_a_la_fois",
                violation_error_message="Ce fichier est déjà en préparation.",
            ),
            models.CheckConstraint(
                condition=~Q(status=StatutLivraison.PRETE) | (~Q(fichier="") & Q(expire_at__isnull=False)),
                name="livraison_prete_a_un_fichier",
            ),
            models.CheckConstraint(condition=Q(progression__lte=100), name="livraison_progression"),
        ]
        indexes = [models.Index(fields=["role", "-created_at"], name="livraison_liste")]
        triggers = [status_follows(NEXT_STATUTS_LIVRAISON)]

    def __str__(self) -> str:
        return self.titre

    def get_absolute_url(self) -> str:
        return reverse("accompagnements:livraison", args=[self.pk])

    @property
    def is_on_its_way(self) -> bool:
        return self.status in LIVRAISONS_EN_CHEMIN

    @property
    def stored_name(self) -> str:
        return f"{FOLDER}{self.reference}.{self.extension}"

    @property
    def download_name(self) -> str:
        return f"{self.genre}-{timezone.localdate(self.created_at):%Y-%m-%d}.{self.extension}"

    @property
    def extension(self) -> str:
        return EXTENSIONS[GenreLivraison(self.genre)]

    def advance(self, percent: int) -> None:
        """Say how far the work is; committed at once, for whoever looks."""
        self.progression = min(percent, 99)
        Livraison.objects.filter(pk=self.pk).update(progression=self.progression, updated_at=timezone.now())

    def ready_values(self, name: str, now: datetime) -> dict[str, Any]:
        size = self.fichier.storage.size(name)
        kept = {"prete_at": now, "expire_at": now + LIVRAISON_KEPT}
        return {"fichier": name, "taille": size, "progression": 100, **kept}


class LivraisonTransition(TransitionModel):
    objet = models.ForeignKey(Livraison, models.CASCADE, related_name="transitions")

    class Meta(TransitionModel.Meta):
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        triggers = [append_only()]
