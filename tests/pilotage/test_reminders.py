"""What the machine sends of its own accord: to whom, at which hour of theirs, and never twice."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from accompagnements.models import Appartenance
from notifications.enums import Rythme
from notifications.models import Effet
from notifications.services import set_preferences
from pilotage import emails, jobs
from territoires.jours import is_working_day, working_days_ago
from tests.accompagnements.factories import AccompagnementFactory, AppartenanceFactory, EnPosteFactory
from tests.formation.factories import DossierFormationFactory
from tests.territoires.factories import CommuneFactory

# A Wednesday, 10 o'clock in Paris.
WEDNESDAY = datetime(2026, 11, 18, 9, tzinfo=UTC)


def noumea():
    return CommuneFactory(
        code="98818", nom="Nouméa", codes_postaux=["98800"], departement__code="988",
        departement__nom="Nouvelle-Calédonie", departement__region=None, departement__fuseau="Pacific/Noumea",
    )  # fmt: skip


def conseiller_in(commune, **values):
    return EnPosteFactory(contrat__poste__convention__structure__commune=commune, **values)


def run(at, job=jobs.remind_silent_conseillers):
    with time_machine.travel(at, tick=False):
        return job()


def queued(genre=emails.SILENCE):
    return list(Effet.objects.filter(genre=genre).order_by("pk"))


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        (date(2026, 11, 18), 1, date(2026, 11, 17)),
        (date(2026, 11, 16), 1, date(2026, 11, 13)),
        # The 11th is a holiday.
        (date(2026, 11, 18), 10, date(2026, 11, 3)),
    ],
)
def test_working_days_ago(day, number, expected):
    assert working_days_ago(day, number, "44") == expected


def test_holidays_are_those_of_the_place():
    assert not is_working_day(date(2026, 9, 24), "988")
    assert is_working_day(date(2026, 9, 24), "44")


@pytest.mark.parametrize(("last", "expected"), [(date(2026, 11, 3), 0), (date(2026, 11, 2), 1)])
def test_reminded_after_ten_working_days(last, expected):
    row = AccompagnementFactory(date=last, created_at=datetime(2026, 11, 2, 12, tzinfo=UTC))
    assert run(WEDNESDAY) == expected
    assert [effet.destinataire for effet in queued()] == [row.conseiller.compte.email] * expected


def test_once_then_once_more_then_never_again():
    conseiller = conseiller_in(CommuneFactory())
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, 1), created_at=datetime(2026, 10, 1, tzinfo=UTC))
    # Every hour of many days, as beat does: two messages in all.
    for day in [19, 20, 21, 22]:
        for hour in [7, 8, 12]:
            run(datetime(2026, 10, day, hour, 20, tzinfo=UTC))
    assert len(queued()) == 1
    for day in [12, 13, 16, 17, 18]:
        run(datetime(2026, 11, day, 9, 20, tzinfo=UTC))
    run(datetime(2027, 1, 4, 9, 20, tzinfo=UTC))
    assert [effet.cle.split(":")[2:] for effet in queued()] == [["2026-10-01", "1"], ["2026-10-01", "2"]]
    # Having logged, silent again: another silence.
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 11, 20), created_at=datetime(2026, 11, 20, tzinfo=UTC))
    run(datetime(2026, 12, 10, 9, 20, tzinfo=UTC))
    assert len(queued()) == 3


def test_nobody_is_reminded_who_has_a_reason():
    at = datetime(2026, 9, 1, tzinfo=UTC)
    training = AccompagnementFactory(date=date(2026, 9, 1), created_at=at).conseiller
    DossierFormationFactory(conseiller=training, en_formation=True)
    # Typed late, about long ago.
    AccompagnementFactory(date=date(2026, 9, 1), created_at=datetime(2026, 11, 10, tzinfo=UTC))
    # Just arrived, not yet arrived, gone.
    EnPosteFactory(contrat__date_debut=date(2026, 11, 9))
    EnPosteFactory(contrat__date_debut=date(2026, 12, 1))
    EnPosteFactory(contrat__date_fin=date(2026, 10, 1))
    assert run(WEDNESDAY) == 0


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 8:59 then 9:00 in Nouméa, the day before in Paris.
        (datetime(2026, 11, 17, 21, 59, tzinfo=UTC), 0),
        (datetime(2026, 11, 17, 22, 0, tzinfo=UTC), 1),
        # 17:00 there.
        (datetime(2026, 11, 18, 6, 0, tzinfo=UTC), 0),
        # Monday morning there, Sunday evening in Paris; then Saturday there.
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), 1),
        (datetime(2026, 11, 20, 22, 30, tzinfo=UTC), 0),
        # The 24th of September is a holiday in Nouvelle-Calédonie.
        (datetime(2026, 9, 23, 23, 0, tzinfo=UTC), 0),
        (datetime(2026, 9, 24, 23, 0, tzinfo=UTC), 1),
    ],
)
def test_sent_in_the_working_hours_of_the_place(at, expected):
    conseiller_in(noumea())
    assert run(at) == expected


def test_what_has_lost_its_reason_is_not_sent():
    conseiller = AccompagnementFactory(date=date(2026, 10, 1), created_at=datetime(2026, 10, 1, tzinfo=UTC)).conseiller
    with time_machine.travel(WEDNESDAY, tick=False):
        message = emails.silence(conseiller.pk, "2026-10-01")
        assert "48 jours" in message.body
        AccompagnementFactory(conseiller=conseiller)
        assert emails.silence(conseiller.pk, "2026-10-01") is None


def test_whoever_unsubscribed_hears_nothing(mailoutbox, django_capture_on_commit_callbacks):
    conseiller = AccompagnementFactory(date=date(2026, 10, 1), created_at=datetime(2026, 10, 1, tzinfo=UTC)).conseiller
    set_preferences(adresse=conseiller.compte.email, rhythms={emails.SILENCE: Rythme.JAMAIS})
    with django_capture_on_commit_callbacks(execute=True):
        assert run(WEDNESDAY) == 1
    assert mailoutbox == []


MONDAY = datetime(2026, 11, 16, 8, 50, tzinfo=UTC)


def test_week_in_figures_is_sent_once_on_monday_morning():
    conseiller = AccompagnementFactory(date=date(2026, 11, 9), atelier=True).conseiller
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 11, 15), duree=15)
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 11, 16))
    AccompagnementFactory(date=date(2026, 11, 8))

    assert run(MONDAY.replace(hour=7), jobs.send_weekly_digests) == 0
    for hour in (8, 9, 12):
        run(MONDAY.replace(hour=hour), jobs.send_weekly_digests)
    (effet,) = queued(emails.WEEK)
    assert effet.destinataire == conseiller.compte.email
    body = emails.week(**effet.charge).body
    for line in ("accompagnements : 2", "participations : 11", "durée : 2 h 15", "du=2026-11-09&au=2026-11-15"):
        assert line in body
    # Wednesday is no longer the beginning of the week.
    AccompagnementFactory(date=date(2026, 11, 9))
    assert run(WEDNESDAY, jobs.send_weekly_digests) == 0


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Easter Monday, then the Tuesday, the Wednesday for whom the server was down, and Thursday: too late.
        (datetime(2026, 4, 6, 8, tzinfo=UTC), 0),
        (datetime(2026, 4, 7, 8, tzinfo=UTC), 1),
        (datetime(2026, 4, 8, 8, tzinfo=UTC), 1),
        (datetime(2026, 4, 9, 8, tzinfo=UTC), 0),
    ],
)
def test_a_monday_holiday_puts_the_week_off(at, expected):
    AccompagnementFactory(date=date(2026, 4, 1))
    assert run(at, jobs.send_weekly_digests) == expected


def test_week_of_overseas_is_the_one_that_ended_there():
    conseiller = conseiller_in(noumea())
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 11, 15))
    # Monday the 16th, 9:50 in Nouméa; still Sunday in Paris.
    run(datetime(2026, 11, 15, 22, 50, tzinfo=UTC), jobs.send_weekly_digests)
    assert [effet.charge["monday"] for effet in queued(emails.WEEK)] == ["2026-11-09"]


def test_coordinateur_reads_how_the_group_is_doing():
    active = AppartenanceFactory()
    groupe = active.groupe
    quiet = AppartenanceFactory(groupe=groupe)
    quiet.conseiller.compte.nom = "Quilliec"
    quiet.conseiller.compte.save()
    AppartenanceFactory(groupe=groupe, fin=date(2026, 11, 1))
    AppartenanceFactory(groupe=groupe, proposee=True)
    AccompagnementFactory(conseiller=active.conseiller, date=date(2026, 11, 10), duree=60)

    run(MONDAY, jobs.send_weekly_digests)
    (effet,) = queued(emails.GROUP_WEEK)
    assert effet.destinataire == groupe.coordinateur.email
    with time_machine.travel(MONDAY, tick=False):
        message = emails.group_week(**effet.charge)
    assert "1 sur 2" in message.body
    assert "Quilliec" in message.body
    assert "Quilliec" not in message.subject
    # Who no longer leads reads nothing; an emptied group says nothing.
    groupe.coordinateur.roles.update(ended_at=MONDAY)
    assert run(datetime(2026, 11, 23, 9, tzinfo=UTC), jobs.send_weekly_digests) == 0
    Appartenance.objects.all().delete()
    assert emails.group_week(**effet.charge) is None


def test_number_of_queries_does_not_depend_on_the_number_of_conseillers(django_assert_max_num_queries):
    for _ in range(3):
        AccompagnementFactory(date=date(2026, 10, 1), created_at=datetime(2026, 10, 1, tzinfo=UTC))
    with django_assert_max_num_queries(6):
        run(WEDNESDAY)
    with django_assert_max_num_queries(6):
        run(MONDAY, jobs.send_weekly_digests)
