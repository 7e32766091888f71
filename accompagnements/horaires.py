"""Opening hours in OSM syntax: read, written from a week of half-days, and said in French.

Every evaluation is bounded in time: an expression that never opens would otherwise be followed to the year 9999.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined]  # Not in its stubs.

HORAIRES_MAX = 250
EXEMPLE = "Mo-Fr 09:00-12:30,14:00-17:30; PH off"
JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
OSM_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A week without a public holiday, to read what any week looks like.
REFERENCE = datetime(2026, 6, 8)  # noqa: DTZ001  # A civil week, wherever it is read.
WEEK = timedelta(days=7)
# How far the next opening is looked for.
HORIZON = timedelta(days=62)
HOLIDAYS_OFF = re.compile(r"^PH\s+(off|closed)$")

Creneau = tuple[time, time]


def parse(text: str, fuseau: str = "") -> OpeningHours:
    """Read an expression; public holidays are those of the whole of France. Raises `ParserError`."""
    zone = ZoneInfo(fuseau) if fuseau else None
    return OpeningHours(
        text, timezone=zone, country="FR", auto_country=False, auto_timezone=False, max_interval_days=HORIZON.days
    )


def validate_horaires(text: str) -> None:
    try:
        hours = parse(text)
    except ParserError as error:
        place = re.search(r"--> \d+:(\d+)", str(error))
        rest = text[int(place[1]) - 1 :].strip() if place else ""
        where = f"à partir de « {rest[:30]} »" if rest else "jusqu'au bout"
        raise ValidationError(
            "Ces horaires ne se lisent pas %(where)s. La syntaxe s'écrit en anglais, par exemple : %(example)s.",
            code="opening_hours",
            params={"where": where, "example": EXEMPLE},
        ) from error
    for start, end, _ in _opened(hours, REFERENCE, REFERENCE + WEEK):
        if start.date() != end.date() and end.time() != time() and end - start < timedelta(days=1):
            raise ValidationError(
                "Un créneau commence à %(start)s et finit le lendemain à %(end)s : vérifiez l'ordre des heures.",
                code="overnight",
                params={"start": hour_text(start.time()), "end": hour_text(end.time())},
            )


def _opened(hours: OpeningHours, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, str]]:
    for debut, fin, state, comment in hours.intervals(start, end):
        if state == State.OPEN:
            yield debut, fin, comment


# --- A week of half-days --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Semaine:
    """At most two periods a day, the same every week: what the form by day can hold."""

    jours: tuple[tuple[Creneau, ...], ...]
    ferme_feries: bool = True

    @property
    def is_empty(self) -> bool:
        return not any(self.jours)

    def syntax(self) -> str:
        if self.is_empty:
            return ""
        rules = []
        for creneaux, numbers in _runs(self.jours):
            if creneaux:
                first, last = OSM_DAYS[numbers[0]], OSM_DAYS[numbers[-1]]
                days = first if first == last else f"{first}{',' if len(numbers) == 2 else '-'}{last}"
                rules.append(f"{days} {spans(creneaux)}")
        return "; ".join([*rules, *(["PH off"] if self.ferme_feries else [])])

    def words(self) -> list[str]:
        lines = []
        for creneaux, numbers in _runs(self.jours):
            first, last = JOURS[numbers[0]], JOURS[numbers[-1]]
            if len(numbers) == 1:
                days = first
            elif len(numbers) == 2:
                days = f"{first} et {last}"
            else:
                days = f"du {first} au {last}"
            if creneaux:
                lines.append(f"{days.capitalize()} : {creneaux_text(creneaux)}")
        if self.ferme_feries:
            lines.append("Fermé les jours fériés")
        return lines


def _runs(jours: Sequence[tuple[Creneau, ...]]) -> Iterator[tuple[tuple[Creneau, ...], list[int]]]:
    """Group days that follow each other with the same hours."""
    for creneaux, days in groupby(enumerate(jours), key=lambda day: day[1]):
        yield creneaux, [number for number, _ in days]


def spans(creneaux: Sequence[Creneau]) -> str:
    return ",".join(f"{debut:%H:%M}-{fin:%H:%M}" for debut, fin in creneaux)


def read_week(text: str) -> Semaine | None:
    """Return the week an expression says, or None when it says more than a week of half-days can."""
    if not text:
        return Semaine(jours=((),) * 7)
    rules = [rule.strip() for rule in text.split(";") if rule.strip()]
    ferme_feries = bool(rules) and bool(HOLIDAYS_OFF.match(rules[-1]))
    regular = "; ".join(rules[:-1] if ferme_feries else rules)
    if not regular:
        return None
    jours: list[list[Creneau]] = [[] for _ in JOURS]
    hours = parse(regular)
    for debut, fin, comment in _opened(hours, REFERENCE, REFERENCE + WEEK):
        if comment or debut.date() != fin.date():
            return None
        jours[debut.weekday()].append((debut.time(), fin.time()))
    semaine = Semaine(jours=tuple(map(tuple, jours)), ferme_feries=ferme_feries)
    plain = Semaine(jours=semaine.jours, ferme_feries=False).syntax()
    if not plain or max(map(len, jours)) > 2 or str(parse(plain).normalize()) != str(hours.normalize()):
        return None
    return semaine


# --- In French ------------------------------------------------------------------------------------------------


def hour_text(hour: time) -> str:
    if hour == time():
        return "minuit"
    return f"{hour.hour}\u00a0h\u00a0{hour.minute:02d}" if hour.minute else f"{hour.hour}\u00a0h"


def creneaux_text(creneaux: Sequence[Creneau]) -> str:
    if list(creneaux) == [(time(), time())]:
        return "24\u00a0h sur 24"
    return " et ".join(f"{hour_text(debut)} – {hour_text(fin)}" for debut, fin in creneaux)


def words(text: str) -> list[str]:
    """Say an expression in French, a line a group of days; what only the syntax can say is left to the coming days."""
    if not text:
        return []
    semaine = read_week(text)
    return semaine.words() if semaine else ["Horaires variables selon les jours : voir les sept prochains jours."]


@dataclass(frozen=True)
class Jour:
    jour: date
    libelle: str
    horaires: str


def coming_days(text: str, fuseau: str, now: datetime, days: int = 7) -> list[Jour]:
    """Say the hours of each of the coming days, exceptions and public holidays included, today first."""
    zone = ZoneInfo(fuseau)
    first = now.astimezone(zone).date()
    start = datetime.combine(first, time(), tzinfo=zone)
    by_day: dict[date, list[Creneau]] = {first + timedelta(days=number): [] for number in range(days)}
    reasons: dict[date, str] = {}
    last = start + timedelta(days=days)
    for debut, fin, state, comment in parse(text, fuseau).intervals(start, last):
        for day, creneaux in by_day.items():
            opening = max(debut, datetime.combine(day, time(), tzinfo=zone))
            closing = min(fin, datetime.combine(day + timedelta(days=1), time(), tzinfo=zone))
            if opening < closing and state == State.OPEN:
                creneaux.append((opening.time(), closing.time()))
            elif opening < closing and comment:
                reasons[day] = comment
    return [
        Jour(day, date_format(day, "l j F"), creneaux_text(creneaux) or _closed(reasons.get(day, "")))
        for day, creneaux in by_day.items()
    ]


def _closed(reason: str) -> str:
    return f"Fermé ({reason})" if reason else "Fermé"


@dataclass(frozen=True)
class Etat:
    """Whether a place is open at a moment, and until when it is so. `is_open` None: nobody knows."""

    is_open: bool | None
    text: str


UNKNOWN = Etat(None, "Horaires non communiqués")


def state_at(text: str, fuseau: str, now: datetime) -> Etat:
    """Say whether it is open, in the time of the place: « Ouvert maintenant, ferme à 17 h »."""
    if not text:
        return UNKNOWN
    here = now.astimezone(ZoneInfo(fuseau))
    current, until, following = _current_and_next(parse(text, fuseau), here)
    if current == State.UNKNOWN:
        return Etat(None, "À vérifier auprès du lieu")
    if current == State.OPEN:
        if until is None:
            return Etat(True, "Ouvert maintenant")
        same_day = until.date() == here.date()
        return Etat(True, f"Ouvert maintenant, ferme {'' if same_day else 'demain '}à {hour_text(until.time())}")
    if following is None:
        return Etat(False, "Fermé, sans ouverture prévue")
    return Etat(False, f"Fermé, ouvre {day_text(following.date(), here.date())} à {hour_text(following.time())}")


def _current_and_next(hours: OpeningHours, here: datetime) -> tuple[State, datetime | None, datetime | None]:
    """Return the state now, when an opening under way ends, and when the next one begins."""
    current, until, started = State.CLOSED, None, False
    for debut, fin, state, _ in hours.intervals(here, here + HORIZON):
        if not started:
            current, started = state, True
        if current == State.OPEN:
            if state != State.OPEN:
                return current, until, None
            until = fin if fin < here + HORIZON else None
        elif current == State.UNKNOWN:
            return current, None, None
        elif state == State.OPEN:
            return current, None, debut
    return current, until, None


def day_text(day: date, today: date) -> str:
    days = (day - today).days
    if days <= 1:
        return ("aujourd'hui", "demain")[days] if days >= 0 else date_format(day, "l j F")
    return JOURS[day.weekday()] if days < 7 else f"le {date_format(day, 'j F')}"


# --- Exceptions -----------------------------------------------------------------------------------------------


def exception_rule(du: date, au: date, creneaux: str, motif: str) -> str:
    """Return the rule that takes the place of ordinary hours from a day to another."""
    days = _osm_day(du) if du == au else f"{_osm_day(du)}-{_osm_day(au)}"
    comment = f' "{motif}"' if motif else ""
    return f"{days} {creneaux}{comment}" if creneaux else f"{days} off{comment}"


def _osm_day(day: date) -> str:
    return f"{day.year} {OSM_MONTHS[day.month - 1]} {day.day:02d}"
