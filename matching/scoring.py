"""The score of one candidat for one structure: data in, number and details out, no database.

It never looks at age, sex, name or nationality (DOMAINE §6): it is not given them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from candidatures.constants import PIX_MAX
from candidatures.enums import FRANCE_ENTIERE

# Beyond these, a longer gap or wait changes nothing more.
GAP_MAX_DAYS = 180
WAIT_MAX_DAYS = 180
# "France entière" has no radius to take a share of: half of the points at 100 km, a tenth at 900 km.
FRANCE_ENTIERE_HALF_KM = 100

# Criteria that the first weights did not have.
OPTIONAL = frozenset({"pix", "langues", "savoir_etre"})

# [criterion, points, maximum, fact]: `fact` is what `explanations` puts into words.
Detail = list[Any]


@dataclass(frozen=True)
class Poids:
    """The maximum of each criterion. They add up to 100."""

    distance: int
    dates: int
    experience: int
    diplome: int
    attente: int
    pix: int = 0
    langues: int = 0
    savoir_etre: int = 0


@dataclass(frozen=True)
class Profil:
    rayon_km: int
    disponible_le: date
    experience: bool
    diplome: bool
    tp_remn: bool
    inscrit_le: date
    pix: int | None = None
    langues: frozenset[str] = frozenset()
    savoir_etre: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Attendus:
    """What a structure asks for beyond what every post does."""

    langues: frozenset[str] = frozenset()
    savoir_etre: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Score:
    total: int
    details: list[Detail]


NOTHING_ASKED = Attendus()


def compute_score(
    profil: Profil,
    *,
    debuts: list[date],
    distance_km: float,
    poids: Poids,
    today: date,
    attendus: Attendus = NOTHING_ASKED,
) -> Score | None:
    """Return the score, or None when the person isn't available for any of these posts.

    `debuts`: when each vacant post starts, or today for those that should have started.
    """
    reachable = [debut for debut in debuts if debut >= profil.disponible_le]
    if not reachable:
        return None
    gap = (min(reachable) - profil.disponible_le).days
    waited = max(0, (today - profil.inscrit_le).days)
    shares: list[tuple[str, float, int, Any]] = [
        ("distance", distance_share(distance_km, profil.rayon_km), poids.distance, round(distance_km, 1)),
        ("dates", 1 - min(gap, GAP_MAX_DAYS) / GAP_MAX_DAYS, poids.dates, gap),
        ("experience", float(profil.experience), poids.experience, profil.experience),
        ("diplome", diplome_share(profil), poids.diplome, _diplome(profil)),
        ("attente", min(waited, WAIT_MAX_DAYS) / WAIT_MAX_DAYS, poids.attente, waited),
        ("pix", min(profil.pix or 0, PIX_MAX) / PIX_MAX, poids.pix, profil.pix),
        _met("langues", profil.langues, attendus.langues, poids.langues),
        _met("savoir_etre", profil.savoir_etre, attendus.savoir_etre, poids.savoir_etre),
    ]
    # A criterion nobody asked for is not shown either: a score says all it is made of, and nothing else.
    details: list[Detail] = [
        [name, round(share * weight), weight, fact]
        for name, share, weight, fact in shares
        if weight or name not in OPTIONAL
    ]
    return Score(total=sum(points for _, points, _, _ in details), details=details)


def _met(name: str, has: frozenset[str], asked: frozenset[str], weight: int) -> tuple[str, float, int, Any]:
    """The share of what is asked that the person has. Where nothing is asked, nobody lacks anything."""
    met = sorted(has & asked)
    return name, len(met) / len(asked) if asked else 1.0, weight, met


def distance_share(distance_km: float, rayon_km: int) -> float:
    if rayon_km == FRANCE_ENTIERE:
        return FRANCE_ENTIERE_HALF_KM / (FRANCE_ENTIERE_HALF_KM + distance_km)
    return max(0.0, 1 - distance_km / rayon_km)


def diplome_share(profil: Profil) -> float:
    """The titre professionnel exempts from initial training (S2); another diploma is two thirds of it."""
    return 1.0 if profil.tp_remn else 2 / 3 if profil.diplome else 0.0


def _diplome(profil: Profil) -> str:
    return "tp_remn" if profil.tp_remn else "diplome" if profil.diplome else ""


def total_scores(
    *,
    distance_km: NDArray[np.float64],
    rayon_km: NDArray[np.int64],
    gap_days: NDArray[np.int64],
    waited_days: NDArray[np.int64],
    experience: NDArray[np.bool_],
    diplome: NDArray[np.bool_],
    tp_remn: NDArray[np.bool_],
    pix: NDArray[np.int64],
    langues: tuple[NDArray[np.int64], NDArray[np.int64]],
    savoir_etre: tuple[NDArray[np.int64], NDArray[np.int64]],
    poids: Poids,
) -> NDArray[np.int64]:
    """The totals of `compute_score` for many compatible pairs at once, to the point: a test compares them.

    `langues` and `savoir_etre` are what people have and what is asked, one bit each (`bits`).
    """
    near = np.where(
        rayon_km == FRANCE_ENTIERE,
        FRANCE_ENTIERE_HALF_KM / (FRANCE_ENTIERE_HALF_KM + distance_km),
        np.maximum(0.0, 1 - distance_km / rayon_km),
    )
    shares = [
        (near, poids.distance),
        (1 - np.minimum(gap_days, GAP_MAX_DAYS) / GAP_MAX_DAYS, poids.dates),
        (experience.astype(np.float64), poids.experience),
        (np.where(tp_remn, 1.0, np.where(diplome, 2 / 3, 0.0)), poids.diplome),
        (np.minimum(np.maximum(waited_days, 0), WAIT_MAX_DAYS) / WAIT_MAX_DAYS, poids.attente),
        (np.minimum(pix, PIX_MAX) / PIX_MAX, poids.pix),
        (met_shares(*langues), poids.langues),
        (met_shares(*savoir_etre), poids.savoir_etre),
    ]
    # Half to even, as Python rounds.
    totals: NDArray[np.int64] = sum(np.rint(share * weight) for share, weight in shares).astype(np.int64)
    return totals


def met_shares(has: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.float64]:
    count = np.bitwise_count(asked).astype(np.float64)
    return np.where(count == 0, 1.0, np.bitwise_count(has & asked) / np.maximum(count, 1))


def bits(values: Iterable[str], known: Sequence[str]) -> int:
    """One bit a value, in the order of the enumeration."""
    return sum(1 << known.index(value) for value in set(values))
