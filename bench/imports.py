"""A file of 100 000 rows of past activity, one of them wrong: nothing is written, then all of it, then nothing again;
and what verifying a row costs beside checking it alone with the entry form."""

import csv
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO

from django.core.files.base import ContentFile

from accompagnements import importation, services
from accompagnements.brouillon import close_brouillon
from accompagnements.documents import EXPORT_HEADER
from accompagnements.enums import StatutImport
from accompagnements.forms.activites import AccompagnementForm
from accompagnements.models import Accompagnement, ImportActivite, LieuActivite
from accompagnements.selectors import today_in
from bench.export import peak_mb, reset_peak
from bench.harness import Report, at_least, at_most, work_clock
from bench.world import load_conseiller
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller

ROWS = 100_000
# Of a file verified again and again beside the form.
FEW = 500
MEMORY_MAX_MB = 300


def run(report: Report, scale: float) -> None:
    conseiller = load_conseiller()
    count = max(FEW, int(ROWS * scale))
    lieu = conseiller.lieux.select_related("commune").order_by("pk")[0]

    before = reset_peak()
    wrong = verified(report, conseiller, file_of(conseiller, lieu, count, wrong=count * 2 // 3))
    report.count("imports.unseen", abs(wrong.bilan["erronees"] - 1), of=count)
    report.count("imports.written_though_wrong", Accompagnement.objects.filter(conseiller=conseiller).count(), of=count)
    right = verified(report, conseiller, file_of(conseiller, lieu, count))
    services.confirm_import(importation=right, by=right.role)
    chapter(report, "write", importation.write_import, right)
    written = Accompagnement.objects.filter(conseiller=conseiller).count()
    report.count("imports.missing", count - written, of=count)
    again = verified(report, conseiller, file_of(conseiller, lieu, count))
    report.count("imports.again", again.bilan["nouveaux"], of=count)
    grown = peak_mb() - before
    report.line("imports.memory", f"+{grown:.0f}MB", f"+{MEMORY_MAX_MB}MB", grown / MEMORY_MAX_MB, at_most(1))

    few = verified(report, conseiller, file_of(conseiller, lieu, FEW))
    report.compare(
        "imports.verify", partial(verify, few), partial(check_by_form, conseiller, lieu), at_least(20),
        clock=work_clock(),
    )  # fmt: skip


def file_of(conseiller: Conseiller, lieu: LieuActivite, count: int, *, wrong: int = -1) -> bytes:
    """Return the CSV of some rows, as we export them; one of them may last too long."""
    text = StringIO(newline="")
    file = csv.writer(text, delimiter=";")
    file.writerow(EXPORT_HEADER)
    first = conseiller.contrat.date_debut
    days = (today_in(lieu.commune) - first).days
    given = {
        "type": "individuel", "canal": "lieu_activite", "lieu": lieu.nom, "participants": 1, "recurrents": 0,
        "genre_feminin": 1, "age_soixante_dix_plus": 1, "statut_retraite": 1, "themes": "email",
        "type_public": "habitants", "titre": "Découvrir la tablette", "notes": "Revoir la déclaration avec sa fille",
    }  # fmt: skip
    for rank in range(count):
        row = given | {
            "uuid": f"ancien-{rank}",
            "date": first + timedelta(days=rank % days),
            "duree_minutes": 481 if rank == wrong else 5 + rank % 400,
        }
        file.writerow(row.get(name, "") for name in EXPORT_HEADER)
    return text.getvalue().encode()


def verified(report: Report, conseiller: Conseiller, content: bytes) -> ImportActivite:
    """Drop a file, read it, take the columns as proposed, and verify it: what the worker does, without waiting."""
    role = Role.objects.get(compte=conseiller.compte, kind=RoleKind.CONSEILLER, ended_at=None)
    row = services.deposit_import(conseiller=conseiller, fichier=ContentFile(content, "a.csv"), nom="a.csv", by=role)
    report.fact("imports.file", mb=f"{len(content) / 1e6:.1f}")
    start = time.perf_counter()
    importation.read_import(row.pk)
    report.fact("imports.read", seconds=f"{time.perf_counter() - start:.1f}")
    row.refresh_from_db()
    services.choose_columns(importation=row, colonnes=row.colonnes, by=role)
    chapter(report, "verify", importation.verify_import, row)
    assert row.status in {StatutImport.ERRONE, StatutImport.VERIFIE}, (row.status, row.motif_refus, row.bilan)
    return row


def chapter(report: Report, name: str, action: Callable[..., None], row: ImportActivite) -> None:
    start = time.perf_counter()
    action(row.pk, row.tour + 1)
    row.refresh_from_db()
    report.fact(f"imports.{name}", rows=row.lignes, seconds=f"{time.perf_counter() - start:.1f}")


def verify(row: ImportActivite) -> None:
    found = importation.verify(row)
    close_brouillon()
    assert (found.wrong, found.total) == ({}, FEW)


def check_by_form(conseiller: Conseiller, lieu: LieuActivite) -> None:
    """Check as many rows as the form does one, without writing any."""
    today = today_in(lieu.commune)
    for rank in range(FEW):
        typed = {
            "type": "individuel", "canal": "lieu_activite", "lieu": lieu.pk, "date": conseiller.contrat.date_debut,
            "duree": "autre", "duree_libre": 5 + rank % 400, "themes": ["5"], "type_public": "habitants",
            "personne_genre": "genre_feminin", "titre": "Découvrir la tablette", "notes": "Revoir la déclaration",
        }  # fmt: skip
        form = AccompagnementForm(typed, conseiller=conseiller, today=today)
        assert form.is_valid(), form.errors
