"""Rows to be written all at once, first set aside in a table that dies with the connection (docs/adr/0020).

There the database judges them by its own constraints, whatever they are today; then one statement writes them all, so
that the statistics are marked once.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import CheckConstraint
from psycopg.types.json import Jsonb

from accompagnements.models import Accompagnement, ImportActivite, Origine

NAME = "brouillon_accompagnement"
TABLE = Accompagnement._meta.db_table
ORIGINES = Origine._meta.db_table
COLUMNS = [field.column for field in Accompagnement._meta.concrete_fields if not field.primary_key]
NAMES = ", ".join(f'"{column}"' for column in COLUMNS)
OTHERS = ["brouillon_ligne", "brouillon_identifiant", "brouillon_origine"]

# Only names of ours, and the expressions PostgreSQL itself gives, are interpolated in what follows.
MESSAGES = {
    one.name: str(one.violation_error_message)
    for one in Accompagnement._meta.constraints
    if isinstance(one, CheckConstraint)
}


def _execute(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def open_brouillon() -> None:
    close_brouillon()
    _execute(
        f"CREATE TEMP TABLE {NAME} AS SELECT {NAMES}, NULL::integer AS brouillon_ligne,"  # noqa: S608  # Names of ours.
        f" ''::text AS brouillon_identifiant, '{{}}'::jsonb AS brouillon_origine FROM {TABLE} WITH NO DATA"
    )


def close_brouillon() -> None:
    _execute(f"DROP TABLE IF EXISTS pg_temp.{NAME}")


def set_aside(rows: Iterable[tuple[Accompagnement, int, str, Mapping[str, str]]]) -> None:
    """Add rows: an accompagnement, its line in the file, its identifier there, what its line said otherwise."""
    fields = [field for field in Accompagnement._meta.concrete_fields if not field.primary_key]
    names = [field.attname for field in fields]
    statement = f"COPY {NAME} ({NAMES}, {', '.join(OTHERS)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row, ligne, identifiant, origine in rows:
            state = row.__dict__
            copy.write_row([*(state[name] for name in names), ligne, identifiant, Jsonb(dict(origine))])


def broken_constraints() -> Iterator[tuple[int, str]]:
    """Yield each line and the French sentence of each constraint of the table it breaks."""
    checks = _execute(
        "SELECT conname, pg_get_expr(conbin, conrelid) FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid = %s::regclass",
        [TABLE],
    )
    known = [(name, expression) for name, expression in checks if name in MESSAGES]
    if not known:
        return
    cases = ", ".join(f"CASE WHEN NOT ({expression}) THEN '{name}' END" for name, expression in known)
    found = _execute(
        f"SELECT brouillon_ligne, broken FROM (SELECT brouillon_ligne, array_remove(ARRAY[{cases}], NULL) AS broken"  # noqa: S608  # Names of ours, values as parameters.
        f" FROM {NAME}) checked WHERE cardinality(broken) > 0 ORDER BY 1"
    )
    for ligne, names in found:
        yield from ((ligne, MESSAGES[name]) for name in names)


def forget_known(conseiller: int) -> int:
    """Take out what is already recorded, by its identity or, for a file that came from here, by its own identifier."""
    found = _execute(
        f"WITH connus AS (DELETE FROM {NAME} b WHERE EXISTS (SELECT 1 FROM {TABLE} a WHERE a.uuid = b.uuid)"  # noqa: S608  # Names of ours, values as parameters.
        f" OR EXISTS (SELECT 1 FROM {TABLE} a WHERE a.conseiller_id = %s"
        " AND lower(b.brouillon_identifiant) = a.uuid::text) RETURNING 1) SELECT count(*) FROM connus",
        [conseiller],
    )
    return int(found[0][0])


def write_all(importation: ImportActivite) -> int:
    """Write every row set aside, and where each comes from. Inside a transaction: all of them, or none."""
    _execute(
        f"INSERT INTO {TABLE} ({NAMES}) SELECT {NAMES} FROM {NAME} ORDER BY brouillon_ligne"  # noqa: S608  # Names of ours, values as parameters.
        " ON CONFLICT (uuid) DO NOTHING"
    )
    written = _execute(
        f"WITH ecrites AS (INSERT INTO {ORIGINES} (accompagnement_id, importation_id, ligne, identifiant, valeurs)"  # noqa: S608  # Names of ours, values as parameters.
        f" SELECT a.id, %s, b.brouillon_ligne, b.brouillon_identifiant, b.brouillon_origine FROM {NAME} b"
        f" JOIN {TABLE} a ON a.uuid = b.uuid ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM ecrites",
        [importation.pk],
    )
    return int(written[0][0])
