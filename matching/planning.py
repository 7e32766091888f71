"""What one run proposes for the whole country: arrays in, a plan out, no database (docs/adr/0012)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from candidatures.enums import Langue, SavoirEtre
from matching.allocation import Quotas, allocate, best_total, candidat_quotas, structure_quotas
from matching.constants import EDGES_ISOLATED, EDGES_PER_SIDE
from matching.neighbours import Bools, Candidats, Ints, Pairs, Structures, concatenate, mix, nearest
from matching.scoring import Attendus, Poids, Profil, Score, compute_score, total_scores


@dataclass(frozen=True)
class Plafonds:
    structure: int  # open proposals per vacant post
    candidat: int


@dataclass(frozen=True)
class Pays:
    """Who looks for whom, and what is already settled between them.

    `ouvertes` and `closes` are codes of pairs (`Pairs.codes`), sorted: those that go on, and those that will never be
    proposed again. `taken_*` count every open mise en relation of a row, its other side on the market or not.
    """

    candidats: Candidats
    structures: Structures
    ouvertes: Ints
    closes: Ints
    taken_candidat: Ints
    taken_structure: Ints


@dataclass(frozen=True)
class Plan:
    """Which pairs to propose, with their score; what was looked at; and the yardsticks of the journal."""

    pairs: Pairs
    scores: Ints
    looked_at: int
    # The best total of as many proposals over the same pairs when nobody cares who gets them.
    best: int

    @property
    def total(self) -> int:
        return int(self.scores.sum())


def make_plan(pays: Pays, *, poids: Poids, plafonds: Plafonds) -> Plan:
    """Allocate over the nearest of each, then again for those who still have room, until nothing can be added.

    The pairs of the first turn do not depend on what is already proposed: a run on an unchanged state finds the same.
    """
    candidats, structures = pays.candidats, pays.structures
    rooms_s = plafonds.structure * structures.postes - pays.taken_structure
    rooms_c = plafonds.candidat - pays.taken_candidat
    used_s, used_c = np.zeros_like(rooms_s), np.zeros_like(rooms_c)
    chosen: list[Pairs] = []
    scores: list[Ints] = []
    looked_at = best = 0
    pairs = first_pairs(pays)
    while True:
        looked_at += len(pairs)
        points = score_pairs(pays, pairs, poids)
        s_quotas = structure_quotas(rooms_s - used_s, pays.taken_structure + used_s, structures.postes)
        c_quotas = candidat_quotas(rooms_c - used_c, pays.taken_candidat + used_c)
        kept = _allocate(pays, pairs, points, s_quotas, c_quotas)
        best += best_total(pairs.structure, pairs.candidat, points, structures=s_quotas, candidats=c_quotas)
        chosen.append(pairs.take(kept))
        scores.append(points[kept])
        used_s += np.bincount(chosen[-1].structure, minlength=len(structures))
        used_c += np.bincount(chosen[-1].candidat, minlength=len(candidats))
        # Pairs that both have room: each turn allocates some, so the turns end.
        pairs = _next_pairs(pays, rooms_s > used_s, rooms_c > used_c, concatenate(chosen))
        if not len(pairs):
            break
    made = concatenate(chosen)
    return Plan(made, np.concatenate(scores), looked_at, best)


def first_pairs(pays: Pays) -> Pairs:
    """The nearest of every structure; and for the candidats who are among the nearest of none, their own."""

    def allowed(c: Ints, s: Ints) -> Bools:
        return ~_is_in(c * len(pays.structures) + s, pays.closes)

    pairs = nearest(
        pays.candidats,
        pays.structures,
        count=EDGES_PER_SIDE,
        of_structures=True,
        allowed=allowed if len(pays.closes) else None,
    )
    alone = np.setdiff1d(np.arange(len(pays.candidats)), pairs.candidat)
    more = _among(pays, alone, np.arange(len(pays.structures)), EDGES_ISOLATED, False, pays.closes)
    pairs = concatenate([pairs, more])
    return pairs.take(~_is_in(pairs.codes(len(pays.structures)), pays.ouvertes))


def _next_pairs(pays: Pays, structures: Bools, candidats: Bools, made: Pairs) -> Pairs:
    """The nearest were full: look behind them, among those who still have room."""
    known = np.unique(np.concatenate([pays.closes, pays.ouvertes, made.codes(len(pays.structures))]))
    return _among(pays, np.flatnonzero(candidats), np.flatnonzero(structures), EDGES_PER_SIDE, True, known)


def _among(pays: Pays, c_rows: Ints, s_rows: Ints, count: int, of_structures: bool, known: Ints) -> Pairs:
    if len(c_rows) == 0 or len(s_rows) == 0:
        return concatenate([])

    def allowed(c: Ints, s: Ints) -> Bools:
        return ~_is_in(c_rows[c] * len(pays.structures) + s_rows[s], known)

    found = nearest(
        pays.candidats.take(c_rows),
        pays.structures.take(s_rows),
        count=count,
        of_structures=of_structures,
        allowed=allowed,
    )
    return Pairs(c_rows[found.candidat], s_rows[found.structure], found.km)


def _allocate(pays: Pays, pairs: Pairs, points: Ints, structures: Quotas, candidats: Quotas) -> Bools:
    tie = mix(pays.candidats.hashes[pairs.candidat], pays.structures.hashes[pairs.structure])
    return allocate(pairs.structure, pairs.candidat, points, tie, structures=structures, candidats=candidats)


def score_pairs(pays: Pays, pairs: Pairs, poids: Poids) -> Ints:
    c, s, k = pairs.candidat, pairs.structure, pays.candidats
    return total_scores(
        distance_km=pairs.km,
        rayon_km=k.rayon[c],
        gap_days=pays.structures.gaps(s, k.disponible[c]),
        waited_days=pays.structures.today[s] - k.inscrit[c],
        experience=k.experience[c],
        diplome=k.diplome[c],
        tp_remn=k.tp_remn[c],
        pix=k.pix[c],
        langues=(k.langues[c], pays.structures.langues[s]),
        savoir_etre=(k.savoir_etre[c], pays.structures.savoir_etre[s]),
        poids=poids,
    )


def explain_pairs(pays: Pays, pairs: Pairs, poids: Poids) -> Iterator[Score]:
    """Score each pair again, with what the score is made of."""
    k, st = pays.candidats, pays.structures
    for c, s, km in zip(pairs.candidat.tolist(), pairs.structure.tolist(), pairs.km.tolist(), strict=True):
        profil = Profil(
            rayon_km=int(k.rayon[c]),
            disponible_le=date.fromordinal(int(k.disponible[c])),
            experience=bool(k.experience[c]),
            diplome=bool(k.diplome[c]),
            tp_remn=bool(k.tp_remn[c]),
            inscrit_le=date.fromordinal(int(k.inscrit[c])),
            pix=int(k.pix[c]) or None,
            langues=_names(k.langues[c], Langue.values),
            savoir_etre=_names(k.savoir_etre[c], SavoirEtre.values),
        )
        start = int(st.depart[s])
        debuts = [date.fromordinal(int(day)) for day in st.debuts[start : start + int(st.postes[s])]]
        attendus = Attendus(_names(st.langues[s], Langue.values), _names(st.savoir_etre[s], SavoirEtre.values))
        today = date.fromordinal(int(st.today[s]))
        score = compute_score(profil, debuts=debuts, distance_km=km, poids=poids, today=today, attendus=attendus)
        assert score is not None  # noqa: S101  # A pair of the plan has a post that starts late enough.
        yield score


def _names(bits: int, known: Sequence[str]) -> frozenset[str]:
    return frozenset(name for rank, name in enumerate(known) if bits >> rank & 1)


def _is_in(codes: Ints, known: Ints) -> Bools:
    """Membership in a sorted array."""
    if len(known) == 0:
        return np.zeros(len(codes), dtype=np.bool_)
    found = np.searchsorted(known, codes)
    inside: Bools = known[np.minimum(found, len(known) - 1)] == codes
    return inside
