"""The days of a session: pure functions, dates in and dates out."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from formation.constants import HEURES_PAR_JOUR
from territoires.jours import FRIDAY


@dataclass(frozen=True)
class Journee:
    jour: date
    heures: int


@dataclass(frozen=True)
class Semaine:
    lundi: date
    journees: list[Journee]

    @property
    def heures(self) -> int:
        return sum(journee.heures for journee in self.journees)


def course_days(*, debut: date, heures: int, jour_structure: int, holidays: Container[date]) -> list[Journee]:
    """Spread the hours of a path over its days.

    Every working day counts seven hours, save the weekday spent in the structure and public holidays: 28 h a full
    week (DOMAINE §8). The last day takes what is left, so that the hours of the days are those of the path.
    """
    days = []
    jour, left = debut, heures
    while left > 0:
        if is_course_day(jour, jour_structure=jour_structure, holidays=holidays):
            days.append(Journee(jour, min(HEURES_PAR_JOUR, left)))
            left -= HEURES_PAR_JOUR
        jour += timedelta(days=1)
    return days


def is_course_day(jour: date, *, jour_structure: int, holidays: Container[date]) -> bool:
    return jour.isoweekday() <= FRIDAY and jour.isoweekday() != jour_structure and jour not in holidays


def by_week(days: Iterable[Journee]) -> list[Semaine]:
    def monday(journee: Journee) -> date:
        return journee.jour - timedelta(days=journee.jour.weekday())

    return [Semaine(lundi, list(journees)) for lundi, journees in groupby(days, key=monday)]
