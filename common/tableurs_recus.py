"""Spreadsheets people send, read in a process apart and kept as text of our writing (docs/adr/0016 and 0020)."""

import gzip
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from common.exceptions import RuleError

SANDBOX = Path(__file__).with_name("tableur_sandbox.py")
TIMEOUT_SECONDS = 120  # of clock, on a busy machine; the processor time is counted by the process itself
TOO_COMPLEX = (
    "Ce fichier est trop complexe pour être lu. Copiez ses valeurs dans un nouveau classeur, puis déposez celui-ci."
)
REASONS = {
    "not_spreadsheet": "Ce fichier n'est pas un tableur. Enregistrez-le au format XLSX ou CSV, puis déposez-le.",
    "old_excel": "Ce fichier est protégé par un mot de passe, ou à un ancien format. Enregistrez-le au format XLSX, "
    "sans mot de passe.",
    "rows": "Ce fichier compte plus de {max_rows} lignes : découpez-le.",
    "columns": "Ce fichier compte plus de 60 colonnes : retirez celles qui ne servent pas.",
    "header": "La première ligne doit nommer les colonnes, dont au moins la date et le type.",
    "empty": "Ce fichier ne contient aucune ligne sous ses noms de colonnes.",
    "damaged": "Ce fichier est abîmé. Enregistrez-le à nouveau au format XLSX ou CSV, puis déposez-le.",
    "complex": TOO_COMPLEX,
}
SAMPLE = 5


class TableurRefusedError(RuleError):
    pass


@dataclass(frozen=True)
class Apercu:
    """What was found in a spreadsheet: its format in words, the names of its columns, its first rows."""

    format: str
    entetes: list[str]
    exemples: list[list[str]]
    lignes: int


def clean_tableur(content: bytes, target: IO[bytes], *, max_rows: int) -> Apercu:
    """Write the cells of a received spreadsheet as text in `target`, and say what was found.

    Raises TableurRefusedError, with what the person should do. The work is done by another process that may burn one
    minute and one gigabyte and a half, and knows no secret.
    """
    with tempfile.TemporaryFile() as given:
        given.write(content)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603  # Our own program.
            [sys.executable, "-I", str(SANDBOX), str(max_rows)],
            stdin=given,
            stdout=subprocess.PIPE,
            # One word; nothing else writes there.
            stderr=subprocess.PIPE,
            env={"PYTHONIOENCODING": "utf-8"},
        )
        killer = threading.Timer(TIMEOUT_SECONDS, process.kill)
        killer.start()
        try:
            with process:
                apercu = _keep(process, target)
                reason = _pipe(process.stderr).read(100).decode("utf-8", "replace")
        finally:
            killer.cancel()
            process.kill()
    if process.returncode != 0 or apercu is None:
        raise TableurRefusedError(REASONS.get(reason, TOO_COMPLEX).format(max_rows=f"{max_rows:,}".replace(",", " ")))
    return apercu


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101  # Asked for by the caller.
    return pipe


def _keep(process: subprocess.Popen[bytes], target: IO[bytes]) -> Apercu | None:
    found: dict[str, Any] | None = None
    examples: list[list[str]] = []
    lines = 0
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0, compresslevel=4) as kept:
        for line in _pipe(process.stdout):
            if found is None:
                found = json.loads(line)
                continue
            kept.write(line)
            if len(examples) < SAMPLE:
                examples.append(json.loads(line)[1])
            lines += 1
    return Apercu(found["format"], found["entetes"], examples, lines) if found else None


def read_rows(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that were kept: the number each had in the file, and its cells."""
    with gzip.GzipFile(fileobj=file, mode="rb") as kept:
        for line in kept:
            number, cells = json.loads(line)
            yield number, cells
