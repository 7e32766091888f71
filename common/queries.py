"""Queries asked so often that sending their text and parsing it would cost more than answering."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


def fetch_prepared(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a query that the server prepares once a connection and answers in binary.

    Past Django's cursor, which writes the parameters into the text each time; where queries are counted or watched,
    by it.
    """
    with _prepared(sql, parameters) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def execute_prepared(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> None:
    """Run a statement that returns nothing, prepared as `fetch_prepared` does."""
    with _prepared(sql, parameters):
        pass


@contextmanager
def _prepared(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Iterator[Any]:
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as prepared:
        yield prepared.execute(sql, parameters, prepare=True, binary=True)
