"""What coordinateurs log: entry, list, change, figures."""

import uuid
from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompagnements import services
from accompagnements.models import Coordination, CoordinationRevision
from common.exceptions import RuleError
from comptes.enums import RoleKind
from tests.accompagnements.entry import errors, sign_in
from tests.accompagnements.factories import CoordinateurFactory, CoordinationFactory
from tests.comptes.factories import RoleFactory
from tests.territoires.factories import CommuneFactory

LIST = "/coordination/"
CREATE = "/coordination/nouvelle/"
STATISTICS = "/accompagnements/statistiques/"
pytestmark = pytest.mark.usefixtures("_now")


@pytest.fixture
def coordinateur(_now):
    CommuneFactory()
    return CoordinateurFactory()


@pytest.fixture
def enter(client, coordinateur):
    return sign_in(client, coordinateur)


def typed(**changes):
    data = {
        "uuid": str(uuid.uuid4()), "type": "animation", "titre": "Réunion mensuelle", "participants": "12",
        "objet": "echanger", "duree": "120", "commune": "Nantes (44000)", "echelon": "departemental",
        "date": "2026-11-18",
    } | changes  # fmt: skip
    return {name: value for name, value in data.items() if value is not None}


def partenariat(**changes):
    return typed(
        **{"type": "partenariat", "participants": None, "partenaire": "operateur", "organismes": "CAF, CPAM"} | changes
    )


def test_animation_is_recorded_and_listed(enter, coordinateur):
    assert enter.post(CREATE, typed()).url == LIST

    row = Coordination.objects.get()
    assert (row.coordinateur, row.type, row.participants) == (coordinateur.compte, "animation", 12)
    assert "Réunion mensuelle" in enter.get(LIST).content.decode()


def test_partnership_is_counted_by_its_organismes(enter):
    enter.post(CREATE, partenariat(participants="7", organismes="CAF ;  CPAM, CAF,"))
    row = Coordination.objects.get()
    assert (row.organismes, row.participants, row.partenaire) == (["CAF", "CPAM"], 0, "operateur")


def test_meeting_has_no_kind_of_partner(enter):
    enter.post(CREATE, typed(type="evenement", partenaire="association", organismes="Emmaüs Connect"))
    row = Coordination.objects.get()
    assert (row.partenaire, row.organismes) == ("", ["Emmaüs Connect"])


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (typed(type=None), {"type"}),
        (typed(type="reunion"), {"type"}),
        (typed(titre="  "), {"titre"}),
        (typed(titre="x" * 121), {"titre"}),
        (typed(participants=None), {"participants"}),
        (typed(participants="0"), {"participants"}),
        (typed(participants="1001"), {"participants"}),
        (typed(duree="4"), {"duree"}),
        (typed(duree="481"), {"duree"}),
        (typed(objet="rien"), {"objet"}),
        (typed(commune="Nulle-Part"), {"commune"}),
        (typed(date="2026-11-19"), {"date"}),
        (typed(date="2020-11-16"), {"date"}),
        (typed(date="31/02/2026"), {"date"}),
        (typed(notes="n" * 1001), {"notes"}),
        (partenariat(partenaire=None, organismes=" , "), {"partenaire", "organismes"}),
        (partenariat(organismes=", ".join(f"Organisme {n}" for n in range(21))), {"organismes"}),
        (partenariat(organismes="x" * 121), {"organismes"}),
    ],
)
def test_bad_input_is_told_beside_its_field(enter, data, fields):
    response = enter.post(CREATE, data)
    assert errors(response) == fields
    assert not Coordination.objects.exists()


def test_tomorrow_in_paris_is_already_today_overseas(enter):
    CommuneFactory(
        code="98818", nom="Nouméa", codes_postaux=["98800"], departement__code="988",
        departement__nom="Nouvelle-Calédonie", departement__region=None, departement__fuseau="Pacific/Noumea",
    )  # fmt: skip
    assert enter.post(CREATE, typed(date="2026-11-19", commune="Nouméa (98800)")).status_code == 302


def test_personal_data_is_asked_about_before_it_is_kept(enter):
    data = typed(notes="Le dossier de Mme 2 69 05 49 588 157 80")
    response = enter.post(CREATE, data)
    assert errors(response) == {"notes"}
    confirmation = response.context["form"].confirmation
    assert enter.post(CREATE, data | {confirmation.name: confirmation.value}).status_code == 302


def test_same_uuid_twice_is_one_activity(enter):
    data = typed()
    assert [enter.post(CREATE, data).status_code for _ in range(2)] == [302, 302]
    assert Coordination.objects.count() == 1
    assert "déjà enregistrée" in enter.post(CREATE, data | {"titre": "Autre"}).content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {"duree": 4}, {"duree": 481}, {"participants": 0}, {"participants": 1001}, {"titre": ""},
        {"partenaire": "etat"}, {"date": date(2020, 11, 16)}, {"organismes": ["x"] * 21},
        {"partenariat": True, "organismes": []}, {"partenariat": True, "partenaire": ""},
        {"partenariat": True, "participants": 3},
    ],
)  # fmt: skip
def test_database_keeps_the_rules(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        CoordinationFactory(**values)


def test_free_to_change_for_thirty_days_then_with_a_reason(enter, coordinateur):
    row = CoordinationFactory(coordinateur=coordinateur.compte, created_at=timezone.now() - timedelta(days=29))
    url = reverse("accompagnements:coordination_update", args=[row.pk])
    assert enter.post(url, typed(version=row.version, participants="13")).status_code == 302
    with time_machine.travel("2026-11-21T15:00:00+00:00"):
        row.refresh_from_db()
        data = typed(version=row.version, participants="14")
        assert errors(enter.post(url, data)) == {"reason"}
        assert enter.post(url, data | {"reason": "Feuille d'émargement retrouvée"}).status_code == 302

    first, last = CoordinationRevision.objects.all()
    assert (first.avant["participants"], first.apres["participants"], first.reason) == (12, 13, "")
    assert (last.reason, last.by) == ("Feuille d'émargement retrouvée", coordinateur.compte)
    page = enter.get(row.get_absolute_url()).content.decode()
    assert "13 → 14" in page
    assert "retrouvée" in page


def test_two_windows_never_overwrite_each_other(enter, coordinateur):
    row = CoordinationFactory(coordinateur=coordinateur.compte)
    url = reverse("accompagnements:coordination_update", args=[row.pk])
    old = typed(version="2026-01-01T00:00:00+00:00", titre="La mienne")
    response = enter.post(url, old)
    assert "a été modifiée ailleurs" in response.content.decode()
    # What was typed is kept, and the next save is a choice.
    again = old | {"version": response.context["form"]["version"].value()}
    assert enter.post(url, again).status_code == 302
    row.refresh_from_db()
    assert row.titre == "La mienne"


def test_removal_keeps_what_it_was_without_its_notes(enter, coordinateur):
    row = CoordinationFactory(
        coordinateur=coordinateur.compte, notes="secret", created_at=timezone.now() - timedelta(days=40)
    )
    url = reverse("accompagnements:coordination_delete", args=[row.pk])
    assert errors_of(enter.post(url, {})) == {"reason"}
    assert enter.post(url, {"reason": "Doublon"}).url == LIST
    assert not Coordination.objects.exists()
    kept = CoordinationRevision.objects.get()
    assert kept.apres is None
    assert "secret" not in str(kept.avant)
    assert enter.post(url, {"reason": "Encore"}).status_code == 404


def test_change_of_what_was_removed_meanwhile_is_told(coordinateur):
    row = CoordinationFactory(coordinateur=coordinateur.compte)
    services.delete_coordination(coordination=row, by=coordinateur)
    row.pk = 1
    with pytest.raises(RuleError, match="supprimée entre-temps"):
        services.update_coordination(coordination=row, values={"titre": "Autre"}, version=row.version, by=coordinateur)


def errors_of(response):
    assert response.status_code == 200
    return set(response.context["form"].errors)


def test_list_is_narrowed_by_its_address_and_goes_page_by_page(enter, coordinateur):
    for day in range(1, 22):
        CoordinationFactory(coordinateur=coordinateur.compte, date=date(2026, 10, day), titre=f"Octobre {day}")
    CoordinationFactory(coordinateur=coordinateur.compte, partenariat=True, titre="Convention")
    CoordinationFactory(titre="Celle d'un autre")

    first = enter.get(LIST)
    assert [len(first.context["rows"]), first.context["rows"][0]["titre"]] == [20, "Convention"]
    following = enter.get(LIST, {"page": first.context["page"].following})
    assert [row["titre"] for row in following.context["rows"]] == ["Octobre 2", "Octobre 1"]
    found = enter.get(LIST, {"type": "animation", "q": "octobre 2", "du": "2026-10-03"})
    assert [row["titre"] for row in found.context["rows"]] == ["Octobre 21", "Octobre 20"]
    assert enter.get(LIST, {"du": "2026-10-03", "au": "2026-10-01"}).context["rows"] == []
    lines = b"".join(enter.get("/coordination/export.csv", {"type": "partenariat"}).streaming_content).decode()
    assert len(lines.strip().splitlines()) == 2
    assert "CAF de Loire-Atlantique" in lines


def test_file_never_runs_as_a_formula(enter, coordinateur):
    CoordinationFactory(coordinateur=coordinateur.compte, titre="=2+2", organismes=["@cmd"])
    lines = b"".join(enter.get("/coordination/export.csv").streaming_content).decode()
    assert "'=2+2" in lines
    assert "'@cmd" in lines


def test_number_of_queries_does_not_depend_on_the_number_of_rows(enter, coordinateur):
    def count():
        with CaptureQueriesContext(connection) as queries:
            enter.get(LIST)
        return len(queries)

    CoordinationFactory(coordinateur=coordinateur.compte)
    count()
    with_one = count()
    CoordinationFactory.create_batch(8, coordinateur=coordinateur.compte, partenariat=True)
    assert count() == with_one


def coordination_of(response):
    by_type, *_ = response.context["coordination"]
    return dict(by_type.rows)


def test_statistics_count_ones_own_and_wider_scopes_in_numbers(client, enter, coordinateur):
    CoordinationFactory.create_batch(5, coordinateur=coordinateur.compte, date=date(2026, 10, 6))
    CoordinationFactory(coordinateur=coordinateur.compte, partenariat=True, duree=60)
    # A colleague's counts for the territory, not for oneself.
    CoordinationFactory(date=date(2026, 10, 6))

    own = coordination_of(enter.get(STATISTICS))
    assert own["Animation"] == ["5", "10 h", "60", "0"]
    assert own["Partenariat"] == ["1", "1 h", "0", "1"]
    assert own["Événement"] == ["0", "0 min", "0", "0"]
    assert coordination_of(enter.get(STATISTICS, {"perimetre": "D44"}))["Animation"][0] == "6"
    lines = b"".join(enter.get("/accompagnements/statistiques/coordination.csv").streaming_content).decode()
    assert "Partenariat;1;60;0;1" in lines
    aims = b"".join(enter.get("/accompagnements/statistiques/coordination-objet.csv").streaming_content).decode()
    assert "Échanger entre conseillers;6;660;60;1" in aims
    # A préfet of elsewhere: complete months, and nothing under five.
    prefet = RoleFactory(kind=RoleKind.PREFET, departement=CommuneFactory(paris=True).departement)
    sign_in(client, prefet)
    elsewhere = coordination_of(client.get(STATISTICS, {"perimetre": "D44", "du": "2026-10-01"}))
    assert (elsewhere["Animation"][0], elsewhere["Partenariat"][0]) == ("6", "0")
    CoordinationFactory(partenariat=True, date=date(2026, 10, 6))
    hidden = coordination_of(client.get(STATISTICS, {"perimetre": "D44"}))
    assert {hidden["Animation"][0], hidden["Partenariat"][0]} == {"masqué"}
