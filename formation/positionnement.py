"""The recommended path, from the grid of the interview: pure functions and one table (docs/adr/0011).

The programme gives no rule (S1, S4: the organisme assesses the need). Ours is additive, so that it can be said in a
sentence and redone by hand, and it only recommends: the organisme decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from formation.enums import RELATIONNELLES, TECHNIQUES, Competence, Niveau

# What everyone needs, whatever they know: the trade, CCP1 and Pix. The shortest path of the referential (S4).
SOCLE_HEURES = 70
# Hours of course a competence asks for, by level: multiples of a day of seven hours. With every level at 0 the need
# is 420 h, the longest path (S0 to S2); with every level at 3 it is the base alone.
TECHNIQUE_HEURES = {Niveau.DECOUVRIR: 49, Niveau.DEBUTER: 35, Niveau.PRATIQUER: 14, Niveau.MAITRISER: 0}
RELATION_HEURES = {Niveau.DECOUVRIR: 35, Niveau.DEBUTER: 21, Niveau.PRATIQUER: 7, Niveau.MAITRISER: 0}
HEURES = dict.fromkeys(TECHNIQUES, TECHNIQUE_HEURES) | dict.fromkeys(RELATIONNELLES, RELATION_HEURES)
# S1 reproaches the programme with judging the technique alone. Someone who has yet to discover listening, teaching or
# hosting needs weeks of practice with feedback, however skilled they are with a computer.
RELATION_PLANCHER = 280


@dataclass(frozen=True)
class Recommandation:
    heures: int
    explication: str


def recommend(grille: Mapping[Competence, Niveau], *, parcours: Iterable[int]) -> Recommandation:
    """Return the shortest valid path that covers the need, and why, in words. `parcours` must not be empty."""
    lengths = sorted(parcours)
    sentences = []
    need = estimate_need(grille)
    needed = [competence for competence in Competence if HEURES[competence][grille[competence]]]
    if needed:
        details = ", ".join(f"{c.label.lower()} ({HEURES[c][grille[c]]} h)" for c in needed)
        sentences.append(f"Besoin estimé à {need} h : un socle de {SOCLE_HEURES} h et {details}.")
    else:
        sentences.append(f"Besoin estimé à {need} h : le socle, toutes les compétences étant maîtrisées.")
    missing = [competence for competence in RELATIONNELLES if grille[competence] == Niveau.DECOUVRIR]
    if missing and need < RELATION_PLANCHER:
        names = ", ".join(competence.label.lower() for competence in missing)
        sentences.append(f"Une compétence relationnelle est à découvrir ({names}) : {RELATION_PLANCHER} h au moins.")
        need = RELATION_PLANCHER
    chosen = next((heures for heures in lengths if heures >= need), lengths[-1])
    if chosen >= need:
        sentences.append(f"Le plus court parcours qui le couvre est celui de {chosen} h.")
    else:
        sentences.append(f"Aucun parcours ne le couvre en entier : le plus long, {chosen} h, est recommandé.")
    return Recommandation(chosen, " ".join(sentences))


def estimate_need(grille: Mapping[Competence, Niveau]) -> int:
    return SOCLE_HEURES + sum(HEURES[competence][grille[competence]] for competence in Competence)
