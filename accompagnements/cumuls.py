"""Writing the roll-ups (docs/adr/0017). Each figure is counted again from the raw rows, never added to or taken from.

One writer at a time, by an advisory lock that dies with its transaction. Marks are removed in the transaction that
writes what they asked for, before raw rows are read: killed anywhere, the writer leaves the marks and the figures as
they were; a change committed meanwhile keeps a mark of its own.

A roll-up is written over the one there was: today's are, every minute. Removed and inserted again, each would leave a
dead row and an entry in three indexes.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connection, transaction

from accompagnements.indicateurs import (
    COLONNES,
    DEPARTEMENT,
    INDICATEURS,
    JOURS,
    LUES,
    MESURES,
    THEMES,
    count_rows,
    unnested,
)
from common.queries import fetch_prepared
from territoires.constants import GRANDES_COMMUNES

LOCK = 4_017_001
BATCH = 2_000
CONSEILLERS = "accompagnements_cumulconseiller"
TERRITOIRES = "accompagnements_cumulterritoire"
COLUMNS = {
    CONSEILLERS: ", ".join(["conseiller_id, mois", COLONNES, *THEMES, *JOURS]),
    TERRITOIRES: ", ".join(["territoire, jour", COLONNES, *THEMES]),
}
KEYS = {CONSEILLERS: "conseiller_id, mois", TERRITOIRES: "territoire, jour"}

# Only names of ours are interpolated in what follows.
READ = ", ".join(f"a.{column}" for column in LUES)
CLAIM = """
    DELETE FROM accompagnements_marquestatistique WHERE id IN (
        SELECT id FROM accompagnements_marquestatistique ORDER BY id LIMIT %s
    ) RETURNING conseiller_id, departement_id, jour
"""


def _places(departement: str) -> str:
    """Return where a raw row is counted by itself: its département and, if it is a large one, its commune."""
    large = ", ".join(f"'{code}'" for code in GRANDES_COMMUNES)
    both = f"ARRAY['D' || {departement}, 'C' || a.commune_id]"
    return f"unnest(CASE WHEN a.commune_id IN ({large}) THEN {both} ELSE ARRAY['D' || {departement}] END)"


ROWS_OF_CONSEILLERS = f"""
    SELECT a.conseiller_id, date_trunc('month', a.date)::date AS mois, {READ}
    FROM unnest(%(conseillers)s::bigint[], %(mois)s::date[]) AS cles (conseiller_id, mois)
    CROSS JOIN LATERAL (
        SELECT * FROM accompagnements_accompagnement
        WHERE conseiller_id = cles.conseiller_id AND date >= cles.mois AND date < cles.mois + interval '1 month'
        OFFSET 0  -- Key by key through the index: the planner expects more rows than a month has, and would read all.
    ) a
"""  # noqa: S608  # Names of ours, values as parameters.
ROWS_OF_DEPARTEMENTS = f"""
    SELECT {_places("cles.departement")} AS territoire, a.date AS jour, {READ}
    FROM unnest(%(departements)s::text[], %(jours_cles)s::date[]) AS cles (departement, jour)
    CROSS JOIN LATERAL (
        SELECT * FROM accompagnements_accompagnement a WHERE {DEPARTEMENT} = cles.departement AND a.date = cles.jour
        OFFSET 0  -- Key by key through the index, here too.
    ) a
"""  # noqa: S608  # Names of ours, values as parameters.
MONTH = "a.date >= %(debut)s AND a.date < %(debut)s + interval '1 month'"
MONTH_OF_CONSEILLERS = f"""
    SELECT a.conseiller_id, date_trunc('month', a.date)::date AS mois, {READ}
    FROM accompagnements_accompagnement a WHERE {MONTH}
"""  # noqa: S608  # Names of ours, values as parameters.
MONTH_OF_DEPARTEMENTS = f"""
    SELECT {_places(DEPARTEMENT)} AS territoire, a.date AS jour, {READ}
    FROM accompagnements_accompagnement a WHERE {MONTH}
"""  # noqa: S608  # Names of ours, values as parameters.
_SUMS = ", ".join(f"NULLIF(sum({name}), 0)::integer AS {name}" for name in INDICATEURS)
_FOLDED = ", ".join(
    f"array_agg({measure}::integer ORDER BY cle) AS {column}"
    for measure, column in zip(MESURES, THEMES[1:], strict=True)
)
_MEASURED = ", ".join(f"sum({measure}) AS {measure}" for measure in MESURES)
# A region is made of départements; the country of regions, and of the départements that have none.
MEMBERS = {
    "R": "SELECT 'D' || code AS membre, 'R' || region_id AS territoire FROM territoires_departement",
    "FR": """
        SELECT 'R' || code AS membre, 'FR' AS territoire FROM territoires_region
        UNION ALL SELECT 'D' || code, 'FR' FROM territoires_departement WHERE region_id IS NULL
    """,
}
HIGHER_LEVEL = f"""
    WITH niveaux AS ({{members}}),
    lignes AS MATERIALIZED (
        SELECT n.territoire, t.jour, {", ".join(f"t.{name}" for name in (*INDICATEURS, *THEMES))}
        FROM {{table}} t JOIN niveaux n ON n.membre = t.territoire
        WHERE t.jour >= %(debut)s::date AND t.jour = ANY(%(jours)s::date[]) AND ((n.territoire, t.jour) IN (
            SELECT * FROM unnest(%(territoires)s::text[], %(jours_cles)s::date[])
        )) IS TRUE
    ),
    comptes AS (SELECT territoire, jour, {_SUMS} FROM lignes GROUP BY territoire, jour),
    par_theme AS (
        SELECT territoire, jour, array_agg(cle::smallint ORDER BY cle) AS {THEMES[0]}, {_FOLDED}
        FROM (
            SELECT territoire, jour, cle, {_MEASURED}
            FROM (SELECT territoire, jour, {unnested(THEMES)} FROM lignes) s GROUP BY territoire, jour, cle
        ) b GROUP BY territoire, jour
    )
    SELECT {COLUMNS[TERRITOIRES]} FROM comptes JOIN par_theme USING (territoire, jour)
"""  # noqa: S608  # Names of ours, values as parameters.


def _insert(table: str, select: str, *, like: str = "") -> str:
    return f"INSERT INTO {table} ({COLUMNS[like or table]}) {select}"


def _overwrite(table: str, select: str) -> str:
    """Return the statement that writes counted keys in place of what they were, and says which they are."""
    columns = COLUMNS[table].removeprefix(f"{KEYS[table]}, ")
    counted = ", ".join(f"EXCLUDED.{column}" for column in columns.split(", "))
    keys = KEYS[table]
    return f"{_insert(table, select)} ON CONFLICT ({keys}) DO UPDATE SET ({columns}) = ROW ({counted}) RETURNING {keys}"


# What the worker asks every minute.
COUNT_CONSEILLERS = _overwrite(CONSEILLERS, count_rows(ROWS_OF_CONSEILLERS, KEYS[CONSEILLERS], by_day=True))
COUNT_PLACES = _overwrite(TERRITOIRES, count_rows(ROWS_OF_DEPARTEMENTS, KEYS[TERRITOIRES], by_day=False))
COUNT_HIGHER_LEVELS = {
    level: _overwrite(TERRITOIRES, HIGHER_LEVEL.format(table=TERRITOIRES, members=members))
    for level, members in MEMBERS.items()
}


def _execute(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


@transaction.atomic
def refresh_some(limit: int = BATCH) -> int:
    """Count again the keys of the oldest marks, and return how many marks are gone. 0: none is left, or someone else
    is at it."""
    if not _execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])[0][0]:
        return 0
    marks = _execute(CLAIM, [limit])
    months = {(conseiller, jour.replace(day=1)) for conseiller, _, jour in marks}
    days = {(departement, jour) for _, departement, jour in marks}
    if marks:
        _refresh_conseillers(sorted(months))
        _refresh_territoires(sorted(days))
    return len(marks)


def _refresh_conseillers(keys: list[tuple[int, date]]) -> None:
    conseillers, mois = (list(column) for column in zip(*keys, strict=True))
    counted = fetch_prepared(COUNT_CONSEILLERS, {"conseillers": conseillers, "mois": mois})
    _forget(CONSEILLERS, "bigint", set(keys).difference(counted))


def _refresh_territoires(keys: list[tuple[str, date]]) -> None:
    """Count again the marked days of départements, of their large communes, of the regions and of the country."""
    regions = dict(_execute("SELECT code, region_id FROM territoires_departement"))
    places = {(f"D{departement}", jour) for departement, jour in keys}
    places |= {
        (f"C{code}", jour) for departement, jour in keys for code in GRANDES_COMMUNES if code.startswith(departement)
    }
    departements, jours = (list(column) for column in zip(*keys, strict=True))
    counted = fetch_prepared(COUNT_PLACES, {"departements": departements, "jours_cles": jours})
    _forget(TERRITOIRES, "text", places.difference(counted))
    levels = {
        "R": {(f"R{regions[departement]}", jour) for departement, jour in keys if regions[departement]},
        "FR": {("FR", jour) for jour in jours},
    }
    for level, asked in levels.items():
        if asked:
            territoires, jours_cles = (list(column) for column in zip(*sorted(asked), strict=True))
            days = sorted(set(jours_cles))
            counted = fetch_prepared(COUNT_HIGHER_LEVELS[level], {
                "territoires": territoires, "jours_cles": jours_cles, "jours": days, "debut": days[0],
            })  # fmt: skip
            _forget(TERRITOIRES, "text", asked.difference(counted))


def _forget(table: str, kind: str, keys: set[Any]) -> None:
    """Remove the roll-ups of keys that have no rows any more."""
    if keys:
        names, days = (list(column) for column in zip(*keys, strict=True))
        _execute(
            f"DELETE FROM {table} WHERE ({KEYS[table]}) IN (SELECT * FROM unnest(%s::{kind}[], %s::date[]))",  # noqa: S608  # Names of ours, values as parameters.
            [names, days],
        )


def months_held() -> Iterator[date]:
    """Yield the first day of each month that has raw rows or roll-ups."""
    found = _execute(
        "SELECT min(d), max(d) FROM (SELECT min(date), max(date) FROM accompagnements_accompagnement"  # noqa: S608  # Names of ours, values as parameters.
        f" UNION ALL SELECT min(mois), max(mois) FROM {CONSEILLERS}"
        f" UNION ALL SELECT min(jour), max(jour) FROM {TERRITOIRES}) bounds (low, high), unnest(ARRAY[low, high]) d"
    )
    first, last = found[0]
    if first is not None:
        for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
            yield date(number // 12, number % 12 + 1, 1)


@transaction.atomic
def check_month(debut: date, *, repair: bool) -> list[str]:
    """Count a month aside, and return the keys whose roll-up differs; keys still marked are not asked to agree.

    With `repair`, what was counted aside takes the place of what was wrong, and the month's marks go.
    """
    _execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    month = "jour >= %(debut)s AND jour < %(debut)s + interval '1 month'"
    parameters: dict[str, Any] = {"debut": debut}
    if repair:
        _execute(f"DELETE FROM accompagnements_marquestatistique WHERE {month}", parameters)  # noqa: S608  # Names of ours, values as parameters.
    for table in (CONSEILLERS, TERRITOIRES):
        _execute(
            f"CREATE TEMP TABLE aside_{table} ON COMMIT DROP AS"  # noqa: S608  # Names of ours, values as parameters.
            f" SELECT {COLUMNS[table]} FROM {table} WITH NO DATA"
        )
    aside = f"aside_{TERRITOIRES}"
    conseillers = count_rows(MONTH_OF_CONSEILLERS, KEYS[CONSEILLERS], by_day=True)
    departements = count_rows(MONTH_OF_DEPARTEMENTS, KEYS[TERRITOIRES], by_day=False)
    _execute(_insert(f"aside_{CONSEILLERS}", conseillers, like=CONSEILLERS), parameters)
    _execute(_insert(aside, departements, like=TERRITOIRES), parameters)
    days = [jour for (jour,) in _execute(f"SELECT DISTINCT jour FROM {aside}")]  # noqa: S608  # Names of ours, values as parameters.
    higher = ["FR", *(f"R{code}" for (code,) in _execute("SELECT code FROM territoires_region"))]
    keys = [(territoire, jour) for territoire in higher for jour in days]
    levels = {"jours": days, "territoires": [key for key, _ in keys], "jours_cles": [jour for _, jour in keys]}
    for members in MEMBERS.values():
        select = HIGHER_LEVEL.format(table=aside, members=members)
        _execute(_insert(aside, select, like=TERRITOIRES), parameters | levels)
    periods = {CONSEILLERS: "mois = %(debut)s", TERRITOIRES: month}
    wrong = {table: _differences(table, period, parameters) for table, period in periods.items()}
    for table, period in periods.items():
        if repair and wrong[table]:
            _execute(f"DELETE FROM {table} WHERE {period}", parameters)  # noqa: S608  # Names of ours, values as parameters.
            _execute(f"INSERT INTO {table} ({COLUMNS[table]}) SELECT * FROM aside_{table}")  # noqa: S608  # Names of ours, values as parameters.
        _execute(f"DROP TABLE aside_{table}")
    return [*wrong[CONSEILLERS], *wrong[TERRITOIRES]]


# A mark of a conseiller is for its month; one of a département for its day, for its communes' and for what the day
# adds up to.
UNMARKED = {
    CONSEILLERS: "m.conseiller_id = k.conseiller_id AND date_trunc('month', m.jour) = k.mois",
    TERRITOIRES: "m.jour = k.jour AND k.territoire IN ('D' || m.departement_id, 'FR') OR"
    " m.jour = k.jour AND k.territoire LIKE 'C' || m.departement_id || '%%' OR"
    " m.jour = k.jour AND k.territoire LIKE 'R%%'",
}


def _differences(table: str, period: str, parameters: Any) -> list[str]:
    columns, (first, second) = COLUMNS[table], KEYS[table].split(", ")
    found = _execute(
        f"""
        SELECT DISTINCT k.{first}, k.{second} FROM (
            (SELECT {columns} FROM {table} WHERE {period} EXCEPT ALL SELECT {columns} FROM aside_{table})
            UNION ALL
            (SELECT {columns} FROM aside_{table} EXCEPT ALL SELECT {columns} FROM {table} WHERE {period})
        ) k WHERE NOT EXISTS (SELECT 1 FROM accompagnements_marquestatistique m WHERE {UNMARKED[table]})
        ORDER BY 1, 2
        """,  # noqa: S608  # Names of ours, values as parameters.
        parameters,
    )
    return [f"{first} {key}, {second} {day:%Y-%m-%d}" for key, day in found]
