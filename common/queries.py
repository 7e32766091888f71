"""Queries asked so often that sending their text and parsing it would cost more than answering."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

Parameters = Sequence[Any] | Mapping[str, Any]
# A cursor holds its last answer: one that gave more is not kept.
KEPT_ROWS = 1000
PLACEHOLDER = re.compile(r"%(?:%|s|\((\w+)\)s)")


def fetch_prepared(sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    """Return the rows of a query that the server prepares once a connection and answers in binary.

    Past Django's cursor, which writes the parameters into the text each time; where queries are counted or watched,
    by it. `sql` is one of few texts, the same object each time: a connection keeps a cursor for each, which knows
    already how to write these parameters and read these columns (half of the time of a small query).
    """
    # Once: `django.db.connection` looks for its connection at each attribute, a quarter of the time of a small query.
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()
    connection.ensure_connection()
    text, names = _numbered(sql)
    values = [parameters[name] for name in names] if isinstance(parameters, Mapping) else parameters
    kept: dict[str, psycopg.RawCursor[Any]] = vars(connection.connection).setdefault("prepared_cursors", {})
    with connection.wrap_database_errors:
        # Taken out while it works: whatever goes wrong, the next call starts from a new one.
        prepared = kept.pop(sql, None) or psycopg.RawCursor(connection.connection)
        prepared.execute(text, values, prepare=True, binary=True)
        rows = prepared.fetchall()
    if len(rows) <= KEPT_ROWS:
        kept[sql] = prepared
    return rows


@lru_cache(maxsize=128)
def _numbered(sql: str) -> tuple[bytes, list[str]]:
    """Return the text with the server's own placeholders and, where they are named, the names in their order.

    psycopg cuts a text of 4 kB or more again at each call: those of statistics are five times longer.
    """
    names: list[str] = []
    numbers = count(1)

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if found[0] == "%%":
            return "%"
        if name is None:
            return f"${next(numbers)}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return PLACEHOLDER.sub(number, sql).encode(), names
