import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accompagnements.models import Accompagnement
from common.exports import safe_cell
from tests.accompagnements.factories import (
    DEBUT,
    EMAIL,
    MATERIEL,
    AccompagnementFactory,
    EnPosteFactory,
    LieuActiviteFactory,
)  # fmt: skip
from tests.territoires.factories import CommuneFactory

LIST, EXPORT = "/accompagnements/", "/accompagnements/export.csv"


def shown(response):
    return [row["pk"] for row in response.context["rows"]]


def exported(client, **filters):
    response = client.get(EXPORT, filters)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


@pytest.fixture
def rows(conseiller):
    """An atelier of October about material, an aide of November about e-mail; and somebody else's."""
    AccompagnementFactory(conseiller=EnPosteFactory(), notes="secret", titre="tablette")
    lieu = LieuActiviteFactory(commune=CommuneFactory(reze=True))
    atelier = AccompagnementFactory(
        conseiller=conseiller, atelier=True, date=date(2026, 10, 5), themes=[MATERIEL, EMAIL], canal="lieu_activite",
        lieu=lieu, commune=lieu.commune,
    )  # fmt: skip
    aide = AccompagnementFactory(
        conseiller=conseiller, canal="a_distance", suite="individuel", commune=CommuneFactory(),
        notes="Œuvres numériques : se réveille tôt, courriel@exemple.fr", dispositifs=["aidants_connect"],
    )  # fmt: skip
    return {"atelier": atelier.pk, "aide": aide.pk, "lieu": lieu.pk}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["aide", "atelier"]),
        ({"type": "atelier"}, ["atelier"]),
        ({"theme": str(MATERIEL)}, ["atelier"]),
        ({"theme": str(EMAIL)}, ["aide", "atelier"]),
        ({"canal": "a_distance"}, ["aide"]),
        ({"du": "2026-11-01"}, ["aide"]),
        ({"au": "2026-10-05"}, ["atelier"]),
        ({"du": "2026-10-05", "au": "2026-10-05"}, ["atelier"]),
        ({"du": "2027-01-01"}, []),
        ({"lieu": "LIEU"}, ["atelier"]),
        ({"commune": "Rezé"}, ["atelier"]),
        ({"commune": "Nantes (44000)"}, ["aide"]),
        ({"suite": "aucune"}, ["atelier"]),
        ({"suite": "individuel"}, ["aide"]),
        ({"dispositif": "aidants_connect"}, ["aide"]),
        ({"dispositif": "pass_numerique"}, []),
        ({"notes": "avec"}, ["aide"]),
        ({"notes": "sans"}, ["atelier"]),
        ({"q": "tablettes"}, ["atelier"]),
        ({"q": "DECOUVRIR   l'oeuvre"}, []),
        ({"q": "œuvre numerique"}, ["aide"]),
        ({"q": "réveiller"}, ["aide"]),
        ({"q": "courriel@exemple.fr"}, ["aide"]),
        ({"q": "secret"}, []),
        ({"q": "' & | ! :* ("}, []),
        ({"q": "oeuvre", "canal": "a_distance", "suite": "individuel", "notes": "avec"}, ["aide"]),
    ],
)
def test_filters_are_the_same_for_the_list_and_the_export(enter, rows, filters, expected):
    filters = {name: str(rows["lieu"]) if value == "LIEU" else value for name, value in filters.items()}
    response = enter.get(LIST, filters)

    assert shown(response) == [rows[name] for name in expected]
    assert response.context["is_filtered"] == bool(filters)
    assert len(exported(enter, **filters)) == len(expected)


@pytest.mark.parametrize(
    "filters",
    [
        {"du": "hier"},
        {"type": "lune"},
        {"theme": "999"},
        {"theme": "x"},
        {"du": "2026-11-02", "au": "2026-11-01"},
        {"lieu": "0"},
        {"lieu": "9" * 30},
        {"commune": "Nulle-Part-sur-Rien"},
        {"suite": "lune"},
        {"dispositif": "lune"},
        {"q": "a" * 101},
    ],
)
def test_wrong_filter_is_said_and_shows_nothing(enter, rows, filters):
    response = enter.get(LIST, filters)

    assert shown(response) == []
    assert response.context["filter"].form.errors
    assert "fr-error-text" in response.content.decode() or "fr-message--error" in response.content.decode()
    assert enter.get(EXPORT, filters).status_code == 302


def test_twenty_rows_a_page_and_filters_stay_in_the_address(enter, conseiller):
    AccompagnementFactory.create_batch(41, conseiller=conseiller)

    seen, cursor = [], ""
    for expected in (20, 20, 1):
        response = enter.get(LIST, {"type": "ponctuel", "page": cursor})
        assert len(shown(response)) == expected
        seen += shown(response)
        cursor = response.context["page"].following
    assert sorted(seen, reverse=True) == seen
    assert len(seen) == 41
    assert "?type=ponctuel&amp;page=" in response.content.decode()
    for invented in ("lune", "999", "2"):
        response = enter.get(LIST, {"page": invented})
        assert shown(response) == seen[:20]
        assert not response.context["is_filtered"]


def test_empty_list_says_how_to_begin(enter):
    assert "La première saisie" in enter.get(LIST).content.decode()


@pytest.mark.parametrize("url", [LIST, "/accompagnements/statistiques/", "/accompagnements/nouveau/"])
def test_number_of_queries_does_not_depend_on_the_number_of_rows(enter, conseiller, url):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            enter.get(url)
        return len(queries)

    def add(number):
        lieu = LieuActiviteFactory(conseiller=conseiller)
        AccompagnementFactory.create_batch(number, conseiller=conseiller, canal="lieu_activite", lieu=lieu)

    add(1)
    count_queries()
    with_one_row = count_queries()
    add(12)
    assert count_queries() == with_one_row


def test_export_speaks_the_exchange_vocabulary(enter, conseiller):
    AccompagnementFactory(
        conseiller=conseiller, atelier=True, genre_feminin=4, genre_masculin=5, themes=[MATERIEL, EMAIL],
        materiel=["ordinateur", "tablette"], notes="Un ; deux\n« trois »",
    )  # fmt: skip

    (line,) = exported(enter)
    assert (line["type"], line["participants"], line["duree_minutes"]) == ("atelier", "10", "120")
    assert (line["genre_feminin"], line["genre_masculin"], line["genre_non_communique"]) == ("4", "5", "1")
    assert line["age_non_communique"] == "10"
    assert line["themes"] == "prendre_en_main_du_materiel|email"
    assert (line["materiel"], line["notes"]) == ("ordinateur|tablette", "Un ; deux\n« trois »")
    assert (line["commune_insee"], line["commune_nom"]) == ("44109", "Nantes")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_ever_a_formula(enter, conseiller, start):
    AccompagnementFactory(conseiller=conseiller, notes=f"{start}HYPERLINK(1)")

    (line,) = exported(enter)
    assert line["notes"] == f"'{start}HYPERLINK(1)"


def test_ordinary_cells_are_left_alone():
    assert [safe_cell(value) for value in (None, 0, 12, "a=b", date(2026, 11, 18))] == [
        "",
        "0",
        "12",
        "a=b",
        "2026-11-18",
    ]


@pytest.fixture
def many(conseiller):
    """Eight hundred entries of one conseiller, as many of another, one in five with notes."""
    commune = CommuneFactory()
    for whose in (conseiller, EnPosteFactory()):
        Accompagnement.objects.bulk_create(
            Accompagnement(
                conseiller=whose, commune=commune, type="ponctuel", canal="domicile", duree=30, themes=[EMAIL],
                date=DEBUT + timedelta(days=number % 600), notes="" if number % 5 else f"mot{number} utile",
            )
            for number in range(800)
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accompagnements_accompagnement")


OTHER_WAYS = ("seqscan", "bitmapscan", "sort", "incremental_sort")


def plan_of_the_page(enter, filters, *, without=()):
    """Return the page and the plan of its rows. `without`: what the planner may not choose, whatever a small table of
    the day costs: it is asked what the indexes can answer."""
    with CaptureQueriesContext(connection) as queries:
        page = enter.get(LIST, filters).context["page"]
    assert not [one for one in queries if "COUNT(*)" in one["sql"]]
    (sql,) = [one["sql"] for one in queries if 'ORDER BY "accompagnements_accompagnement"."date" DESC' in one["sql"]]
    assert "OFFSET" not in sql
    with connection.cursor() as cursor:
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}")
        return page, "\n".join(line for (line,) in cursor.fetchall())


def test_a_page_reads_its_index_however_deep(enter, role, many):
    for filters in ({}, {"type": "ponctuel"}, {"du": "2025-06-01", "notes": "sans"}):
        page, first = plan_of_the_page(enter, filters, without=OTHER_WAYS)
        assert len(page.rows) == 20
        _, second = plan_of_the_page(enter, filters | {"page": page.following}, without=OTHER_WAYS)
        for plan in (first, second):
            assert "accompagnement_liste" in plan
            assert "Sort" not in plan
            assert "Seq Scan on accompagnements_accompagnement" not in plan


def test_words_are_found_by_their_index(enter, role, many):
    page, plan = plan_of_the_page(enter, {"q": "mot795"}, without=("seqscan", "indexscan"))
    assert [one.notes for one in page.rows] == ["mot795 utile"]
    assert "accompagnement_recherche" in plan
