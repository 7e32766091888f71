"""Working days of a place: Monday to Friday, its public holidays left out."""

from collections.abc import Container
from datetime import date, timedelta
from functools import cache

from holidays import country_holidays

# Where the law adds days of its own to the national ones. Every other département has the national days only.
SUBDIVISIONS = {
    "57": "57", "67": "6AE", "68": "6AE", "971": "971", "972": "972", "973": "973", "974": "974", "976": "976",
    "975": "PM", "977": "BL", "978": "MF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip
FRIDAY = 5


@cache
def public_holidays(departement: str) -> Container[date]:
    """Return the public holidays of a département, Alsace-Moselle and overseas included, whatever the year."""
    holidays: Container[date] = country_holidays("FR", subdiv=SUBDIVISIONS.get(departement))
    return holidays


def is_working_day(day: date, departement: str) -> bool:
    return day.isoweekday() <= FRIDAY and day not in public_holidays(departement)


def working_days_ago(day: date, number: int, departement: str) -> date:
    """Return the day that begins the last `number` working days before `day`, which does not count."""
    while number:
        day -= timedelta(days=1)
        number -= is_working_day(day, departement)
    return day
