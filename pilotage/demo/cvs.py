"""A few CVs, for the pages where one is read. Plain, small, and the same bytes each time."""

import io
from datetime import timedelta
from importlib import import_module
from textwrap import wrap
from uuid import UUID

from django.core.files.base import ContentFile

from candidatures.constants import CV_FOLDERS
from candidatures.enums import StatutCV
from candidatures.models import CV, Candidature, CVTransition
from candidatures.selectors import describe_experience
from matching.models import MiseEnRelation
from pilotage.demo.world import Step, World, history
from structures.models import Structure

CVS = 6
LINE = 80
A4 = (595, 842)


def load_cvs(world: World, structure: Structure, candidat: Candidature) -> None:
    """Give a CV to the demo candidat and to the best proposals of the demo structure: some it may read already."""
    mises = MiseEnRelation.objects.filter(structure=structure).select_related("candidature__commune")
    best = [mise.candidature for mise in mises.order_by("-score", "candidature__reference")[:CVS]]
    rows = []
    for candidature in {row.pk: row for row in [candidat, *best]}.values():
        assert candidature.email_confirmed_at is not None  # noqa: S101  # Nobody is proposed before that.
        deposited = candidature.email_confirmed_at + timedelta(minutes=20)
        content = build_pdf(candidature)
        cv = CV(
            candidature=candidature,
            reference=UUID(int=world.aside.getrandbits(128), version=4),
            status=StatutCV.PROPRE,
            taille=len(content),
            created_at=deposited,
            renewed_at=deposited,
        )
        cv.fichier.name = f"{CV_FOLDERS['fichier']}{cv.reference}.pdf"
        # Left by a load that was undone: the same bytes.
        if not cv.fichier.storage.exists(cv.fichier.name):
            cv.fichier.storage.save(cv.fichier.name, ContentFile(content))
        rows.append((cv, deposited))
    CV.objects.bulk_create(cv for cv, _ in rows)
    history(
        CVTransition,
        [(cv, [Step(StatutCV.QUARANTAINE, at), Step(StatutCV.PROPRE, at + timedelta(minutes=1))]) for cv, at in rows],
    )


def build_pdf(candidature: Candidature) -> bytes:
    pikepdf = import_module("pikepdf")  # Only the command that loads the demo needs it.
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=A4)
    page = pdf.pages[0].obj
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = pdf.make_stream(_text(_lines(candidature)))
    pdf.Root.Lang = pikepdf.String("fr")
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def _lines(candidature: Candidature) -> list[str]:
    experiences = [describe_experience(row, with_employer=True) for row in candidature.experiences.all()] or [
        "Aucune pour l'instant."
    ]
    return [
        f"{candidature.prenom} {candidature.nom}",
        str(candidature.commune),
        "",
        "Expériences",
        *experiences,
        "",
        *(["Compétences", *wrap(candidature.competences, LINE), ""] if candidature.competences else []),
        "Motivation",
        *wrap(candidature.motivation, LINE),
    ]


def _text(lines: list[str]) -> bytes:
    shown = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines]
    body = " T* ".join(f"({line}) Tj" for line in shown)
    return f"BT /F1 12 Tf 18 TL 72 760 Td {body} ET".encode("cp1252", "replace")
