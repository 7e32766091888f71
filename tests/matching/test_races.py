"""Both sides at the same moment, forty at a time, on real connections: one coherent result, no error page.

Recruitments race in tests/contrats.
"""

import pytest

from candidatures.enums import MotifRetrait, StatutCandidature
from candidatures.services import withdraw_candidature
from common.exceptions import RuleError
from matching import services
from matching.enums import MotifRefus, StatutMiseEnRelation
from tests.contrats.test_races import at_once
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory

pytestmark = TRANSACTIONAL
_S = StatutMiseEnRelation
THREADS = 40


@pytest.fixture(autouse=True)
def _no_worker(settings):
    """What is queued stays queued: it would be delivered by each of the threads."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = "memory://"


@pytest.fixture
def mise():
    return MiseEnRelationFactory(structure=PosteFactory().structure)


@pytest.fixture
def structure(mise):
    return member_role(mise.structure)


@pytest.fixture
def candidat(mise):
    return mise.candidature.compte.roles.get()


def interested(mise, structure):
    return services.mark_interest(mise_en_relation=mise, by=structure)


def alternate(first, second):
    """Forty threads, one side then the other."""
    results = at_once(*[first if n % 2 else second for n in range(THREADS)])
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)]
    return [r for r in results if isinstance(r, RuleError)]


def moves(mise):
    return [move.to_status for move in mise.transitions.order_by("pk")]


def test_yes_against_the_structure_taking_its_interest_back(mise, structure, candidat):
    interested(mise, structure)
    refused = alternate(
        lambda: services.accept(mise_en_relation=mise, by=candidat),
        lambda: services.undo(mise_en_relation=mise, by=structure),
    )
    mise.refresh_from_db()
    # Whoever was first: the other side's twenty are all refused, and one move was made at most.
    if mise.acceptee_at:
        assert (mise.status, moves(mise), len(refused)) == (_S.INTERESSEE, [_S.INTERESSEE], 20)
    else:
        assert (mise.status, moves(mise)) == (_S.PROPOSEE, [_S.INTERESSEE, _S.PROPOSEE])
        assert len(refused) == 39


def test_yes_against_the_structure_saying_no(mise, structure, candidat):
    interested(mise, structure)
    alternate(
        lambda: services.accept(mise_en_relation=mise, by=candidat),
        lambda: services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=structure),
    )
    mise.refresh_from_db()
    # A no holds whether the yes came before it or too late.
    assert (mise.status, mise.acceptee_at) == (_S.DECLINEE_STRUCTURE, None)
    assert moves(mise) == [_S.INTERESSEE, _S.DECLINEE_STRUCTURE]


def test_both_say_no(mise, structure, candidat):
    refused = alternate(
        lambda: services.decline(mise_en_relation=mise, motif=MotifRefus.DATES, by=candidat),
        lambda: services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=structure),
    )
    mise.refresh_from_db()
    assert moves(mise) == [mise.status]
    assert len(refused) == 20
    assert mise.motif == (MotifRefus.DATES if mise.status == _S.DECLINEE_CANDIDAT else MotifRefus.AUTRE)


def test_retained_against_withdrawn(mise, structure, candidat):
    interested(mise, structure)
    alternate(
        lambda: services.retain(mise_en_relation=mise, by=structure),
        lambda: withdraw_candidature(candidature=mise.candidature, motif=MotifRetrait.AUTRE, by=candidat),
    )
    mise.refresh_from_db()
    mise.candidature.refresh_from_db()
    assert mise.candidature.status == StatutCandidature.RETIREE
    assert mise.status == _S.ANNULEE
    assert moves(mise) in ([_S.INTERESSEE, _S.ANNULEE], [_S.INTERESSEE, _S.RETENUE, _S.ANNULEE])


def test_forty_bulk_refusals_of_the_same_people_while_they_answer(structure, mise):
    """The same six people in both orders, while three of them say no: each is closed once, by one side."""
    mises = [mise, *(MiseEnRelationFactory(structure=mise.structure) for _ in range(5))]
    people = [m.candidature.compte.roles.get() for m in mises[:3]]
    answers = [
        lambda m=m, by=by: services.decline(mise_en_relation=m, motif=MotifRefus.AUTRE, by=by)
        for m, by in zip(mises, people, strict=False)
    ]
    clicks = [
        lambda rows=mises[:: 1 if n % 2 else -1]: services.decline_several(
            mises_en_relation=rows, motif=MotifRefus.DATES, by=structure
        )
        for n in range(THREADS - len(answers))
    ]
    results = at_once(*answers, *clicks)
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)]
    for m in mises:
        m.refresh_from_db()
        assert moves(m) == [m.status]
    taken = {m.pk for m in mises if m.status == _S.DECLINEE_CANDIDAT}
    assert taken <= {m.pk for m in mises[:3]}
    # Each click was told of exactly those who had said no first; nobody was told of the others.
    assert all({m.pk for m, _ in refused} == taken for refused in results[len(answers) :])
