"""The nearest compatible pairs of the whole country: arrays in, arrays out, no database (docs/adr/0012).

The same hard filters as `selectors` (DOMAINE §6), for everyone at once: trees over points of the unit sphere, whose
chords order as great circles do, one tree a radius so that each has a single bound. Nothing is kept but the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from candidatures.enums import FRANCE_ENTIERE
from territoires.constants import EARTH_RADIUS_KM

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

# Everyone stands a few centimetres from the town hall, where their hash puts them: those of one commune are not all
# at the same distance, a list is never cut by the order of the rows, and two structures of one place differ.
STEP = 5e-9
# A bound wide enough for these centimetres; the great circle between town halls decides.
SLACK = 1e-7
CHUNK = 2_000_000


def stable_hash(reference: str) -> int:
    """64 bits of a public reference, the same on every machine and whatever the order of the keys."""
    return int.from_bytes(blake2b(reference.encode(), digest_size=8).digest())


def mix(a: Hashes, b: Hashes) -> Hashes:
    """One hash a pair (the finaliser of splitmix64)."""
    value = a ^ (b * np.uint64(0x9E3779B97F4A7C15))
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@dataclass(frozen=True)
class Rows:
    """Columns of one side, one line a row, in the order of the hashes."""

    ids: Ints
    hashes: Hashes
    latitude: Floats
    longitude: Floats
    zone: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[Any]) -> Self:
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in self.shared()}
        return replace(self, **columns)

    @classmethod
    def shared(cls) -> frozenset[str]:
        """Columns that are not one line a row."""
        return frozenset()

    def points(self) -> Floats:
        """On the unit sphere, each a few centimetres from the town hall."""
        lat, lon = np.radians(self.latitude), np.radians(self.longitude)
        points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        steps = [(mix(self.hashes, np.full_like(self.hashes, n)) >> np.uint64(11)) / 2.0**53 for n in (1, 2, 3)]
        return points + (np.column_stack(steps) - 0.5) * 2 * STEP


@dataclass(frozen=True)
class Candidats(Rows):
    rayon: Ints
    disponible: Ints  # days, as `date.toordinal()`
    inscrit: Ints
    experience: Bools
    diplome: Bools
    tp_remn: Bools
    pix: Ints  # 0: not declared
    langues: Ints  # one bit each
    savoir_etre: Ints


@dataclass(frozen=True)
class Structures(Rows):
    today: Ints  # the civil day there
    postes: Ints  # vacant ones
    dernier: Ints  # the day the last of them starts, or today
    langues: Ints  # asked for, one bit each
    savoir_etre: Ints
    # Every start, structure after structure, each in order; `depart` is where those of a structure begin.
    debuts: Ints
    depart: Ints

    @classmethod
    def shared(cls) -> frozenset[str]:
        return frozenset({"debuts"})

    def gaps(self, structure: Ints, disponible: Ints) -> Ints:
        """Days between the availability of each and the first post that starts from then on."""
        owner = np.repeat(np.arange(len(self)), self.postes)
        span = np.int64(10_000_000)
        none = [np.empty(0, dtype=np.int64)]
        ranges = [self.debuts[d : d + n] for d, n in zip(self.depart, self.postes, strict=True)]
        starts = np.concatenate(ranges or none)
        keys = owner * span + starts.astype(np.int64)
        found = np.searchsorted(keys, structure * span + disponible)
        return keys[found] - structure * span - disponible


@dataclass(frozen=True)
class Pairs:
    """Rows of both sides, and the great circle between them."""

    candidat: Ints
    structure: Ints
    km: Floats

    def __len__(self) -> int:
        return len(self.km)

    def take(self, rows: NDArray[Any]) -> "Pairs":
        return Pairs(self.candidat[rows], self.structure[rows], self.km[rows])

    def codes(self, structures: int) -> Ints:
        """One number a pair."""
        return self.candidat * structures + self.structure


def concatenate(parts: list[Pairs]) -> Pairs:
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return Pairs(empty, empty, np.zeros(0))
    names = ("candidat", "structure", "km")
    return Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


# Says of many pairs (rows of candidats, rows of structures) which ones may be looked at.
Allowed = Callable[[Ints, Ints], Bools]


def nearest(
    candidats: Candidats, structures: Structures, *, count: int, of_structures: bool, allowed: Allowed | None = None
) -> Pairs:
    """Return the `count` nearest compatible of each structure, or of each candidat, exactly."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  # 40 MB that only a whole run pays.

    c_points, s_points = candidats.points(), structures.points()
    parts, chords = [], []
    for rayon in np.unique(candidats.rayon):
        members = np.flatnonzero(candidats.rayon == rayon)
        everywhere = rayon == FRANCE_ENTIERE

        def compatible(c: Ints, s: Ints, everywhere: bool = everywhere) -> Bools:
            keep: Bools = candidats.disponible[c] <= structures.dernier[s]
            if not everywhere:
                keep &= candidats.zone[c] == structures.zone[s]
            if allowed is not None:
                keep[keep] = allowed(c[keep], s[keep])
            return keep

        bound = 3.0 if everywhere else 2 * np.sin(rayon / EARTH_RADIUS_KM / 2) + SLACK
        if of_structures:

            def accept(asking: Ints, found: Ints, m: Ints = members, rule: Any = compatible) -> Bools:
                return rule(m[found], asking)

            asking, found, chord = _nearest(s_points, cKDTree(c_points[members]), bound, accept, count)
            c, s = members[found], asking
        else:

            def accept(asking: Ints, found: Ints, m: Ints = members, rule: Any = compatible) -> Bools:
                return rule(m[asking], found)

            asking, found, chord = _nearest(c_points[members], cKDTree(s_points), bound, accept, count)
            c, s = members[asking], found
        km = great_circle(candidats, c, structures, s)
        inside = km <= rayon
        parts.append(Pairs(c, s, km).take(inside))
        chords.append(chord[inside])
    pairs = concatenate(parts)
    return pairs.take(_first(pairs.structure if of_structures else pairs.candidat, chords, count))


def _nearest(
    asking: Floats, tree: Any, bound: float, accept: Callable[[Ints, Ints], Bools], count: int
) -> tuple[Ints, Ints, Floats]:
    """Ask the tree for a few more than wanted, and for four times more where too few of them were accepted."""
    size = tree.n
    found: list[tuple[Ints, Ints, Floats]] = []
    pending, width = np.arange(len(asking)), count + count // 2
    while len(pending):
        width = min(width, size)
        left = []
        for start in range(0, len(pending), step := max(1, CHUNK // width)):
            rows = pending[start : start + step]
            chord, index = (np.reshape(a, (len(rows), width)) for a in tree.query(asking[rows], width, 0, 2, bound))
            real = index < size
            index = np.where(real, index, 0)
            kept = real & accept(np.broadcast_to(rows[:, None], index.shape), index)
            rank = kept.cumsum(axis=1)
            done = (rank[:, -1] >= count) | ~real[:, -1] | (width == size)
            line, column = np.nonzero(kept & (rank <= count) & done[:, None])
            found.append((rows[line], index[line, column], chord[line, column]))
            left.append(rows[~done])
        pending, width = np.concatenate(left), width * 4
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0)
    asked, index, chord = (np.concatenate(column) for column in zip(*found, strict=True))
    return asked, index, chord


def _first(asking: Ints, chords: list[Floats], count: int) -> Ints:
    """Keep the first `count` of each, nearest first."""
    if len(asking) == 0:
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort((np.concatenate(chords), asking))
    ranked = asking[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    kept: Ints = order[rank < count]
    return kept


def great_circle(candidats: Rows, c: Ints, structures: Rows, s: Ints) -> Floats:
    """Kilometres between town halls, as `territoires.distance` and `cn_distance_km` count them."""
    lat_a, lat_b = np.radians(candidats.latitude[c]), np.radians(structures.latitude[s])
    half_lat = np.radians(structures.latitude[s] - candidats.latitude[c]) / 2
    half_lon = np.radians(structures.longitude[s] - candidats.longitude[c]) / 2
    h = np.sin(half_lat) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(half_lon) ** 2
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1, np.sqrt(h)))
    return km
