"""A structure reads a CV from its interest on, and only then."""

import pytest

from candidatures.selectors import READ_CV
from comptes.models import EntreeJournal
from matching.enums import STATUTS_DEVOILES, StatutMiseEnRelation
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.test_access import enter


@pytest.mark.parametrize("status", StatutMiseEnRelation)
def test_the_cv_opens_with_the_interest_and_closes_with_a_refusal(client, status):
    mise = MiseEnRelationFactory(status=status)
    CVFactory(candidature=mise.candidature, propre=True)
    role = member_role(mise.structure)
    enter(client, role)

    response = client.get(f"/mises-en-relation/{mise.pk}/cv/")

    if status in STATUTS_DEVOILES:
        assert response.content.startswith(b"%PDF-")
        line = EntreeJournal.objects.get(verbe=READ_CV)
        assert (line.compte, line.details) == (role.compte, {"mise_en_relation": mise.pk})
    else:
        assert response.status_code == 404
        assert not EntreeJournal.objects.filter(verbe=READ_CV).exists()


@pytest.mark.parametrize("state", [{}, {"refuse": True}])
def test_a_cv_in_quarantine_or_refused_does_not_exist(client, state):
    mise = MiseEnRelationFactory(interessee=True)
    CVFactory(candidature=mise.candidature, **state)
    enter(client, member_role(mise.structure))
    assert client.get(f"/mises-en-relation/{mise.pk}/cv/").status_code == 404


def test_a_minors_cv_waits_for_the_representative(client):
    mise = MiseEnRelationFactory(interessee=True, candidature=CandidatureFactory(date_naissance="2009-11-01"))
    CVFactory(candidature=mise.candidature, propre=True)
    enter(client, member_role(mise.structure))
    assert client.get(f"/mises-en-relation/{mise.pk}/cv/").status_code == 404
