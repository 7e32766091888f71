"""Kill the worker, stop Redis: every e-mail is received, and received once."""

import os
import signal
import time
from collections import Counter

import pytest
from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from notifications import tasks
from notifications.enums import EtatEffet
from notifications.models import Effet
from notifications.sealing import seal
from notifications.services import queue_effet
from tests.marks import TRANSACTIONAL
from tests.processes import platform, wait_until  # noqa: F401  # A fixture.

pytestmark = TRANSACTIONAL


@pytest.fixture
def send_task(platform, monkeypatch):  # noqa: F811
    """Publish to the platform's Redis, as the web process and beat do."""
    app = Celery(broker=platform.redis.redis_url)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {
        "global_keyprefix": platform.folder.name
    }
    app.conf.task_publish_retry = settings.CELERY_TASK_PUBLISH_RETRY
    monkeypatch.setattr(tasks.drain, "delay", lambda: app.send_task("notifications.tasks.drain"))
    yield app.send_task
    app.close()


def commit(numbers):
    """Commit one effect a transaction, each nudging the relay."""
    for number in numbers:
        mail = EmailMultiAlternatives(f"Message {number}", "Bonjour", to=["lea@exemple.fr"])
        with transaction.atomic():
            queue_effet("test.sealed", cle=f"killed:{number}", scelle=seal(mail), destinataire="lea@exemple.fr")


def sweep_until_done(platform, send_task):  # noqa: F811
    def done():
        send_task("notifications.jobs.sweep")
        time.sleep(0.5)
        return not Effet.objects.exclude(etat=EtatEffet.FAIT).exists()

    wait_until(done, "effects are left", platform.log("worker"))


def received(platform):  # noqa: F811
    return Counter(mail["Subject"].rpartition("] ")[2] for mail in platform.mails_to("lea@exemple.fr"))


def test_each_mail_arrives_exactly_once_when_all_stops_between_commit_and_delivery(platform, send_task):  # noqa: F811
    platform.start_redis()
    platform.start_worker()
    commit([0])
    wait_until(lambda: received(platform)["Message 0"] == 1, "the first mail never came", platform.log("worker"))

    os.killpg(platform.processes["worker"].pid, signal.SIGSTOP)  # Alive, but nothing more gets delivered.
    commit(range(1, 21))
    platform.kill("worker")
    platform.stop_redis()  # Holds nothing durable: the nudges are gone.
    started = time.monotonic()
    commit(range(21, 41))  # The business goes on without broker and without worker …
    assert time.monotonic() - started < 10  # … and nobody waits for it.
    assert received(platform) == {"Message 0": 1}

    platform.start_redis()
    platform.start_worker()
    sweep_until_done(platform, send_task)

    assert received(platform) == {f"Message {number}": 1 for number in range(41)}


def test_worker_killed_while_sending_loses_nothing_and_repeats_at_most_what_it_was_sending(platform, send_task):  # noqa: F811
    platform.start_redis()
    kills = 3
    for kill in range(kills):
        platform.start_worker()
        before = sum(received(platform).values())
        commit(range(kill * 100, kill * 100 + 100))
        wait_until(
            lambda before=before: sum(received(platform).values()) > before + 5, "no mail", platform.log("worker")
        )
        platform.kill("worker")
    platform.start_worker()
    sweep_until_done(platform, send_task)

    counts = received(platform)
    assert set(counts) == {f"Message {number}" for number in range(kills * 100)}
    repeated = [subject for subject, count in counts.items() if count > 1]
    assert len(repeated) <= kills
    for subject in repeated:
        copies = [mail for mail in platform.mails_to("lea@exemple.fr") if mail["Subject"].endswith(subject)]
        assert len({mail["Message-ID"] for mail in copies}) == 1  # The provider can drop the copy.
