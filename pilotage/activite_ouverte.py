"""The activity as open data: a row a quarter and a département, what is too small for five left out, and whatever would
give it back by difference (DOMAINE §9).

Read from the roll-ups once a day: what is published is not late by more.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import StringIO

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accompagnements.enums import AGES, GENRES, STATUTS, Canal, TypeAccompagnement
from accompagnements.figures import SMALL
from common.dates import today_in
from territoires.models import Departement

LIFETIME = 86_400  # seconds
QUARTERS_A_YEAR = 4
TYPES = [f"type_{value}" for value in TypeAccompagnement.values]
CANAUX = [f"canal_{value}" for value in Canal.values]
TOTALS = ["accompagnements", "participations", "minutes"]
# Columns that add up to a total that is published: none may be had from the others.
GROUPS = {
    "type": TYPES,
    "canal": CANAUX,
    "genre": [*GENRES, "genre_non_communique"],
    "age": [*AGES, "age_non_communique"],
    "statut": [*STATUTS, "statut_non_communique"],
}
COUNTED = [column for columns in GROUPS.values() for column in columns]
CHAMPS = ["annee", "trimestre", "code_departement", "departement", *TOTALS, *COUNTED, "secret"]
READ = {
    **{name: name for name in TOTALS},
    **{name: f"{name}_accompagnements" for name in (*TYPES, *CANAUX)},
    **{name: name for columns in (GENRES, AGES, STATUTS) for name in columns},
}
SUMS = ", ".join(f"coalesce(sum({column}), 0)::bigint" for column in READ.values())
BY_QUARTER = f"""
    SELECT date_trunc('quarter', jour)::date, substr(territoire, 2), {SUMS} FROM accompagnements_cumulterritoire
    WHERE territoire LIKE 'D%%' AND jour < %s GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608  # Names of ours, values as parameters.

Row = dict[str, int]
Cell = tuple[date, str, str]


@dataclass(frozen=True)
class Published:
    content: bytes
    etag: str
    modified: datetime


def published() -> Published:
    """Return the file of the day, made by whoever asks for it first."""
    today = today_in()
    key = f"pilotage:activite-ouverte:{today:%Y-%m-%d}"
    found: Published | None = cache.get(key)
    if found is None:
        content = b"".join(_lines(first_open_day(today)))
        found = Published(content, hashlib.sha256(content).hexdigest()[:32], timezone.now().replace(microsecond=0))
        cache.set(key, found, LIFETIME)
    return found


def first_open_day(today: date) -> date:
    """Return the first day of the quarter under way: only complete ones are told."""
    return date(today.year, (today.month - 1) // 3 * 3 + 1, 1)


def _lines(before: date) -> Iterator[bytes]:
    rows = read_rows(before)
    hidden = hide(rows)
    names = dict(Departement.objects.values_list("code", "nom"))
    yield _line(CHAMPS)
    for (quarter, code), row in rows.items():
        cells = ["" if (quarter, code, name) in hidden else row[name] for name in (*TOTALS, *COUNTED)]
        yield _line([
            quarter.year, (quarter.month + 2) // 3, code, names[code], *cells, "oui" if "" in cells else "non",
        ])  # fmt: skip


def _line(cells: Iterable[object]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def read_rows(before: date) -> dict[tuple[date, str], Row]:
    """Return the counts of each quarter and département, what was not said of people included."""
    rows = {}
    with connection.cursor() as cursor:
        cursor.execute(BY_QUARTER, [before])
        for quarter, code, *values in cursor.fetchall():
            row = dict(zip(READ, values, strict=True))
            for group, columns in (("genre", GENRES), ("age", AGES), ("statut", STATUTS)):
                row[f"{group}_non_communique"] = row["participations"] - sum(row[name] for name in columns)
            rows[quarter, code] = row
    return rows


def hide(rows: dict[tuple[date, str], Row]) -> set[Cell]:
    """Return the cells left out: those below five, then those that would give them back.

    By difference with a row's total, with the country's, or with the twelve months a département shows elsewhere.
    """
    lines = [*_lines_of_rows(rows), *_lines_of_country(rows), *_lines_of_years(rows)]
    values = {(quarter, code, name): count for (quarter, code), row in rows.items() for name, count in row.items()}
    hidden = {cell for cell, count in values.items() if 0 < count < SMALL and cell[2] != "minutes"}
    before = -1
    while len(hidden) != before:
        before = len(hidden)
        for line in lines:
            _close(line, values, hidden)
        # Where the number of accompagnements is hidden, so is all that is said of them.
        for quarter, code, name in list(hidden):
            if name in {"accompagnements", "participations"}:
                hidden |= {(quarter, code, other) for other in (*TOTALS, *COUNTED)}
    return hidden


def _close(line: list[Cell], values: dict[Cell, int], hidden: set[Cell]) -> None:
    """Hide more cells of a line whose total is known, until those hidden cannot be had from it: never one alone, nor
    several that add up to less than five. The smallest first; a nought where nothing else is left."""
    if sum(values[cell] for cell in line) < SMALL:
        return  # Told nowhere.
    kept = [cell for cell in line if cell in hidden]
    others = sorted((cell for cell in line if cell not in hidden), key=lambda cell: (not values[cell], values[cell]))
    while kept and others and (len(kept) == 1 or sum(values[cell] for cell in kept) < SMALL):
        kept.append(others.pop(0))
    hidden.update(kept)


def _lines_of_rows(rows: Iterable[tuple[date, str]]) -> Iterator[list[Cell]]:
    for quarter, code in rows:
        for columns in GROUPS.values():
            yield [(quarter, code, name) for name in columns]


def _lines_of_country(rows: Iterable[tuple[date, str]]) -> Iterator[list[Cell]]:
    quarters: dict[date, list[str]] = {}
    for quarter, code in rows:
        quarters.setdefault(quarter, []).append(code)
    for quarter, codes in quarters.items():
        for name in ("accompagnements", "participations", *COUNTED):
            yield [(quarter, code, name) for code in codes]


def _lines_of_years(rows: dict[tuple[date, str], Row]) -> Iterator[list[Cell]]:
    """Each run of four quarters of a département: « Le dispositif en chiffres » tells its twelve months."""
    quarters, codes = sorted({quarter for quarter, _ in rows}), sorted({code for _, code in rows})
    # Those that end after the last quarter with anything hold it too.
    last = first_open_day(quarters[-1] + timedelta(days=280)) if quarters else date.min
    while quarters and last >= quarters[0]:
        run = [last]
        while len(run) < QUARTERS_A_YEAR:
            run.append(first_open_day(run[-1] - timedelta(days=1)))
        for code in codes:
            for name in ("accompagnements", "participations"):
                yield [(one, code, name) for one in run if (one, code) in rows]
        last = first_open_day(last - timedelta(days=1))
