"""What happens at the same moment, on real connections: one coherent result, no error page."""

import threading
from collections import Counter

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from candidatures.enums import MotifRetrait, StatutCandidature
from candidatures.services import withdraw_candidature
from common.exceptions import RuleError
from comptes.enums import RoleKind
from contrats import services
from contrats.enums import StatutContrat
from contrats.models import Conseiller, Contrat
from matching import services as matching
from matching.enums import MotifRefus, StatutMiseEnRelation
from matching.models import MiseEnRelation
from structures.enums import StatutPoste
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ContratFactory
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory
from tests.test_access import enter

pytestmark = TRANSACTIONAL
_M, _S = StatutMiseEnRelation, StatutContrat


def at_once(*acts):
    """Run every act in its own thread and connection, started together; return what each gave or raised."""
    barrier = threading.Barrier(len(acts))
    results = [None] * len(acts)

    def run(n, act):
        try:
            barrier.wait(30)
            results[n] = act()
        except Exception as error:  # noqa: BLE001  # The test looks at each of them.
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def drafts(n):
    person = CandidatureFactory()
    postes = [PosteFactory() for _ in range(n)]
    mises = [MiseEnRelationFactory(candidature=person, contrat=True, structure=poste.structure) for poste in postes]
    return person, [
        ContratFactory(mise_en_relation=mise, poste=poste) for mise, poste in zip(mises, postes, strict=True)
    ]


def test_forty_structures_recruit_the_same_person_one_wins(settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = "memory://"
    person, contrats = drafts(40)
    clients = []
    for contrat in contrats:
        client = Client()
        enter(client, member_role(contrat.structure))
        clients.append(client)

    def transmit(client, contrat):
        return lambda: client.post(reverse("contrats:transmit", args=[contrat.pk]), follow=True)

    responses = at_once(*[transmit(client, contrat) for client, contrat in zip(clients, contrats, strict=True)])

    assert Counter(response.status_code for response in responses) == {200: 40}
    refused = [r for r in responses if "déjà en cours de recrutement" in r.text]
    assert len(refused) == 39
    assert Contrat.objects.filter(status=_S.TRANSMIS).count() == 1
    winner = Contrat.objects.get(status=_S.TRANSMIS)
    assert winner.transitions.count() == 1

    bdt = RoleFactory(kind=RoleKind.BDT)
    services.validate_contrat(contrat=winner, by=bdt)
    person.refresh_from_db()
    assert person.status == StatutCandidature.RECRUTEE
    assert Counter(MiseEnRelation.objects.values_list("status", flat=True)) == {_M.RECRUTEE: 1, _M.ANNULEE: 39}
    assert Counter(Contrat.objects.values_list("status", flat=True)) == {_S.VALIDE: 1, _S.ABANDONNE: 39}


def test_the_database_alone_lets_one_through(monkeypatch):
    """Without the lock and the check, the partial unique index still says who was first."""
    monkeypatch.setattr(services, "_lock", lambda contrat: Contrat.objects.get(pk=contrat.pk))
    monkeypatch.setattr(services, "STATUTS_ENGAGES", frozenset({_S.ABANDONNE}))
    _, contrats = drafts(8)
    roles = [member_role(contrat.structure) for contrat in contrats]
    results = at_once(
        *[
            lambda c=contrat, r=role: services.transmit_contrat(contrat=c, by=r)
            for contrat, role in zip(contrats, roles, strict=True)
        ]
    )
    assert sum(isinstance(result, Contrat) for result in results) == 1
    assert sum(isinstance(result, RuleError) for result in results) == 7


def test_one_post_two_people():
    poste = PosteFactory()
    role = member_role(poste.structure)
    pair = [
        ContratFactory(poste=poste, mise_en_relation=MiseEnRelationFactory(contrat=True, structure=poste.structure))
        for _ in range(2)
    ]
    results = at_once(*[lambda c=contrat: services.transmit_contrat(contrat=c, by=role) for contrat in pair])
    assert sum(isinstance(result, Contrat) for result in results) == 1
    assert sum(isinstance(result, RuleError) for result in results) == 1


def assert_coherent(contrat):
    """Recruited with everything that follows, or not at all."""
    contrat.refresh_from_db()
    mise, person, poste = contrat.mise_en_relation, contrat.candidature, contrat.poste
    for row in (mise, person, poste):
        row.refresh_from_db()
    if contrat.status == _S.VALIDE:
        assert (mise.status, person.status, poste.status) == (
            _M.RECRUTEE,
            StatutCandidature.RECRUTEE,
            StatutPoste.POURVU,
        )
        assert Conseiller.objects.filter(contrat=contrat).exists()
    else:
        assert contrat.status == _S.ABANDONNE
        assert mise.status in {_M.ANNULEE, _M.DECLINEE_CANDIDAT}
        assert poste.status == StatutPoste.VACANT
        assert not Conseiller.objects.filter(compte=person.compte).exists()


@pytest.mark.parametrize("attempt", range(6))
def test_withdrawal_against_validation(attempt):
    contrat = ContratFactory(transmis=True)
    bdt = RoleFactory(kind=RoleKind.BDT)
    person = contrat.candidature.compte.roles.get(kind=RoleKind.CANDIDAT)
    acts = [
        lambda: services.validate_contrat(contrat=contrat, by=bdt),
        lambda: withdraw_candidature(candidature=contrat.candidature, motif=MotifRetrait.AUTRE, by=person),
    ]
    results = at_once(*(acts if attempt % 2 else acts[::-1]))
    assert sum(isinstance(result, RuleError) for result in results) == 1
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)]
    assert_coherent(contrat)


@pytest.mark.parametrize("attempt", range(6))
def test_refusal_against_validation(attempt):
    contrat = ContratFactory(transmis=True)
    bdt = RoleFactory(kind=RoleKind.BDT)
    person = contrat.candidature.compte.roles.get(kind=RoleKind.CANDIDAT)
    acts = [
        lambda: services.validate_contrat(contrat=contrat, by=bdt),
        lambda: matching.decline(mise_en_relation=contrat.mise_en_relation, motif=MotifRefus.AUTRE, by=person),
    ]
    results = at_once(*(acts if attempt % 2 else acts[::-1]))
    assert sum(isinstance(result, RuleError) for result in results) == 1
    assert_coherent(contrat)


@pytest.mark.parametrize("attempt", range(6))
def test_refusal_against_interest(attempt):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure)
    structure = member_role(mise.structure)
    person = mise.candidature.compte.roles.get(kind=RoleKind.CANDIDAT)
    acts = [
        lambda: matching.mark_interest(mise_en_relation=mise, by=structure),
        lambda: matching.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=person),
    ]
    results = at_once(*(acts if attempt % 2 else acts[::-1]))
    mise.refresh_from_db()
    # The refusal holds whoever was first; the interest either came before it or was refused.
    assert mise.status == _M.DECLINEE_CANDIDAT
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)]


def test_many_validations_in_a_row_of_locks():
    """Contracts of different people and structures, validated together while their people withdraw: no deadlock."""
    contrats = [ContratFactory(transmis=True) for _ in range(6)]
    for contrat in contrats:
        for other in contrats:
            if other is not contrat:
                MiseEnRelationFactory(candidature=contrat.candidature, structure=other.structure)
    bdt = RoleFactory(kind=RoleKind.BDT)
    acts = [lambda c=contrat: services.validate_contrat(contrat=c, by=bdt) for contrat in contrats]
    acts += [
        lambda c=contrat: withdraw_candidature(
            candidature=c.candidature,
            motif=MotifRetrait.AUTRE,
            by=c.candidature.compte.roles.get(kind=RoleKind.CANDIDAT),
        )
        for contrat in contrats
    ]
    results = at_once(*acts, matching.run_matching, matching.run_matching)
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)]
    for contrat in contrats:
        assert_coherent(contrat)
    assert connection.is_usable()


def test_two_double_clicks_make_one_mise_en_relation():
    structure = PosteFactory().structure
    person = CandidatureFactory()
    role = member_role(structure)
    results = at_once(
        *[lambda: matching.explore_interest(structure=structure, candidature=person, by=role) for _ in range(8)]
    )
    assert {result.pk for result in results} == {MiseEnRelation.objects.get().pk}
    assert MiseEnRelation.objects.get().status == _M.INTERESSEE
