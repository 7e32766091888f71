"""The pages of an interview: what is typed, what each side reads, the calendar file, the administration."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from comptes.enums import RoleKind
from matching import entretiens
from matching.enums import ModeEntretien, MotifRefus, ResultatCandidat, ResultatStructure, StatutEntretien
from matching.models import Entretien, MiseEnRelation
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory
from tests.matching.access import member_role
from tests.matching.factories import EntretienFactory, MiseEnRelationFactory, in_days
from tests.structures.factories import PosteFactory, StructureFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory
from tests.test_access import enter

_E = StatutEntretien
OFFER = {
    "creneau_1": "2026-11-24T14:30",
    "duree": "45",
    "mode": "sur_place",
    "adresse": "2 rue de l'Hôtel de Ville",
    "lien": "",
    "message": "",
}


@pytest.fixture
def mise():
    return MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True)


@pytest.fixture
def offer_url(client, mise):
    enter(client, member_role(mise.structure))
    return reverse("matching:interview", args=[mise.pk])


def url(entretien, name):
    return reverse(f"matching:entretien_{name}", args=[entretien.pk])


def enter_as_person(client, entretien):
    enter(client, entretien.mise_en_relation.candidature.compte.roles.get())


def enter_as_member(client, entretien):
    enter(client, entretien.propose_par.roles.get())


# --- What is typed --------------------------------------------------------------------------------------------


BAD_OFFERS = [
    ("creneau_1", "", "au moins un créneau"),
    ("creneau_1", "demain", "Saisissez une date et une heure"),
    ("creneau_1", "2026-11-22T09:59", "déjà passée"),
    ("creneau_1", "2027-02-29T10:00", "Saisissez une date et une heure"),
    ("creneau_1", "2027-01-31T10:00", "trop lointaine"),
    ("creneau_1", "9999-12-31T23:59", "Vérifiez l"),
    ("creneau_1", "0001-01-01T00:00", "Vérifiez l"),
    ("creneau_1", "2026-11-24T25:61", "Saisissez une date et une heure"),
    ("creneau_2", "2026-11-24T15:00", "en chevauche un autre"),
    ("creneau_5", "x" * 500, "Saisissez une date et une heure"),
    ("duree", "", "obligatoire"),
    ("duree", "14", "au moins 15 minutes"),
    ("duree", "241", "au plus 240 minutes"),
    ("duree", "1h", "nombre entier de minutes"),
    ("duree", "9" * 400, "nombre entier de minutes|au plus 240 minutes"),
    ("mode", "", "Choisissez un mode"),
    ("mode", "fax", "Choisissez l"),
    ("adresse", "", "Indiquez où se rendre"),
    ("adresse", "x" * 251, "250"),
    ("adresse", "rue\x07", "caractère invisible"),
    ("message", "x" * 1001, "1000"),
    ("message", "a\x1bb", "caractère invisible"),
]


@pytest.mark.parametrize(("field", "value", "sentence"), BAD_OFFERS)
def test_bad_offer_is_said_beside_its_field_and_what_was_typed_stays(client, mise, offer_url, field, value, sentence):
    response = client.post(offer_url, {**OFFER, field: value})
    assert response.status_code == 200
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert any(words in errors[field][0] for words in sentence.split("|"))
    assert len(errors[field]) == 1
    other = "adresse" if field != "adresse" else "creneau_1"
    assert response.context["form"][other].value() == OFFER[other]
    assert response.context["form"][field].value() == value
    assert not Entretien.objects.exists()


@pytest.mark.parametrize(
    "lien",
    [
        "",
        "javascript:alert(1)",
        "http://visio.exemple.fr/x",
        "ftp://x.fr",
        "https://",
        "data:text/html,x",
        "https://a b",
    ],
)
def test_remote_interview_needs_an_https_link(client, mise, offer_url, lien):
    response = client.post(offer_url, {**OFFER, "mode": "distance", "lien": lien})
    (sentence,) = response.context["form"].errors["lien"]
    assert "https://" in sentence or "Indiquez le lien" in sentence
    assert not Entretien.objects.exists()


def test_nul_is_refused_with_a_page(client, mise, offer_url):
    response = client.post(offer_url, {**OFFER, "message": "a\x00b"})
    assert response.status_code == 400


@pytest.mark.parametrize("typed", ["24/11/2026 14:30", "24/11/2026 à 14 h 30", "24/11/2026 14h30", "2026-11-24 14:30"])
def test_hour_may_be_typed_where_there_is_no_picker(client, mise, offer_url, typed):
    client.post(offer_url, {**OFFER, "creneau_1": typed})
    assert Entretien.objects.get().creneaux.get().debut == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


def test_leap_day_exists_when_it_does(client, mise, offer_url):
    with time_machine.travel("2028-02-20T10:00:00Z"):
        enter(client, member_role(mise.structure))
        client.post(offer_url, {**OFFER, "creneau_1": "2028-02-29T10:00"})
    assert Entretien.objects.get().creneaux.get().debut == datetime(2028, 2, 29, 9, tzinfo=UTC)


def test_hour_that_the_clocks_skip_is_refused(client, mise, offer_url):
    with time_machine.travel("2027-03-20T10:00:00Z"):
        enter(client, member_role(mise.structure))
        response = client.post(offer_url, {**OFFER, "creneau_1": "2027-03-28T02:30"})
    assert "les horloges avancent" in response.context["form"].errors["creneau_1"][0]


# It is 10:00 in Nantes on 22 November: 20:00 in Nouméa the same day, 23:00 in Tahiti the day before.
@pytest.mark.parametrize(("code", "fuseau", "typed", "accepted"), [
    ("988", "Pacific/Noumea", "2026-11-22T19:30", False), ("988", "Pacific/Noumea", "2026-11-22T20:30", True),
    ("987", "Pacific/Tahiti", "2026-11-21T23:30", True), ("987", "Pacific/Tahiti", "2026-11-21T22:30", False),
])  # fmt: skip
def test_hours_are_those_of_the_structure(client, code, fuseau, typed, accepted):
    place = CommuneFactory(
        code=f"{code}35", nom="Là-bas", departement=DepartementFactory(code=code, nom=code, region=None, fuseau=fuseau)
    )
    structure = PosteFactory(structure=StructureFactory(commune=place)).structure
    mise = MiseEnRelationFactory(structure=structure, interessee=True, candidature=CandidatureFactory())
    enter(client, member_role(structure))
    response = client.post(reverse("matching:interview", args=[mise.pk]), {**OFFER, "creneau_1": typed})
    assert response.status_code == (302 if accepted else 200)
    assert Entretien.objects.exists() == accepted


def test_refusal_of_the_service_stands_beside_the_slot_it_names(client, mise, offer_url):
    author = mise.structure.membres.get().compte
    EntretienFactory(confirme=True, propose_par=author, debut=datetime(2026, 11, 25, 13, tzinfo=UTC))
    response = client.post(offer_url, {**OFFER, "creneau_1": "2026-11-24T14:30", "creneau_3": "2026-11-25T14:30"})
    assert list(response.context["form"].errors) == ["creneau_3"]
    assert "mercredi 25 novembre 2026 à 14 h 00" in response.text


def test_only_the_place_of_the_mode_is_kept(client, mise, offer_url):
    link = "https://visio.exemple.fr/salle-12"
    client.post(offer_url, {**OFFER, "mode": "distance", "lien": link})
    entretien = Entretien.objects.get()
    assert (entretien.mode, entretien.adresse, entretien.lien) == (ModeEntretien.DISTANCE, "", link)


def test_offer_is_made_by_whom_may_reach_the_person(client):
    minor = CandidatureFactory(date_naissance=datetime(2009, 6, 5, tzinfo=UTC).date())
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True, candidature=minor)
    enter(client, member_role(mise.structure))
    assert client.get(reverse("matching:interview", args=[mise.pk])).status_code == 403
    assert "Proposer un entretien" not in client.get(reverse("matching:detail", args=[mise.pk])).text


# --- The person -----------------------------------------------------------------------------------------------


def test_choice_of_a_slot_withdrawn_meanwhile_is_explained(client):
    entretien = EntretienFactory(slots=[in_days(1), in_days(2)])
    gone = entretien.creneaux.first()
    enter_as_person(client, entretien)
    page = client.get(url(entretien, "choose"))
    assert f'value="{gone.pk}"' in page.text
    entretiens.withdraw_slot(creneau=gone, by=entretien.propose_par.roles.get())
    for typed in (gone.pk, "", "x", "9" * 30, -1):
        response = client.post(url(entretien, "choose"), {"creneau": typed})
        assert response.status_code == 200
        (sentence,) = response.context["form"].errors["creneau"]
        assert "n'est plus proposé" in sentence or typed == ""
    for _ in range(2):  # A double click is one choice.
        response = client.post(url(entretien, "choose"), {"creneau": entretien.creneaux.last().pk})
        assert response.url == reverse("matching:detail", args=[entretien.mise_en_relation_id])
    assert entretien.transitions.filter(to_status=_E.CONFIRME).count() == 1


def test_acts_that_came_too_late_are_said(client):
    entretien = EntretienFactory(annule=True)
    enter_as_person(client, entretien)
    for name in ("choose", "others", "cancel"):
        response = client.get(url(entretien, name), follow=True)
        assert "fr-alert--error" in response.text
    for name, data in (("others", {"message": "Lundi ?"}), ("cancel", {"motif": "Non"})):
        response = client.post(url(entretien, name), data)
        assert response.status_code == (200 if name == "others" else 302)
    passed = EntretienFactory(slots=[in_days(-1)])
    enter_as_person(client, passed)
    assert "sont passés" in client.get(url(passed, "choose"), follow=True).text


@pytest.mark.parametrize(("name", "field"), [("others", "message"), ("cancel", "motif")])
@pytest.mark.parametrize("typed", ["", "   ", "x" * 301, "a\x1b"])
def test_words_are_needed_and_short(client, name, field, typed):
    entretien = EntretienFactory(confirme=True)
    enter_as_person(client, entretien)
    response = client.post(url(entretien, name), {field: typed})
    assert response.status_code == 200
    assert len(response.context["form"].errors[field]) == 1
    entretien.refresh_from_db()
    assert entretien.status == _E.CONFIRME


def test_asking_for_others_in_a_stale_tab_does_not_give_up_what_was_agreed_in_another(client):
    entretien = EntretienFactory(confirme=True)
    enter_as_person(client, entretien)
    response = client.post(url(entretien, "others"), {"message": "Plutôt lundi.", "lu": _E.PROPOSE})
    assert "L&#x27;entretien a changé" in response.text
    entretien.refresh_from_db()
    assert entretien.status == _E.CONFIRME
    client.post(url(entretien, "others"), {"message": "Plutôt lundi.", "lu": response.context["form"]["lu"].value()})
    entretien.refresh_from_db()
    assert entretien.status == _E.AUTRES_DEMANDES


def test_moving_asks_the_structure_why(client):
    entretien = EntretienFactory(confirme=True)
    enter_as_member(client, entretien)
    response = client.post(url(entretien, "move"), OFFER)
    assert list(response.context["form"].errors) == ["motif"]
    client.post(url(entretien, "move"), {**OFFER, "motif": "Grève des transports."})
    entretien.refresh_from_db()
    assert (entretien.status, entretien.motif) == (_E.PROPOSE, "Grève des transports.")


def test_result_asks_for_a_reason_when_it_is_no(client):
    entretien = EntretienFactory(passe=True)
    enter_as_member(client, entretien)
    for data, field in [
        ({}, "resultat"),
        ({"resultat": "peut-être"}, "resultat"),
        ({"resultat": ResultatStructure.NON_RETENU}, "motif"),
        ({"resultat": ResultatStructure.NON_RETENU, "motif": "âge"}, "motif"),
    ]:
        response = client.post(url(entretien, "result"), data)
        assert list(response.context["form"].errors) == [field]
    client.post(url(entretien, "result"), {"resultat": ResultatStructure.NON_RETENU, "motif": MotifRefus.DATES})
    assert MiseEnRelation.objects.get().motif == MotifRefus.DATES
    enter_as_person(client, entretien)
    client.post(url(entretien, "result"), {"resultat": ResultatCandidat.PAS_EU_LIEU})
    assert Entretien.objects.contradictory().get() == entretien


# --- What each side reads -------------------------------------------------------------------------------------


def detail(client, entretien):
    return client.get(reverse("matching:detail", args=[entretien.mise_en_relation_id])).text


def test_each_side_reads_its_own_and_acts_on_its_own(client):
    entretien = EntretienFactory(autres_demandes=True)
    enter_as_member(client, entretien)
    page = detail(client, entretien)
    assert "Plutôt le matin." in page
    assert url(entretien, "move") in page
    assert url(entretien, "choose") not in page
    enter_as_person(client, entretien)
    assert url(entretien, "move") not in detail(client, entretien)
    assert client.get(url(entretien, "move")).status_code == 403
    enter(client, RoleFactory(kind=RoleKind.ANCT))
    page = detail(client, entretien)
    assert "Autres créneaux demandés" in page
    assert url(entretien, "cancel") not in page


def test_words_of_the_person_leave_the_page_with_the_contact_data(client):
    mise = MiseEnRelationFactory(declinee_candidat=True)
    entretien = EntretienFactory(annule=True, mise_en_relation=mise, motif="Rappelez-moi au 06 98 76 54 32")
    enter_as_member(client, entretien)
    assert "98 76" not in detail(client, entretien)
    enter_as_person(client, entretien)
    assert "98 76" in detail(client, entretien)


def test_result_of_one_side_is_not_read_by_the_other(client):
    entretien = EntretienFactory(
        termine=True, resultat_structure=ResultatStructure.ABSENT, resultat_candidat=ResultatCandidat.EU_LIEU
    )
    enter_as_person(client, entretien)
    page = detail(client, entretien)
    assert ResultatCandidat.EU_LIEU.label in page.replace("&#x27;", "'")
    assert "pas venue" not in page
    enter_as_member(client, entretien)
    assert "a eu lieu" not in detail(client, entretien)


def test_page_has_a_constant_number_of_queries(client):
    mise = MiseEnRelationFactory(entretien=True)
    entretien = EntretienFactory(mise_en_relation=mise)
    enter_as_member(client, entretien)

    def count():
        with CaptureQueriesContext(connection) as queries:
            detail(client, entretien)
        return len(queries)

    count()
    one = count()
    for _ in range(4):
        EntretienFactory(mise_en_relation=mise, annule=True, propose_par=entretien.propose_par)
    assert count() == one


def test_calendar_file_is_served_to_both_sides_and_kept_by_no_cache(client):
    entretien = EntretienFactory(confirme=True, sequence=4)
    for enter_side, words in ((enter_as_person, "Mairie de Nantes"), (enter_as_member, "Inès")):
        enter_side(client, entretien)
        assert url(entretien, "ics") in detail(client, entretien)
        response = client.get(url(entretien, "ics"))
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
        assert response.headers["Cache-Control"] == "no-store, private"
        assert response.headers["Content-Disposition"] == 'attachment; filename="entretien.ics"'
        calendar = Calendar.from_ical(response.content)
        (event,) = calendar.events
        assert calendar["METHOD"] == "PUBLISH"
        assert (event["SEQUENCE"], "ATTENDEE" in event) == (4, False)
        assert event["DTSTART"].dt == entretien.debut
        assert words in event["SUMMARY"]
        assert "Morvan" not in response.content.decode()
        assert "2 rue de l'Hôtel de Ville\\, Nantes" in response.content.decode()
    offered = EntretienFactory()
    enter_as_person(client, offered)
    assert client.get(url(offered, "ics")).status_code == 404


# --- The administration ---------------------------------------------------------------------------------------


def test_administration_shows_contradictions_and_writes_nothing(client):
    said = {"resultat_structure": ResultatStructure.ABSENT, "resultat_candidat": ResultatCandidat.EU_LIEU}
    odd, fine = EntretienFactory(termine=True, **said), EntretienFactory(confirme=True, a_distance=True)
    enter(client, RoleFactory(kind=RoleKind.ANCT))
    changelist = reverse("admin:matching_entretien_changelist")
    page = client.get(changelist, {"contradiction": "oui"})
    assert [row.pk for row in page.context["cl"].result_list] == [odd.pk]
    assert len(client.get(changelist).context["cl"].result_list) == 2
    change = reverse("admin:matching_entretien_change", args=[fine.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"status": "annule"}).status_code == 403
    assert client.get(reverse("admin:matching_entretien_add")).status_code == 403


def test_length_of_an_interview_is_the_one_of_its_slots():
    entretien = EntretienFactory(duree=30)
    assert {slot.fin - slot.debut for slot in entretien.creneaux.all()} == {timedelta(minutes=30)}
