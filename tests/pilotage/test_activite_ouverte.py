"""The activity as open data: what is published adds up, and what is hidden cannot be had from the rest."""

import csv
import io
from datetime import date, timedelta
from itertools import groupby

import pytest
import time_machine
from django.core.cache import cache
from hypothesis import given, settings, strategies as st

from accompagnements import jobs
from accompagnements.figures import SMALL
from pilotage.activite_ouverte import CHAMPS, COUNTED, GROUPS, TOTALS, first_open_day, hide
from tests.accompagnements.factories import NOW, AccompagnementFactory, EnPosteFactory
from tests.territoires.factories import CommuneFactory

URL = "/donnees-ouvertes/activite.csv"
QUARTERS = [date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)]
CODES = ["01", "2A", "44", "974"]


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


def lines(client):
    response = client.get(URL)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


@pytest.mark.django_db
def test_complete_quarters_of_each_departement(client):
    conseiller = EnPosteFactory()
    nantes, paris = CommuneFactory(), CommuneFactory(paris=True)
    for number in range(6):
        day = date(2026, 7, 1) + timedelta(days=number)
        AccompagnementFactory(
            conseiller=conseiller, commune=nantes, date=day, atelier=True, genre_feminin=4, duree=60,
            canal="autre", age_soixante_dix_plus=8,
        )  # fmt: skip
        AccompagnementFactory(conseiller=conseiller, commune=paris, date=day + timedelta(days=100), genre_feminin=1)
    # Of the quarter under way.
    AccompagnementFactory(conseiller=conseiller, commune=nantes, date=date(2026, 11, 2))
    jobs.refresh_statistics()

    (row,) = lines(client)
    assert list(row) == CHAMPS
    told = {
        "annee": "2026", "trimestre": "3", "code_departement": "44", "departement": "Loire-Atlantique",
        "accompagnements": "6", "participations": "60", "minutes": "360", "type_atelier": "6", "canal_autre": "6",
        "genre_feminin": "24", "genre_masculin": "0", "genre_non_communique": "36", "age_soixante_dix_plus": "48",
        "age_non_communique": "12", "secret": "non",
    }  # fmt: skip
    assert told.items() <= row.items()


@pytest.mark.django_db
def test_a_few_are_nobodys_business(client):
    conseiller = EnPosteFactory()
    for commune, count in ((CommuneFactory(), 12), (CommuneFactory(paris=True), 3)):
        for number in range(count):
            day = date(2026, 7, 1) + timedelta(days=number)
            AccompagnementFactory(conseiller=conseiller, commune=commune, date=day, duree=60)
    jobs.refresh_statistics()

    # Alone, the other one would give it back: the country's total is known.
    assert [(row["code_departement"], row["accompagnements"], row["secret"]) for row in lines(client)] == [
        ("44", "", "oui"), ("75", "", "oui"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_file_is_of_the_day_and_keeps_its_etag(client, django_assert_max_num_queries):
    conseiller, nantes = EnPosteFactory(), CommuneFactory()
    rows = [AccompagnementFactory(conseiller=conseiller, commune=nantes, date=date(2026, 7, 1)) for _ in range(7)]
    jobs.refresh_statistics()
    first = client.get(URL)
    assert client.get(URL, headers={"If-None-Match": first["ETag"]}).status_code == 304
    rows[0].delete()
    jobs.refresh_statistics()
    assert client.get(URL)["ETag"] == first["ETag"]
    with time_machine.travel("2026-11-19T15:00:00+00:00", tick=False):
        assert lines(client)[0]["accompagnements"] == "6"
        assert client.get(URL)["ETag"] != first["ETag"]
    page = client.get("/donnees-ouvertes/").content.decode()
    assert "activite.csv" in page
    assert "secret" in page


def test_quarters():
    days = {
        "2026-11-18": "2026-10-01",
        "2026-10-01": "2026-10-01",
        "2026-03-31": "2026-01-01",
        "2026-12-31": "2026-10-01",
    }
    assert {day: str(first_open_day(date.fromisoformat(day))) for day in days} == days


@st.composite
def country(draw):
    """A few départements over five quarters, some with very little, each group adding up to its total."""
    rows = {}
    for quarter in QUARTERS:
        for code in CODES:
            if draw(st.booleans()):
                row = {"accompagnements": draw(st.integers(1, 30)), "minutes": 60}
                row["participations"] = row["accompagnements"] + draw(st.integers(0, 30))
                for group, columns in GROUPS.items():
                    left = row["accompagnements" if group in {"type", "canal"} else "participations"]
                    for name in columns[:-1]:
                        row[name] = draw(st.integers(0, left))
                        left -= row[name]
                    row[columns[-1]] = left
                rows[quarter, code] = row
    return rows


def is_kept(rows, hidden, cells):
    """Say whether a sum that is known, being large, tells nothing of those of its cells that are not."""
    counts = {cell: rows[cell[:2]][cell[2]] for cell in cells}
    unknown = [counts[cell] for cell in cells if cell in hidden]
    return (
        not unknown or sum(counts.values()) < SMALL or len(cells) == 1 or (len(unknown) > 1 and sum(unknown) >= SMALL)
    )


@settings(max_examples=30)
@given(rows=country())
def test_nothing_small_is_told_nor_given_back(rows):
    hidden = hide(rows)
    for (quarter, code), row in rows.items():
        for name in ("accompagnements", "participations", *COUNTED):
            assert (quarter, code, name) in hidden or not 0 < row[name] < SMALL
        if (quarter, code, "accompagnements") not in hidden:
            for columns in GROUPS.values():
                assert is_kept(rows, hidden, [(quarter, code, name) for name in columns])
    for name in ("accompagnements", "participations", *COUNTED):
        for quarter, group in groupby(sorted(rows), key=lambda key: key[0]):
            assert is_kept(rows, hidden, [(quarter, code, name) for _, code in group])
        for code in CODES:
            for first in range(len(QUARTERS) - 3):
                cells = [(quarter, code, name) for quarter in QUARTERS[first : first + 4] if (quarter, code) in rows]
                assert name in COUNTED or is_kept(rows, hidden, cells)


def test_what_is_large_is_all_told():
    row = dict.fromkeys([*TOTALS, *COUNTED], 50)
    assert hide({(quarter, code): row for quarter in QUARTERS for code in CODES}) == set()
