"""The relay: takes what is due, in batches, and does it. See docs/adr/0003 and 0015."""

import hashlib
import logging
import time
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.emails import bare_subject
from common.fields import normalize_email
from notifications.answers import is_address_dead, is_permanent, redact, words_of
from notifications.constants import ADRESSE_REFUSEE, RECAPITULATIF
from notifications.emails import Section, dress, recapitulatif, section_of
from notifications.enums import EtatEffet, Rythme
from notifications.exceptions import ProviderAwayError
from notifications.models import AdresseRefusee, Claimed, Effet, Envoi
from notifications.registry import ACTIONS, KINDS, MESSAGES, Kind
from notifications.sealing import unseal
from notifications.selectors import mornings_of, refused_addresses, rhythm, wishes_of

logger = logging.getLogger(__name__)

BATCH = 500
LEASE = timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
MAX_TRIES = 10
FIRST_DELAY = timedelta(seconds=30)
# The provider does not answer at all: no message is to blame, none loses a try.
AWAY_DELAY = timedelta(minutes=1)
# Why a message one may do without was not even tried.
REFUSED = "adresse refusée"
# Well under the time limit of a task: what is left is another task's.
BUDGET = 120.0  # seconds


def nudge() -> None:
    """Wake the relay. A broker that is away is not an error: the sweeper reads the table every minute."""
    try:
        drain.delay()
    except (OperationalError, OSError) as error:
        logger.warning("broker away, the sweeper will send: %s", type(error).__name__)


@shared_task
def drain() -> int:
    """Do everything that is due, and say how many were done. Any number of relays may run at once."""
    done = 0
    deadline = time.monotonic() + BUDGET
    relay = Relay()
    try:
        while batch := claim():
            wanted = sort_out(batch)
            for number, effet in enumerate(wanted):
                if time.monotonic() > deadline:
                    _give_back(wanted[number:])
                    nudge()
                    return done
                done += _do(effet, relay)
    finally:
        relay.close()
    return done


def claim() -> list[Claimed]:
    """Take a batch for `LEASE`: a relay killed meanwhile gives it back by doing nothing."""
    now = timezone.now()
    return Effet.objects.claim(now=now, lease=now + LEASE, count=BATCH)


def _give_back(effets: list[Claimed]) -> None:
    rows = Effet.objects.filter(pk__in=[e.pk for e in effets], etat=EtatEffet.EN_ATTENTE)
    rows.filter(prochain_at=effets[0].prochain_at).update(prochain_at=timezone.now())


# --- What people chose ----------------------------------------------------------------------------------------


def sort_out(batch: list[Claimed]) -> list[Claimed]:
    """Return what leaves now. What nobody wants is set aside, what can wait joins the digest of its reader.

    A constant number of queries a batch, whatever its size.
    """
    # Not there: an action, or a message nobody declared, which then leaves at once.
    kinds = {effet.pk: kind for effet in batch if (kind := KINDS.get(effet.genre)) and effet.destinataire}
    wishes = wishes_of({effet.destinataire for effet in batch if effet.pk in kinds and kinds[effet.pk].has_choice})
    refused = refused_addresses({effet.destinataire for effet in batch if effet.destinataire})
    leaving, gathered = [], []
    unwanted: dict[str, list[int]] = {"": [], REFUSED: []}
    for effet in batch:
        effet.is_address_refused = effet.destinataire in refused
        kind = kinds.get(effet.pk)
        if kind is None or effet.genre == RECAPITULATIF:
            leaving.append(effet)
            continue
        wish = rhythm(kind, effet.destinataire, wishes)
        if wish == Rythme.JAMAIS:
            unwanted[""].append(effet.pk)
        elif effet.is_address_refused and kind.can_be_stopped:
            unwanted[REFUSED].append(effet.pk)
        elif wish == Rythme.QUOTIDIEN:
            gathered.append(effet)
        else:
            leaving.append(effet)
    for why, numbers in unwanted.items():
        set_aside(numbers, why)
    if gathered:
        _gather(gathered)
    return leaving


def set_aside(numbers: list[int], why: str = "") -> None:
    if numbers:
        rows = Effet.objects.filter(pk__in=numbers, etat__in=[EtatEffet.EN_ATTENTE, EtatEffet.RASSEMBLE])
        rows.update(etat=EtatEffet.ECARTE, done_at=timezone.now(), erreur=why, scelle=None)


def _gather(effets: list[Claimed]) -> None:
    """Attach effects to the next digest of their reader.

    Each belongs to one digest, written with it and locked meanwhile: a digest never leaves between the two.
    """
    now, lease = timezone.now(), effets[0].prochain_at
    # Twice: the digest of this morning may be leaving already, the next one then takes what it can't.
    for moment in (now, now + timedelta(days=1)):
        mornings = mornings_of({effet.destinataire for effet in effets}, moment)
        keys = {effet.pk: _digest_key(effet.destinataire, mornings) for effet in effets}
        with transaction.atomic():
            opened = Effet.objects.open_digests(
                {keys[effet.pk]: (effet.destinataire, mornings[effet.destinataire]) for effet in effets}
            )
            Effet.objects.join_digests({pk: opened[cle] for pk, cle in keys.items() if cle in opened}, lease)
        effets = [effet for effet in effets if keys[effet.pk] not in opened]
        if not effets:
            return


def _digest_key(adresse: str, mornings: dict[str, datetime]) -> str:
    return f"recapitulatif:{_digest(adresse)}:{mornings[adresse].date()}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- One effect -----------------------------------------------------------------------------------------------


class Relay:
    """One connection to the provider for a whole run, opened at the first message."""

    def __init__(self) -> None:
        self.backend: Any = get_connection()
        self.is_away = False

    def open(self) -> None:
        """Before a message is built: it may mint a token. Once away, the provider is not asked again in this run."""
        if self.is_away:
            raise ProviderAwayError("the provider does not answer")
        try:
            self.backend.open()
        except (SMTPException, OSError) as error:
            self.is_away = True
            raise ProviderAwayError(words_of(error)) from error

    def send(self, message: EmailMessage) -> str:
        """Return the answer of the provider, when it gives one."""
        try:
            self.backend.send_messages([message])
        except SMTPRecipientsRefused:
            raise  # The conversation goes on with the next message.
        except (SMTPException, OSError):
            self.backend.close()
            raise
        return redact(getattr(self.backend, "answer", ""))

    def close(self) -> None:
        self.backend.close()


def _do(effet: Claimed, relay: Relay) -> bool:
    """Do one effect of a claimed batch. False when another relay took it or when it failed."""
    mine = Effet.objects.filter(pk=effet.pk, etat=EtatEffet.EN_ATTENTE, prochain_at=effet.prochain_at)
    lease = timezone.now() + LEASE
    if not mine.update(prochain_at=lease, essais=effet.essais + 1):
        return False
    try:
        _carry_out(effet, relay)
    except ProviderAwayError as error:
        _put_off(effet, error)
        return False
    except Exception as error:  # noqa: BLE001  # Whatever one effect breaks on, the others must leave.
        (_record_refusal if is_permanent(error) else _record_failure)(effet, error)
        return False
    return True


def _carry_out(effet: Claimed, relay: Relay) -> None:
    if effet.genre in ACTIONS:
        ACTIONS[effet.genre](**effet.charge)
        _record_done(effet)
        return
    relay.open()
    if effet.genre == RECAPITULATIF:
        _send_digest(effet, relay)
    elif message := _build(effet):
        _send(effet, message, relay)
    else:
        _record_done(effet)


def _build(effet: Claimed | Effet) -> EmailMessage | None:
    sealed = effet.scelle
    return MESSAGES[effet.genre](**effet.charge) if sealed is None else unseal(bytes(sealed))


def _send(effet: Claimed, message: EmailMessage, relay: Relay) -> None:
    adresse = normalize_email(message.to[0])
    kind = KINDS.get(effet.genre)
    # Nobody knew the address when the effect was written, or it has changed: its owner's wishes are not read yet.
    is_unread = adresse != effet.destinataire and kind is not None and kind.can_be_stopped
    if is_unread and kind and rhythm(kind, adresse, wishes_of([adresse])) == Rythme.JAMAIS:
        set_aside([effet.pk])
        return
    sent = _hand_over(effet, message, kind, adresse, relay)
    _record_done(effet, **sent, objet=bare_subject(str(message.subject)))


def _hand_over(effet: Claimed, message: EmailMessage, kind: Kind | None, adresse: str, relay: Relay) -> dict[str, str]:
    """Give a message to the provider; returns what the log keeps of it."""
    # Stable, so that a provider can drop a second copy after a crash between its answer and our note.
    message_id = f"<{_digest(effet.cle)}@{urlsplit(settings.SITE_URL).hostname}>"
    dress(message, kind=kind, adresse=adresse, message_id=message_id)
    answer = relay.send(message)
    if effet.is_address_refused:  # It takes messages again.
        AdresseRefusee.objects.filter(adresse=adresse).delete()
    return {"destinataire": adresse, "message_id": message_id, "reponse": answer}


def _send_digest(digest: Claimed, relay: Relay) -> None:
    """Tell in one mail all that this digest gathered, each message built as late as if it left alone."""
    told = _tell(digest)
    sent = {}
    if told:
        kinds = [KINDS.get(effet.genre) for effet in told]
        can_be_stopped = any(kind and kind.can_be_stopped for kind in kinds)
        message = recapitulatif(digest.destinataire, list(told.values()))
        kind = KINDS[RECAPITULATIF] if can_be_stopped else None
        sent = _hand_over(digest, message, kind, digest.destinataire, relay)
        sent["objet"] = bare_subject(str(message.subject))
    with transaction.atomic():
        # Together: killed in between, either all of it leaves again under the same Message-ID, or nothing does.
        for effet, section in told.items():
            _record_done(effet, **sent | {"objet": section.subject})
        _record_done(digest, **sent)


def _tell(digest: Claimed) -> dict[Effet, Section]:
    """Build what a digest says. What lost its reason or its reader's wish leaves it, what breaks tries again alone."""
    told = {}
    wishes = wishes_of([digest.destinataire])
    for effet in Effet.objects.filter(recapitulatif=digest.pk, etat=EtatEffet.RASSEMBLE).order_by("pk"):
        kind = KINDS.get(effet.genre)
        if kind and kind.can_be_stopped:
            unwanted = rhythm(kind, digest.destinataire, wishes) == Rythme.JAMAIS
            if unwanted or digest.is_address_refused:
                set_aside([effet.pk], "" if unwanted else REFUSED)
                continue
        try:
            message = _build(effet)
        except Exception as error:  # noqa: BLE001  # The rest of the digest must leave.
            _record_failure(effet, error)
            continue
        if message is None:
            _record_done(effet)
        elif (adresse := normalize_email(message.to[0])) != digest.destinataire:
            # Its reader has another address now: it starts again from there.
            Effet.objects.filter(pk=effet.pk).update(
                etat=EtatEffet.EN_ATTENTE, recapitulatif=None, destinataire=adresse, prochain_at=timezone.now()
            )
        else:
            told[effet] = section_of(message)
    return told


def _record_done(effet: Claimed | Effet, **values: Any) -> None:
    rows = Effet.objects.filter(pk=effet.pk)
    rows.update(etat=EtatEffet.FAIT, done_at=timezone.now(), essais=effet.essais + 1, erreur="", scelle=None, **values)


def _put_off(effet: Claimed, error: ProviderAwayError) -> None:
    """The provider is away: this try does not count."""
    Effet.objects.filter(pk=effet.pk).update(
        essais=effet.essais, prochain_at=timezone.now() + AWAY_DELAY, erreur=str(error)
    )


def _record_failure(effet: Claimed | Effet, error: Exception) -> None:
    tries = effet.essais + 1
    given_up = tries >= MAX_TRIES
    logger.warning("effet %s (%s), try %s: %s", effet.pk, effet.genre, tries, type(error).__name__)
    Effet.objects.filter(pk=effet.pk).update(
        etat=EtatEffet.ABANDONNE if given_up else EtatEffet.EN_ATTENTE,
        essais=tries,
        prochain_at=timezone.now() + FIRST_DELAY * 2 ** (tries - 1),
        erreur=words_of(error),
        recapitulatif=None,
    )
    if given_up:
        _fail_with(effet, EtatEffet.ABANDONNE)


@transaction.atomic
def _record_refusal(effet: Claimed, error: Exception) -> None:
    """The provider said no for good: trying again would only spoil our name. Support learns of a dead address."""
    words = words_of(error)
    logger.warning("effet %s (%s) refused: %s", effet.pk, effet.genre, words[:3])
    Effet.objects.filter(pk=effet.pk).update(
        etat=EtatEffet.REFUSE, essais=effet.essais + 1, done_at=timezone.now(), erreur=words, reponse=words
    )
    _fail_with(effet, EtatEffet.REFUSE)
    if isinstance(error, SMTPRecipientsRefused) and is_address_dead(error):
        adresse = normalize_email(next(iter(error.recipients)))
        row, is_new = AdresseRefusee.objects.get_or_create(adresse=adresse, defaults={"reponse": words})
        if is_new and effet.genre != ADRESSE_REFUSEE:
            notice = Envoi(ADRESSE_REFUSEE, f"{ADRESSE_REFUSEE}:{row.pk}", settings.CONTACT_EMAIL, {"pk": row.pk})
            Effet.objects.write([notice])


def _fail_with(digest: Claimed | Effet, etat: EtatEffet) -> None:
    """What a digest gathered shares its end; sent again, the digest takes it back."""
    if digest.genre == RECAPITULATIF:
        rows = Effet.objects.filter(recapitulatif=digest.pk, etat=EtatEffet.RASSEMBLE)
        rows.update(etat=etat, done_at=timezone.now())
