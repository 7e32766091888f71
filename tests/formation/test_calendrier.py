from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from formation.calendrier import by_week, course_days
from territoires.jours import SUBDIVISIONS, public_holidays

PARCOURS = [70, 105, 280, 315, 350, 420]
DEPARTEMENTS = ["44", "75", "2A", "67", "57", "971", "972", "973", "974", "976", "988", *SUBDIVISIONS]

sessions = st.fixed_dictionaries(
    {
        "debut": st.dates(date(2021, 1, 1), date(2032, 12, 31)),
        "heures": st.sampled_from(PARCOURS) | st.integers(1, 420),
        "jour_structure": st.integers(1, 5),
    }
)


@given(sessions, st.sampled_from(DEPARTEMENTS))
def test_a_calendar_holds_whatever_the_session(session, departement):
    holidays = public_holidays(departement)
    days = course_days(**session, holidays=holidays)

    assert sum(day.heures for day in days) == session["heures"]
    assert all(0 < day.heures <= 7 for day in days)
    assert all(day.jour not in holidays for day in days)
    assert all(day.jour.isoweekday() <= 5 and day.jour.isoweekday() != session["jour_structure"] for day in days)
    assert [day.jour for day in days] == sorted({day.jour for day in days})
    assert session["debut"] <= days[0].jour
    weeks = by_week(days)
    assert sum(week.heures for week in weeks) == session["heures"]
    assert all(week.lundi.isoweekday() == 1 and week.heures <= 28 for week in weeks)


@given(sessions)
def test_no_day_of_course_is_skipped(session):
    """Between the first and the last day, whatever is not a day of course has a reason not to be."""
    holidays = public_holidays("44")
    days = {day.jour for day in course_days(**session, holidays=holidays)}
    day, last = session["debut"], max(days)
    while day < last:
        reason = day.isoweekday() > 5 or day.isoweekday() == session["jour_structure"] or day in holidays
        assert (day in days) != reason
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("heures", "weeks", "last"),
    # DOMAINE §8: 105 h = 3,75 weeks, 280 = 10, 350 = 12,5, 420 = 15. From a Monday without a holiday ahead.
    [(105, 4, date(2027, 9, 30)), (280, 10, date(2027, 11, 15)), (350, 13, date(2027, 12, 1)), (420, 15, None)],
)
def test_length_of_the_national_paths(heures, weeks, last):
    days = course_days(debut=date(2027, 9, 6), heures=heures, jour_structure=5, holidays=set())
    assert len(by_week(days)) == weeks
    if heures in {105, 280, 420}:
        assert days[-1].jour == date(2027, 9, 6) + timedelta(weeks=weeks) - timedelta(days=5 if heures == 105 else 4)


@pytest.mark.parametrize(
    ("departement", "day", "closed"),
    [
        ("44", date(2027, 5, 1), True),
        ("44", date(2027, 3, 26), False),  # Good Friday…
        ("67", date(2027, 3, 26), True),  # …in Alsace
        ("68", date(2027, 12, 26), True),  # and Saint Stephen's day
        ("57", date(2027, 12, 26), True),
        ("974", date(2027, 12, 20), True),  # abolition of slavery, each on its own day
        ("973", date(2027, 6, 10), True),
        ("972", date(2027, 5, 22), True),
        ("971", date(2027, 5, 27), True),
        ("976", date(2027, 4, 27), True),
        ("988", date(2027, 9, 24), True),  # citizenship day in Nouvelle-Calédonie
        ("974", date(2027, 6, 10), False),
        ("2A", date(2027, 7, 14), True),
    ],
)
def test_public_holidays_of_the_place(departement, day, closed):
    assert (day in public_holidays(departement)) is closed


def test_a_holiday_on_the_structures_weekday_costs_no_course():
    ascension = date(2027, 5, 6)  # A Thursday.
    holidays = {ascension}
    with_thursday_off = course_days(debut=date(2027, 5, 3), heures=28, jour_structure=4, holidays=holidays)
    with_friday_off = course_days(debut=date(2027, 5, 3), heures=28, jour_structure=5, holidays=holidays)
    assert with_thursday_off[-1].jour == date(2027, 5, 7)
    assert with_friday_off[-1].jour == date(2027, 5, 10)
