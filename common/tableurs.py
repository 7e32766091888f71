"""Spreadsheets (XLSX) written by a Rust writer, row by row: what they hold is never in memory at once.

A text stays a text whatever it begins with: nothing here can become a formula or a link.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rustpy_xlsxwriter import write_worksheets

LISEZ_MOI = "Lisez-moi"
# A sheet holds 1 048 576 rows, its header included.
ROWS_MAX = 1_048_575
CELL_MAX = 32_767
DATE_FORMAT = "dd/mm/yyyy"

Notes = Sequence[tuple[str, str]]


def write_tableur(path: Path, *, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], notes: Notes) -> None:
    """Write a sheet `name`, its header kept in sight, and a sheet that says what the file is (`notes`)."""
    columns = list(header)
    # Without a row, the writer would forget the header.
    records = _at_least_one(dict(zip(columns, row, strict=True)) for row in rows) or [dict.fromkeys(columns)]
    about = [{"Information": label, "Valeur": text[:CELL_MAX]} for label, text in notes]
    write_worksheets(
        [(name, records), (LISEZ_MOI, about)],
        str(path),
        datetime_format=DATE_FORMAT,
        bold_headers=True,
        freeze_panes={name: {"row": 1, "col": 0}},
        column_width={name: 16.0},
        column_widths={LISEZ_MOI: {"Information": 28.0, "Valeur": 90.0}},
    )


def _at_least_one(records: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]] | None:
    rest = iter(records)
    first = next(rest, None)
    return None if first is None else chain([first], rest)
