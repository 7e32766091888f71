from datetime import date
from typing import Any

import segno
from django.template.defaultfilters import date as format_date
from django.utils.safestring import SafeString, mark_safe

from common.pdf import render_pdf
from formation.enums import Resultat
from formation.models import Attestation

DATES = ("date_debut", "date_fin", "delivree_le")


def attestation_pdf(attestation: Attestation) -> bytes:
    """Render what was frozen when the attestation was decided, and nothing else: the same bytes each time."""
    return render_pdf(
        "formation/pdf/attestation.html",
        stylesheet="formation/pdf/attestation.css",
        context=attestation_context(attestation),
    )


def attestation_context(attestation: Attestation) -> dict[str, Any]:
    contenu = attestation.contenu
    return {
        **contenu,
        **{name: _in_words(contenu[name]) for name in DATES},
        "creation": contenu["delivree_le"],
        "numero": attestation.numero,
        "code": attestation.code_groups,
        "titre": attestation.get_genre_display(),
        "ccp1": Resultat(contenu["ccp1"]).label,
        "pix": Resultat(contenu["pix"]).label,
        "qr": _qr(contenu["adresse"]),
    }


def _in_words(iso: str) -> str:
    """Write a date as a document does: the first of a month is « 1er »."""
    day = date.fromisoformat(iso)
    return f"{'1er' if day.day == 1 else day.day} {format_date(day, 'F Y')}"


def _qr(address: str) -> SafeString:
    """Draw the QR code as SVG within the page; its title is what a screen reader says of the picture."""
    picture = segno.make_qr(address, error="m")
    svg = picture.svg_inline(scale=3, border=2, title="QR code vers la page de vérification", omitsize=False)
    return mark_safe(svg)  # noqa: S308  # Drawn by segno from our own address.
