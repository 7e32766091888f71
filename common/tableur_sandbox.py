"""Reads one spreadsheet of unknown origin (XLSX or CSV on standard input), writes its cells as text, a JSON line each.

A program of its own, started by `common.tableurs_recus` with an empty environment and little time and memory: a bomb or
a file that breaks the reader breaks this process and nothing else. On refusal it writes one word on standard error.
The first line written says what was found; the next ones are the number of a row and its cells. Formulas are never
computed: the value the file holds for them is read.
"""

import csv
import datetime as dt
import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

import python_calamine

CPU_SECONDS = 60
MEMORY = 1536 * 1024**2
MAX_UNZIPPED = 400 * 1024**2
MAX_PARTS = 1_000
MAX_COLUMNS = 60
MAX_WRITTEN = 150 * 1024**2
CELL_MAX = 2_000
HEADER_WITHIN = 20
REFUSED = 3
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
DELIMITERS = ";,\t|"
SNIFFED = 200


class RefusalError(Exception):
    pass


def limit_resources() -> None:
    """Before anything reads the file. No file may be written, whatever happens."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def rows_of(content: bytes, max_rows: int) -> tuple[str, Iterable[list[Any]]]:
    """Return what the file is, in words, and its rows. What it is called or declared as says nothing."""
    if content.startswith(b"PK\x03\x04"):
        return "XLSX", xlsx_rows(content, max_rows)
    if content.startswith(OLD_EXCEL):
        raise RefusalError("old_excel")
    text, encoding = decode(content)
    delimiter = find_delimiter(text)
    csv.field_size_limit(1_000_000)
    names = {"\t": "tabulation", ",": "virgule", ";": "point-virgule", "|": "barre"}
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return f"CSV, {encoding}, séparateur {names[delimiter]}", lines


def xlsx_rows(content: bytes, max_rows: int) -> Iterator[list[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED:
            raise RefusalError("complex")
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            raise RefusalError("not_spreadsheet")
    book = python_calamine.load_workbook(io.BytesIO(content))
    visible = [s.name for s in book.sheets_metadata if s.visible == python_calamine.SheetVisibleEnum.Visible]
    if not visible:
        raise RefusalError("empty")
    sheet = book.get_sheet_by_name(visible[0])
    if sheet.total_height > max_rows + HEADER_WITHIN:
        raise RefusalError("rows")
    if sheet.total_width > MAX_COLUMNS * 4:
        raise RefusalError("columns")
    return iter(sheet.iter_rows())


def decode(content: bytes) -> tuple[str, str]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding), encoding.removesuffix("-sig").upper()
    if b"\0" in content:
        raise RefusalError("not_spreadsheet")
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return content.decode("cp1252"), "Windows-1252"


def find_delimiter(text: str) -> str:
    """Return the separator that cuts the first lines in the most cells, and in as many on each."""
    head = text[:200_000].splitlines(keepends=True)[:SNIFFED]
    best = (0, 0, ";")
    for rank, delimiter in enumerate(DELIMITERS):
        try:
            lines = csv.reader(head, delimiter=delimiter)
            widths = [len(row) for row in lines if any(cell.strip() for cell in row)]
        except csv.Error:
            continue
        if widths and (width := max(widths[:HEADER_WITHIN])) > 1:
            best = max(best, (widths.count(width) * width, -rank, delimiter))
    return best[2]


def text_of(value: Any) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "oui" if value else "non"
    elif isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)
    elif isinstance(value, dt.datetime):
        text = value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    elif isinstance(value, dt.date | dt.time):
        text = value.isoformat()
    elif isinstance(value, dt.timedelta):
        minutes = int(value.total_seconds()) // 60
        text = f"{minutes // 60:02d}:{minutes % 60:02d}:00"
    else:
        text = str(value)
    return text[:CELL_MAX].replace("\0", "").encode("utf-8", "ignore").decode().strip()


def write(rows: Iterable[list[Any]], found: str, max_rows: int, out: Any) -> None:
    header: list[str] = []
    written = count = 0
    for number, values in enumerate(rows, 1):
        cells = [text_of(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            raise RefusalError("columns")
        if not header:
            if sum(bool(cell) for cell in cells) > 1:
                header = [cell.lstrip("\ufeff") for cell in cells]
                out.write(json.dumps({"format": found, "entetes": header}) + "\n")
            elif number > HEADER_WITHIN:
                raise RefusalError("header")
            continue
        count += 1
        if count > max_rows:
            raise RefusalError("rows")
        line = json.dumps([number, cells])
        written += len(line)
        if written > MAX_WRITTEN:
            raise RefusalError("complex")
        out.write(line + "\n")
    if not header:
        raise RefusalError("header")
    if not count:
        raise RefusalError("empty")


def main() -> int:
    limit_resources()
    max_rows = int(sys.argv[1])
    try:
        content = sys.stdin.buffer.read()
        if not content.strip():
            raise RefusalError("empty")
        found, rows = rows_of(content, max_rows)
        write(rows, found, max_rows, sys.stdout)
        sys.stdout.flush()
    except RefusalError as refusal:
        sys.stderr.write(str(refusal))
        return REFUSED
    except MemoryError:
        sys.stderr.write("complex")
        return REFUSED
    except python_calamine.PasswordError:
        sys.stderr.write("old_excel")
        return REFUSED
    except (python_calamine.CalamineError, zipfile.BadZipFile, csv.Error, ValueError, LookupError, OSError):
        sys.stderr.write("damaged")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
