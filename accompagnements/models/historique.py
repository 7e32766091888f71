"""What may be changed for thirty days, then with a reason: accompagnements and activities of coordination alike."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accompagnements.constants import FREE_CHANGE
from accompagnements.enums import ActeRevision
from common.models import HorodatageModel
from comptes.models import Compte


class Modifiable(HorodatageModel):
    class Meta:
        abstract = True

    @property
    def version(self) -> str:
        """What a page shows of the moment the row was last written, to tell whether it has changed since."""
        return self.updated_at.isoformat()

    @property
    def is_free_to_change(self) -> bool:
        return timezone.now() - self.created_at <= FREE_CHANGE


class Revision(models.Model):
    """What a row was before a change or its removal. Rows are added, never edited: subclasses add `append_only()`.

    Notes are never copied here: removing from them what should not have been written must really remove it.
    """

    acte = models.CharField("acte", max_length=12, choices=ActeRevision)
    avant = models.JSONField("avant")
    apres = models.JSONField("après", null=True, blank=True)
    reason = models.CharField("motif", max_length=300, blank=True)
    by = models.ForeignKey(Compte, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now, editable=False)

    class Meta:
        abstract = True
        ordering = ["at", "pk"]

    @staticmethod
    def constraint(name: str) -> models.CheckConstraint:
        removal = Q(acte=ActeRevision.SUPPRESSION, apres__isnull=True)
        return models.CheckConstraint(
            condition=removal | Q(acte=ActeRevision.MODIFICATION, apres__isnull=False), name=name
        )
