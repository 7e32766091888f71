from datetime import date, timedelta

import pytest
import time_machine
from hypothesis import given, strategies as st

from common.dates import age_on, birthday, today_in

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "age"), [(date(2024, 2, 28), 15), (date(2024, 2, 29), 16), (date(2025, 2, 28), 16), (date(2025, 3, 1), 17)]
)
def test_someone_born_on_29_february_turns_on_1_march(day, age):
    assert age_on(date(2008, 2, 29), day) == age


@given(birth=DAYS, day=DAYS)
def test_age_is_reached_on_the_birthday_and_not_before(birth, day):
    age = age_on(birth, day)

    if age < 0:
        assert day < birth
    else:
        assert birthday(birth, age) <= day < birthday(birth, age + 1)


@given(birth=DAYS, day=DAYS)
def test_age_grows_by_at_most_one_a_day(birth, day):
    assert age_on(birth, day + timedelta(days=1)) - age_on(birth, day) in {0, 1}


@given(birth=DAYS, years=st.integers(min_value=0, max_value=120))
def test_birthday_is_the_same_day_every_year_but_for_29_february(birth, years):
    day = birthday(birth, years)
    assert day.year == birth.year + years
    assert (day.month, day.day) == (birth.month, birth.day) or (birth.month, birth.day, day.month, day.day) == (
        2,
        29,
        3,
        1,
    )


@time_machine.travel("2026-11-22T21:30:00Z", tick=False)
def test_a_day_is_the_one_of_the_place():
    assert today_in() == date(2026, 11, 22)
    assert today_in("Indian/Reunion") == date(2026, 11, 23)
    assert today_in("America/Cayenne") == date(2026, 11, 22)
