import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import connections, models
from django.db.models import Q
from django.utils import timezone

from common.fields import normalize_email
from notifications.constants import RECAPITULATIF, RETENTION
from notifications.enums import EtatEffet, Rythme

INSERT = """
    INSERT INTO notifications_effet
        (cle, genre, charge, destinataire, scelle, etat, prochain_at, created_at, essais, erreur)
    SELECT cle, genre, charge, destinataire, decode(scelle, 'hex'), %s, prochain_at, %s, 0, ''
    FROM json_to_recordset(%s)
        AS rows (cle text, genre text, charge jsonb, destinataire text, scelle text, prochain_at timestamptz)
    ON CONFLICT (cle) DO NOTHING
"""
CLAIM = """
    UPDATE notifications_effet SET prochain_at = %s
    WHERE id IN (
        SELECT id FROM notifications_effet WHERE etat = %s AND prochain_at <= %s
        ORDER BY prochain_at, id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, cle, genre, charge::text, destinataire, scelle, essais
"""
# Written again with its own value, an existing row is locked: it can't leave before what joins it is written. One that
# has begun to leave is not returned. In the order of keys, so that two relays never wait for each other.
OPEN_DIGESTS = """
    INSERT INTO notifications_effet
        (cle, genre, charge, destinataire, etat, prochain_at, created_at, essais, erreur)
    SELECT cle, %s, '{}', destinataire, %s, prochain_at, %s, 0, ''
    FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS rows (cle, destinataire, prochain_at)
    ORDER BY cle
    ON CONFLICT (cle) DO UPDATE SET cle = EXCLUDED.cle
        WHERE notifications_effet.etat = EXCLUDED.etat AND notifications_effet.essais = 0
    RETURNING cle, id
"""
JOIN_DIGESTS = """
    UPDATE notifications_effet SET etat = %s, recapitulatif_id = rows.recapitulatif
    FROM unnest(%s::bigint[], %s::bigint[]) AS rows (effet, recapitulatif)
    WHERE id = rows.effet AND etat = %s AND prochain_at = %s
"""


@dataclass(slots=True)
class Envoi:
    """An effect about to be written. Twenty times lighter than a row of Django, for a fan-out of thousands."""

    genre: str
    cle: str
    destinataire: str = ""
    charge: dict[str, Any] = field(default_factory=dict)
    scelle: bytes | None = None
    prochain_at: datetime = field(default_factory=timezone.now)


@dataclass(slots=True)
class Claimed:
    """An effect in a relay's hands: what it takes to do it, as light as the row it comes from."""

    # The lease: whoever finds another date in the table has lost the effect to another relay.
    prochain_at: datetime
    pk: int
    cle: str
    genre: str
    json: str
    destinataire: str
    scelle: bytes | None
    essais: int
    # The last message to this address was refused for good.
    is_address_refused: bool = False

    @property
    def charge(self) -> dict[str, Any]:
        return dict(json.loads(self.json))


class EffetQuerySet(models.QuerySet["Effet"]):
    def failed(self) -> Self:
        return self.filter(etat__in=[EtatEffet.REFUSE, EtatEffet.ABANDONNE])

    def sent_to(self, adresse: str) -> Self:
        """The mails of one address, most recent first. Actions have no recipient."""
        return self.filter(destinataire=adresse).order_by("-id")

    def older_than_kept(self) -> Self:
        """What support no longer needs. What still waits is never too old."""
        waiting = [EtatEffet.EN_ATTENTE, EtatEffet.RASSEMBLE]
        return self.exclude(etat__in=waiting).filter(created_at__lt=timezone.now() - RETENTION)

    def write(self, effets: Sequence["Effet | Envoi"]) -> None:
        """Insert many at once; one whose key exists is left as it is.

        One JSON document instead of eleven parameters a row: a fan-out of 10 000 takes a tenth of `bulk_create`.
        """
        rows = [
            {
                "cle": effet.cle,
                "genre": effet.genre,
                "charge": effet.charge,
                "destinataire": normalize_email(effet.destinataire),
                "scelle": effet.scelle and bytes(effet.scelle).hex(),
                "prochain_at": effet.prochain_at.isoformat(),
            }
            for effet in effets
        ]
        with connections[self.db].cursor() as cursor:
            cursor.execute(INSERT, [EtatEffet.EN_ATTENTE, timezone.now(), json.dumps(rows)])

    def claim(self, *, now: datetime, lease: datetime, count: int) -> list[Claimed]:
        """Take what is due until `lease`, oldest first, leaving what other relays are taking."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(CLAIM, [lease, EtatEffet.EN_ATTENTE, now, count])
            return [Claimed(lease, *row) for row in cursor.fetchall()]

    def open_digests(self, wanted: dict[str, tuple[str, datetime]]) -> dict[str, int]:
        """Write or find the digests of these keys (key → address, hour), and lock them.

        Returns key → number of those that have not begun to leave.
        """
        rows = [(cle, adresse, at) for cle, (adresse, at) in wanted.items()]
        columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
        with connections[self.db].cursor() as cursor:
            cursor.execute(OPEN_DIGESTS, [RECAPITULATIF, EtatEffet.EN_ATTENTE, timezone.now(), *columns])
            return dict(cursor.fetchall())

    def join_digests(self, digests: dict[int, int], lease: datetime) -> None:
        """Move effects (number → digest) out of the relay's way, if they still are the one's who claimed them."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                JOIN_DIGESTS, [EtatEffet.RASSEMBLE, list(digests), list(digests.values()), EtatEffet.EN_ATTENTE, lease]
            )


class Effet(models.Model):
    """Something that must happen once what decided it is committed: the outbox (docs/adr/0003).

    Once done, it is the mail log: subject, hour, tries, answer of the provider, never the content.
    """

    cle = models.CharField("clé", max_length=200, unique=True, help_text="événement:objet:destinataire")
    genre = models.CharField("genre", max_length=60, help_text="nom enregistré par `notifications.registry`")
    charge = models.JSONField("arguments", default=dict, help_text="identifiants seulement")
    # Sealed content, only for messages that can't be built again from a row; emptied once sent.
    scelle = models.BinaryField("contenu scellé", null=True, blank=True, editable=False)
    destinataire = models.CharField("destinataire", max_length=254, blank=True)
    etat = models.CharField("état", max_length=12, choices=EtatEffet, default=EtatEffet.EN_ATTENTE)
    essais = models.PositiveSmallIntegerField("essais", default=0)
    # Also the lease: a relay that takes a row pushes it ahead, and a dead relay's rows come back by themselves.
    prochain_at = models.DateTimeField("prochain essai", default=timezone.now)
    erreur = models.TextField("dernière erreur", blank=True)
    created_at = models.DateTimeField("écrit le", auto_now_add=True)
    done_at = models.DateTimeField("fait le", null=True, blank=True)
    # The daily digest this one leaves with.
    recapitulatif = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, db_index=False, related_name="rassembles", editable=False
    )
    objet = models.CharField("objet", max_length=120, blank=True, db_default="")
    message_id = models.CharField("Message-ID", max_length=120, blank=True, db_default="")
    reponse = models.CharField("réponse du fournisseur", max_length=300, blank=True, db_default="")

    objects = EffetQuerySet.as_manager()

    class Meta:
        verbose_name = "effet"
        indexes = [
            # The relay: what is due, oldest first.
            models.Index(
                fields=["prochain_at", "id"],
                condition=Q(etat=EtatEffet.EN_ATTENTE),
                name="effet_a_faire",
            ),
            # The mail log of one address, most recent first.
            models.Index(fields=["destinataire", "-id"], condition=~Q(destinataire=""), name="effet_par_adresse"),
            # What a digest gathers, and SET_NULL when it goes.
            models.Index(
                fields=["recapitulatif"], condition=Q(recapitulatif__isnull=False), name="effet_par_recapitulatif"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(etat=EtatEffet.RASSEMBLE) | Q(recapitulatif__isnull=False),
                name="effet_rassemble_dans_un_recapitulatif",
                violation_error_message="Un message rassemblé part avec un récapitulatif.",
            ),
        ]

    def __str__(self) -> str:
        return self.cle


class Preference(models.Model):
    """How often an address wants a kind of message. By address: people without an account receive some too."""

    adresse = models.CharField("adresse e-mail", max_length=254, help_text="normalisée : NFKC, minuscules")
    genre = models.CharField("genre", max_length=60)
    rythme = models.CharField("rythme", max_length=10, choices=Rythme)
    updated_at = models.DateTimeField("modifiée le", auto_now=True)

    class Meta:
        verbose_name = "préférence"
        constraints = [
            models.UniqueConstraint(
                fields=["adresse", "genre"],
                name="preference_une_par_genre",
                violation_error_message="Cette adresse a déjà choisi pour ce message.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.genre} : {self.get_rythme_display()}"


class AdresseRefusee(models.Model):
    """An address whose mail server says for good that it takes nothing. A message it accepts removes the row."""

    adresse = models.CharField("adresse e-mail", max_length=254, unique=True)
    reponse = models.CharField("réponse du fournisseur", max_length=300)
    refused_at = models.DateTimeField("refusée le", default=timezone.now)

    class Meta:
        verbose_name = "adresse refusée"
        verbose_name_plural = "adresses refusées"

    def __str__(self) -> str:
        return f"adresse refusée n° {self.pk}"


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def visible_to(self, role: Any) -> Self:
        """One's own: a search is made again under one's name, not taken over from a colleague."""
        return self.filter(compte=role.compte_id)


class Consultation(models.Model):
    """Who of support looked at the mails of which address: written before the first row is shown.

    Its number is what the URL carries, instead of the address.
    """

    adresse = models.CharField("adresse e-mail", max_length=254)
    compte = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    role = models.CharField("rôle", max_length=20)
    at = models.DateTimeField("le", default=timezone.now, editable=False)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = "consultation du journal des envois"
        verbose_name_plural = "consultations du journal des envois"
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="kept_a_year",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.at > now() - interval '365 days'"),
            ),
        ]

    def __str__(self) -> str:
        return f"consultation n° {self.pk}"
