"""Rewriting of the PDFs people send: no script, attachment or metadata survives (docs/adr/0016)."""

import subprocess
import sys
from pathlib import Path

from common.exceptions import RuleError

SANDBOX = Path(__file__).with_name("pdf_sandbox.py")
TIMEOUT_SECONDS = 40  # of clock, on a busy machine; the processor time is counted by the process itself
TOO_COMPLEX = (
    "Ce fichier est trop complexe pour être vérifié. Enregistrez votre document de nouveau au format PDF, depuis votre "
    "traitement de texte, puis déposez-le."
)
REASONS = {
    "not_pdf": "Ce fichier n'est pas un PDF. Enregistrez votre document au format PDF, puis déposez-le.",
    "encrypted": "Ce fichier est protégé par un mot de passe. Enregistrez-le sans protection, puis déposez-le.",
    "pages": "Ce fichier compte trop de pages : {max_pages} au maximum.",
    "damaged": "Ce fichier PDF est abîmé. Enregistrez votre document de nouveau au format PDF, puis déposez-le.",
    "polyglot": "Ce fichier contient autre chose qu'un PDF. Enregistrez votre document de nouveau au format PDF.",
    "complex": TOO_COMPLEX,
}


class PdfRefusedError(RuleError):
    pass


def clean_pdf(content: bytes, *, max_pages: int) -> bytes:
    """Return the same pages in a file of our making. Raises PdfRefusedError, with what the person should do.

    The work is done by another process that may burn twenty seconds and one gigabyte, and knows no secret.
    """
    try:
        done = subprocess.run(  # noqa: S603  # Our own program.
            [sys.executable, "-I", str(SANDBOX), str(max_pages)],
            input=content,
            capture_output=True,
            env={},
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PdfRefusedError(TOO_COMPLEX) from error
    if done.returncode != 0:
        reason = REASONS.get(done.stderr.decode("utf-8", "replace"), TOO_COMPLEX)
        raise PdfRefusedError(reason.format(max_pages=max_pages))
    return done.stdout
