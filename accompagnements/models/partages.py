from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.models import HorodatageModel
from comptes.models import Role, ended_long_ago


class LienPartageQuerySet(models.QuerySet["LienPartage"]):
    def visible_to(self, role: Role) -> Self:
        """Only one's own, whatever the role they show the figures of."""
        return self.filter(role__compte=role.compte_id)

    def usable(self) -> Self:
        """Keep the links that still show something: a link dies with the role of who made it."""
        return self.filter(
            revoked_at=None, expires_at__gt=timezone.now(), role__ended_at=None, role__compte__is_active=True
        )

    def outdated(self) -> Self:
        """Revoked or expired for as long as it is kept."""
        return ended_long_ago(self, "revoked_at")


class LienPartage(HorodatageModel):
    """Figures anyone who has the address may see: one scope, one period, the filters of the day it was made.

    The address is looked for by its digest; a sealed copy lets its author read it again.
    """

    role = models.ForeignKey(Role, models.CASCADE, related_name="+", verbose_name="rôle")
    # Of the form that made it: sent twice, it makes one link.
    cle = models.UUIDField("clé de saisie", editable=False)
    nom = models.CharField("nom", max_length=60)
    digest = models.CharField("empreinte", max_length=64, unique=True)
    scelle = models.BinaryField("adresse scellée")
    debut = models.DateField("du")
    fin = models.DateField("au")
    filtres = models.JSONField("filtres", default=dict, blank=True, help_text="ceux de la page, période exceptée")
    expires_at = models.DateTimeField("expire le")
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)
    last_used_on = models.DateField("dernière visite", null=True, blank=True)

    objects = LienPartageQuerySet.as_manager()

    class Meta:
        verbose_name = "lien de partage"
        verbose_name_plural = "liens de partage"
        constraints = [
            models.UniqueConstraint(fields=["role", "cle"], name="lien_partage_une_saisie"),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=91)),
                name="lien_partage_90_jours",
                violation_error_message="Un lien dure 90 jours au plus.",
            ),
            models.CheckConstraint(condition=Q(debut__lte=F("fin")), name="lien_partage_periode"),
        ]

    def __str__(self) -> str:
        return self.nom

    @property
    def asked(self) -> dict[str, str]:
        """What the page of figures is asked for, as its address would say it."""
        return {**self.filtres, "du": self.debut.isoformat(), "au": self.fin.isoformat()}

    def note_use(self, day: date) -> None:
        if self.last_used_on != day:
            LienPartage.objects.filter(pk=self.pk).update(last_used_on=day)
