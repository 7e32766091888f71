"""The outbox against the broker: ten thousand notifications written, claimed and sorted by what each reader chose, or
as many Celery tasks; then some of them delivered to a mail server, as a fact."""

import tempfile
import time
from itertools import count as numbers
from pathlib import Path

from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction

from bench.harness import Report, at_least, work_clock
from common.emails import build_email
from notifications import registry, tasks
from notifications.enums import EtatEffet, Rythme
from notifications.models import Effet, Envoi, Preference
from notifications.services import queue_effets
from scripts.smtp_sink import SmtpSink

BASE = 10_000
# A kind one may stop or receive once a day: all that a preference can change.
KIND = "matching.proposed"
# One reader in twenty wants nothing, one in four a mail a day.
NEVER_EACH, DAILY_EACH = 20, 4


def run(report: Report, scale: float) -> None:
    count = max(100, int(BASE * scale))
    broker = Celery(broker=settings.CELERY_BROKER_URL)
    broker.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"global_keyprefix": "bench:"}
    # The nudge itself would reach the demo's worker: only the table is measured.
    tasks.drain.delay = lambda: None  # type: ignore[method-assign]
    choose(count)
    rounds = numbers()

    def ours() -> None:
        write(count, next(rounds))
        leaving = 0
        while batch := tasks.claim():
            leaving += len(tasks.sort_out(batch))
        assert leaving == count - count // NEVER_EACH - len(daily(count))

    def reference() -> None:
        with broker.connection_for_write() as channel, channel.Producer() as producer:
            for number in range(count):
                broker.send_task("bench.nothing", [number], queue="bench", producer=producer)
        with broker.connection_for_write() as channel:
            channel.default_channel.queue_purge("bench")

    report.compare("queue.fanout", ours, reference, at_least(5), clock=work_clock())
    report.fact("queue.fanout", notifications=count, never=f"1/{NEVER_EACH}", daily=f"1/{DAILY_EACH}")
    deliver(report, count // 10)


def address(number: int) -> str:
    return f"lecteur{number}@exemple.fr"


def daily(count: int) -> list[int]:
    return [number for number in range(count) if number % DAILY_EACH == 0 and number % NEVER_EACH]


def choose(count: int) -> None:
    wishes = dict.fromkeys(daily(count), Rythme.QUOTIDIEN)
    wishes |= dict.fromkeys(range(0, count, NEVER_EACH), Rythme.JAMAIS)
    Preference.objects.bulk_create(
        [Preference(adresse=address(number), genre=KIND, rythme=rythme) for number, rythme in wishes.items()]
    )


def write(count: int, turn: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE notifications_effet")
    with transaction.atomic():
        queue_effets([Envoi(KIND, f"bench:{turn}:{n}", address(n), {"pk": n}) for n in range(count)])


def deliver(report: Report, count: int) -> None:
    """Built, sent over SMTP and noted, by one relay: what a worker does in a second, the receiver on the same cores."""
    sample = registry.KINDS[KIND].samples[0]

    def build(pk: int) -> EmailMultiAlternatives:
        return build_email(sample.template, to=address(pk), context=dict(sample.context))

    Preference.objects.all().delete()
    registry.MESSAGES[KIND] = build
    with tempfile.TemporaryDirectory() as folder, SmtpSink(Path(folder)) as sink:
        settings.EMAIL_BACKEND = "notifications.backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sink.url.rpartition(":")[2])
        write(count, -1)
        start = time.perf_counter()
        tasks.drain()
        elapsed = time.perf_counter() - start
        received = len(sink.messages())
    assert received == count == Effet.objects.filter(etat=EtatEffet.FAIT).count()
    report.fact("queue.delivered", mails=received, per_second=round(received / elapsed))
