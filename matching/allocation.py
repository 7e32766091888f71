"""Which proposals to make among the possible ones: arrays in, a choice out, no database (docs/adr/0012).

A minimum-cost flow: one unit from the source through a structure, a possible pair and a candidat to the sink is one
proposal. As many as both caps allow are made; among all the ways to make as many, the cheapest one is kept, where a
pair costs what its score lacks and each further proposal of the same structure or candidat costs more than the one
before: nobody gets a second one while someone could have a first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.constants import EXTRA_PROPOSAL, FIRST_CANDIDAT, FIRST_STRUCTURE
from matching.scoring import Detail

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SCORE_MAX = 100


@dataclass(frozen=True)
class Edge:
    """A pair that satisfies every hard filter."""

    candidature: int
    structure: int
    distance_km: float
    score: int
    details: list[Detail]
    # Decides between equals: a hash of public references, so never the order of the keys.
    tie: str


@dataclass(frozen=True)
class Quotas:
    """For each row of one side: how many proposals it may still have, and how many it has already.

    `parts`: by how many the proposals are shared (the vacant posts of a structure); `first` is the cost that makes
    the first of each part come before any other's second.
    """

    rooms: Ints
    taken: Ints
    parts: Ints
    first: int

    def levels(self) -> tuple[Ints, Ints]:
        """Return one line a unit of room: whose it is, and its cost."""
        rooms = np.maximum(self.rooms, 0)
        rows = np.repeat(np.arange(len(rooms)), rooms)
        # 0, 1, 2… within each row, after those it has already.
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(rooms) - rooms, rooms) + self.taken[rows]
        level = rank // np.maximum(self.parts[rows], 1)
        return rows, np.where(level > 0, self.first + level * EXTRA_PROPOSAL, 0)


def structure_quotas(rooms: Any, taken: Any, postes: Any) -> Quotas:
    return Quotas(_ints(rooms), _ints(taken), _ints(postes), FIRST_STRUCTURE)


def candidat_quotas(rooms: Any, taken: Any) -> Quotas:
    rooms = _ints(rooms)
    return Quotas(rooms, _ints(taken), np.ones_like(rooms), FIRST_CANDIDAT)


def allocate(
    structure: Ints, candidat: Ints, score: Ints, tie: NDArray[np.uint64], *, structures: Quotas, candidats: Quotas
) -> Bools:
    """Say which pairs to propose. `structure` and `candidat` are rows of the quotas, `tie` a stable hash of the pair.

    The same pairs give the same choice whatever their order and the numbering of the rows: rows are numbered again
    in the order of the hashes. Nothing can be added to the result: every pair left out has a side that is full.
    """
    chosen = np.zeros(len(structure), dtype=np.bool_)
    usable = np.flatnonzero((structures.rooms[structure] > 0) & (candidats.rooms[candidat] > 0))
    if len(usable) == 0:
        return chosen
    usable = usable[np.argsort(tie[usable], kind="stable")]
    s, structures = _renumber(structure[usable], structures)
    c, candidats = _renumber(candidat[usable], candidats)
    by_rows = np.lexsort((c, s))
    picked = _solve(s[by_rows], c[by_rows], score[usable][by_rows], structures, candidats)
    chosen[usable[by_rows[picked]]] = True
    return chosen


def _renumber(rows: Ints, quotas: Quotas) -> tuple[Ints, Quotas]:
    """Number the rows met, and only them, by order of appearance."""
    met, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    met = met[order]
    return rank[inverse], Quotas(quotas.rooms[met], quotas.taken[met], quotas.parts[met], quotas.first)


def _solve(s: Ints, c: Ints, score: Ints, structures: Quotas, candidats: Quotas) -> Bools:
    """Run the flow: source → unit of a structure's room → pair → unit of a candidat's room → sink."""
    # Half a second and 60 MB that only those who allocate pay.
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415

    from_source, source_costs = structures.levels()
    to_sink, sink_costs = candidats.levels()
    first_candidat = len(structures.rooms)
    source = first_candidat + len(candidats.rooms)
    sink = source + 1
    tails = np.concatenate([np.full(len(from_source), source), s, to_sink + first_candidat])
    heads = np.concatenate([from_source, c + first_candidat, np.full(len(to_sink), sink)])
    costs = np.concatenate([source_costs, SCORE_MAX - score, sink_costs])
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones_like(tails), costs)
    supply = min(len(from_source), len(to_sink))
    flow.set_node_supply(source, supply)
    flow.set_node_supply(sink, -supply)
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the flow has no optimum: {status}")
    return np.asarray(flow.flows(arcs[len(from_source) : len(from_source) + len(s)])) > 0


def best_total(structure: Ints, candidat: Ints, score: Ints, *, structures: Quotas, candidats: Quotas) -> int:
    """Return the highest total score that as many proposals can reach when fairness costs nothing: a yardstick."""
    flat = [Quotas(q.rooms, q.taken * 0, q.parts * 0 + np.maximum(q.rooms, 1), 0) for q in (structures, candidats)]
    usable = np.flatnonzero((structures.rooms[structure] > 0) & (candidats.rooms[candidat] > 0))
    if len(usable) == 0:
        return 0
    picked = _solve(structure[usable], candidat[usable], score[usable], flat[0], flat[1])
    return int(score[usable][picked].sum())


def choose(
    edges: Sequence[Edge], *, structures: dict[int, tuple[int, int, int]], candidatures: dict[int, tuple[int, int]]
) -> list[Edge]:
    """The same for a few pairs: `structures` gives room, taken and posts; `candidatures`, room and taken."""
    if not edges:
        return []
    s_rank = {pk: rank for rank, pk in enumerate(structures)}
    c_rank = {pk: rank for rank, pk in enumerate(candidatures)}
    chosen = allocate(
        _ints([s_rank[edge.structure] for edge in edges]),
        _ints([c_rank[edge.candidature] for edge in edges]),
        _ints([edge.score for edge in edges]),
        np.array([int(edge.tie[:16], 16) for edge in edges], dtype=np.uint64),
        structures=structure_quotas(*zip(*structures.values(), strict=True)),
        candidats=candidat_quotas(*zip(*candidatures.values(), strict=True)),
    )
    return [edge for edge, kept in zip(edges, chosen, strict=True) if kept]


def _ints(values: Any) -> Ints:
    return np.asarray(values, dtype=np.int64)
