"""The CSV of a conseiller beside PostgreSQL's own COPY of the same rows, their spreadsheet beside openpyxl's, and the
memory each takes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection
from openpyxl import Workbook

from accompagnements.documents import EXPORT_HEADER, export_rows, tableur_rows
from accompagnements.enums import AGES, GENRES, STATUTS, Portee
from accompagnements.models import Accompagnement, Etiquetage, Etiquette
from bench.harness import Report, at_least, at_most, work_clock
from bench.world import add_accompagnements, load_conseiller
from common.exports import iter_csv
from common.tableurs import write_tableur
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller

ROWS = 100_000
MEMORY_MAX_MB = 10
COUNTS = ", ".join(f"a.{column}" for columns in (GENRES, AGES, STATUTS) for column in columns)
COPY = f"""
    COPY (
        SELECT a.uuid, a.date, a.type, a.duree, a.canal, l.nom, a.commune_id, c.nom, a.participants, a.recurrents,
            {COUNTS}, (SELECT string_agg(t.code, '|') FROM accompagnements_theme t WHERE t.id = ANY(a.themes)),
            a.type_public, array_to_string(a.materiel, '|'), a.autonomie, a.niveau, a.suite, a.orientation, o.code,
            array_to_string(a.dispositifs, '|'), a.titre, a.notes, (
                SELECT string_agg(e.nom, '|' ORDER BY e.cle) FROM accompagnements_etiquetage w
                JOIN accompagnements_etiquette e ON e.id = w.etiquette_id WHERE w.accompagnement_id = a.id
            )
        FROM accompagnements_accompagnement a
        LEFT JOIN accompagnements_lieuactivite l ON l.id = a.lieu_id
        LEFT JOIN accompagnements_organisme o ON o.id = a.organisme_id
        JOIN territoires_commune c ON c.code = a.commune_id
        WHERE a.conseiller_id = %s ORDER BY a.date DESC, a.id DESC
    ) TO STDOUT WITH (FORMAT csv, DELIMITER ';', HEADER)
"""  # Only our own columns are interpolated.


def run(report: Report, scale: float) -> None:
    conseiller = load_conseiller()
    count = max(1000, int(ROWS * scale))
    add_accompagnements(conseiller, count)
    add_words(conseiller)
    role = Role.objects.get(compte=conseiller.compte, kind=RoleKind.CONSEILLER, ended_at=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE accompagnements_accompagnement, accompagnements_etiquetage")

    def ours() -> int:
        rows = Accompagnement.objects.filter(conseiller=conseiller).order_by("-date", "-pk")
        return sum(len(part) for part in iter_csv(EXPORT_HEADER, export_rows(rows, role)))

    def copy() -> int:
        with connection.cursor() as cursor, cursor.copy(COPY, [conseiller.pk]) as parts:
            return sum(len(part) for part in parts)

    # First, in a process that has never exported anything.
    before = reset_peak()
    ours()
    grown = peak_mb() - before
    report.compare("export.csv", ours, copy, at_least(0.8), clock=work_clock())
    report.line("export.memory", f"+{grown:.1f}MB", f"+{MEMORY_MAX_MB}MB", grown / MEMORY_MAX_MB, at_most(1))
    report.fact("export", rows=count)
    with TemporaryDirectory() as folder:
        run_xlsx(report, conseiller, role, Path(folder))


def add_words(conseiller: Conseiller) -> None:
    """Put two words of six on a row out of four."""
    owner = {"portee": Portee.PERSONNELLE, "compte": conseiller.compte}
    words = [
        Etiquette.objects.update_or_create(cle=f"mesure {rank}", defaults={"nom": f"Mesure {rank}"}, **owner)[0].pk
        for rank in range(6)
    ]
    pks = Accompagnement.objects.filter(conseiller=conseiller).order_by("pk").values_list("pk", flat=True)
    Etiquetage.objects.bulk_create(
        (
            Etiquetage(accompagnement_id=pk, etiquette_id=words[(rank + shift) % len(words)])
            for rank, pk in enumerate(pks[::4])
            for shift in (0, 1)
        ),
        batch_size=10_000,
    )


def run_xlsx(report: Report, conseiller: Conseiller, role: Role, folder: Path) -> None:
    rows = Accompagnement.objects.filter(conseiller=conseiller)

    def ours() -> None:
        write_tableur(folder / "ours.xlsx", name="A", header=EXPORT_HEADER, rows=tableur_rows(rows, role), notes=[])

    def openpyxl() -> None:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("A")
        sheet.append(EXPORT_HEADER)
        for row in tableur_rows(rows, role):
            sheet.append(row)
        book.save(folder / "theirs.xlsx")

    before = reset_peak()
    ours()
    grown = peak_mb() - before
    report.compare("export.xlsx", ours, openpyxl, at_least(5), clock=work_clock())
    report.line("export.xlsx.memory", f"+{grown:.1f}MB", f"+{MEMORY_MAX_MB}MB", grown / MEMORY_MAX_MB, at_most(1))


def reset_peak() -> float:
    """Forget the highest memory this process ever took, and return what it takes now."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_mb()


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000
