from datetime import date, timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.db import transaction

from candidatures.enums import FRANCE_ENTIERE, StatutCandidature
from candidatures.models import Candidature
from candidatures.signals import candidature_opened
from comptes.enums import RoleKind
from matching import jobs, planning, proposals, services
from matching.enums import MotifRefus, StatutMiseEnRelation
from matching.models import MiseEnRelation, PoidsMatching, RunMatching
from notifications.models import Effet
from notifications.tasks import drain
from structures.models import Poste, Structure
from structures.signals import postes_opened
from territoires.distance import distance_km
from tests.candidatures.factories import CandidatureFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import MembreFactory, PosteFactory
from tests.territoires.factories import CommuneFactory

_S = StatutMiseEnRelation
TODAY = date(2026, 11, 22)


def pairs():
    return set(MiseEnRelation.objects.values_list("candidature", "structure"))


def test_compatible_candidat_is_proposed_with_score_and_details():
    candidature, poste = CandidatureFactory(commune=CommuneFactory(reze=True)), PosteFactory()

    assert services.propose_for_structure(structure_id=poste.structure_id) == 1

    mise = MiseEnRelation.objects.get()
    assert (mise.candidature, mise.structure, mise.status) == (candidature, poste.structure, _S.PROPOSEE)
    assert mise.distance_km == pytest.approx(distance_km(candidature.commune, poste.structure.commune))
    assert mise.score == sum(points for _, points, _, _ in mise.details) > 0


@pytest.mark.parametrize(
    ("candidat", "reason"),
    [
        ({"en_pause": True}, "not active"),
        ({"recrutee": True}, "recruited"),
        ({"date_disponibilite": TODAY + timedelta(days=1)}, "not yet available"),
        ({"rayon_km": 5, "commune__paris": True}, "too far"),
        ({"rayon_km": 100, "commune__saint_denis": True}, "beyond the sea"),
    ],
)
def test_hard_filters(candidat, reason):
    candidature, poste = CandidatureFactory(**candidat), PosteFactory()
    assert services.propose_for_structure(structure_id=poste.structure_id) == 0
    assert services.propose_for_candidature(candidature_id=candidature.pk) == 0
    assert services.run_matching().proposees == 0


def test_structure_without_vacant_post_is_proposed_nobody():
    candidature = CandidatureFactory()
    poste = PosteFactory(pourvu=True)
    assert services.propose_for_structure(structure_id=poste.structure_id) == 0
    assert services.propose_for_candidature(candidature_id=candidature.pk) == 0


def test_caps_of_a_post_and_of_a_candidat():
    PosteFactory()
    CandidatureFactory.create_batch(10)
    services.run_matching()
    assert MiseEnRelation.objects.count() == 8

    for _ in range(6):
        PosteFactory()
    services.run_matching()
    counts = [c.mises_en_relation.count() for c in Candidature.objects.all()]
    assert max(counts) == 5
    assert sum(counts) == 10 * 5


def test_two_posts_have_twice_the_room():
    poste = PosteFactory()
    PosteFactory(convention=poste.convention)
    CandidatureFactory.create_batch(20)
    assert services.propose_for_structure(structure_id=poste.structure_id) == 16


def test_weights_of_the_day_decide_the_caps():
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=2)
    PoidsMatching.objects.create(valide_du=date(2027, 6, 1), plafond_structure=7)
    poste = PosteFactory()
    CandidatureFactory.create_batch(5)
    assert services.propose_for_structure(structure_id=poste.structure_id) == 2


def test_decline_frees_the_slot_and_is_remembered(django_capture_on_commit_callbacks):
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=1)
    poste = PosteFactory()
    CandidatureFactory.create_batch(2)
    services.run_matching()
    refused = MiseEnRelation.objects.get()

    with django_capture_on_commit_callbacks(execute=True):
        services.decline(mise_en_relation=refused, motif=MotifRefus.DISTANCE, by=member_role(poste.structure))

    assert MiseEnRelation.objects.open().exclude(candidature=refused.candidature).count() == 1
    services.run_matching()
    refused.refresh_from_db()
    assert refused.status == _S.DECLINEE_STRUCTURE
    assert MiseEnRelation.objects.count() == 2


def test_running_twice_changes_nothing():
    for _ in range(4):
        PosteFactory()
    CandidatureFactory.create_batch(15, rayon_km=FRANCE_ENTIERE)
    assert services.run_matching().proposees > 0
    before = list(MiseEnRelation.objects.order_by("pk").values())
    Effet.objects.all().delete()

    assert services.run_matching().proposees == 0
    assert services.propose_for_structure(structure_id=Structure.objects.first().pk) == 0
    assert list(MiseEnRelation.objects.order_by("pk").values()) == before
    assert not Effet.objects.exists()


def test_a_full_neighbourhood_does_not_hide_those_behind_it(monkeypatch):
    """The nearest are full: the run looks farther until nobody with room is left without."""
    for name in ("EDGES_PER_SIDE", "EDGES_ISOLATED"):
        monkeypatch.setattr(planning, name, 2)
    near = CandidatureFactory.create_batch(3)
    CandidatureFactory.create_batch(4, commune=CommuneFactory(reze=True))
    for candidature in near:
        for _ in range(5):
            MiseEnRelationFactory(candidature=candidature)
    poste = PosteFactory()
    assert services.run_matching().proposees == 4
    assert poste.structure.mises_en_relation.count() == 4


@pytest.mark.parametrize("order", [1, -1])
def test_result_depends_on_public_references_never_on_keys(order):
    """The same people and structures, created in the opposite order, meet the same."""
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=2, plafond_candidat=1)
    for n in range(1, 9)[::order]:
        CandidatureFactory(reference=UUID(int=n))
    for n in range(1, 4)[::order]:
        PosteFactory(convention__structure__siret=f"2104400000000{n}")
    services.run_matching()
    found = {(m.candidature.reference.int, m.structure.siret[-1]) for m in MiseEnRelation.objects.all()}
    assert len(found) == 6
    remembered = test_result_depends_on_public_references_never_on_keys.__dict__.setdefault("found", found)
    assert found == remembered


def test_run_is_logged_and_two_runs_never_overlap(monkeypatch):
    CandidatureFactory()
    PosteFactory()
    assert jobs.run() == 1
    run = RunMatching.objects.get()
    assert (run.postes, run.paires, run.proposees) == (1, 1, 1)
    assert run.finished_at

    monkeypatch.setattr(proposals, "_alone", _taken)
    assert jobs.run() == 0
    assert RunMatching.objects.count() == 1


class _taken:  # noqa: N801
    def __enter__(self):
        return False

    def __exit__(self, *args):
        return None


def test_signals_of_other_apps_make_proposals_through_the_outbox(django_capture_on_commit_callbacks):
    poste = PosteFactory()
    candidature = CandidatureFactory()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        candidature_opened.send(sender=Candidature, candidature=candidature)
        assert not MiseEnRelation.objects.exists()
    assert pairs() == {(candidature.pk, poste.structure_id)}

    other = PosteFactory()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        postes_opened.send(sender=Structure, structure=other.structure)
    assert (candidature.pk, other.structure_id) in pairs()


def test_both_sides_are_told_once_a_day(django_capture_on_commit_callbacks, time_machine):
    time_machine.move_to("2026-11-22T10:00:00+01:00", tick=False)
    poste = PosteFactory()
    member = MembreFactory(structure=poste.structure).compte
    first = CandidatureFactory()
    with django_capture_on_commit_callbacks(execute=True):
        services.run_matching()
    # The candidat at once, the structure in its digest of the next morning.
    assert [m.to for m in mail.outbox] == [[first.email]]
    assert "Mairie de Nantes" in mail.outbox[0].body
    mail.outbox.clear()

    second = CandidatureFactory()
    with django_capture_on_commit_callbacks(execute=True):
        services.run_matching()
    assert [m.to for m in mail.outbox] == [[second.email]]
    mail.outbox.clear()

    time_machine.move_to("2026-11-23T08:01:00+01:00", tick=False)
    drain()
    assert [m.to for m in mail.outbox] == [[member.email]]
    assert mail.outbox[0].body.count("2 personnes attendent votre réponse") == 1
    assert "Morvan" not in mail.outbox[0].body
    mail.outbox.clear()

    time_machine.move_to("2026-11-24T08:01:00+01:00", tick=False)
    services.run_matching()
    drain()
    assert mail.outbox == []


def test_digest_that_lost_its_reason_is_not_sent(django_capture_on_commit_callbacks):
    poste = PosteFactory()
    MembreFactory(structure=poste.structure)
    CandidatureFactory()
    with django_capture_on_commit_callbacks(), transaction.atomic():
        services.run_matching()
    mise = MiseEnRelation.objects.get()
    mise.move_to(_S.ANNULEE, by=None)
    drain()
    assert mail.outbox == []


def test_cancelled_pair_opens_again_when_the_person_comes_back():
    poste = PosteFactory()
    mise = MiseEnRelationFactory(annulee=True, structure=poste.structure, score=1)
    assert mise.candidature.status == StatutCandidature.ACTIVE
    assert services.propose_for_candidature(candidature_id=mise.candidature_id) == 1
    mise.refresh_from_db()
    assert mise.status == _S.PROPOSEE
    assert mise.score > 1
    assert mise.transitions.get().by is None


def test_vacancy_lost_gives_back_the_weakest_proposals_and_tells_them(django_capture_on_commit_callbacks):
    poste = PosteFactory()
    other = PosteFactory(convention=poste.convention)
    CandidatureFactory.create_batch(16)
    services.run_matching()
    drain()
    mail.outbox.clear()
    weakest = MiseEnRelation.objects.order_by("score").first()
    MiseEnRelation.objects.filter(pk=weakest.pk).update(score=0)
    Poste.objects.filter(pk=other.pk).update(status="pourvu")

    with django_capture_on_commit_callbacks(execute=True):
        assert services.settle_structure(structure_id=poste.structure_id) == 8

    weakest.refresh_from_db()
    assert weakest.status == _S.ANNULEE
    assert len(mail.outbox) == 8
    assert "n’a plus de poste" in mail.outbox[0].subject
    Poste.objects.filter(pk=poste.pk).update(status="pourvu")
    MiseEnRelation.objects.open().first().move_to(_S.INTERESSEE, by=None)
    assert services.settle_structure(structure_id=poste.structure_id) == 8
    assert not MiseEnRelation.objects.open().exists()


def test_roles_without_candidature_read_nothing():
    mise = MiseEnRelationFactory()
    for kind in (RoleKind.HUB, RoleKind.COORDINATEUR, RoleKind.ORGANISME_FORMATION):
        role = member_role(mise.structure)
        role.kind = kind
        assert not MiseEnRelation.objects.visible_to(role).exists()
