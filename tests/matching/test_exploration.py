"""Exploring, page by page: everyone compatible once, the nearest first, however few answer the filters."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from candidatures.enums import FRANCE_ENTIERE, RayonKm
from candidatures.models import Candidature
from matching import exploration, selectors
from matching.exploration import explore_page
from matching.models import MiseEnRelation
from structures.models import Structure
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import CompteFactory
from tests.matching.access import member_role
from tests.matching.communes import create_communes, read_communes
from tests.structures.factories import PosteFactory
from tests.test_access import enter

PEOPLE = 160


@pytest.fixture
def communes():
    rows = [row for row in read_communes() if row["departement"] in {"44", "85", "2A", "974"}]
    return create_communes(random.Random(7).sample(rows, 60))


@pytest.fixture
def besoin(communes):
    structure = PosteFactory(structure__commune=next(c for c in communes if c.departement_id == "44")).structure
    return selectors.get_besoin(structure)


@pytest.fixture
def people(communes):
    """Some anywhere in France, many at the same place, some beyond a sea; a fifth with the title."""
    rng = random.Random(11)
    compte = CompteFactory()
    model = CandidatureFactory.build(compte=compte, commune=None)
    rows = []
    for n in range(PEOPLE):
        values = {f.attname: getattr(model, f.attname) for f in Candidature._meta.fields if f.attname not in SKIPPED}
        values |= {
            "email": f"p{n}@exemple.fr",
            "commune_id": rng.choice(communes[:12] if n % 3 else communes).pk,
            "rayon_km": rng.choice([*RayonKm.values, FRANCE_ENTIERE, FRANCE_ENTIERE]),
            "titulaire_tp_remn": n % 5 == 0,
        }
        rows.append(Candidature(**values))
    Candidature.objects.bulk_create(rows)


SKIPPED = {"id", "reference", "draft_key", "position"}


def walk(rows, besoin, step="following", **kwargs):
    page = explore_page(rows, besoin=besoin, cursor=None, **kwargs)
    if step == "previous":
        while page.following:
            page = explore_page(rows, besoin=besoin, cursor=page.following, **kwargs)
    pages = [page.rows]
    while cursor := getattr(page, step):
        page = explore_page(rows, besoin=besoin, cursor=cursor, **kwargs)
        pages.append(page.rows)
    return pages if step == "following" else pages[::-1]


def test_pages_are_exactly_the_compatible_people_nearest_first(besoin, people, monkeypatch):
    monkeypatch.setattr(exploration, "FIRST_READ", 8)
    everyone = selectors.compatible_candidatures(besoin)
    titled = everyone.filter(titulaire_tp_remn=True)
    near = everyone.filter(distance_km__lte=60)
    for rows, kwargs in [(everyone, {}), (titled, {}), (near, {"within_km": 60})]:
        expected = {(c.distance_km, c.pk) for c in rows}
        assert len(expected) > 7
        for step in ("following", "previous"):
            pages = walk(rows, besoin, step, per_page=7, **kwargs)
            found = [(c.distance_km, c.pk) for page in pages for c in page]
            assert len(found) == len(set(found))
            assert set(found) == expected
            assert [km for km, _ in found] == sorted(km for km, _ in expected)
            assert {len(page) for page in pages[:-1]} == {7}


def test_someone_who_leaves_meanwhile_makes_nobody_be_missed(besoin, people):
    rows = selectors.compatible_candidatures(besoin)
    first, second = walk(rows, besoin, per_page=7)[:2]
    page = explore_page(rows, besoin=besoin, cursor=None, per_page=7)
    Candidature.objects.filter(pk=first[-1].pk).update(status="en_pause")
    assert explore_page(rows, besoin=besoin, cursor=page.following, per_page=7).rows == second
    # Of the page before, too few are left: the first page, whole.
    back = explore_page(rows, besoin=besoin, cursor=page.following, per_page=7).previous
    assert explore_page(rows, besoin=besoin, cursor=back, per_page=7).rows == [*first[:-1], second[0]]


@pytest.mark.parametrize("cursor", ["x", "1", "a:b", "é"])
def test_cursor_of_nobody_opens_the_first_page(besoin, people, cursor):
    from_start = explore_page(selectors.compatible_candidatures(besoin), besoin=besoin, cursor=None)
    assert explore_page(selectors.compatible_candidatures(besoin), besoin=besoin, cursor=cursor) == from_start


def test_a_page_never_sorts_nor_counts_everyone(client, besoin, people):
    """The same few queries on any page; a rare filter reads farther, within a bound that does not depend on people."""
    structure = Structure.objects.get()
    enter(client, member_role(structure))
    url = reverse("matching:explore", args=[structure.pk])

    def queries(query=""):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url + query)
        assert response.status_code == 200
        return captured.captured_queries, response.context["page"]

    queries()
    first, page = queries()
    second, _ = queries(f"?page={page.following}")
    assert len(second) == len(first) <= 16
    assert not [q["sql"] for q in first + second if "OFFSET 20" in q["sql"] or "COUNT(*)" in q["sql"]]
    rare, page = queries("?diplome=tp_remn&experience=on")
    assert page.rows == []
    assert len(rare) <= len(first) + 2 * 5
    assert not MiseEnRelation.objects.exists()
