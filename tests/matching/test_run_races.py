"""Allocations at the same moment, on real connections: one coherent result, no cap exceeded, nobody lost."""

from collections import Counter
from datetime import date

from candidatures.services import pause_candidature
from comptes.enums import RoleKind
from matching import services
from matching.models import MiseEnRelation, PoidsMatching, RunMatching
from structures.services import fill_poste
from tests.candidatures.factories import CandidatureFactory
from tests.contrats.test_races import at_once
from tests.marks import TRANSACTIONAL
from tests.structures.factories import PosteFactory

pytestmark = TRANSACTIONAL
CAPS = {"plafond_structure": 3, "plafond_candidat": 2}


def assert_caps(structures):
    rows = list(MiseEnRelation.objects.open().values_list("candidature", "structure"))
    assert len(rows) == len(set(rows))
    assert all(count <= 2 for count in Counter(c for c, _ in rows).values())
    assert all(count <= 3 * structures[s] for s, count in Counter(s for _, s in rows).items())
    return rows


def failures(results):
    return [result for result in results if isinstance(result, Exception)]


def test_forty_allocations_at_once_share_the_caps():
    """Every structure and every candidat asks for its own proposals, twice, while the country is settled."""
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), **CAPS)
    structures = [PosteFactory().structure_id for _ in range(6)]
    people = [CandidatureFactory().pk for _ in range(13)]
    acts = [lambda pk=pk: services.propose_for_structure(structure_id=pk) for pk in structures * 2]
    acts += [lambda pk=pk: services.propose_for_candidature(candidature_id=pk) for pk in people * 2]
    acts += [services.run_matching] * 2
    results = at_once(*acts)

    assert failures(results) == []
    assert len(assert_caps(dict.fromkeys(structures, 1))) == 6 * 3
    # The run had its turn among them. Once everyone is told (some are while it writes, and equals could then change
    # places), a second one finds nothing to do.
    services.run_matching()
    before = set(assert_caps(dict.fromkeys(structures, 1)))
    MiseEnRelation.objects.update(provisoire=False)
    assert services.run_matching().proposees == 0
    assert set(assert_caps(dict.fromkeys(structures, 1))) == before


def test_posts_filled_and_people_gone_while_the_country_is_settled():
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), **CAPS)
    postes = [PosteFactory() for _ in range(8)]
    people = [CandidatureFactory() for _ in range(12)]
    services.run_matching()
    filled, gone = postes[:4], people[:6]

    def fill(poste):
        fill_poste(poste=poste, by=None)
        services.settle_structure(structure_id=poste.structure_id)

    acts = [lambda p=poste: fill(p) for poste in filled]
    acts += [
        lambda c=person: pause_candidature(candidature=c, by=c.compte.roles.get(kind=RoleKind.CANDIDAT))
        for person in gone
    ]
    acts += [lambda p=poste: services.propose_for_structure(structure_id=p.structure_id) for poste in postes]
    acts += [services.run_matching] * 4
    results = at_once(*acts)

    assert failures(results) == []
    services.run_matching()
    rows = assert_caps({poste.structure_id: 1 for poste in postes})
    assert {s for _, s in rows} == {poste.structure_id for poste in postes[4:]}
    assert {c for c, _ in rows} == {person.pk for person in people[6:]}
    assert RunMatching.objects.filter(finished_at=None).count() == 0
