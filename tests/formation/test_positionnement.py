"""The recommended path: the table, the sentence, and what must hold for any grid."""

import pytest
from hypothesis import given, strategies as st

from formation.enums import RELATIONNELLES, TECHNIQUES, Competence, Niveau
from formation.positionnement import HEURES, SOCLE_HEURES, estimate_need, recommend

AVANT_2024 = [105, 280, 350, 420]
DEPUIS_2024 = [70, 105, 280, 315, 350, 420]


def grid(technique=3, relation=3, **levels):
    values = dict.fromkeys(TECHNIQUES, Niveau(technique)) | dict.fromkeys(RELATIONNELLES, Niveau(relation))
    return values | {Competence(name): Niveau(level) for name, level in levels.items()}


def test_the_grid_is_the_eight_competences_of_the_interview():
    assert set(TECHNIQUES) | set(RELATIONNELLES) == set(Competence) == set(HEURES)
    assert (len(TECHNIQUES), len(RELATIONNELLES)) == (5, 3)


@pytest.mark.parametrize(
    ("grille", "parcours", "expected"),
    [
        (grid(), DEPUIS_2024, 70),
        (grid(), AVANT_2024, 105),
        (grid(bureautique=2), DEPUIS_2024, 105),
        (grid(technique=2, relation=2), DEPUIS_2024, 280),
        (grid(technique=1, relation=1), DEPUIS_2024, 315),
        (grid(technique=1, relation=1), AVANT_2024, 350),
        (grid(technique=0, relation=1), DEPUIS_2024, 420),
        (grid(technique=0, relation=0), DEPUIS_2024, 420),
        # Skilled with a computer, listening yet to be discovered: never the short path (S1).
        (grid(ecoute=0), DEPUIS_2024, 280),
        (grid(technique=3, relation=0), AVANT_2024, 280),
        # 70–315 h only (S4 read strictly): the longest there is.
        (grid(technique=0, relation=0), [70, 105, 280, 315], 315),
    ],
)
def test_recommendation(grille, parcours, expected):
    assert recommend(grille, parcours=parcours).heures == expected


def test_the_sentence_shows_each_reason():
    explication = recommend(grid(ecoute=0, securite=2), parcours=DEPUIS_2024).explication
    assert explication == (
        "Besoin estimé à 119 h : un socle de 70 h et protéger ses données et s'informer avec esprit critique (14 h), "
        "écouter et comprendre la demande (35 h). "
        "Une compétence relationnelle est à découvrir (écouter et comprendre la demande) : 280 h au moins. "
        "Le plus court parcours qui le couvre est celui de 280 h."
    )


def test_the_sentence_says_when_no_path_is_long_enough():
    explication = recommend(grid(technique=0, relation=0), parcours=[70, 315]).explication
    assert explication.endswith("Aucun parcours ne le couvre en entier : le plus long, 315 h, est recommandé.")


def test_the_bounds_are_those_of_the_programme():
    assert estimate_need(grid(0, 0)) == 420
    assert estimate_need(grid(3, 3)) == SOCLE_HEURES == 70


grids = st.fixed_dictionaries({competence: st.sampled_from(Niveau) for competence in Competence})
paths = st.sets(st.sampled_from(DEPUIS_2024), min_size=1)


@given(grids, paths)
def test_a_path_of_the_list_is_always_recommended(grille, parcours):
    assert recommend(grille, parcours=parcours).heures in parcours


@given(grids, st.sampled_from(Competence), paths)
def test_knowing_more_never_asks_for_a_longer_path(grille, competence, parcours):
    better = grille | {competence: Niveau(min(3, grille[competence] + 1))}
    assert recommend(better, parcours=parcours).heures <= recommend(grille, parcours=parcours).heures


@given(grids)
def test_need_is_whole_days_within_the_bounds(grille):
    assert 70 <= estimate_need(grille) <= 420
    assert estimate_need(grille) % 7 == 0
