"""The surroundings of a structure as a small picture: circles of distance, letters where people live. Geometry only.

Everyone is shown at their commune's town hall, never closer: it is all the page itself says. The picture repeats its
table and says nothing more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from matching.explanations import format_km

SIZE = 400
CENTRE = SIZE / 2
RADIUS = 176
RINGS_KM = (5, 10, 20, 40, 100)
# A smaller circle would be under the letters.
SMALLEST_SHARE = 0.2
# Letters closer than this would cover each other: they become one. It is also their size under a finger.
LETTER = 30
TOWNS_MAX = 6
CHARACTER, LINE = 7, 14


@dataclass(frozen=True)
class Place:
    """A commune with some of the people of a page. `x` and `y` are kilometres in the plane of the zone."""

    nom: str
    distance_km: float
    people: list[str]
    x: float
    y: float
    # In the same mobility zone: beyond a sea, a plane means nothing.
    is_near: bool


@dataclass
class Marker:
    """A letter of the map, for one commune or several that touch."""

    letter: str
    x: float
    y: float
    places: list[Place] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.letter} : " + " ; ".join(
            f"{place.nom}, {format_km(place.distance_km)} : {', '.join(place.people)}" for place in self.places
        )


@dataclass(frozen=True)
class Ring:
    label: str
    radius: float
    label_y: float


@dataclass(frozen=True)
class Town:
    nom: str
    x: float
    y: float
    text_x: float
    anchor: str


@dataclass(frozen=True)
class Map:
    rings: list[Ring]
    markers: list[Marker]
    towns: list[Town]
    # Too far for the largest circle, or beyond a sea.
    beyond: list[Place]

    @property
    def letters(self) -> dict[str, str]:
        """The letter of each commune, by its name."""
        return {place.nom: marker.letter for marker in self.markers for place in marker.places}


def reach_km(places: Iterable[Place], *, rings: Sequence[int] = RINGS_KM) -> int:
    """Return the smallest circle that holds everyone who is within the largest."""
    farthest = max((place.distance_km for place in places if _fits(place)), default=0)
    return next(km for km in rings if km >= min(farthest, rings[-1]))


def draw(
    places: Sequence[Place],
    *,
    x: float,
    y: float,
    reach: int,
    towns: Sequence[tuple[str, float, float]],
    rings: Sequence[int] = RINGS_KM,
) -> Map:
    """Draw places around (x, y). `towns`, the largest first, are what people find their way by."""
    scale = RADIUS / reach
    markers: list[Marker] = []
    for place in sorted(filter(_fits, places), key=lambda place: (place.distance_km, place.nom)):
        at_x, at_y = _on_paper(place.x - x, place.y - y, scale)
        marker = next((m for m in markers if abs(m.x - at_x) < LETTER and abs(m.y - at_y) < LETTER), None)
        if marker is None:
            marker = Marker(ascii_uppercase[len(markers)], at_x, at_y)
            markers.append(marker)
        marker.places.append(place)
    return Map(
        rings=[
            Ring(format_km(km), round(km * scale, 1), round(CENTRE + km * scale + LINE / 3, 1))
            for km in rings
            if SMALLEST_SHARE * reach <= km <= reach
        ],
        markers=markers,
        towns=list(_readable_towns(towns, markers, x=x, y=y, scale=scale)),
        beyond=[place for place in places if not _fits(place)],
    )


def _fits(place: Place) -> bool:
    return place.is_near and place.distance_km <= RINGS_KM[-1]


def _on_paper(east: float, north: float, scale: float) -> tuple[float, float]:
    return round(CENTRE + east * scale, 1), round(CENTRE - north * scale, 1)


Box = tuple[float, float, float, float]


def _readable_towns(
    towns: Sequence[tuple[str, float, float]], markers: Sequence[Marker], *, x: float, y: float, scale: float
) -> Iterator[Town]:
    """Name the largest towns, as long as no name covers another nor a letter."""
    half = LETTER / 2
    taken: list[Box] = [(m.x - half, m.y - half, m.x + half, m.y + half) for m in markers]
    taken.append((CENTRE - half, CENTRE - half, CENTRE + half, CENTRE + half))
    shown = 0
    for nom, town_x, town_y in towns:
        at_x, at_y = _on_paper(town_x - x, town_y - y, scale)
        width = len(nom) * CHARACTER + 8
        to_the_left = at_x + width > SIZE
        left = at_x - width if to_the_left else at_x - 4
        box = (left, at_y - LINE / 2, left + width + 4, at_y + LINE / 2)
        if left < 0 or any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        yield Town(nom, at_x, at_y, at_x + (-7 if to_the_left else 7), "end" if to_the_left else "start")
        shown += 1
        if shown == TOWNS_MAX:
            return


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
