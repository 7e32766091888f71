"""What time does: reminders, expiry, drafts nobody finished. Each job may run twice."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from candidatures import jobs, services
from candidatures.enums import StatutCandidature
from candidatures.models import Candidature, CandidatureTransition
from conseiller.celery import app
from conseiller.schedule import SCHEDULE
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import DAY

pytestmark = pytest.mark.usefixtures("today")


def silent_for(days, **values):
    seen = timezone.now() - timedelta(days=days)
    return CandidatureFactory(last_seen_at=seen, **values)


def status(candidature):
    candidature.refresh_from_db()
    return candidature.status


@pytest.mark.parametrize("trait", ["", "en_pause"])
def test_reminder_leaves_once_after_eleven_months(mailoutbox, trait):
    state = {trait: True} if trait else {}
    candidature = silent_for(335, **state)
    silent_for(334, **state)

    for _ in range(2):
        jobs.remind_silent_candidats()
        drain()

    assert [mail.to for mail in mailoutbox] == [[candidature.email]]
    assert candidature.status == status(candidature)


@pytest.mark.parametrize("trait", ["brouillon", "recrutee", "retiree"])
def test_nobody_else_is_reminded_or_expires(mailoutbox, trait):
    candidature = silent_for(1000, **{trait: True}, reminded_at=timezone.now() - timedelta(days=100))
    before = candidature.status

    jobs.remind_silent_candidats()
    jobs.expire_silent_candidatures()
    drain()

    assert mailoutbox == []
    assert status(candidature) == before


def test_reminder_that_lost_its_reason_does_not_leave(mailoutbox):
    candidature = silent_for(335)
    jobs.remind_silent_candidats()
    services.renew_candidature(candidature=candidature, by=candidature.compte.roles.get())
    drain()

    assert mailoutbox == []


def test_second_silence_has_its_own_reminder(mailoutbox, today):
    candidature = silent_for(335)
    jobs.remind_silent_candidats()
    drain()
    services.renew_candidature(candidature=candidature, by=candidature.compte.roles.get())
    today.shift(timedelta(days=336))
    jobs.remind_silent_candidats()
    drain()

    assert len(mailoutbox) == 2


def test_expiry_after_twelve_months_and_a_reminder(mailoutbox, today):
    candidature = silent_for(335)
    jobs.remind_silent_candidats()
    today.shift(timedelta(days=29))
    assert jobs.expire_silent_candidatures() == 0
    today.shift(timedelta(days=1))
    assert jobs.expire_silent_candidatures() == 1
    assert jobs.expire_silent_candidatures() == 0
    drain()

    assert status(candidature) == StatutCandidature.EXPIREE
    assert candidature.transitions.get().by is None
    assert [mail.subject.partition("] ")[2] or mail.subject for mail in mailoutbox] == ["Votre candidature a pris fin"]


def test_nobody_expires_without_having_been_warned_in_time():
    """The jobs were stopped for two months: the reminder goes first, the month of notice starts then."""
    candidature = silent_for(400)

    jobs.remind_silent_candidats()
    jobs.expire_silent_candidatures()

    assert status(candidature) == StatutCandidature.ACTIVE


def test_person_who_comes_back_between_the_list_and_the_lock_is_kept():
    stale = silent_for(400, reminded_at=timezone.now() - timedelta(days=40))
    services.renew_candidature(candidature=stale, by=stale.compte.roles.get())

    services.expire_candidature(candidature=stale)

    assert status(stale) == StatutCandidature.ACTIVE


def test_application_never_confirmed_ends_without_a_word(mailoutbox):
    old = CandidatureFactory(a_confirmer=True, submitted_at=timezone.now() - timedelta(days=30))
    recent = CandidatureFactory(a_confirmer=True, submitted_at=timezone.now() - timedelta(days=29))

    jobs.expire_silent_candidatures()
    drain()

    assert (status(old), status(recent)) == (StatutCandidature.EXPIREE, StatutCandidature.A_CONFIRMER)
    assert mailoutbox == []


def make_old(candidature, days):
    Candidature.objects.filter(pk=candidature.pk).update(updated_at=timezone.now() - timedelta(days=days))


def test_drafts_untouched_for_thirty_days_are_deleted():
    old, recent = (CandidatureFactory(brouillon=True) for _ in range(2))
    sent = CandidatureFactory(a_confirmer=True)
    make_old(old, 30)
    make_old(recent, 29)
    make_old(sent, 100)

    assert jobs.delete_abandoned_drafts() == 1

    assert set(Candidature.objects.all()) == {recent, sent}


def test_draft_that_was_sent_then_corrected_is_deleted_with_its_comings_and_goings():
    draft = CandidatureFactory(brouillon=True, date_disponibilite=DAY)
    services.correct_candidature(candidature=services.submit_candidature(candidature=draft))
    make_old(draft, 31)

    assert jobs.delete_abandoned_drafts() == 1

    assert not Candidature.objects.exists()
    assert not CandidatureTransition.objects.exists()


def test_history_is_refused_to_everyone_again_afterwards():
    test_draft_that_was_sent_then_corrected_is_deleted_with_its_comings_and_goings()
    candidature = CandidatureFactory()
    services.pause_candidature(candidature=candidature, by=candidature.compte.roles.get())

    for sql in [
        "DELETE FROM candidatures_candidaturetransition",
        "UPDATE candidatures_candidaturetransition SET reason=''",
    ]:
        with (
            pytest.raises(DatabaseError, match="Cannot update or delete"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_schedule_names_tasks_that_exist():
    app.loader.import_default_modules()
    app.autodiscover_tasks(related_name="jobs", force=True)
    ours = {entry["task"] for entry in SCHEDULE.values() if entry["task"].startswith("candidatures.")}
    assert len(ours) == 8
    assert ours <= set(app.tasks)
