"""The flow: as many proposals as possible, nobody second before everyone's first, the same whatever the numbering."""

import random
from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import example, given, settings, strategies as st

from matching.allocation import Edge, allocate, best_total, candidat_quotas, choose, structure_quotas

PEOPLE, PLACES = range(1, 9), range(1, 6)
pairs = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PLACES)), st.integers(0, 100), min_size=1, max_size=30
)
rooms = st.fixed_dictionaries(
    {
        "structures": st.fixed_dictionaries(
            {s: st.tuples(st.integers(-1, 4), st.integers(0, 3), st.integers(1, 2)) for s in PLACES}
        ),
        "candidatures": st.fixed_dictionaries({c: st.tuples(st.integers(-1, 3), st.integers(0, 3)) for c in PEOPLE}),
    }
)


def tie_of(c, s):
    return f"{random.Random(c * 1000 + s).getrandbits(64):016x}"


def edges_of(pairs):
    return [Edge(c, s, 1.0, score, [], tie_of(c, s)) for (c, s), score in pairs.items()]


@settings(max_examples=30)
@given(pairs, rooms, st.randoms(use_true_random=False))
def test_rooms_hold_nothing_can_be_added_and_order_does_not_matter(pairs, rooms, rng):
    edges = edges_of(pairs)
    chosen = choose(edges, **rooms)

    taken_s, taken_c = Counter(e.structure for e in chosen), Counter(e.candidature for e in chosen)
    assert all(taken_s[s] <= rooms["structures"][s][0] for s in taken_s)
    assert all(taken_c[c] <= rooms["candidatures"][c][0] for c in taken_c)
    for edge in edges:
        if edge not in chosen:
            full_s = taken_s[edge.structure] >= rooms["structures"][edge.structure][0]
            assert full_s or taken_c[edge.candidature] >= rooms["candidatures"][edge.candidature][0]
    shuffled = choose(rng.sample(edges, len(edges)), **{
        side: dict(rng.sample(list(rows.items()), len(rows))) for side, rows in rooms.items()
    })  # fmt: skip
    assert {(e.candidature, e.structure) for e in shuffled} == {(e.candidature, e.structure) for e in chosen}


small = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 2)), st.integers(0, 100), min_size=1, max_size=9)


def by_hand(pairs, cap_s, cap_c):
    """Every choice that respects the caps."""
    found = list(pairs)
    for size in range(len(found) + 1):
        for choice in combinations(found, size):
            s, c = Counter(s for _, s in choice), Counter(c for c, _ in choice)
            if max(s.values(), default=0) <= cap_s and max(c.values(), default=0) <= cap_c:
                yield choice


@settings(max_examples=30)
@given(small, st.integers(1, 2), st.integers(1, 2))
# The only candidat of 0 scores better at 1, which has another one: the late structure comes first all the same.
@example({(0, 0): 1, (0, 1): 100, (1, 1): 99}, 2, 1)
def test_most_proposals_then_most_structures_served_then_most_people(pairs, cap_s, cap_c):
    c, s = (np.array(side) for side in zip(*pairs, strict=True))
    score = np.array(list(pairs.values()))
    tie = np.array([int(tie_of(*pair), 16) for pair in pairs], dtype=np.uint64)
    structures = structure_quotas(np.full(3, cap_s), np.zeros(3), np.ones(3))
    candidats = candidat_quotas(np.full(4, cap_c), np.zeros(4))
    kept = allocate(s, c, score, tie, structures=structures, candidats=candidats)

    def merit(choice):
        return len(choice), len({s for _, s in choice}), len({c for c, _ in choice})

    chosen = [pair for pair, here in zip(pairs, kept, strict=True) if here]
    every = list(by_hand(pairs, cap_s, cap_c))
    assert merit(chosen) == max(merit(choice) for choice in every)
    most = max(len(choice) for choice in every)
    best = max(sum(pairs[pair] for pair in choice) for choice in every if len(choice) == most)
    assert best_total(s, c, score, structures=structures, candidats=candidats) == best


def test_what_is_already_open_counts_in_who_comes_first():
    """Both could have the person; the one who already has three proposals waits."""
    edges = [Edge(1, s, 1.0, score, [], tie_of(1, s)) for s, score in ((1, 95), (2, 20))]
    chosen = choose(edges, structures={1: (5, 3, 1), 2: (8, 0, 1)}, candidatures={1: (1, 0)})
    assert [e.structure for e in chosen] == [2]
    # With four posts, three proposals still leave one of them without any.
    chosen = choose(edges, structures={1: (29, 3, 4), 2: (8, 0, 1)}, candidatures={1: (1, 0)})
    assert [e.structure for e in chosen] == [1]


def test_a_second_proposal_must_be_worth_much_more_than_another_first_one():
    edges = [Edge(c, s, 1.0, score, [], tie_of(c, s)) for c, score in ((1, 90), (2, 50)) for s in (1, 2)]
    chosen = choose(edges, structures=dict.fromkeys((1, 2), (1, 0, 1)), candidatures=dict.fromkeys((1, 2), (5, 0)))
    assert sorted(e.candidature for e in chosen) == [1, 2]


def test_nothing_to_allocate():
    assert choose([], structures={}, candidatures={}) == []
    full = [Edge(1, 1, 1.0, 50, [], tie_of(1, 1))]
    assert choose(full, structures={1: (0, 8, 1)}, candidatures={1: (5, 0)}) == []
