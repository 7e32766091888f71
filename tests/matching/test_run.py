"""The run of the whole country: exact, fair, the same whatever the keys, and checked again when it writes."""

import random
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from hypothesis import given, settings, strategies as st

from candidatures.enums import FRANCE_ENTIERE, Langue, RayonKm, SavoirEtre, StatutCandidature
from candidatures.models import Candidature
from candidatures.services import pause_candidature, resume_candidature
from comptes.enums import RoleKind
from matching import jobs, planning, proposals, selectors, services
from matching.enums import MotifRefus, Origine, StatutMiseEnRelation
from matching.models import MiseEnRelation, PoidsMatching, RunMatching
from matching.neighbours import nearest, stable_hash
from matching.scoring import Attendus, Poids, Profil, bits, compute_score, total_scores
from notifications.models import Effet
from notifications.registry import MESSAGES
from notifications.tasks import drain
from structures.models import Poste, Structure
from territoires.distance import distance_km
from territoires.models import Commune
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.matching.test_selectors import brute_compatible, bulk_candidatures, pick_communes
from tests.structures.factories import MembreFactory, PosteFactory
from tests.territoires.factories import CommuneFactory

_S = StatutMiseEnRelation
TODAY = date(2026, 11, 22)


def pairs():
    return set(MiseEnRelation.objects.open().values_list("candidature", "structure"))


def keys(pays, found):
    """The pairs found, as primary keys with their distance."""
    return {
        (int(pays.candidats.ids[c]), int(pays.structures.ids[s])): km
        for c, s, km in zip(found.candidat, found.structure, found.km, strict=True)
    }


# --- Exact ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_neighbours_of_the_country_equal_brute_force(seed):
    rng = random.Random(seed)
    communes = pick_communes(rng)
    candidatures = bulk_candidatures(communes, rng, 400)
    for commune in rng.sample(communes, 25):
        start = TODAY + timedelta(days=rng.randrange(-30, 90))
        poste = PosteFactory(convention__structure__commune=commune, date_debut=start)
        PosteFactory(convention=poste.convention, date_debut=start + timedelta(days=20))
    besoins = {besoin.structure: besoin for besoin in selectors.list_besoins(Structure.objects.all())}
    expected = {
        (c.pk, b.structure): distance_km(c.commune, b)
        for c in candidatures
        for b in besoins.values()
        if brute_compatible(c, b)
    }

    pays = selectors.read_pays([])
    everyone = nearest(pays.candidats, pays.structures, count=400, of_structures=True)
    assert keys(pays, everyone) == pytest.approx(expected)
    assert keys(pays, nearest(pays.candidats, pays.structures, count=25, of_structures=False)) == pytest.approx(
        expected
    )
    top = keys(pays, nearest(pays.candidats, pays.structures, count=10, of_structures=True))
    assert top.keys() <= expected.keys()
    for pk, besoin in besoins.items():
        mine = sorted(km for (_, s), km in expected.items() if s == pk)
        assert sorted(km for (_, s), km in top.items() if s == pk) == pytest.approx(mine[:10])
        one_by_one = selectors.nearest_candidatures(besoin, limit=10)
        assert [v.distance_km for v in one_by_one] == pytest.approx(mine[:10])
    gaps = pays.structures.gaps(everyone.structure, pays.candidats.disponible[everyone.candidat])
    by_pk = {c.pk: c for c in candidatures}
    for (c, s), gap in zip(keys(pays, everyone), gaps, strict=True):
        free = by_pk[c].date_disponibilite
        assert gap == min((debut - free).days for debut in besoins[s].debuts if debut >= free)


@settings(max_examples=30)
@given(
    st.sampled_from(RayonKm.values),
    st.floats(0, 1),
    st.integers(0, 400),
    st.integers(-5, 400),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, 1024),
    st.sampled_from(
        [
            Poids(35, 20, 15, 15, 5, 10),
            Poids(35, 20, 15, 15, 15),
            Poids(100, 0, 0, 0, 0),
            Poids(1, 33, 33, 32, 1),
            Poids(0, 0, 0, 0, 0),
            Poids(20, 20, 10, 10, 10, 10, 13, 7),
        ]
    ),
    *[st.frozensets(st.sampled_from(Langue.values), max_size=3)] * 2,
    *[st.frozensets(st.sampled_from(SavoirEtre.values), max_size=3)] * 2,
)
def test_scores_of_many_pairs_are_those_of_each(
    rayon, share, gap, waited, experience, diplome, tp, pix, poids, langues, langues_asked, strong, strong_asked
):
    km = share * min(rayon, 20_000)
    free = TODAY + timedelta(days=3)
    profil = Profil(rayon, free, experience, diplome, tp, TODAY - timedelta(days=waited), pix, langues, strong)
    debuts, attendus = [free + timedelta(days=gap)], Attendus(langues_asked, strong_asked)
    one = compute_score(profil, debuts=debuts, distance_km=km, poids=poids, today=TODAY, attendus=attendus)
    many = total_scores(
        distance_km=np.array([km]), rayon_km=np.array([rayon]), gap_days=np.array([gap]),
        waited_days=np.array([waited]), experience=np.array([experience]), diplome=np.array([diplome]),
        tp_remn=np.array([tp]), pix=np.array([pix or 0]), poids=poids,
        langues=tuple(np.array([bits(values, Langue.values)]) for values in (langues, langues_asked)),
        savoir_etre=tuple(np.array([bits(values, SavoirEtre.values)]) for values in (strong, strong_asked)),
    )  # fmt: skip
    assert many.tolist() == [one.total]


# --- What is told stays, what is not may move ---------------------------------------------------------------------


def test_a_late_structure_takes_from_those_who_have_many_while_nobody_was_told():
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_candidat=1)
    first = PosteFactory().structure
    CandidatureFactory.create_batch(3)
    services.propose_for_structure(structure_id=first.pk)
    late = PosteFactory().structure
    assert services.propose_for_structure(structure_id=late.pk) == 0

    run = services.run_matching()

    assert run.retirees == run.proposees > 0
    assert sorted((first.mises_en_relation.count(), late.mises_en_relation.count())) == [1, 2]
    # What nobody was told of leaves no trace.
    assert MiseEnRelation.objects.count() == 3


def test_what_a_digest_announced_stays_made():
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_candidat=1)
    first = PosteFactory().structure
    MembreFactory(structure=first)
    CandidatureFactory.create_batch(3)
    services.propose_for_structure(structure_id=first.pk)
    assert MiseEnRelation.objects.filter(provisoire=True).count() == 3
    drain()
    before = pairs()
    # The candidats hear at once; whether the structure waits for its morning digest changes nothing.
    assert len(mail.outbox) >= 3

    late = PosteFactory().structure
    run = services.run_matching()

    assert (run.retirees, run.proposees, run.structures_servies) == (0, 0, 1)
    assert pairs() == before
    assert not late.mises_en_relation.exists()


def test_a_digest_sent_to_one_side_only_settles_its_own():
    structure, other = PosteFactory().structure, PosteFactory().structure
    member = MembreFactory(structure=structure).compte
    CandidatureFactory()
    services.run_matching()
    assert MESSAGES["matching.new_candidats"](structure=structure.pk, compte=member.pk)
    assert dict(MiseEnRelation.objects.values_list("structure", "provisoire")) == {structure.pk: False, other.pk: True}


def test_what_someone_answered_is_no_longer_provisional():
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, provisoire=True)
    services.mark_interest(mise_en_relation=mise, by=member_role(mise.structure))
    services.undo(mise_en_relation=mise, by=member_role(mise.structure))
    assert not MiseEnRelation.objects.provisional().exists()
    Candidature.objects.filter(pk=mise.candidature_id).update(rayon_km=5, commune=CommuneFactory(paris=True))
    assert services.run_matching().retirees == 0
    mise.refresh_from_db()
    assert mise.status == _S.PROPOSEE


def test_a_move_withdraws_at_once_what_nobody_was_told_of():
    near, told = PosteFactory().structure, PosteFactory().structure
    candidature = CandidatureFactory()
    services.propose_for_candidature(candidature_id=candidature.pk)
    MiseEnRelation.objects.filter(structure=told).update(provisoire=False)
    Candidature.objects.filter(pk=candidature.pk).update(commune=CommuneFactory(paris=True))
    far = PosteFactory(convention__structure__commune=CommuneFactory(paris=True)).structure

    services.propose_for_candidature(candidature_id=candidature.pk)

    assert {s for _, s in pairs()} == {told.pk, far.pk}
    assert near.pk not in {s for _, s in pairs()}


def test_nobody_hears_of_the_end_of_what_they_were_never_told_of(django_capture_on_commit_callbacks):
    poste = PosteFactory()
    MembreFactory(structure=poste.structure)
    person = CandidatureFactory()
    services.run_matching()
    role = person.compte.roles.get(kind=RoleKind.CANDIDAT)
    with django_capture_on_commit_callbacks(execute=True):
        pause_candidature(candidature=person, by=role)
    assert mail.outbox == []
    assert MiseEnRelation.objects.get().status == _S.ANNULEE

    resume_candidature(candidature=person, by=role)
    services.run_matching()
    Poste.objects.filter(pk=poste.pk).update(status="pourvu")
    with django_capture_on_commit_callbacks(execute=True):
        assert services.settle_structure(structure_id=poste.structure_id) == 1
    assert mail.outbox == []


def test_reopened_pair_is_closed_again_with_its_history():
    poste = PosteFactory()
    mise = MiseEnRelationFactory(annulee=True, structure=poste.structure)
    services.run_matching()
    mise.refresh_from_db()
    assert (mise.status, mise.provisoire) == (_S.PROPOSEE, True)
    Poste.objects.filter(pk=poste.pk).update(status="pourvu")
    assert services.run_matching().retirees == 1
    mise.refresh_from_db()
    assert (mise.status, mise.provisoire, mise.transitions.count()) == (_S.ANNULEE, False, 2)


def test_scores_not_told_yet_are_those_of_the_day(time_machine):
    PosteFactory(date_debut=date(2027, 6, 1))
    CandidatureFactory(submitted_at="2026-11-20T09:00:00Z")
    services.run_matching()
    before = MiseEnRelation.objects.get()
    time_machine.move_to("2026-12-22T10:00:00+01:00", tick=False)
    services.run_matching()
    after = MiseEnRelation.objects.get()
    assert after.pk == before.pk
    assert after.score > before.score
    assert after.updated_at == before.updated_at


# --- While it runs ------------------------------------------------------------------------------------------------


def test_what_closes_during_the_run_is_never_proposed(monkeypatch):
    """Between the plan and the writing: a post is filled, someone pauses, someone else takes the last room."""
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=2, plafond_candidat=2)
    filled, kept = PosteFactory(), PosteFactory()
    paused, busy, free = (CandidatureFactory() for _ in range(3))

    def then_things_change(pays, plan, poids):
        Poste.objects.filter(pk=filled.pk).update(status="pourvu")
        Candidature.objects.filter(pk=paused.pk).update(status=StatutCandidature.EN_PAUSE)
        for _ in range(2):
            MiseEnRelationFactory(candidature=busy)
        return edges_of_plan(pays, plan, poids)

    edges_of_plan = proposals._edges_of_plan
    monkeypatch.setattr(proposals, "_edges_of_plan", then_things_change)
    services.run_matching()
    monkeypatch.undo()

    made = pairs() - {(busy.pk, mise.structure_id) for mise in busy.mises_en_relation.all()}
    assert made <= {(free.pk, kept.structure_id)}
    services.run_matching()
    assert (free.pk, kept.structure_id) in pairs()
    assert not MiseEnRelation.objects.filter(structure=filled.structure).exists()


def test_a_digest_that_leaves_during_the_run_keeps_its_proposals(monkeypatch):
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_candidat=1)
    first = PosteFactory().structure
    CandidatureFactory.create_batch(2)
    services.propose_for_structure(structure_id=first.pk)
    before = pairs()
    PosteFactory()

    def then_they_are_told(pays, plan, poids):
        MiseEnRelation.objects.update(provisoire=False)
        return edges_of_plan(pays, plan, poids)

    edges_of_plan = proposals._edges_of_plan
    monkeypatch.setattr(proposals, "_edges_of_plan", then_they_are_told)
    run = services.run_matching()
    assert (run.retirees, run.proposees) == (0, 0)
    assert pairs() == before


# --- Bad input ----------------------------------------------------------------------------------------------------


def test_a_commune_has_coordinates_or_does_not_exist():
    commune = CommuneFactory()
    for missing in ("latitude", "longitude", "x", "y"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Commune.objects.filter(pk=commune.pk).update(**{missing: None})
    # Someone who has not said where they live yet looks for nothing.
    CandidatureFactory(brouillon=True, commune=None, rayon_km=None, date_disponibilite=None)
    PosteFactory()
    assert services.run_matching().candidats == 0


def test_a_radius_no_one_offers_is_refused_by_the_database():
    candidature = CandidatureFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidature.objects.filter(pk=candidature.pk).update(rayon_km=37)


def test_weights_that_are_all_zero_score_nothing_and_break_nothing():
    PosteFactory()
    CandidatureFactory.create_batch(2)
    pays = selectors.read_pays([])
    zero = Poids(0, 0, 0, 0, 0)
    plan = planning.make_plan(pays, poids=zero, plafonds=planning.Plafonds(8, 5))
    assert (len(plan.pairs), plan.total, plan.best) == (2, 0, 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        PoidsMatching.objects.create(
            valide_du=date(2026, 6, 1), distance=0, dates=0, experience=0, diplome=0, attente=0
        )


def test_thousands_in_one_commune_are_not_read_again_and_again(monkeypatch):
    """Neither by the lists (a commune comes whole, then once more a little farther), nor by the run."""
    rng = random.Random(5)
    crowd = bulk_candidatures(
        [CommuneFactory()], rng, 3000, rayon_km=20, status=StatutCandidature.ACTIVE, date_disponibilite=TODAY
    )
    structures = [PosteFactory().structure for _ in range(4)]
    besoin = selectors.get_besoin(structures[0])
    asked = []
    fetch = selectors._fetch_nearest

    def counted(besoin, n, plafond):
        asked.append(n)
        return fetch(besoin, n, plafond)

    monkeypatch.setattr(selectors, "_fetch_nearest", counted)
    assert len(selectors.nearest_candidatures(besoin, limit=50)) == 50
    assert len(asked) <= 2

    pays = selectors.read_pays([])
    widths = []
    monkeypatch.setattr("matching.neighbours.CHUNK", 10**9)
    query = np.reshape
    monkeypatch.setattr(np, "reshape", lambda a, shape: widths.append(shape[1]) or query(a, shape))
    found = nearest(pays.candidats, pays.structures, count=50, of_structures=True)
    monkeypatch.undo()
    assert max(widths) == 75
    # Not the same fifty for everyone: a hash of both sides says who stands nearest.
    lists = [set(found.candidat[found.structure == s].tolist()) for s in range(4)]
    assert all(len(people) == 50 for people in lists)
    assert len(set.union(*lists)) > 100
    assert len(crowd) == 3000


def test_midnight_overseas_decides_for_the_run_too(time_machine):
    """23:00 in Paris is already tomorrow in La Réunion: the post that should have started starts on the 23rd there."""
    place = CommuneFactory(saint_denis=True)
    PosteFactory(convention__structure__commune=place, date_debut=date(2026, 9, 1))
    CandidatureFactory(commune=place, date_disponibilite=date(2026, 11, 23))
    time_machine.move_to("2026-11-22T20:59:00+01:00", tick=False)
    assert services.run_matching().proposees == 0
    time_machine.move_to("2026-11-22T21:01:00+01:00", tick=False)
    assert services.run_matching().proposees == 1


# --- The journal --------------------------------------------------------------------------------------------------


def test_journal_says_what_was_seen_made_and_how_everyone_is_served():
    for _ in range(2):
        PosteFactory()
    alone = PosteFactory(convention__structure__commune=CommuneFactory(paris=True)).structure
    CandidatureFactory.create_batch(3)
    CandidatureFactory(commune=CommuneFactory(saint_denis=True))
    assert jobs.run() == 6
    run = RunMatching.objects.get()
    assert (run.postes, run.structures, run.candidats, run.paires) == (3, 3, 4, 6)
    assert (run.proposees, run.retirees, run.structures_servies, run.candidats_servis) == (6, 0, 2, 3)
    assert (run.structure_max, run.structure_min, run.candidat_max, run.candidat_min) == (3, 0, 2, 0)
    assert run.distance_mediane == 0
    assert run.score_total == run.score_optimal == sum(MiseEnRelation.objects.values_list("score", flat=True))
    assert run.secondes is not None
    assert not alone.mises_en_relation.exists()


def test_an_empty_country_is_not_an_error():
    for candidats in range(2):
        run = services.run_matching()
        assert (run.structures, run.candidats, run.proposees, run.distance_mediane) == (0, candidats, 0, None)
        CandidatureFactory()


def test_an_isolated_candidat_brings_their_own_structures(monkeypatch):
    """Everyone else is nearer to the only structure in reach; the isolated one is proposed all the same."""
    monkeypatch.setattr(planning, "EDGES_PER_SIDE", 3)
    PosteFactory()
    PosteFactory()
    CandidatureFactory.create_batch(3)
    isolated = CandidatureFactory(commune=CommuneFactory(reze=True))
    services.run_matching()
    assert isolated.mises_en_relation.count() > 0


# --- Proposed by hand ---------------------------------------------------------------------------------------------


def test_proposal_by_hand_follows_the_hard_filters_and_keeps_its_reason(django_capture_on_commit_callbacks):
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=1)
    structure = PosteFactory().structure
    MiseEnRelationFactory(structure=structure)
    person, far = CandidatureFactory(), CandidatureFactory(commune=CommuneFactory(paris=True))
    anct = RoleFactory(kind=RoleKind.ANCT)
    with pytest.raises(services.NotCompatibleError):
        services.propose_by_hand(candidature=far, structure=structure, reason="Signalée par le préfet.", by=anct)

    with django_capture_on_commit_callbacks(execute=True):
        mise = services.propose_by_hand(
            candidature=person, structure=structure, reason="Signalée par le préfet.", by=anct
        )

    assert (mise.status, mise.origine, mise.provisoire) == (_S.PROPOSEE, Origine.MANUELLE, False)
    assert (mise.raison, mise.proposee_par) == ("Signalée par le préfet.", anct.compte)
    assert [m.to for m in mail.outbox] == [[person.email]]
    with pytest.raises(services.AlreadyProposedError):
        services.propose_by_hand(candidature=person, structure=structure, reason="Encore.", by=anct)
    services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=member_role(structure))
    with pytest.raises(services.RefusedPairError):
        services.propose_by_hand(candidature=person, structure=structure, reason="Encore.", by=anct)


def test_hash_of_a_reference_never_changes():
    """Results must be the same on every machine and after an upgrade."""
    assert stable_hash(str(UUID(int=7))) == 4604249601916375849


def test_same_country_created_in_another_order_meets_the_same():
    PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=2, plafond_candidat=2)
    found = []
    for order in (1, -1):
        with transaction.atomic():
            for n in range(1, 13)[::order]:
                CandidatureFactory(
                    reference=UUID(int=n),
                    rayon_km=FRANCE_ENTIERE if n % 3 == 0 else 20,
                    commune=CommuneFactory(reze=n % 2 == 0),
                )
            for n in range(1, 5)[::order]:
                PosteFactory(convention__structure__siret=f"2104400000000{n}")
            services.run_matching()
            rows = MiseEnRelation.objects.select_related("candidature", "structure")
            found.append({(m.candidature.reference.int, m.structure.siret, m.score) for m in rows})
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert len(found[0]) == 8
    assert not Effet.objects.exists()
