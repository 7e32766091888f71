"""Pages by cursor: every row once, whatever comes and goes, and nothing a visitor may type breaks them."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings, strategies as st

from common.pagination import Cursors, paginate
from matching.models import MiseEnRelation
from tests.candidatures.factories import CandidatureFactory
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import StructureFactory

ORDER = ["-score", "pk"]


@pytest.fixture
def structure():
    return StructureFactory()


def make(structure, score, **kwargs):
    return MiseEnRelationFactory(structure=structure, score=score, **kwargs)


def rows():
    return MiseEnRelation.objects.select_related("candidature")


def walk(order=ORDER, per_page=3, step="following"):
    """Follow one link from page to page, from the first one or from the last."""
    page = paginate(rows(), order=order, cursor=None, per_page=per_page)
    if step == "previous":
        while page.following:
            page = paginate(rows(), order=order, cursor=page.following, per_page=per_page)
    seen = [[row.pk for row in page.rows]]
    while cursor := getattr(page, step):
        page = paginate(rows(), order=order, cursor=cursor, per_page=per_page)
        seen.append([row.pk for row in page.rows])
    return seen


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=st.lists(st.integers(40, 44), max_size=11), per_page=st.integers(1, 4))
def test_every_row_once_in_order_both_ways(structure, scores, per_page):
    MiseEnRelation.objects.all().delete()
    for score in scores:
        make(structure, score)
    expected = list(rows().order_by(*ORDER).values_list("pk", flat=True))
    assert [pk for page in walk(per_page=per_page) for pk in page] == expected
    assert [pk for page in walk(per_page=per_page, step="previous")[::-1] for pk in page] == expected


@pytest.mark.parametrize(
    "order",
    [["distance_km", "pk"], ["candidature__date_disponibilite", "pk"], ["-created_at", "-pk"], ["-updated_at", "pk"]],
)
def test_any_kind_of_value_makes_a_place(structure, order):
    """Floats and moments come back from the cursor exactly as they left, microseconds included."""
    for n in range(7):
        make(structure, 50, distance_km=n / 3, candidature__date_disponibilite=date(2026, 9, 1 + n // 3))
    expected = list(rows().order_by(*order).values_list("pk", flat=True))
    assert [pk for page in walk(order) for pk in page] == expected


def test_rows_that_come_and_go_are_neither_repeated_nor_missed(structure):
    first, second, third, fourth = (make(structure, score) for score in (90, 80, 70, 60))
    page = paginate(rows(), order=ORDER, cursor=None, per_page=2)
    make(structure, 95)
    second.delete()
    following = paginate(rows(), order=ORDER, cursor=page.following, per_page=2)
    assert following.rows == [third, fourth]
    assert not following.following

    back = paginate(rows(), order=ORDER, cursor=following.previous, per_page=2)
    assert [row.score for row in back.rows] == [95, 90]
    first.delete()
    # Fewer rows before than a page holds: the first page, whole.
    back = paginate(rows(), order=ORDER, cursor=following.previous, per_page=2)
    assert [row.score for row in back.rows] == [95, 70]
    assert not back.previous


def test_page_emptied_meanwhile_still_leads_back(structure):
    kept = [make(structure, score) for score in (90, 80)]
    gone = make(structure, 70)
    cursor = paginate(rows(), order=ORDER, cursor=None, per_page=2).following
    gone.delete()
    page = paginate(rows(), order=ORDER, cursor=cursor, per_page=2)
    assert page.rows == []
    assert paginate(rows(), order=ORDER, cursor=page.previous, per_page=2).rows == kept


@pytest.mark.parametrize("mangle", [lambda c: c[:-1], lambda c: "x" + c, lambda c: c.split(":")[0], str.swapcase])
def test_cursor_tampered_with_opens_the_first_page(structure, mangle):
    mises = [make(structure, score) for score in (90, 80, 70)]
    cursor = paginate(rows(), order=ORDER, cursor=None, per_page=2).following
    assert paginate(rows(), order=ORDER, cursor=cursor, per_page=2).rows == mises[2:]
    assert paginate(rows(), order=ORDER, cursor=mangle(cursor), per_page=2).rows == mises[:2]


@pytest.mark.parametrize("cursor", [None, "", "2", "é:à", "\x00", "a:b:c", ":" * 50, "\ud800", "9" * 5000])
def test_cursor_of_nobody_opens_the_first_page(structure, cursor):
    mise = make(structure, 90)
    assert paginate(rows(), order=ORDER, cursor=cursor).rows == [mise]


def test_cursor_of_another_order_opens_the_first_page(structure):
    mises = [make(structure, score) for score in (90, 80, 70)]
    cursor = paginate(rows(), order=["distance_km", "pk"], cursor=None, per_page=2).following
    assert paginate(rows(), order=ORDER, cursor=cursor, per_page=2).rows == mises[:2]
    assert Cursors("a").read(Cursors("b").write([1], backward=False)) == (None, False)


def test_one_query_without_offset_nor_count(structure):
    for _ in range(6):
        MiseEnRelationFactory(structure=structure, candidature=CandidatureFactory())
    page = paginate(rows(), order=ORDER, cursor=None, per_page=2)
    with CaptureQueriesContext(connection) as queries:
        page = paginate(rows(), order=ORDER, cursor=page.following, per_page=2)
    assert len(page.rows) == 2
    assert len(queries) == 1
    assert "OFFSET" not in queries[0]["sql"]
    assert "COUNT" not in queries[0]["sql"]
