"""PDF from a template and a style sheet, tagged for screen readers (PDF/UA-1), the same bytes for the same content.

WeasyPrint is imported at the first rendering: the web processes start without it and without Pango.
"""

from functools import cache
from importlib import import_module
from typing import Any

from django.template.loader import render_to_string


class PdfError(Exception):
    """The document asked for something outside itself, which is always refused."""


def render_pdf(template: str, *, stylesheet: str, context: dict[str, Any]) -> bytes:
    """Render `template` with the print style `stylesheet`, a template without variables.

    The template gives `<html lang>`, `<title>` and a fixed `<meta name="dcterms.created">`: nothing of the moment
    or of the machine enters the file, so that rendering again gives the same SHA-256.
    """
    return html_to_pdf(render_to_string(template, context), css=_read(stylesheet))


def html_to_pdf(html: str, *, css: str = "") -> bytes:
    """Render a page that may hold anything: whatever it tries to load raises PdfError and reads nothing."""
    pdf: bytes = import_module("common.pdf_engine").render(html, css)
    return pdf


@cache
def _read(stylesheet: str) -> str:
    return render_to_string(stylesheet)
