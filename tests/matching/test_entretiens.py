"""Interviews: what happens, who is told, what their calendars get, what time does."""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, InternalError, ProgrammingError, transaction
from django.utils import timezone
from hypothesis import given, settings, strategies as st
from icalendar import Calendar

from candidatures.enums import MotifRetrait
from candidatures.services import withdraw_candidature
from common.exceptions import RuleError
from conseiller.schedule import SCHEDULE
from matching import entretiens, jobs, services
from matching.agenda import check_slots, local_to_aware, reminder_moment, say_hour
from matching.constants import ANSWER_DELAY
from matching.entretiens import Offre
from matching.enums import (
    NEXT_STATUTS_ENTRETIEN,
    ModeEntretien,
    MotifRefus,
    ResultatCandidat,
    ResultatStructure,
    StatutEntretien,
    StatutMiseEnRelation,
)
from matching.models import Creneau, Entretien, MiseEnRelation
from notifications import tasks
from notifications.enums import EtatEffet
from notifications.models import Effet
from tests.matching.access import member_role
from tests.matching.factories import EntretienFactory, MiseEnRelationFactory, in_days
from tests.structures.factories import MembreFactory, PosteFactory
from tests.territoires.factories import CommuneFactory

_E, _M = StatutEntretien, StatutMiseEnRelation


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """Run acts and deliver what they queued; return the messages, each with its calendar."""

    def run(*acts):
        mail.outbox.clear()
        for act in acts:
            with django_capture_on_commit_callbacks(execute=True):
                act()
        mail.outbox.sort(key=lambda message: message.to)  # A batch of the outbox has no order.
        return [(m.to[0], m.subject, calendar_of(m)) for m in mail.outbox]

    return run


def calendar_of(message):
    parts = [a for a in message.attachments if not isinstance(a, tuple) or len(a) != 3]
    if not parts:
        return None
    (part,) = parts
    content = part.get_payload(decode=True)
    calendar = Calendar.from_ical(content)
    event = calendar.events[0]
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == calendar["METHOD"]
    assert part.get_filename() == "invite.ics"
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    return str(calendar["METHOD"]), event


def an_offer(*debuts, **kwargs):
    values = {"duree": 45, "mode": ModeEntretien.SUR_PLACE, "adresse": "2 rue de l'Hôtel de Ville", **kwargs}
    return Offre(debuts=debuts or (in_days(2), in_days(3)), **values)


@pytest.fixture
def mise():
    return MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True)


@pytest.fixture
def member(mise):
    return member_role(mise.structure)


@pytest.fixture
def person(mise):
    return mise.candidature.compte.roles.get()


def sides(entretien):
    mise = entretien.mise_en_relation
    return entretien.propose_par.roles.get(), mise.candidature.compte.roles.get()


def test_table_has_a_line_for_each_status():
    assert set(NEXT_STATUTS_ENTRETIEN) == set(StatutEntretien)
    assert SCHEDULE["matching: remind both sides of the interviews of the day to come"]


# --- Offered, chosen ------------------------------------------------------------------------------------------


def test_offer_is_made_once_and_the_person_is_told(mise, member, told):
    offre = an_offer()
    messages = told(*[lambda: entretiens.offer(mise_en_relation=mise, offre=offre, by=member)] * 2)

    entretien = Entretien.objects.get()
    mise.refresh_from_db()
    assert (mise.status, entretien.status, entretien.creneaux.count()) == (_M.ENTRETIEN, _E.PROPOSE, 2)
    assert messages == [(mise.candidature.email, "Mairie de Nantes vous propose un entretien", None)]
    assert "mardi 24 novembre 2026 à 10 h 00 (heure de Nantes)" in mail.outbox[0].body


@pytest.mark.parametrize("status", [_M.PROPOSEE, _M.RETENUE, _M.DECLINEE_CANDIDAT, _M.EXPIREE, _M.ANNULEE])
def test_offer_needs_an_interest_under_way(status):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, status=status)
    with pytest.raises(RuleError):
        entretiens.offer(mise_en_relation=mise, offre=an_offer(), by=member_role(mise.structure))
    assert not Entretien.objects.exists()


def test_offer_says_what_is_wrong_beside_its_slot(mise, member):
    def refusal(*debuts, **kwargs):
        with pytest.raises(RuleError) as caught, transaction.atomic():
            entretiens.offer(mise_en_relation=mise, offre=an_offer(*debuts, **kwargs), by=member)
        return caught.value.field, str(caught.value)

    day = in_days(2)
    assert refusal(day, timezone.now()) == ("creneau_2", "Cette heure est déjà passée. Choisissez-en une à venir.")
    assert refusal(day, day + timedelta(minutes=44))[1] == "Ce créneau en chevauche un autre de la liste."
    assert refusal(in_days(61))[1].startswith("Cette date est trop lointaine")
    assert refusal(*[in_days(n) for n in range(1, 7)]) == ("creneau_1", "Proposez de 1 à 5 créneaux.")
    taken = EntretienFactory(confirme=True, propose_par=member.compte, debut=day)
    assert refusal(day - timedelta(minutes=44))[1].startswith("Vous avez déjà un entretien confirmé : mardi 24")
    mise.candidature.telephone = ""
    mise.candidature.save()
    assert refusal(day - timedelta(hours=2), mode=ModeEntretien.TELEPHONE)[0] == "mode"
    assert taken.propose_par == member.compte


def test_choice_confirms_once_and_both_get_the_same_event(mise, member, person, told):
    entretien = entretiens.offer(mise_en_relation=mise, offre=an_offer(duree=60), by=member)
    slot = entretien.creneaux.last()
    messages = told(*[lambda: entretiens.choose_slot(entretien=entretien, creneau_id=slot.pk, by=person)] * 2)

    entretien.refresh_from_db()
    assert (entretien.status, entretien.debut, entretien.sequence) == (_E.CONFIRME, slot.debut, 0)
    assert [to for to, _, _ in messages] == [mise.candidature.email, member.compte.email]
    (_, first), (_, second) = [calendar for _, _, calendar in messages]
    for event, to in ((first, mise.candidature.email), (second, member.compte.email)):
        assert event["UID"] == f"{entretien.reference}@127.0.0.1"
        assert event["DTSTART"].to_ical() == b"20261125T090000Z"
        assert event["DTEND"].to_ical() == b"20261125T100000Z"
        assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
        assert event["ATTENDEE"] == f"mailto:{to}"
        assert event["ATTENDEE"].params["RSVP"] == "FALSE"
        assert event["ORGANIZER"] == "mailto:ne-pas-repondre@conseiller.example"
    assert {calendar[0] for _, _, calendar in messages} == {"REQUEST"}
    assert "Morvan" not in mail.outbox[1].body + str(second.to_ical())
    with pytest.raises(RuleError):  # Another slot, in another tab.
        entretiens.choose_slot(entretien=entretien, creneau_id=entretien.creneaux.first().pk, by=person)


def test_slot_withdrawn_past_or_unknown_is_said_gone():
    entretien = EntretienFactory(slots=[in_days(1), in_days(2), in_days(3)])
    member, person = sides(entretien)
    first, second, third = entretien.creneaux.all()
    for _ in range(2):
        entretiens.withdraw_slot(creneau=first, by=member)
    for pk in (first.pk, 999_999_999, EntretienFactory().creneaux.first().pk):
        with pytest.raises(RuleError, match="n'est plus proposé"):
            entretiens.choose_slot(entretien=entretien, creneau_id=pk, by=person)
    with time_machine.travel(second.debut), pytest.raises(RuleError, match="n'est plus proposé"):
        entretiens.choose_slot(entretien=entretien, creneau_id=second.pk, by=person)
    entretiens.withdraw_slot(creneau=second, by=member)
    with pytest.raises(RuleError, match="dernier créneau"):
        entretiens.withdraw_slot(creneau=third, by=member)


def test_nobody_is_at_two_interviews_at_once():
    at = in_days(2)
    taken = EntretienFactory(confirme=True, debut=at)
    mise = taken.mise_en_relation
    same_author = EntretienFactory(
        propose_par=taken.propose_par, mise_en_relation__structure=mise.structure, slots=[at + timedelta(minutes=30)]
    )
    with pytest.raises(RuleError, match="vient d'être prise"):
        entretiens.choose_slot(
            entretien=same_author, creneau_id=same_author.creneaux.get().pk, by=sides(same_author)[1]
        )
    same_person = EntretienFactory(mise_en_relation__candidature=mise.candidature, slots=[at - timedelta(minutes=30)])
    with pytest.raises(RuleError, match="avec Mairie de Nantes"):
        entretiens.choose_slot(
            entretien=same_person, creneau_id=same_person.creneaux.get().pk, by=sides(same_person)[1]
        )
    # One may follow the other.
    after = EntretienFactory(
        propose_par=taken.propose_par, mise_en_relation__structure=mise.structure, slots=[taken.fin]
    )
    entretiens.choose_slot(entretien=after, creneau_id=after.creneaux.get().pk, by=sides(after)[1])


# --- Moved, cancelled -----------------------------------------------------------------------------------------


def test_calendars_follow_an_interview_wherever_it_goes(told):
    entretien = EntretienFactory(slots=[in_days(2)])
    member, person = sides(entretien)
    revisions = []

    def follow(act, **kwargs):
        act(entretien=entretien, **kwargs)
        entretien.refresh_from_db()

    def slot():
        return entretien.creneaux.to_come().first().pk

    steps = [
        lambda: follow(entretiens.choose_slot, creneau_id=slot(), by=person),
        lambda: follow(entretiens.offer_again, offre=an_offer(in_days(4)), motif="Réunion.", by=member),
        lambda: follow(entretiens.choose_slot, creneau_id=slot(), by=person),
        lambda: follow(entretiens.ask_other_slots, message="Plutôt jeudi.", by=person),
        lambda: follow(entretiens.offer_again, offre=an_offer(in_days(6)), by=member),
        lambda: follow(entretiens.choose_slot, creneau_id=slot(), by=person),
        lambda: follow(entretiens.cancel, motif="Poste pourvu.", by=member),
    ]
    for step in steps:
        messages = told(step)
        assert {to for to, _, _ in messages} <= {entretien.mise_en_relation.candidature.email, member.compte.email}
        calendars = [calendar for _, _, calendar in messages if calendar]
        revisions.append({(method, event["SEQUENCE"]) for method, event in calendars})
        assert {event["UID"] for _, event in calendars} == {f"{entretien.reference}@127.0.0.1"}
    # The fifth step says again, to the person only, that the hour before is void.
    assert revisions == [
        {("REQUEST", 0)},
        {("CANCEL", 1)},
        {("REQUEST", 2)},
        {("CANCEL", 3)},
        {("CANCEL", 3)},
        {("REQUEST", 4)},
        {("CANCEL", 5)},
    ]
    assert entretien.status == _E.ANNULE
    assert [t.to_status for t in entretien.transitions.all()][-3:] == [_E.PROPOSE, _E.CONFIRME, _E.ANNULE]


def test_both_are_told_of_a_move_and_the_person_why(told):
    entretien = EntretienFactory(confirme=True)
    member, person = sides(entretien)
    colleague = member_role(entretien.mise_en_relation.structure)
    act = entretiens.offer_again
    offre = an_offer(in_days(5))
    messages = told(*[lambda: act(entretien=entretien, offre=offre, motif="Une réunion imprévue.", by=colleague)] * 2)
    assert [(to, subject) for to, subject, _ in messages] == [
        (
            person.compte.roles.get() and entretien.mise_en_relation.candidature.email,
            "Mairie de Nantes déplace votre entretien",
        ),
        (member.compte.email, "Entretien déplacé : un candidat"),
    ]
    assert "Une réunion imprévue." in mail.outbox[0].body
    entretien.refresh_from_db()
    assert entretien.propose_par == colleague.compte
    assert entretien.creneaux.offered().count() == 1


def test_what_the_person_writes_stays_on_the_page(told):
    entretien = EntretienFactory(confirme=True)
    member, person = sides(entretien)
    told(lambda: entretiens.ask_other_slots(entretien=entretien, message="Appelez le 06 98 76 54 32", by=person))
    assert [m.to[0] for m in mail.outbox] == [entretien.mise_en_relation.candidature.email, member.compte.email]
    assert "98 76" not in mail.outbox[1].body + mail.outbox[1].alternatives[0][0]


@pytest.mark.parametrize(("state", "by_person", "expected"), [
    ({}, False, {"candidat"}), ({}, True, {"membre"}),
    ({"confirme": True}, False, {"candidat", "membre"}), ({"confirme": True}, True, {"candidat", "membre"}),
])  # fmt: skip
def test_cancelled_once_and_told_to_whom_it_concerns(state, by_person, expected, told):
    entretien = EntretienFactory(**state)
    member, person = sides(entretien)
    by = person if by_person else member
    messages = told(*[lambda: entretiens.cancel(entretien=entretien, motif="Empêchement.", by=by)] * 2)
    names = {entretien.mise_en_relation.candidature.email: "candidat", member.compte.email: "membre"}
    assert sorted(names[to] for to, _, _ in messages) == sorted(expected)
    assert all((calendar is not None) == bool(state) for _, _, calendar in messages)
    entretien.mise_en_relation.refresh_from_db()
    assert entretien.mise_en_relation.status == _M.ENTRETIEN


def test_once_begun_it_is_neither_moved_nor_cancelled():
    entretien = EntretienFactory(passe=True)
    member, person = sides(entretien)
    for act in (
        lambda: entretiens.cancel(entretien=entretien, motif="Trop tard.", by=person),
        lambda: entretiens.offer_again(entretien=entretien, offre=an_offer(), motif="Non.", by=member),
        lambda: entretiens.ask_other_slots(entretien=entretien, message="Demain ?", by=person),
    ):
        with pytest.raises(RuleError, match="notez plutôt"):
            act()


def test_author_who_left_leaves_the_news_to_the_others(told):
    entretien = EntretienFactory(slots=[in_days(2)])
    structure = entretien.mise_en_relation.structure
    structure.membres.all().delete()
    others = {MembreFactory(structure=structure).compte.email for _ in range(2)}
    person = entretien.mise_en_relation.candidature.compte.roles.get()
    slot = entretien.creneaux.get()
    messages = told(lambda: entretiens.choose_slot(entretien=entretien, creneau_id=slot.pk, by=person))
    assert {to for to, _, _ in messages[1:]} == others


# --- What closes it -------------------------------------------------------------------------------------------


def close_by_decline(mise, by):
    services.decline(mise_en_relation=mise, motif=MotifRefus.DATES, by=by)


def close_by_recruitment(mise, by):
    other = MiseEnRelationFactory(candidature=mise.candidature, contrat=True)
    services.record_recruitment(mise_en_relation=other, by=by)


def close_by_withdrawal(mise, by):
    role = mise.candidature.compte.roles.get()
    withdraw_candidature(candidature=mise.candidature, motif=MotifRetrait.AUTRE, by=role)


@pytest.mark.parametrize("close", [close_by_decline, close_by_recruitment, close_by_withdrawal])
def test_what_closes_the_mise_en_relation_cancels_the_interview_and_both_are_told_once(close, told):
    entretien = EntretienFactory(confirme=True)
    member, _ = sides(entretien)
    mise = entretien.mise_en_relation
    with transaction.atomic():
        messages = told(lambda: close(mise, member))
    entretien.refresh_from_db()
    assert entretien.status == _E.ANNULE
    cancelled = [(to, calendar[0]) for to, _, calendar in messages if calendar]
    assert sorted(cancelled) == sorted([(mise.candidature.email, "CANCEL"), (member.compte.email, "CANCEL")])


def test_offer_without_an_hour_ends_too_and_no_calendar_is_touched(told):
    entretien = EntretienFactory()
    member, person = sides(entretien)
    messages = told(lambda: close_by_decline(entretien.mise_en_relation, person))
    entretien.refresh_from_db()
    assert entretien.status == _E.ANNULE
    ended = [(to, calendar) for to, subject, calendar in messages if "Entretien annulé" in subject]
    assert ended == [(entretien.mise_en_relation.candidature.email, None), (member.compte.email, None)]
    assert "ne tiennent plus" in mail.outbox[0].body


def test_interview_held_keeps_its_result_when_the_mise_en_relation_closes():
    entretien = EntretienFactory(passe=True)
    member, person = sides(entretien)
    close_by_decline(entretien.mise_en_relation, member)
    entretiens.record_candidat(entretien=entretien, resultat=ResultatCandidat.EU_LIEU, by=person)
    entretien.refresh_from_db()
    assert (entretien.status, entretien.resultat_candidat) == (_E.TERMINE, ResultatCandidat.EU_LIEU)


def test_pair_is_not_silent_while_it_organises_an_interview():
    entretien = EntretienFactory(confirme=True, debut=in_days(40))
    silent = EntretienFactory()
    MiseEnRelation.objects.update(updated_at=timezone.now())
    with time_machine.travel(timezone.now() + ANSWER_DELAY + timedelta(days=1)):
        assert jobs.expire_unanswered() == 1
    for row in (entretien, silent):
        row.mise_en_relation.refresh_from_db()
        row.refresh_from_db()
    assert (entretien.mise_en_relation.status, entretien.status) == (_M.ENTRETIEN, _E.CONFIRME)
    assert (silent.mise_en_relation.status, silent.status) == (_M.EXPIREE, _E.ANNULE)
    with time_machine.travel(entretien.debut + ANSWER_DELAY + timedelta(days=1)):
        assert jobs.expire_unanswered() == 1


# --- Reminders ------------------------------------------------------------------------------------------------


def agreed(at):
    return EntretienFactory(confirme=True, debut=at)


def reminders(told):
    return sorted(to for to, subject, _ in told(jobs.remind_entretiens, jobs.remind_entretiens) if "Rappel" in subject)


def test_both_are_reminded_once_the_day_before(told):
    entretien = agreed(datetime(2026, 11, 24, 14, tzinfo=UTC))
    both = sorted([entretien.mise_en_relation.candidature.email, entretien.propose_par.email])
    assert reminders(told) == []
    with time_machine.travel("2026-11-23T14:05:00Z"):
        assert reminders(told) == both
        assert "mardi 24 novembre 2026 à 15 h 00 (heure de Nantes)" in mail.outbox[0].body
        assert reminders(told) == []


def test_a_day_without_beat_delays_the_reminder_and_the_hour_itself_ends_it(told):
    late, missed = agreed(datetime(2026, 11, 24, 14, tzinfo=UTC)), agreed(datetime(2026, 11, 24, 8, tzinfo=UTC))
    with time_machine.travel("2026-11-24T09:00:00Z"):
        assert late.propose_par.email in reminders(told)
    missed.refresh_from_db()
    assert missed.rappele_at is None


def test_reminder_waits_for_a_decent_hour_of_each_and_is_dropped_when_things_moved(told):
    entretien = agreed(datetime(2026, 11, 24, 5, 30, tzinfo=UTC))  # 6:30 in Nantes.
    person = sides(entretien)[1]
    with time_machine.travel("2026-11-23T05:00:00Z"):  # 6:00: asked for, not before 8:00.
        assert reminders(told) == []
    entretiens.ask_other_slots(entretien=entretien, message="Plus tard dans la journée ?", by=person)
    with time_machine.travel("2026-11-23T07:30:00Z"):
        assert [subject for _, subject, _ in told(tasks.drain) if "Rappel" in subject] == []
    assert Effet.objects.filter(genre="matching.entretien_reminder", etat=EtatEffet.FAIT).count() == 2
    entretien.refresh_from_db()
    assert entretien.rappele_at is None


def test_confirmation_of_tomorrow_is_its_own_reminder(told):
    entretien = EntretienFactory(slots=[timezone.now() + timedelta(hours=5)])
    person = sides(entretien)[1]
    entretiens.choose_slot(entretien=entretien, creneau_id=entretien.creneaux.get().pk, by=person)
    assert reminders(told) == []


@settings(max_examples=30)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["Europe/Paris", "Pacific/Noumea", "America/Cayenne", "Pacific/Tahiti"]),
    st.integers(-60, 30 * 60),
)
def test_reminder_is_decent_or_there_was_no_better(debut, fuseau, minutes):
    debut = debut.replace(tzinfo=UTC)
    now = debut - timedelta(minutes=minutes)
    moment = reminder_moment(debut, fuseau, now)
    local = moment.astimezone(ZoneInfo(fuseau))
    assert moment >= now
    decent = 8 <= local.hour < 20 or (local.hour, local.minute) == (20, 0)
    assert decent or moment == now


# --- Results --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resultat", "expected"), [
    (ResultatStructure.RETENU, _M.RETENUE), (ResultatStructure.NON_RETENU, _M.DECLINEE_STRUCTURE),
    (ResultatStructure.A_REVOIR, _M.ENTRETIEN), (ResultatStructure.ABSENT, _M.ENTRETIEN),
])  # fmt: skip
def test_decision_of_the_structure_leads_to_its_act(resultat, expected):
    entretien = EntretienFactory(passe=True, mise_en_relation__structure=PosteFactory().structure)
    member, _ = sides(entretien)
    for _ in range(2):
        entretiens.record_structure(entretien=entretien, resultat=resultat, motif=MotifRefus.COMPETENCES, by=member)
    mise = MiseEnRelation.objects.get()
    assert mise.status == expected
    assert mise.motif == (MotifRefus.COMPETENCES if expected == _M.DECLINEE_STRUCTURE else "")
    entretien.refresh_from_db()
    assert (entretien.status, entretien.resultat_structure) == (_E.TERMINE, resultat)
    if expected == _M.ENTRETIEN:  # Changing one's mind is kept in the history.
        entretiens.record_structure(entretien=entretien, resultat=ResultatStructure.RETENU, by=member)
        assert entretien.transitions.latest("pk").reason == "structure : Nous retenons cette personne"
    else:
        with pytest.raises(RuleError, match="déjà notée"):
            entretiens.record_structure(entretien=entretien, resultat=ResultatStructure.ABSENT, by=member)


def test_retained_without_a_vacant_post_writes_nothing():
    entretien = EntretienFactory(passe=True)
    with pytest.raises(RuleError, match="poste vacant"):
        entretiens.record_structure(entretien=entretien, resultat=ResultatStructure.RETENU, by=sides(entretien)[0])
    entretien.refresh_from_db()
    assert (entretien.status, entretien.resultat_structure) == (_E.CONFIRME, "")


def test_person_who_does_not_go_on_declines():
    entretien = EntretienFactory(passe=True)
    person = sides(entretien)[1]
    entretiens.record_candidat(entretien=entretien, resultat=ResultatCandidat.EU_LIEU, by=person)
    entretiens.record_candidat(
        entretien=entretien, resultat=ResultatCandidat.NE_POURSUIT_PAS, motif=MotifRefus.DISTANCE, by=person
    )
    mise = MiseEnRelation.objects.get()
    assert (mise.status, mise.motif) == (_M.DECLINEE_CANDIDAT, MotifRefus.DISTANCE)


def test_nothing_is_recorded_before_the_hour():
    entretien = EntretienFactory(confirme=True)
    member, person = sides(entretien)
    with pytest.raises(RuleError, match="une fois l'heure"):
        entretiens.record_structure(entretien=entretien, resultat=ResultatStructure.ABSENT, by=member)
    with pytest.raises(RuleError, match="une fois l'heure"):
        entretiens.record_candidat(entretien=entretien, resultat=ResultatCandidat.EU_LIEU, by=person)


def test_contradictions_are_the_same_for_a_list_and_for_a_row():
    first = EntretienFactory(termine=True)
    same = {"mise_en_relation": first.mise_en_relation, "propose_par": first.propose_par}
    for left, right in product(["", *ResultatStructure], ["", *ResultatCandidat]):
        EntretienFactory(termine=True, resultat_structure=left, resultat_candidat=right, **same)
    found = set(Entretien.objects.contradictory())
    assert found == {row for row in Entretien.objects.all() if row.is_contradictory}
    assert len(found) == 4


# --- Hours ----------------------------------------------------------------------------------------------------


def test_hours_are_said_by_each_clock():
    reunion, nantes = CommuneFactory(saint_denis=True), CommuneFactory()
    at = datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert say_hour(at, nantes, CommuneFactory(reze=True)) == "mardi 24 novembre 2026 à 6 h 00 (heure de Nantes)"
    assert say_hour(at, reunion, nantes) == (
        "mardi 24 novembre 2026 à 9 h 00 (heure de Saint-Denis), soit mardi 24 novembre 2026 à 6 h 00 à Nantes"
    )


def test_spring_skips_an_hour_and_autumn_repeats_one():
    assert local_to_aware(datetime(2027, 3, 28, 2, 30), "Europe/Paris") is None  # noqa: DTZ001
    twice = local_to_aware(datetime(2027, 10, 31, 2, 30), "Europe/Paris")  # noqa: DTZ001
    assert twice.astimezone(UTC) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_slots_that_follow_each_other_do_not_overlap():
    now = timezone.now()
    at = now + timedelta(days=1)
    length = timedelta(minutes=30)
    assert check_slots([at, at + length, at - length], length, now) == {}
    assert list(check_slots([at, at + length / 2, at], length, now)) == [1, 2]


# --- What the database holds ----------------------------------------------------------------------------------


def test_database_refuses_what_services_would():
    at = in_days(2)
    taken = EntretienFactory(confirme=True, debut=at)
    slot = taken.creneaux.first()
    faults = [
        lambda: EntretienFactory(mise_en_relation=taken.mise_en_relation),
        lambda: EntretienFactory(confirme=True, debut=at, propose_par=taken.propose_par),
        lambda: EntretienFactory(duree=14),
        lambda: EntretienFactory(duree=241),
        lambda: EntretienFactory(mode=ModeEntretien.DISTANCE, adresse="", lien="http://visio.exemple.fr"),
        lambda: EntretienFactory(adresse=""),
        lambda: EntretienFactory(status=_E.CONFIRME),
        lambda: EntretienFactory(resultat_structure=ResultatStructure.RETENU),
        lambda: Creneau.objects.create(entretien=taken, debut=slot.debut, fin=slot.fin),
    ]
    for fault in faults:
        with pytest.raises(IntegrityError), transaction.atomic():
            fault()
    forbidden = [
        lambda: Creneau.objects.filter(pk=slot.pk).update(debut=at + timedelta(minutes=1)),
        lambda: Entretien.objects.filter(pk=EntretienFactory(annule=True).pk).update(status=_E.PROPOSE),
        lambda: taken.transitions.update(reason="réécrit"),
    ]
    for act in forbidden:
        with pytest.raises((InternalError, ProgrammingError), match="pgtrigger"), transaction.atomic():
            act()
