"""Our values as the national exchanges name them (STANDARDS §4), one to one."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.indicateurs import DUREES

RENAMED = {TypeAccompagnement.ATELIER.value: "collectif"}
TYPES = {RENAMED.get(value, value): value for value in TypeAccompagnement.values}
TYPES_OUT = {ours: theirs for theirs, ours in TYPES.items()}
NON_COMMUNIQUE = "non_communique"


def stripped(columns: Iterable[str], prefix: str) -> dict[str, str]:
    """Code → column: `feminin` → `genre_feminin`."""
    return {column.removeprefix(prefix): column for column in columns}


GENRES_CODES = stripped(GENRES, "genre_")
AGES_CODES = stripped(AGES, "age_")
STATUTS_CODES = stripped(STATUTS, "statut_")


def _known(choices: Any) -> list[str]:
    return [value for value in choices.values if value]


# Breakdown → the codes of its lines, in the order of the page. Months, days and themes say theirs themselves.
CODES: dict[str, list[str]] = {
    "type": list(TYPES),
    "canal": _known(Canal),
    "duree": [name.removeprefix("duree_") for name in DUREES],
    "age": [*AGES_CODES, NON_COMMUNIQUE],
    "genre": [*GENRES_CODES, NON_COMMUNIQUE],
    "statut": [*STATUTS_CODES, NON_COMMUNIQUE],
    "public": _known(TypePublic),
    "suite": [*_known(Suite), "aucune"],
    "orientation": _known(Orientation),
    "dispositif": _known(Dispositif),
    "materiel": _known(Materiel),
    "autonomie": [*_known(Autonomie), NON_COMMUNIQUE],
    "niveau": _known(NiveauAtelier),
}


def iso_date(text: str) -> date | None:
    """Read `2026-11-18`, and nothing that merely looks like it."""
    if len(text) != len("2026-11-18") or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
