from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.exceptions import TransitionError


class HorodatageModel(models.Model):
    # A default, not `auto_now_add`: what is loaded with its history keeps its dates.
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    updated_at = models.DateTimeField("modifié le", auto_now=True)

    class Meta:
        abstract = True


class StatusModel(HorodatageModel):
    """A row whose status follows a table. Subclasses declare `status`, `NEXT_STATUSES` and a history model."""

    NEXT_STATUSES: ClassVar[Mapping[Any, frozenset[Any]]]

    if TYPE_CHECKING:
        status: str
        transitions: Any

        def get_status_display(self) -> str: ...

    class Meta:
        abstract = True

    def can_move_to(self, status: str) -> bool:
        return status in self.NEXT_STATUSES[self.status]

    def move_to(self, status: str, *, by: Any | None, reason: str = "", **values: Any) -> None:
        """Change the status with the fields given in `values`, and record who changed it (None: the machine).

        Call it inside a transaction, on a row read with `select_for_update()`. The update is conditional all
        the same: a stale row raises `TransitionError` instead of winning twice.
        """
        previous = self.status
        if not self.can_move_to(status):
            raise TransitionError(self.get_status_display(), status)
        values |= {"status": status, "updated_at": timezone.now()}
        rows = type(self)._base_manager.filter(pk=self.pk).filter(Q(status=previous))
        if not rows.update(**values):
            raise TransitionError(self.get_status_display(), status)
        for name, value in values.items():
            setattr(self, name, value)
        self.transitions.create(from_status=previous, to_status=status, by=by, reason=reason)


class TransitionModel(models.Model):
    """One status change. Rows are added, never edited; subclasses add the foreign key `objet` (related_name
    "transitions") and the trigger `append_only()`."""

    from_status = models.CharField("de", max_length=30)
    to_status = models.CharField("vers", max_length=30)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par"
    )
    reason = models.CharField("motif", max_length=1000, blank=True)
    at = models.DateTimeField("le", default=timezone.now, editable=False)

    class Meta:
        abstract = True
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
