"""« Le dispositif en chiffres »: from the roll-ups, complete months, small cells hidden, the same for everyone."""

import csv
from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings, strategies as st

from accompagnements import jobs
from accompagnements.models import CumulTerritoire
from pilotage.chiffres import Territoire, chiffres, hide
from territoires.models import Departement, Region
from territoires.services import DATA
from tests.accompagnements.conftest import _now  # noqa: F401
from tests.accompagnements.factories import AccompagnementFactory, EnPosteFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory

pytestmark = pytest.mark.usefixtures("_now")
URL = "/chiffres/"


@pytest.fixture(autouse=True)
def _forget():
    cache.clear()


@pytest.fixture
def country():
    """Twelve in Nantes and six in Paris in October, three in Paris in the month that runs, one five years ago."""
    conseiller, nantes, paris = EnPosteFactory(), CommuneFactory(), CommuneFactory(paris=True)
    for day in range(1, 13):
        AccompagnementFactory(conseiller=conseiller, commune=nantes, date=date(2026, 10, day), duree=60, atelier=True)
    for day in range(1, 7):
        AccompagnementFactory(conseiller=conseiller, commune=paris, date=date(2026, 10, day), duree=30)
    for day in range(1, 4):
        AccompagnementFactory(conseiller=conseiller, commune=paris, date=date(2026, 11, day))
    AccompagnementFactory(conseiller=conseiller, commune=paris, date=date(2021, 10, 1), duree=60)
    jobs.refresh_statistics()


def rows(figure):
    return dict(figure.rows)


def test_complete_months_since_the_beginning(client, country):
    context = client.get(URL).context
    totals = dict(context["totals"])
    assert (totals["Accompagnements"], totals["Participations"], totals["Heures d'accompagnement"]) == (
        "19", "127", "16",
    )  # fmt: skip
    assert (totals["Conseillers en poste"], totals["Structures d'accueil"]) == ("1", "1")
    months = rows(context["months"])
    assert len(months) == 12
    assert months["octobre 2026"] == ["18", "126", "15 h"]
    assert (context["found"].debut, context["found"].fin) == (date(2025, 11, 1), date(2026, 10, 31))
    regions = rows(context["regions"])
    assert regions["Pays de la Loire"] == ["1", "1", "12", "120", "12 h"]
    assert regions["Île-de-France"] == ["0", "0", "6", "6", "3 h"]
    assert dict(context["departements"])["Île-de-France"] == [("Paris (75)", ["0", "0", "6", "6", "3 h"])]


def test_small_activities_are_hidden_with_what_would_give_them_away(client, country):
    DepartementFactory(code="85", nom="Vendée")
    vendee = CommuneFactory(code="85191", nom="La Roche-sur-Yon", codes_postaux=["85000"], departement_id="85")
    AccompagnementFactory(commune=vendee, date=date(2026, 10, 2))
    jobs.refresh_statistics()
    context = client.get(URL).context
    loire = dict(context["departements"])["Pays de la Loire"]
    assert [values[2] for _, values in loire] == ["masqué", "masqué"]
    assert rows(context["regions"])["Pays de la Loire"][2] == "13"
    lines = client.get("/chiffres/territoires.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Code;Territoire;Conseillers en poste;Structures;Accompagnements;Participations;Minutes"
    assert "D85;Vendée (85);0;0;masqué;masqué;masqué" in lines
    content = client.get(URL).content.decode()
    assert "<title>Vendée (85) : non publié</title>" in content
    assert "<title>Loire-Atlantique (44) : non publié</title>" in content
    # In its place, and larger in the corner.
    assert content.count("<title>Paris (75) : 6</title>") == 2
    assert content.count("<title>Gironde (33) : aucun</title>") == 1
    assert "2026-10;19;127;930" in client.get("/chiffres/mois.csv").content.decode()


ACTIVITIES = st.integers(0, 12)


@settings(max_examples=30)
@given(st.lists(st.lists(ACTIVITIES, max_size=4), min_size=1, max_size=5))
def test_nothing_hidden_can_be_had_from_what_is_shown(country_of):
    territoires = [
        Territoire(f"R{rank}", "", activity=(sum(values), 0, 0), departements=[
            Territoire(f"D{rank}{n}", "", activity=(value, 0, 0)) for n, value in enumerate(values)
        ]) for rank, values in enumerate(country_of)
    ]  # fmt: skip
    hide(territoires)
    for region in territoires:
        shown = [one for one in (region, *region.departements) if not one.is_hidden]
        assert all(not 0 < one.activity[0] < 5 for one in shown)
    for total, parts in [(None, territoires), *((one, one.departements) for one in territoires)]:
        hidden = [one.activity[0] for one in parts if one.is_hidden]
        is_known = total is None or not total.is_hidden
        # Their sum is known by difference: it must not be one number alone, nor a small one, unless there is no other.
        others = [one for one in parts if not one.is_hidden and one.activity[0]]
        if hidden and is_known and others:
            assert len(hidden) > 1
            assert sum(hidden) >= 5


def test_page_and_home_read_no_raw_row_and_take_the_same_queries(client, country):
    def count(url):
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        assert not [query for query in queries if "accompagnements_accompagnement" in query["sql"]]
        return len(queries)

    for url in (URL, "/"):
        count(url)
        before = count(url)
        AccompagnementFactory(commune=CommuneFactory(saint_denis=True), date=date(2026, 10, 1))
        jobs.refresh_statistics()
        assert count(url) == before


def test_an_answer_unchanged_is_not_sent_twice(client, country):
    first = client.get(URL)
    assert first["Cache-Control"] == "public, max-age=600"
    assert client.get(URL, headers={"if-none-match": first["ETag"]}).status_code == 304
    cache.clear()
    AccompagnementFactory(date=date(2026, 10, 20))
    jobs.refresh_statistics()
    assert client.get(URL, headers={"if-none-match": first["ETag"]}).status_code == 200
    for figure in ("mois", "territoires"):
        url = f"/chiffres/{figure}.csv"
        assert client.get(url, headers={"if-none-match": client.get(url)["ETag"]}).status_code == 304
    assert client.get("/chiffres/autre.csv").status_code == 404


def test_whoever_is_signed_in_leaves_nothing_in_caches(client, country):
    client.force_login(EnPosteFactory().compte)
    assert client.get(URL)["Cache-Control"] == "no-store, private"


def referential(name):
    with (DATA / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_page_of_the_whole_country_is_light(client):
    Region.objects.bulk_create(Region(code=row["code"], nom=row["nom"]) for row in referential("regions.csv"))
    Departement.objects.bulk_create(
        Departement(code=row["code"], nom=row["nom"], region_id=row["region"] or None, fuseau=row["fuseau"])
        for row in referential("departements.csv")
    )
    places = [
        "FR",
        *(f"R{code}" for code in Region.objects.values_list("code", flat=True)),
        *(f"D{code}" for code in Departement.objects.values_list("code", flat=True)),
    ]
    CumulTerritoire.objects.bulk_create(
        CumulTerritoire(
            territoire=place, jour=date(2026, 10, 1), accompagnements=1_345_678 + rank, participations=2_456_789,
            minutes=34_678_901,
        )
        for rank, place in enumerate(places)
    )  # fmt: skip
    response = client.get(URL)
    assert sum(len(rows) for _, rows in response.context["departements"]) == 101
    assert [len(one.shapes) for one in response.context["map"].classes] == [107]
    assert len(response.content) < 100_000


def test_nothing_yet(client):
    response = client.get(URL)
    assert dict(response.context["totals"])["Accompagnements"] == "0"
    assert chiffres().territoires == []
