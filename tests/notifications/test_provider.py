"""What a real SMTP server answers, and what comes of it."""

import smtplib
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from notifications import registry, tasks
from notifications.answers import is_address_dead, is_permanent, redact
from notifications.enums import EtatEffet
from notifications.models import AdresseRefusee, Effet
from notifications.services import queue_effet, send_again
from scripts.smtp_sink import SmtpSink
from tests.processes import free_port

LEA, INES = "lea@exemple.fr", "ines@exemple.fr"


@pytest.fixture
def built(monkeypatch):
    """A registered message that counts how often it is built."""
    built = []

    def build(pk, to):
        built.append(pk)
        return EmailMultiAlternatives(f"Message {pk}", f"Corps {pk}", to=[to])

    monkeypatch.setitem(registry.MESSAGES, "test.message", build)
    return built


@pytest.fixture
def sink(tmp_path, settings, built):
    with SmtpSink(tmp_path / "mails") as sink:
        settings.EMAIL_BACKEND = "notifications.backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink._controller.port
        yield sink


def queue(pk, to=LEA):
    with transaction.atomic():
        queue_effet("test.message", cle=f"test:{pk}", destinataire=to, pk=pk, to=to)
    return Effet.objects.get(cle=f"test:{pk}")


def subjects(sink):
    return [message["Subject"] for message in sink.messages()]


def test_answer_and_identifier_of_the_message_are_kept(sink):
    effet = queue(1)
    tasks.drain()

    effet.refresh_from_db()
    (message,) = sink.messages()
    assert (effet.etat, effet.objet, effet.destinataire) == (EtatEffet.FAIT, "Message 1", LEA)
    assert effet.reponse.startswith("250 2.0.0 Message accepted as")
    assert effet.message_id == message["Message-ID"]
    assert message["Reply-To"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_one_connection_serves_a_whole_batch(sink, monkeypatch):
    opened = []
    connect = smtplib.SMTP.connect
    monkeypatch.setattr(smtplib.SMTP, "connect", lambda self, *args: opened.append(1) or connect(self, *args))
    for pk in range(20):
        queue(pk)
    assert tasks.drain() == 20
    assert len(opened) == 1


def test_temporary_refusal_is_tried_again_later_and_delays_nobody(sink):
    sink.refused[LEA] = "451 4.7.1 Greylisted, come back later"
    late, other = queue(1), queue(2, INES)
    assert tasks.drain() == 1

    late.refresh_from_db()
    assert (late.etat, late.essais) == (EtatEffet.EN_ATTENTE, 1)
    assert late.erreur == "451 4.7.1 Greylisted, come back later"
    assert late.prochain_at > timezone.now() + timedelta(seconds=20)
    assert not AdresseRefusee.objects.exists()
    sink.refused.clear()
    Effet.objects.update(prochain_at=timezone.now())
    tasks.drain()
    assert subjects(sink) == ["Message 2", "Message 1"]
    other.refresh_from_db()
    assert other.essais == 1


def test_unknown_address_is_not_tried_again_and_support_is_told_once(sink, settings):
    sink.refused[LEA] = "550 5.1.1 <lea@exemple.fr>: user unknown, see https://example.org/help?id=abc"
    first, second = queue(1), queue(2)
    tasks.drain()
    tasks.drain()

    for effet in (first, second):
        effet.refresh_from_db()
        assert (effet.etat, effet.essais) == (EtatEffet.REFUSE, 1)
    assert first.reponse == "550 5.1.1 <[adresse]>: user unknown, see [lien retiré]"
    assert AdresseRefusee.objects.get().adresse == LEA
    (notice,) = sink.messages()
    assert notice["To"] == settings.CONTACT_EMAIL
    assert "refuse nos messages" in notice["Subject"]
    assert LEA not in notice.as_string()

    sink.refused.clear()
    send_again(effet=first)
    tasks.drain()
    assert "Message 1" in subjects(sink)
    assert not AdresseRefusee.objects.exists()  # It took one: believed again.


def test_message_refused_for_its_content_blames_no_address(sink):
    sink.refused_words[b"Corps 1"] = "554 5.6.0 Message content rejected"
    effet = queue(1)
    queue(2)
    tasks.drain()

    effet.refresh_from_db()
    assert (effet.etat, effet.reponse) == (EtatEffet.REFUSE, "554 5.6.0 Message content rejected")
    assert subjects(sink) == ["Message 2"]
    assert not AdresseRefusee.objects.exists()


def test_refusal_of_who_we_are_blames_no_address(sink):
    sink.refused[LEA] = "554 5.7.1 Relay access denied"
    effet = queue(1)
    tasks.drain()
    effet.refresh_from_db()
    assert effet.etat == EtatEffet.REFUSE
    assert not AdresseRefusee.objects.exists()


def test_provider_away_costs_no_try_and_builds_nothing(settings, built):
    settings.EMAIL_BACKEND = "notifications.backends.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    for pk in range(5):
        queue(pk)
    done = []
    registry.ACTIONS["test.action"] = lambda: done.append(1)
    with transaction.atomic():
        queue_effet("test.action", cle="action")
    try:
        assert tasks.drain() == 1
    finally:
        del registry.ACTIONS["test.action"]

    assert done == [1]  # What is no mail goes on.
    assert built == []  # A token minted for a mail that can't leave would be one more to revoke.
    waiting = Effet.objects.filter(genre="test.message")
    assert {(e.etat, e.essais) for e in waiting} == {(EtatEffet.EN_ATTENTE, 0)}
    assert all(effet.prochain_at > timezone.now() for effet in waiting)


@pytest.mark.parametrize(
    ("error", "permanent", "dead"),
    [
        (smtplib.SMTPRecipientsRefused({LEA: (550, b"5.1.1 unknown")}), True, True),
        (smtplib.SMTPRecipientsRefused({LEA: (552, b"5.2.2 mailbox full")}), True, True),
        (smtplib.SMTPRecipientsRefused({LEA: (550, b"5.7.26 unauthenticated")}), True, False),
        (smtplib.SMTPRecipientsRefused({LEA: (452, b"4.2.2 over quota")}), False, False),
        (smtplib.SMTPDataError(554, b"5.7.1 spam"), True, False),
        (smtplib.SMTPDataError(421, b"4.3.2 closing"), False, False),
        # Our sender, our login: every message would be lost for a setting.
        (smtplib.SMTPSenderRefused(550, b"5.7.1 sender not verified", "x@exemple.fr"), False, False),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 bad credentials"), False, False),
        (smtplib.SMTPNotSupportedError("SMTPUTF8 not supported"), True, False),
        (smtplib.SMTPServerDisconnected("lost"), False, False),
        (ValueError("broken template"), False, False),
    ],
)
def test_what_an_answer_means(error, permanent, dead):
    assert (is_permanent(error), is_address_dead(error)) == (permanent, dead)


def test_log_repeats_no_secret():
    token = "gAAAAABk" + "x" * 40
    said = redact(f"refused https://site.example/jeton/{token}/ for lea@exemple.fr token={token}\n end")
    assert token not in said
    assert "lea" not in said
    assert said == "refused [lien retiré] for [adresse] token=[secret retiré] end"
    assert len(redact("x y" * 999)) <= 300
