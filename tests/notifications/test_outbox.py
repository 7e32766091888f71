from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from notifications import registry, tasks
from notifications.enums import EtatEffet
from notifications.jobs import sweep
from notifications.models import Effet
from notifications.sealing import seal
from notifications.services import queue_effet, queue_effets
from tests.marks import TRANSACTIONAL


@pytest.fixture(autouse=True)
def message(monkeypatch):
    """A registered message that counts how often it is built."""
    built = []

    def build(pk, to="lea@exemple.fr"):
        built.append(pk)
        return EmailMultiAlternatives(subject=f"Message {pk}", body="Bonjour", to=[to])

    monkeypatch.setitem(registry.MESSAGES, "test.message", build)
    return built


def queue(pk=1, **kwargs):
    with transaction.atomic():
        queue_effet("test.message", cle=f"test:{pk}:lea", destinataire="lea@exemple.fr", pk=pk, **kwargs)


def test_effect_is_sent_after_the_commit(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queue()
        assert mailoutbox == []

    assert [mail.subject for mail in mailoutbox] == ["Message 1"]
    assert Effet.objects.get().etat == EtatEffet.FAIT


def test_same_key_is_one_effect(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queue()
        queue()
    sweep()

    assert len(mailoutbox) == 1


def test_rollback_leaves_nothing():
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not Effet.objects.exists()


@TRANSACTIONAL
def test_effect_is_only_written_inside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        queue_effet("test.message", cle="x", pk=1)


@TRANSACTIONAL
def test_dead_broker_stops_nothing_and_the_sweeper_sends(mailoutbox, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.drain, "delay", refuse)
    queue()
    assert mailoutbox == []

    assert sweep() == 1
    assert len(mailoutbox) == 1


def test_failure_is_tried_again_later_and_stops_nobody(mailoutbox, monkeypatch):
    def fail(pk):
        raise SMTPException("busy")

    monkeypatch.setitem(registry.MESSAGES, "test.broken", fail)
    Effet.objects.create(cle="broken", genre="test.broken", charge={"pk": 1})
    queue(2)
    assert tasks.drain() == 1

    broken = Effet.objects.get(cle="broken")
    assert (broken.etat, broken.essais, broken.erreur) == (EtatEffet.EN_ATTENTE, 1, "SMTPException: busy")
    assert broken.prochain_at > timezone.now() + timedelta(seconds=20)
    assert [mail.subject for mail in mailoutbox] == ["Message 2"]


def test_effect_is_given_up_after_its_last_try(monkeypatch):
    Effet.objects.create(cle="broken", genre="test.unknown", essais=tasks.MAX_TRIES - 1)
    tasks.drain()
    assert Effet.objects.get().etat == EtatEffet.ABANDONNE


def test_killed_relay_gives_its_batch_back(mailoutbox):
    queue()
    assert len(tasks.claim()) == 1  # … and the process dies here.

    assert tasks.drain() == 0
    Effet.objects.update(prochain_at=timezone.now())
    assert tasks.drain() == 1
    assert len(mailoutbox) == 1


def test_batch_taken_over_by_another_relay_is_not_sent_twice(mailoutbox):
    queue()
    (effet,) = tasks.claim()
    Effet.objects.update(prochain_at=timezone.now())
    assert tasks.drain() == 1

    assert tasks._do(effet, None) is False
    assert len(mailoutbox) == 1


def test_message_that_lost_its_reason_is_done_without_leaving(mailoutbox, monkeypatch):
    monkeypatch.setitem(registry.MESSAGES, "test.message", lambda pk: None)
    queue()
    assert tasks.drain() == 1
    assert mailoutbox == []


def test_message_identifier_is_the_same_at_every_try(mailoutbox):
    queue()
    tasks.drain()
    Effet.objects.update(etat=EtatEffet.EN_ATTENTE, prochain_at=timezone.now())
    tasks.drain()

    identifiers = {mail.extra_headers["Message-ID"] for mail in mailoutbox}
    assert len(mailoutbox) == 2
    assert len(identifiers) == 1


def test_sealed_message_is_unreadable_in_the_table_and_erased_once_sent(mailoutbox):
    code = EmailMultiAlternatives(subject="Votre code", body="Code : 123456", to=["lea@exemple.fr"])
    with transaction.atomic():
        queue_effet("comptes.allauth", cle="code:1", scelle=seal(code))
    assert b"123456" not in bytes(Effet.objects.get().scelle)

    tasks.drain()

    assert "123456" in mailoutbox[0].body
    assert Effet.objects.get().scelle is None


def test_effect_planned_for_later_waits(mailoutbox):
    with transaction.atomic():
        queue_effets(
            [
                Effet(
                    cle="later", genre="test.message", charge={"pk": 1}, prochain_at=timezone.now() + timedelta(hours=1)
                )
            ]
        )
    assert tasks.drain() == 0

    Effet.objects.update(prochain_at=timezone.now())
    assert tasks.drain() == 1
