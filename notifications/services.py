import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.exceptions import RuleError
from common.fields import normalize_email
from notifications import tasks
from notifications.constants import RECAPITULATIF, RETENTION
from notifications.enums import ETATS_ECHEC, EtatEffet, Rythme
from notifications.models import AdresseRefusee, Consultation, Effet, Envoi, Preference
from notifications.registry import KINDS, Kind
from notifications.selectors import rhythm, wishes_of

logger = logging.getLogger(__name__)

PURGE_BATCH = 5_000


def queue_effet(genre: str, *, cle: str, destinataire: str = "", scelle: bytes | None = None, **charge: Any) -> None:
    """Write an effect in the current transaction; it is done once, soon after the commit.

    `genre` is a name of `notifications.registry`; `cle` (event:object:recipient) makes a second call a no-op;
    `charge` holds ids only. Must be called inside `transaction.atomic()`. The rhythm is the recipient's choice
    (`notifications.registry.Kind`): the caller queues each event and never groups.
    """
    queue_effets([Envoi(genre, cle, destinataire, charge, scelle)])


def queue_effets(effets: Sequence[Effet | Envoi]) -> None:
    """Write many effects with one insert and one nudge. An effect whose key exists is left as it is.

    `prochain_at` in the future delays one. `Envoi` is the light form, for thousands.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an effect is written with what decided it")
    Effet.objects.write(effets)
    # robust: with the broker away the business goes on, and the sweeper sends.
    transaction.on_commit(tasks.nudge, robust=True)


@transaction.atomic
def send_again(*, effet: Effet) -> None:
    """Give an effect that failed its tries back. One that is done, or that nobody wants, is not sent."""
    failed = Effet.objects.filter(pk=effet.pk, etat__in=[*ETATS_ECHEC, EtatEffet.EN_ATTENTE])
    values: dict[str, Any] = {"etat": EtatEffet.EN_ATTENTE, "essais": 0, "prochain_at": timezone.now()}
    if not failed.update(**values, done_at=None, recapitulatif=None):
        raise RuleError("Cet envoi n'est pas en échec : il n'y a rien à renvoyer.")
    if effet.genre == RECAPITULATIF:
        effet.rassembles.filter(etat__in=ETATS_ECHEC).update(etat=EtatEffet.RASSEMBLE, done_at=None)
    transaction.on_commit(tasks.nudge, robust=True)


@transaction.atomic
def set_preferences(*, adresse: str, rhythms: Mapping[str, Rythme]) -> None:
    """Keep what an address chose, kind → rhythm. What its kind does not allow is refused."""
    rows = []
    for name, rythme in rhythms.items():
        kind = KINDS.get(name)
        if kind is None or rythme not in kind.rhythms:
            raise RuleError("Ce choix n'est pas possible pour ce message.", field=name)
        rows.append(Preference(adresse=normalize_email(adresse), genre=name, rythme=rythme, updated_at=timezone.now()))
    Preference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["adresse", "genre"],
        update_fields=["rythme", "updated_at"],
    )


def unsubscribe(*, kind: Kind, adresse: str) -> None:
    """Stop a kind of message to an address. A digest is stopped by stopping all that it would gather."""
    kinds = [kind]
    if kind.name == RECAPITULATIF:
        wishes = wishes_of([adresse])
        kinds = [k for k in KINDS.values() if k.can_be_stopped and rhythm(k, adresse, wishes) == Rythme.QUOTIDIEN]
    set_preferences(adresse=adresse, rhythms={k.name: Rythme.JAMAIS for k in kinds})


def open_log(*, adresse: str, by: Any) -> Consultation:
    """Write who looks at the mails of which address, before anything is shown."""
    return Consultation.objects.create(adresse=normalize_email(adresse), compte_id=by.compte_id, role=by.kind)


def lift_refusal(*, adresse: str) -> None:
    """Believe in an address again: its owner says that it works."""
    if not AdresseRefusee.objects.filter(adresse=normalize_email(adresse)).delete()[0]:
        raise RuleError("Cette adresse n'est pas marquée comme refusée.")


def purge_log(*, for_real: bool) -> dict[str, int]:
    """Delete what is older than the log keeps, or only count it. Small batches: the relay works meanwhile."""
    before = timezone.now() - RETENTION
    doomed = {
        "effets": Effet.objects.older_than_kept(),
        "consultations": Consultation.objects.filter(at__lt=before),
        "adresses refusées": AdresseRefusee.objects.filter(refused_at__lt=before),
    }
    counts = {}
    for name, rows in doomed.items():
        counts[name] = 0 if for_real else rows.count()
        while for_real and (batch := list(rows.values_list("pk", flat=True)[:PURGE_BATCH])):
            counts[name] += rows.filter(pk__in=batch).delete()[0]
    logger.info("purge of the mail log, for real: %s, %s", for_real, counts)
    return counts
