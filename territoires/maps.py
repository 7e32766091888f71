"""The map of the départements: outlines of a file, a class each, colours left to the CSS."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from common.numbers import number

OUTLINES = Path(__file__).resolve().parent / "data" / "contours.json"
# Shades that an eye tells apart, the darkest being the last. « Aucun » and « Non publié » are not shades.
SHADES = 4
NONE, HIDDEN = "aucun", "non-publie"


@dataclass(frozen=True)
class Shape:
    """A département: where it is drawn, its place in the corner where small ones are larger, and what it says."""

    code: str
    nom: str
    trace: str
    loupe: str
    # Of a département drawn apart: its code is written below.
    x: int | None
    y: int | None
    label: str


@dataclass(frozen=True)
class MapClass:
    name: str
    label: str
    shapes: list[Shape]


@dataclass(frozen=True)
class DepartementMap:
    title: str
    description: str
    width: int
    height: int
    frames: str
    classes: list[MapClass]
    # Those whose code is written on the map.
    apart: list[Shape]


@cache
def outlines() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(OUTLINES.read_text(encoding="utf-8"))
    return found


def departement_map(title: str, values: Mapping[str, int | None]) -> DepartementMap:
    """Colour every département by its value: None is not published, an absent one is zero."""
    drawn = outlines()
    bounds = thresholds([value for value in values.values() if value])
    shapes: dict[str, list[Shape]] = {}
    named: list[tuple[str, int]] = []
    for code, row in drawn["departements"].items():
        value = values.get(code, 0)
        name = f"{row['nom']} ({code})"
        if value:
            named.append((name, value))
        label = f"{name} : {_text(value)}"
        shape = Shape(code, row["nom"], row["trace"], row.get("loupe", ""), row.get("x"), row.get("y"), label)
        shapes.setdefault(_class_of(value, bounds), []).append(shape)
    labels = {NONE: "Aucun", **_labels(bounds), HIDDEN: "Non publié"}
    classes = [MapClass(name, label, shapes[name]) for name, label in labels.items() if name in shapes]
    apart = [shape for one in classes for shape in one.shapes if shape.x is not None]
    return DepartementMap(
        title,
        _describe(named, nothing=len(shapes.get(NONE, [])), hidden=len(shapes.get(HIDDEN, []))),
        drawn["largeur"],
        drawn["hauteur"],
        drawn["cadres"],
        classes,
        sorted(apart, key=lambda shape: shape.code),
    )


def thresholds(values: Sequence[int]) -> list[int]:
    """Return where each shade begins: as many départements in each as round numbers allow, and never none."""
    ordered = sorted(values)
    if not ordered:
        return []
    quantiles = {_rounded(ordered[len(ordered) * rank // SHADES]) for rank in range(1, SHADES)}
    # The first is the lowest value: a cut rounded down to it would leave its shade empty.
    return [ordered[0], *sorted(cut for cut in quantiles if cut > ordered[0])]


def _rounded(value: int) -> int:
    """Round down, to two figures: the value stays on its side of the threshold."""
    unit = 10 ** max(len(str(value)) - 2, 0)
    return value // unit * unit


def _class_of(value: int | None, bounds: Sequence[int]) -> str:
    if value is None:
        return HIDDEN
    if not value:
        return NONE
    return _shade(sum(value >= bound for bound in bounds) - 1, bounds)


def _shade(rank: int, bounds: Sequence[int]) -> str:
    return str(SHADES - len(bounds) + rank + 1)


def _labels(bounds: Sequence[int]) -> dict[str, str]:
    """Say each shade in words, from the lightest."""
    if len(bounds) == 1:
        return {_shade(0, bounds): f"{number(bounds[0])} et plus"}
    found = {}
    for rank, first in enumerate(bounds):
        if rank == 0:
            label = f"Moins de {number(bounds[1])}"
        elif rank == len(bounds) - 1:
            label = f"{number(first)} et plus"
        else:
            label = f"De {number(first)} à {number(bounds[rank + 1] - 1)}"
        found[_shade(rank, bounds)] = label
    return found


def _text(value: int | None) -> str:
    if value is None:
        return "non publié"
    return number(value) if value else "aucun"


def _describe(named: Sequence[tuple[str, int]], *, nothing: int, hidden: int) -> str:
    if not named:
        return "Aucune donnée sur cette période."
    highest, lowest = max(named, key=lambda pair: pair[1]), min(named, key=lambda pair: pair[1])
    return (
        f"Le plus haut : {highest[0]}, {number(highest[1])}. Le plus bas : {lowest[0]}, {number(lowest[1])}. "
        f"Sans activité : {nothing} ; non publiés : {hidden}. Tous les nombres sont dans les tableaux."
    )
