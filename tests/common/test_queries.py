import pytest
from django.db import DataError, connection, transaction

from common.queries import KEPT_ROWS, fetch_prepared

pytestmark = pytest.mark.django_db
NUMBERS = "SELECT n, 'n° ' || n FROM generate_series(1, %(last)s::int) n"
INVERSE = "SELECT 1 / %(n)s::int"


def kept():
    return vars(connection.connection)["prepared_cursors"]


def test_cursor_is_kept_and_answers_with_other_values():
    assert fetch_prepared(NUMBERS, {"last": 2}) == [(1, "n° 1"), (2, "n° 2")]
    cursor = kept()[NUMBERS]
    assert len(fetch_prepared(NUMBERS, {"last": KEPT_ROWS})) == KEPT_ROWS
    assert fetch_prepared(NUMBERS, {"last": 0}) == []
    assert kept()[NUMBERS] is cursor


def test_long_answer_is_not_kept():
    assert len(fetch_prepared(NUMBERS, {"last": KEPT_ROWS + 1})) == KEPT_ROWS + 1
    assert NUMBERS not in kept()


def test_error_is_that_of_django_and_leaves_the_next_call_alone():
    assert fetch_prepared(INVERSE, {"n": 1}) == [(1,)]
    with pytest.raises(DataError), transaction.atomic():
        fetch_prepared(INVERSE, {"n": 0})
    assert fetch_prepared(INVERSE, {"n": 70_000}) == [(0,)]


def test_watched_query_goes_through_django(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert fetch_prepared(NUMBERS, {"last": 1}) == [(1, "n° 1")]


def test_placeholders_of_each_kind():
    named = "SELECT %(b)s::int - %(a)s::int, %(b)s::int %% 4, 'é%%' LIKE 'é_'"
    assert fetch_prepared(named, {"a": 1, "b": 7, "unused": 0}) == [(6, 3, True)]
    assert fetch_prepared("SELECT %s::int - %s::int", [1, 7]) == [(-6,)]
