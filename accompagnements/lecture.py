"""One row of a received file → the values of an accompagnement, what is wrong with it, what it said otherwise.

The rules are not here: they are those of the entry form (`services.fill`, `services.rule_errors`, the database).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from accompagnements.enums import Canal, Suite, TypeAccompagnement
from accompagnements.models import ImportActivite, LieuActivite, Organisme, Theme
from accompagnements.services import COUNTS
from accompagnements.vocabulaires import (
    A_CONFIRMER,
    CHAMPS,
    CONNUS,
    ECARTER,
    ORGANISME,
    PERSONNE,
    TEL_QUEL,
    fold,
    merged,
    organisme_words,
    theme_words,
)
from territoires.models import Commune
from territoires.selectors import resolve_commune

# Identities of imported rows: the same file twice adds nothing.
NAMESPACE = UUID("6f1c4c1e-6d57-5a53-9a0e-2f6f3f0d7a41")
ELSEWHERE = "ailleurs"
NUMBERS = {"participants", *COUNTS}
TEXTS = ("titre", "notes")
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
FRENCH = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?: .*)?")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
HOURS = re.compile(r"(\d{1,2}) ?h(?:eures?)? ?(\d{1,2})?(?: ?m(?:in)?.*)?", re.IGNORECASE)
MINUTES = re.compile(r"(\d{1,6})(?:[.,]0+)? ?(?:m|mn|min|minutes?)?\.?", re.IGNORECASE)


@dataclass
class Lue:
    """A row, read. `unknown`: (field, word as it stands) nobody explained yet."""

    numero: int
    cells: Sequence[str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    origine: dict[str, str] = field(default_factory=dict)
    identifiant: str = ""
    uuid: UUID | None = None
    is_left_out: bool = False

    def wrong(self, kind: str, detail: str = "") -> None:
        self.errors.append((kind, detail[:80]))


class Lecteur:
    """Reads the rows of one file, with the columns and words its author explained. Each word is looked up once."""

    def __init__(self, importation: ImportActivite) -> None:
        conseiller = importation.conseiller
        self.conseiller = conseiller.pk
        self.headers = importation.entetes
        self.columns = {int(rank): name for rank, name in importation.colonnes.items() if name}
        self.told: Mapping[str, dict[str, str]] = importation.mots
        self.lieux = {
            str(lieu.pk): lieu for lieu in conseiller.lieux.select_related("commune__departement").order_by("nom", "pk")
        }
        self.words = {name: merged(CONNUS[name], self.told.get(name, {})) for name in CONNUS}
        self.words["themes"] = merged(theme_words(Theme.objects.order_by("-ordre")), self.told.get("themes", {}))
        own = {fold(lieu.nom): key for key, lieu in self.lieux.items()}
        self.organismes = {f"{ORGANISME}{one.pk}": one for one in Organisme.objects.all()}
        known = organisme_words(self.organismes.values())
        for name in ("orientation", "organisme"):
            self.words[name] = merged({**CONNUS[name], **known}, self.told.get(name, {}))
        self.words["lieu"] = merged(own, self.told.get("lieu", {}))
        self.communes: dict[tuple[str, str], Commune | None] = {}
        self.seen: Counter[str] = Counter()
        self.identifiants: dict[str, int] = {}
        self.has = set(self.columns.values())
        self.counted = [name for name in COUNTS if name in self.has]
        # What an identity is made of, whatever the columns were taken for.
        self.identity_names = [fold(header) for header in self.headers]

    def read(self, numero: int, cells: Sequence[str]) -> Lue:
        row = Lue(numero, cells)
        found: dict[str, str] = {}
        many: list[str] = []
        for rank, name in self.columns.items():
            cell = cells[rank] if rank < len(cells) else ""
            if not cell:
                continue
            if name == "themes":
                many.append(cell)
            elif name == TEL_QUEL:
                if cell != "0":
                    row.origine[self.headers[rank][:60]] = cell[:100]
            else:
                found[name] = cell
        if any(cells[len(self.headers) :]):
            row.wrong("La ligne a plus de cellules que la ligne des noms de colonnes.")
        self._identify(row, found)
        kind = self._word(row, "type", found.get("type", ""), "Indiquez le type d'accompagnement.")
        if kind == ECARTER:
            row.is_left_out = True
            return row
        values = row.values
        values["type"] = kind
        values["date"] = self._date(row, found.get("date", ""))
        values["duree"] = self._duree(row, found.get("duree", ""))
        self._people(row, found)
        self._place(row, found)
        values["themes"] = self._several(row, "themes", many, "Choisissez au moins un thème.")
        values["materiel"] = self._several(row, "materiel", [found.get("materiel", "")], "")
        for name in ("autonomie", "niveau"):
            values[name] = self._word(row, name, found.get(name, ""))
        values["type_public"] = self._word(row, "type_public", found.get("type_public", "")) or "habitants"
        self._orientation(row, found)
        values["dispositifs"] = self._several(row, "dispositifs", [found.get("dispositifs", "")], "")
        suite = self._word(row, "suite", found.get("suite", ""))
        values["suite"] = Suite.ORIENTATION if not suite and values["orientation"] else suite.replace("aucune", "")
        for name in TEXTS:
            values[name] = found.get(name, "")
        return row

    def _identify(self, row: Lue, found: Mapping[str, str]) -> None:
        """Give the row the identity it will have each time: that of its source, else its content and its rank among
        its equals."""
        row.identifiant = found.get("identifiant", "")[:100]
        if row.identifiant:
            first = self.identifiants.setdefault(row.identifiant, row.numero)
            if first != row.numero:
                row.wrong("Cet identifiant est déjà celui d'une autre ligne", f"ligne {first}")
            key = f"id:{row.identifiant}"
        else:
            pairs = zip(self.identity_names, row.cells, strict=False)
            content = "\x1f".join(sorted(f"{name}={cell}" for name, cell in pairs if cell and name != "erreurs"))
            self.seen[content] += 1
            key = f"ligne:{self.seen[content]}:{content}"
        row.uuid = uuid5(NAMESPACE, f"{self.conseiller}:{key}")

    def _orientation(self, row: Lue, found: Mapping[str, str]) -> None:
        """An organisme says the kind of orientation it is, in whichever of the two columns it stands."""
        kind = self._word(row, "orientation", found.get("orientation", ""))
        named = self._word(row, "organisme", found.get("organisme", ""))
        organisme = self.organismes.get(named) or self.organismes.get(kind)
        row.values["organisme"] = organisme
        row.values["orientation"] = organisme.categorie if organisme else kind

    def _word(self, row: Lue, name: str, cell: str, missing: str = "") -> str:
        if not cell:
            if missing:
                row.wrong(missing)
            return ""
        word = fold(cell)
        value = self.words[name].get(word)
        if value is None or (word in A_CONFIRMER.get(name, ()) and word not in self.told.get(name, {})):
            row.unknown.append((name, cell))
            return ""
        if value == "":  # Asked, and left without an answer.
            row.wrong(f"{CHAMPS[name]} : mot non reconnu", cell)
        return value

    def _several(self, row: Lue, name: str, cells: Sequence[str], missing: str) -> list[Any]:
        found: list[Any] = []
        for cell in cells:
            for word in split_words(cell):
                value = self._word(row, name, word)
                if value and value != ECARTER:
                    found.append(int(value) if name == "themes" else value)
        if not found and missing and not row.unknown:
            row.wrong(missing)
        # « Aide aux démarches » beside one of its démarches is the same said twice, not a mistake.
        return list(dict.fromkeys(found))

    def _date(self, row: Lue, cell: str) -> date | None:
        if not cell:
            row.wrong("Indiquez la date.")
            return None
        day = parse_date(cell)
        if day is None:
            row.wrong("Date : elle n'existe pas ou n'est pas comprise", cell)
        return day

    def _duree(self, row: Lue, cell: str) -> int | None:
        if not cell:
            row.wrong("Indiquez la durée.")
            return None
        minutes = parse_minutes(cell)
        if minutes is None:
            told = self._word(row, "duree", cell)
            minutes = int(told) if told else None
            row.origine["Durée"] = cell[:100]
        return minutes

    def _people(self, row: Lue, found: Mapping[str, str]) -> None:
        values = row.values
        is_atelier = values["type"] == TypeAccompagnement.ATELIER
        participants = self._number(row, "participants", found.get("participants", ""))
        if is_atelier and participants is None and values["type"]:
            row.wrong("Indiquez le nombre de participants.")
        if not is_atelier and participants not in {None, 1}:
            row.wrong(
                "Un accompagnement individuel ou une aide ponctuelle compte une seule personne", str(participants)
            )
        values["participants"] = 1 if participants is None else participants
        for name in COUNTS:
            values[name] = (self._number(row, name, found[name]) or 0) if name in found else 0
        again = found.get("recurrents", "")
        said = YES_NO.get(fold(again))
        values["recurrents"] = said if said is not None else self._number(row, "recurrents", again) or 0
        for name, columns in PERSONNE.items():
            cell = found.get(name, "")
            value = self._word(row, name, cell)
            if value == TEL_QUEL or (value in columns and values["participants"] != 1):
                # Wider than our bands, or one answer for several people: kept, never split.
                row.origine[CHAMPS[name]] = cell[:100]
            elif value in columns:
                values[value] = 1

    def _place(self, row: Lue, found: Mapping[str, str]) -> None:
        values = row.values
        canal = self._word(row, "canal", found.get("canal", ""))
        named = found.get("lieu", "")
        key = ""
        if not canal and not found.get("canal"):
            canal = Canal.LIEU_ACTIVITE if named else ""
            if not canal:
                row.wrong("Indiquez où cela s'est passé.")
        if canal == Canal.LIEU_ACTIVITE:
            # Without a name, the word is empty: it is asked about like another, once.
            key = self.words["lieu"].get(fold(named), "?")
            if key == "?" or (key != ELSEWHERE and key and key not in self.lieux):
                row.unknown.append(("lieu", named))
            elif key == "":
                row.wrong("Lieu d'activité : mot non reconnu", named)
            elif key == ELSEWHERE:
                canal = Canal.AUTRE
        values["canal"] = canal
        lieu: LieuActivite | None = self.lieux.get(key)
        values["lieu"] = lieu
        values["commune"] = lieu.commune if lieu else None
        if lieu is None and canal in {Canal.AUTRE, Canal.DOMICILE, Canal.A_DISTANCE}:
            values["commune"] = self._commune(row, found.get("commune", ""), found.get("code_postal", ""))

    def _commune(self, row: Lue, cell: str, postal: str) -> Commune | None:
        if not cell and not postal:
            default = self.told.get("commune", {}).get("")
            if default is None:
                row.unknown.append(("commune", ""))
                return None
            cell = default
        if (cell, postal) not in self.communes:
            self.communes[cell, postal] = find_commune(cell, postal)
        commune = self.communes[cell, postal]
        if commune is None:
            row.wrong(
                "Commune inconnue, ou plusieurs portent ce nom : donnez son code INSEE", f"{cell} {postal}".strip()
            )
        return commune

    def _number(self, row: Lue, name: str, cell: str) -> int | None:
        if not cell:
            return None
        if cell.isascii() and cell.isdigit() and len(cell) < 6:
            return int(cell)
        row.wrong(f"{LABELS.get(name, name)} : un nombre entier est attendu", cell)
        return None


LABELS = {name: label.removeprefix("Nombre : ") for name, label in CHAMPS.items()}
YES_NO = {"oui": 1, "non": 0, "true": 1, "false": 0, "vrai": 1, "faux": 0}


@lru_cache(maxsize=5_000)
def split_words(cell: str) -> list[str]:
    """Cut a cell that says several things: `|` as we write, `;` or a line break; a comma only where it separates codes,
    since names hold some (« Papiers, élections, citoyenneté »)."""
    parts = re.split(r"[|;\n]", cell)
    if len(parts) == 1 and "," in cell and re.fullmatch(r"[a-z0-9_]+(?: ?, ?[a-z0-9_]+)+", cell.strip()):
        parts = cell.split(",")
    return [part.strip() for part in parts if part.strip()]


@lru_cache(maxsize=5_000)
def parse_date(cell: str) -> date | None:
    try:
        if match := ISO.fullmatch(cell):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := FRENCH.fullmatch(cell):
            year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
            return date(year, int(match[2]), int(match[1]))
    except ValueError:
        return None
    return None


@lru_cache(maxsize=5_000)
def parse_minutes(cell: str) -> int | None:
    """Read « 90 », « 90 min », « 1h30 », « 1:30 »: a spreadsheet gives a duration as a clock."""
    if match := CLOCK.fullmatch(cell):
        return int(match[1]) * 60 + int(match[2])
    if match := MINUTES.fullmatch(cell):
        return int(match[1])
    if match := HOURS.fullmatch(cell):
        return int(match[1]) * 60 + int(match[2] or 0)
    return None


def find_commune(cell: str, postal: str) -> Commune | None:
    """Find a commune by its INSEE code (a spreadsheet drops the zero in front), else by name and code postal."""
    rows = Commune.objects.select_related("departement")
    code = cell.upper().strip()
    if re.fullmatch(r"[0-9AB]{4,5}", code):
        commune = rows.filter(pk=code.zfill(5)).first()
        if commune is not None:
            return commune
    text = f"{cell} ({postal.zfill(5)})" if cell and postal else cell or postal.zfill(5)
    for attempt in dict.fromkeys([text, cell]):
        found = resolve_commune(attempt).commune if attempt else None
        if found is not None:
            return rows.get(pk=found.pk)
    return None
