"""A tagged attestation: ours beside WeasyPrint as its documentation calls it, and its memory over hundreds."""

import resource
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from django.template.loader import render_to_string

from bench.harness import Report, at_most
from formation.documents import attestation_context, attestation_pdf
from formation.enums import GenreAttestation, Resultat
from formation.models import Attestation

DOCUMENTS = 500
TIMES = 4
# What fifty more documents may add to a process that has rendered fifty.
GROWTH = 1.05


def run(report: Report, scale: float) -> None:
    weasyprint = import_module("weasyprint")

    def by_default() -> None:
        for attestation in attestations(TIMES):
            html = render_to_string("formation/pdf/attestation.html", attestation_context(attestation))
            css = weasyprint.CSS(string=render_to_string("formation/pdf/attestation.css"))
            weasyprint.HTML(string=html).write_pdf(stylesheets=[css], pdf_variant="pdf/ua-1")

    def ours() -> None:
        for attestation in attestations(TIMES):
            attestation_pdf(attestation)

    report.compare("pdf.attestation", ours, by_default, at_most(0.85), clock=time.process_time)
    count = max(60, int(DOCUMENTS * scale))
    for attestation in attestations(50):
        attestation_pdf(attestation)
    before = resident_mb()
    for attestation in attestations(count - 50):
        attestation_pdf(attestation)
    after = resident_mb()
    report.line("pdf.memory", f"{after:.0f}MB", f"{before:.0f}MB", after / before, at_most(GROWTH))
    report.fact("pdf", documents=count, per_document=f"{len(attestation_pdf(attestations(1)[0])) / 1000:.0f}kB")


def attestations(count: int) -> list[Attestation]:
    """Build attestations of different people; nothing of them is in the database."""
    return [
        Attestation(
            numero=f"ATT-2026-{rank:06d}",
            code=f"{rank:0>24}",
            genre=GenreAttestation.FIN,
            created_at=datetime(2026, 6, 30, tzinfo=UTC),
            contenu={
                "prenom": f"Camille {rank}",
                "nom": "Le Goff",
                "parcours": "Parcours intermédiaire",
                "heures_parcours": 280,
                "heures_realisees": 273,
                "date_debut": "2026-03-02",
                "date_fin": "2026-05-20",
                "lieu": "Nantes",
                "organisme": "Ligue des médiateurs Pays de la Loire",
                "organisme_siret": "00001234567897",
                "organisme_commune": "Nantes",
                "ccp1": Resultat.OBTENU,
                "pix": Resultat.OBTENU,
                "pix_score": 538,
                "delivree_le": "2026-05-22",
                "adresse": f"http://127.0.0.1:8000/verifier/{rank:0>24}/",
            },
        )
        for rank in range(count)
    ]


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
