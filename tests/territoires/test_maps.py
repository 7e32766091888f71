"""The map of the départements: all of them once, a shade of equal numbers each, nothing said of what is hidden."""

import csv
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from territoires.maps import OUTLINES, departement_map, thresholds
from territoires.services import DATA

# Moves and lines between whole numbers, closed.
PATH = re.compile(r"(M\d+ \d+(l-?\d+( \d+|-\d+)+|h\d+v\d+h-\d+)z)+")


@pytest.fixture(scope="module")
def file():
    return json.loads(OUTLINES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def names():
    with (DATA / "departements.csv").open(encoding="utf-8") as lines:
        return {row["code"]: row["nom"] for row in csv.DictReader(lines)}


def points(path):
    """The corners of a path, wherever it jumps or turns."""
    for piece in re.findall(r"M([^z]+)z", path):
        start, *steps = re.split(r"[lhv]", piece)
        x, y = map(int, start.split())
        yield x, y
        if "l" in piece:
            numbers = list(map(int, re.findall(r"-?\d+", steps[0])))
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = x + dx, y + dy
                yield x, y


def test_every_departement_is_on_the_map_and_nothing_else(file, names):
    assert {code: row["nom"] for code, row in file["departements"].items()} == names
    for code, row in file["departements"].items():
        for path in filter(None, (row["trace"], row.get("loupe"))):
            assert PATH.fullmatch(path), code
            assert all(0 <= x <= file["largeur"] and 0 <= y <= file["hauteur"] for x, y in points(path)), code
    assert {code for code, row in file["departements"].items() if "loupe" in row} == {"75", "92", "93", "94"}
    # Overseas, where the shape alone says little, the code is written.
    assert {code for code, row in file["departements"].items() if "x" in row} == {c for c in names if len(c) == 3}


def test_neighbours_share_their_border(file):
    """Drawn apart, each would be simplified its own way, with white between them."""
    corners = {code: set(points(row["trace"])) for code, row in file["departements"].items()}
    for one, other in [("44", "85"), ("33", "40"), ("77", "91"), ("75", "92"), ("2A", "2B"), ("59", "62")]:
        assert len(corners[one] & corners[other]) > 1, (one, other)


def test_every_departement_says_its_value_once(names):
    drawn = departement_map("Carte", {code: rank + 1000 for rank, code in enumerate(names)})
    labels = [shape.label for one in drawn.classes for shape in one.shapes]
    assert sorted(labels) == sorted(
        f"{nom} ({code}) : 1\u202f{rank:03}" for rank, (code, nom) in enumerate(names.items())
    )
    assert sum("Loire-Atlantique (44)" in label for label in labels) == 1
    assert (
        "Le plus haut : Nouvelle-Calédonie (988), 1\u202f106. Le plus bas : Ain (01), 1\u202f000." in drawn.description
    )


def test_hidden_and_empty_are_not_shades():
    drawn = departement_map("Carte", {"44": 120, "85": None, "49": 0, "53": 12})
    said = {one.label: [shape.label for shape in one.shapes] for one in drawn.classes}
    assert said.pop("Non publié") == ["Vendée (85) : non publié"]
    assert "Maine-et-Loire (49) : aucun" in said.pop("Aucun")
    assert said == {"Moins de 120": ["Mayenne (53) : 12"], "120 et plus": ["Loire-Atlantique (44) : 120"]}
    assert "Sans activité : 104 ; non publiés : 1." in drawn.description


def test_nothing_anywhere():
    drawn = departement_map("Carte", {})
    assert [(one.label, len(one.shapes)) for one in drawn.classes] == [("Aucun", 107)]
    assert drawn.description.startswith("Aucune donnée")


@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=120))
def test_shades_are_few_and_none_is_empty(values):
    bounds = thresholds(values)
    assert 1 <= len(bounds) <= 4
    assert bounds[0] == min(values)
    for first, following in pairwise([*bounds, float("inf")]):
        assert any(first <= value < following for value in values)
