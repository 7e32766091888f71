"""Verifies a file of past activity, writes it whole, takes it back. Called by the outbox: killed anywhere, it starts
again, and nothing is ever half written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from accompagnements import services
from accompagnements.brouillon import (
    broken_constraints,
    close_brouillon,
    forget_known,
    open_brouillon,
    set_aside,
    write_all,
)
from accompagnements.constants import IMPORT_MAX_ROWS, LIVRAISON_TRIES, MOTS_MAX, PARTICIPANTS_USUAL_MAX
from accompagnements.enums import AGES, GENRES, STATUTS, StatutImport
from accompagnements.lecture import Lecteur, Lue
from accompagnements.models import Accompagnement, ImportActivite
from accompagnements.notes import find_sensitive
from accompagnements.presentation import present_list
from accompagnements.production import BROKEN, about, alone, keep_tableur
from accompagnements.vocabulaires import CHAMPS, propose_columns
from common import antivirus
from common.tableurs_recus import TableurRefusedError, clean_tableur, read_rows
from notifications.registry import action

CHUNK = 2_000
SHOWN_ROWS = 10
SHOWN_KINDS = 30
SHOWN_LINES = 5
THREAT = "L'antivirus a reconnu un programme dangereux dans ce fichier. Déposez-le depuis un autre appareil."
LOST = "Ce fichier n'a pas été reçu en entier. Déposez-le à nouveau."
# What the database and the rules of the row look at; relations were resolved by the reading.
UNCHECKED = {"uuid", "conseiller", "lieu", "commune", "created_at", "updated_at"}


@dataclass
class Verification:
    """What a file holds, once read from end to end."""

    total: int = 0
    left_out: int = 0
    known: int = 0
    # Line → sentences; sentence without its detail → lines.
    wrong: dict[int, list[str]] = field(default_factory=dict)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    warnings: dict[str, list[int]] = field(default_factory=dict)
    shown: list[Accompagnement] = field(default_factory=list)
    first: Any = None
    last: Any = None
    kept_as_is: int = 0

    def blame(self, line: int, kind: str, detail: str = "") -> None:
        self.wrong.setdefault(line, []).append(f"{kind} (« {detail} »)." if detail else kind)
        self.kinds.setdefault(kind, []).append(line)

    def warn(self, line: int, kind: str) -> None:
        self.warnings.setdefault(kind, []).append(line)

    @property
    def new(self) -> int:
        return self.total - self.left_out - self.known - len(self.wrong)

    def as_json(self) -> dict[str, Any]:
        """What the pages show of it."""

        def most(kinds: dict[str, list[int]]) -> list[Any]:
            ordered = sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:SHOWN_KINDS]
            return [[kind, len(lines), lines[:SHOWN_LINES]] for kind, lines in ordered]

        return {
            "total": self.total,
            "nouveaux": self.new,
            "connus": self.known,
            "ecartes": self.left_out,
            "erronees": len(self.wrong),
            "tels_quels": self.kept_as_is,
            "erreurs": most(self.kinds),
            "premieres": [[line, texts] for line, texts in sorted(self.wrong.items())[:SHOWN_LINES]],
            "avertissements": most(self.warnings),
            "inconnus": [[name, list(self.unknown[name])[:MOTS_MAX]] for name in CHAMPS if name in self.unknown],
            "apercu": [_shown(row, line) for row, line in zip(self.shown, present_list(self.shown), strict=True)],
            "du": date_format(self.first, "j F Y") if self.first else "",
            "au": date_format(self.last, "j F Y") if self.last else "",
        }


def _shown(row: Accompagnement, line: Any) -> dict[str, str]:
    people = {label: getattr(row, column) for c in (GENRES, AGES, STATUTS) for column, label in c.items()}
    public = ", ".join(f"{label} : {count}" for label, count in people.items() if count)
    names = ("date", "type", "titre", "themes", "place", "duree", "participants")
    return {name: line[name] for name in names} | {"public": public}


# --- Received ------------------------------------------------------------------------------------------------


@action("accompagnements.read_import")
def read_import(importation: int) -> None:
    """Scan a file in quarantine, and keep of it its cells as text. A second delivery finds the work done and stops."""
    with alone("import", importation):
        row = ImportActivite.objects.filter(pk=importation, status=StatutImport.DEPOSE).first()
        if row is None:
            return
        row.write(essais=row.essais + 1)
        try:
            if row.essais > LIVRAISON_TRIES:
                raise TableurRefusedError(BROKEN)
            _read(row)
        except antivirus.ScannerUnavailableError:
            row.write(essais=row.essais - 1)  # The file is not to blame.
            raise
        except TableurRefusedError as refusal:
            services.refuse_import(importation=row, reason=str(refusal))


def _read(row: ImportActivite) -> None:
    try:
        with row.depot.open("rb") as file:
            received = file.read()
    except FileNotFoundError as error:
        raise TableurRefusedError(LOST) from error
    scanned_at = None
    # Where one is required and none is configured, the answer is an error and the file goes on waiting.
    if antivirus.is_configured() or settings.ANTIVIRUS_REQUIRED:
        if antivirus.find_threat(received):
            raise TableurRefusedError(THREAT)
        scanned_at = timezone.now()
    with TemporaryFile() as target:
        apercu = clean_tableur(received, target, max_rows=IMPORT_MAX_ROWS)
        target.seek(0)
        name = row.stored_name("fichier")
        row.fichier.storage.delete(name)  # Left by a worker killed before its commit.
        name = row.fichier.storage.save(name, File(target))
    services.accept_import(
        importation=row,
        fichier=name,
        analyse_at=scanned_at,
        format=apercu.format,
        entetes=apercu.entetes,
        exemples=apercu.exemples,
        lignes=apercu.lignes,
        colonnes=propose_columns(apercu.entetes),
    )


# --- Verified ------------------------------------------------------------------------------------------------


@action("accompagnements.verify_import")
def verify_import(importation: int, tour: int) -> None:
    """Read the whole file with what its author explained, and say what would be written; nothing is."""
    with alone("import", importation):
        row = _at_work(importation, StatutImport.VERIFICATION, tour)
        if row is None:
            return
        found = verify(row)
        close_brouillon()
        services.settle_import(importation=row, **_outcome(row, found))


@action("accompagnements.write_import")
def write_import(importation: int, tour: int) -> None:
    """Verify again, for a contract or a place may have changed since, and write all the rows or none."""
    with alone("import", importation):
        row = _at_work(importation, StatutImport.ECRITURE, tour)
        if row is None:
            return
        found = verify(row)
        if found.wrong or found.unknown:
            close_brouillon()
            services.settle_import(importation=row, **_outcome(row, found))
            return
        with transaction.atomic():
            written = write_all(row)
            services.finish_import(importation=row, importes=written)
        close_brouillon()


@action("accompagnements.undo_import")
def undo_import(importation: int) -> None:
    with alone("import", importation):
        row = ImportActivite.objects.filter(pk=importation, status=StatutImport.ANNULATION).first()
        if row is not None:
            services.remove_imported(importation=row)


@action("accompagnements.discard_import_files")
def discard_import_files(importation: int) -> None:
    services.discard_import_files(importation=importation)


def _at_work(pk: int, status: StatutImport, tour: int) -> ImportActivite | None:
    rows = ImportActivite.objects.select_related("conseiller", "role__compte")
    row = rows.filter(pk=pk, status=status, tour=tour).first()
    if row is None:
        return None
    row.write(essais=row.essais + 1, progression=0)
    if row.essais > LIVRAISON_TRIES:
        services.give_up_import(importation=row, reason=BROKEN)
        return None
    return row


def _outcome(row: ImportActivite, found: Verification) -> dict[str, Any]:
    """Say where a verified file goes next: words to explain first, then rows to mend, then the person's word."""
    if found.unknown:
        return {"status": StatutImport.A_PRECISER, "bilan": found.as_json()}
    if found.wrong:
        return {"status": StatutImport.ERRONE, "bilan": found.as_json(), "erreurs": error_file(row, found)}
    return {"status": StatutImport.VERIFIE, "bilan": found.as_json()}


def verify(row: ImportActivite) -> Verification:
    """Read every row, and set aside those that may be written, for the database to judge."""
    found, reader = Verification(), Lecteur(row)
    reperes, now = services.Reperes(row.conseiller), timezone.now()
    open_brouillon()
    with row.fichier.open("rb") as file:
        rows = (reader.read(number, cells) for number, cells in read_rows(file))
        while chunk := list(islice(rows, CHUNK)):
            # Built before the connection is busy taking rows in.
            built = [(_build(row, one, reperes, now, found), one) for one in chunk]
            set_aside((kept, one.numero, one.identifiant, one.origine) for kept, one in built if kept is not None)
            row.advance(found.total * 90 // max(row.lignes, 1))
    for line, sentence in broken_constraints():
        found.blame(line, sentence)
    found.known = forget_known(row.conseiller_id) if not found.wrong else 0
    return found


def _build(
    row: ImportActivite, one: Lue, reperes: services.Reperes, now: Any, found: Verification
) -> Accompagnement | None:
    """Return the accompagnement of a row, or nothing when it is not one, or not a right one."""
    found.total += 1
    if one.is_left_out:
        found.left_out += 1
        return None
    for name, word in one.unknown:
        found.unknown.setdefault(name, Counter())[word[:100]] += 1
    for kind, detail in one.errors:
        found.blame(one.numero, kind, detail)
    if one.unknown or one.errors or one.uuid is None:
        return None
    built = Accompagnement(
        conseiller=row.conseiller, uuid=one.uuid, created_at=now, updated_at=now, commune=one.values["commune"]
    )
    services.fill(built, one.values, reperes)
    try:
        built.clean_fields(exclude=UNCHECKED)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            found.blame(one.numero, f"{services.label(name).capitalize()} : {messages[0]}")
        return None
    broken = list(services.rule_errors(built, reperes))
    for rule in broken:
        found.blame(one.numero, str(rule))
    if broken:
        return None
    _warn(built, one, found)
    if len(found.shown) < SHOWN_ROWS:
        found.shown.append(built)
    found.first = min(found.first or built.date, built.date)
    found.last = max(found.last or built.date, built.date)
    found.kept_as_is += bool(one.origine)
    return built


def _warn(built: Accompagnement, one: Lue, found: Verification) -> None:
    """Note what the entry form would ask about before it records."""
    if built.participants > PARTICIPANTS_USUAL_MAX:
        found.warn(one.numero, f"Plus de {PARTICIPANTS_USUAL_MAX} participants")
    for text, what in ((built.titre, "Le titre"), (built.notes, "Les notes")):
        for sensitive in find_sensitive(text) if text else ():
            # Without the quotation: this is kept longer than the row it speaks of.
            found.warn(
                one.numero,
                f"{what} semblent contenir {sensitive.split(' (', 1)[0]}".replace(
                    "Le titre semblent", "Le titre semble"
                ),
            )


def error_file(row: ImportActivite, found: Verification) -> Any:
    """Make the file of the person's own rows, with a column that says what is wrong with each."""
    livraison = services.open_error_file(importation=row)
    started = services.start_livraison(livraison=livraison.pk)
    if started is None:
        return livraison
    header = _distinct([*row.entetes, "Erreurs"])

    def lines() -> Iterator[list[str]]:
        with row.fichier.open("rb") as file:
            for number, cells in read_rows(file):
                shown = [*cells[: len(row.entetes)]]
                shown += [""] * (len(row.entetes) - len(shown))
                yield [*shown, " ".join(found.wrong.get(number, []))[:5_000]]

    name = keep_tableur(
        started,
        sheet="Lignes",
        header=header,
        rows=lines(),
        total=row.lignes,
        notes=about(
            started,
            ("Lignes", f"{found.total}, dont {len(found.wrong)} en erreur"),
            (
                "Que faire",
                "Corrigez les lignes dont la colonne « Erreurs » est remplie, puis déposez ce fichier à nouveau.",
            ),
        ),
    )
    services.finish_livraison(livraison=started, name=name)
    return started


def _distinct(names: list[str]) -> list[str]:
    """Return names of columns that are all different, and none empty."""
    given: list[str] = []
    for rank, name in enumerate(names, 1):
        wanted, again = name or f"Colonne {rank}", 2
        while wanted in given:
            wanted, again = f"{name or f'Colonne {rank}'} ({again})", again + 1
        given.append(wanted)
    return given
