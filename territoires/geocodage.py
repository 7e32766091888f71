"""Where an address is (Géoplateforme, the geocoder of IGN on the Base adresse nationale)."""

import math
from dataclasses import dataclass
from typing import Any

from common.outside import Service, dicts_of, text_of, value_at

# Below it, ANCT's own files take no position.
SCORE_MIN = 0.6
# Those as good as the best, for the person to choose from.
AS_GOOD = 0.1
FOUND_MAX = 5
# A municipality is no address: what we know of it is better.
PRECISE = {"housenumber", "street", "locality"}
# A ward of Paris, Lyon or Marseille: the referential has the commune.
WARDS = {"75": "75056", "69": "69123", "13": "13055"}
GEOCODEUR = Service("geocodage", "GEOCODAGE_URL")


@dataclass(frozen=True)
class Adresse:
    label: str
    latitude: float
    longitude: float
    code_commune: str
    # From 0 to 1: how much it is what was asked.
    score: float


def geocode(text: str, *, code_commune: str = "") -> list[Adresse] | None:
    """Return the addresses a text may mean, the best first, none far behind it. None: the geocoder is away, or not
    asked.

    `code_commune` keeps to one commune. Takes less than three seconds whatever the server does, and raises nothing.
    """
    parameters = {"q": text, "limit": str(FOUND_MAX), "autocomplete": "0"}
    # The geocoder knows wards, not the communes they make.
    if code_commune and code_commune not in WARDS.values():
        parameters["citycode"] = code_commune
    answer = GEOCODEUR.get("/search", parameters)
    if not isinstance(value_at(answer, "features"), list):
        return None
    read = [one for one in map(_read, dicts_of(answer["features"])) if one]
    there = [one for one in read if code_commune in {"", one.code_commune}]
    found = sorted(there, key=lambda one: -one.score)[:FOUND_MAX]
    return [one for one in found if one.score >= SCORE_MIN and one.score >= found[0].score - AS_GOOD]


def _read(feature: dict[str, Any]) -> Adresse | None:
    properties = value_at(feature, "properties")
    point, score = value_at(value_at(feature, "geometry"), "coordinates"), value_at(properties, "score")
    label = text_of(value_at(properties, "label"), 200)
    if (
        text_of(value_at(properties, "type"), 20) not in PRECISE
        or not label
        or not isinstance(point, list)
        or len(point) < 2
    ):
        return None
    numbers = [value for value in (*point[:2], score) if type(value) in {int, float} and math.isfinite(value)]
    if len(numbers) < 3 or abs(numbers[0]) > 180 or abs(numbers[1]) > 90:
        return None
    longitude, latitude, score = map(float, numbers)
    return Adresse(label, latitude, longitude, whole_commune(text_of(value_at(properties, "citycode"), 5)), score)


def whole_commune(code: str) -> str:
    """Return the code of the commune a ward belongs to; that of a commune as it is."""
    return WARDS[code[:2]] if code.startswith(("751", "6938", "132")) and len(code) == 5 else code
