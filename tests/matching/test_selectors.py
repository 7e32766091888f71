import random
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from candidatures.enums import FRANCE_ENTIERE, RayonKm, StatutCandidature
from candidatures.models import Candidature
from matching import selectors
from structures.models import Poste, Structure
from territoires.distance import distance_km
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import CompteFactory
from tests.matching.communes import create_communes, read_communes
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory

TODAY = date(2026, 11, 22)


def pick_communes(rng):
    """A dense suburb, Corse, every island, and anywhere."""
    rows = read_communes()
    dense = [row for row in rows if row["departement"] in {"92", "93", "94"}]
    islands = [row for row in rows if row["zone"] != "metropole"]
    return create_communes([*rng.sample(dense, 25), *rng.sample(islands, 60), *rng.sample(rows, 60)])


def bulk_candidatures(communes, rng, n, **fixed):
    compte = CompteFactory()
    rows = [
        Candidature(
            reference=UUID(int=rng.getrandbits(128), version=4),
            compte=compte,
            status=StatutCandidature.ACTIVE if rng.random() < 0.9 else StatutCandidature.RETIREE,
            prenom="Inès",
            nom="Morvan",
            email=f"candidat{i}@exemple.fr",
            date_naissance=date(1990, 1, 1),
            commune=rng.choice(communes),
            rayon_km=rng.choice(RayonKm.values),
            demandeur_emploi=True,
            date_disponibilite=TODAY + timedelta(days=rng.randrange(-60, 120)),
            motivation="Aider.",
            submitted_at="2026-09-01T09:00:00Z",
            email_confirmed_at="2026-09-01T09:00:00Z",
            last_seen_at="2026-09-01T09:00:00Z",
        )
        for i in range(n)
    ]
    for row in rows:
        for name, value in fixed.items():
            setattr(row, name, value)
    return Candidature.objects.bulk_create(rows)


def brute_compatible(candidature, besoin):
    """The rule of DOMAINE §6 on one pair, without any index."""
    km = distance_km(candidature.commune, besoin)
    same_zone = candidature.commune.zone == besoin.zone
    near = candidature.rayon_km == FRANCE_ENTIERE or (same_zone and km <= candidature.rayon_km)
    in_time = any(candidature.date_disponibilite <= debut for debut in besoin.debuts)
    return candidature.status == StatutCandidature.ACTIVE and in_time and near


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lists_equal_brute_force(seed):
    rng = random.Random(seed)
    communes = pick_communes(rng)
    candidatures = bulk_candidatures(communes, rng, 400)
    for commune in rng.sample(communes, 25):
        start = TODAY + timedelta(days=rng.randrange(-30, 90))
        poste = PosteFactory(convention__structure__commune=commune, date_debut=start)
        PosteFactory(convention=poste.convention, date_debut=start + timedelta(days=20))
    besoins = selectors.list_besoins(Structure.objects.all())
    assert len(besoins) == 25
    expected = {
        (c.pk, b.structure): distance_km(c.commune, b) for c in candidatures for b in besoins if brute_compatible(c, b)
    }

    for besoin in besoins:
        mine = {c: km for (c, s), km in expected.items() if s == besoin.structure}
        found = {c.pk: c.distance_km for c in selectors.compatible_candidatures(besoin)}
        assert found == pytest.approx(mine)
        nearest = selectors.nearest_candidatures(besoin, limit=20)
        assert [v.distance_km for v in nearest] == pytest.approx(sorted(mine.values())[:20])
        assert {v.id for v in nearest} <= mine.keys()
    for candidature in candidatures:
        if candidature.status == StatutCandidature.ACTIVE:
            mine = {s: km for (c, s), km in expected.items() if c == candidature.pk}
            voisins = selectors.nearest_structures(candidature)
            assert {v.id: v.distance_km for v in voisins} == pytest.approx(mine)


@pytest.mark.parametrize("rayon", [20, 40, 100])
def test_edge_of_the_radius_follows_the_great_circle(rayon):
    """Everywhere in the ring where the plane and the sphere may disagree."""
    rows = read_communes()
    centre = create_communes([row for row in rows if row["code"] == "59350"])[0]  # Lille: a corner of Lambert-93
    ring = [
        row
        for row in rows
        if row["zone"] == "metropole"
        and abs(((float(row["x"]) - centre.x) ** 2 + (float(row["y"]) - centre.y) ** 2) ** 0.5 - rayon) < rayon * 0.01
    ]
    communes = create_communes(ring)
    besoin_of = PosteFactory(convention__structure__commune=centre).structure
    rng = random.Random(rayon)
    made = bulk_candidatures(
        communes, rng, 150, rayon_km=rayon, status=StatutCandidature.ACTIVE, date_disponibilite=TODAY
    )
    besoin = selectors.get_besoin(besoin_of)
    inside = {c.pk for c in made if distance_km(c.commune, centre) <= rayon}

    assert 0 < len(inside) < len(made)
    assert {c.pk for c in selectors.compatible_candidatures(besoin)} == inside
    assert {v.id for v in selectors.nearest_candidatures(besoin, limit=500)} == inside
    assert {c.pk for c in made if selectors.nearest_structures(c)} == inside


def test_radius_never_crosses_the_sea_and_france_entiere_does():
    structure = PosteFactory(convention__structure__commune=CommuneFactory(saint_denis=True)).structure
    CandidatureFactory(rayon_km=100)
    anywhere = CandidatureFactory(rayon_km=FRANCE_ENTIERE)
    besoin = selectors.get_besoin(structure)
    assert [c.pk for c in selectors.compatible_candidatures(besoin)] == [anywhere.pk]
    assert [v.id for v in selectors.nearest_candidatures(besoin, limit=5)] == [anywhere.pk]
    assert [v.id for v in selectors.nearest_structures(anywhere)] == [structure.pk]


def test_post_already_started_counts_from_today_where_the_structure_is(time_machine):
    """At 23:00 in Paris it is already tomorrow in La Réunion."""
    time_machine.move_to("2026-11-22T22:00:00+01:00", tick=False)
    place = CommuneFactory(saint_denis=True)
    structure = PosteFactory(convention__structure__commune=place, date_debut=date(2026, 9, 1)).structure
    candidature = CandidatureFactory(commune=place, date_disponibilite=date(2026, 11, 23))
    assert selectors.get_besoin(structure).debuts == [date(2026, 11, 23)]
    assert selectors.compatible_candidatures(selectors.get_besoin(structure)).get() == candidature
    assert [v.id for v in selectors.nearest_structures(candidature)] == [structure.pk]


@pytest.mark.parametrize(("hour", "found"), [("2026-11-22T20:59:00+01:00", False), ("2026-11-22T21:01:00+01:00", True)])
def test_candidat_waits_for_midnight_where_the_structure_is(time_machine, hour, found):
    """Midnight in La Réunion, three hours before Paris."""
    time_machine.move_to(hour, tick=False)
    place = CommuneFactory(saint_denis=True)
    structure = PosteFactory(convention__structure__commune=place, date_debut=date(2026, 9, 1)).structure
    candidature = CandidatureFactory(commune=place, date_disponibilite=date(2026, 11, 23))
    assert bool(selectors.nearest_structures(candidature)) is found
    assert selectors.compatible_candidatures(selectors.get_besoin(structure)).exists() is found


@pytest.mark.parametrize(("hour", "found"), [("2026-11-23T10:29:00+01:00", False), ("2026-11-23T10:31:00+01:00", True)])
def test_the_marquises_have_a_clock_of_their_own(time_machine, hour, found):
    """Half an hour ahead of Tahiti, in the same collectivité."""
    time_machine.move_to(hour, tick=False)
    place = CommuneFactory(code="98731", departement__fuseau="Pacific/Tahiti", zone="polynesie")
    structure = PosteFactory(convention__structure__commune=place, date_debut=date(2026, 9, 1)).structure
    candidature = CandidatureFactory(commune=place, date_disponibilite=date(2026, 11, 23))
    assert bool(selectors.nearest_structures(candidature)) is found
    assert selectors.compatible_candidatures(selectors.get_besoin(structure)).exists() is found


def test_structure_without_vacant_post_looks_for_nobody():
    structure = PosteFactory(pourvu=True).structure
    candidature = CandidatureFactory()
    assert selectors.get_besoin(structure) is None
    assert selectors.nearest_structures(candidature) == []


@pytest.mark.parametrize("trait", ["declinee_structure", "declinee_candidat", "expiree", "recrutee", "interessee"])
def test_pair_already_met_is_not_proposed(trait):
    structure = PosteFactory().structure
    mise = MiseEnRelationFactory(**{trait: True}, structure=structure)
    besoin = selectors.get_besoin(structure)
    assert selectors.nearest_candidatures(besoin, limit=5, plafond=5) == []
    assert selectors.nearest_structures(mise.candidature, limit=5, plafond=8) == []
    assert [v.id for v in selectors.nearest_candidatures(besoin, limit=5)] == [mise.candidature_id]


def test_cancelled_pair_may_be_proposed_again():
    structure = PosteFactory().structure
    mise = MiseEnRelationFactory(annulee=True, structure=structure)
    besoin = selectors.get_besoin(structure)
    assert [v.id for v in selectors.nearest_candidatures(besoin, limit=5, plafond=5)] == [mise.candidature_id]


def test_equal_distances_are_cut_by_a_hash_that_ignores_the_keys():
    structure = PosteFactory().structure
    besoin = selectors.get_besoin(structure)
    first = [CandidatureFactory(reference=UUID(int=n)) for n in range(30)]
    chosen = {v.tie for v in selectors.nearest_candidatures(besoin, limit=10)}
    Candidature.objects.filter(pk__in=[c.pk for c in first]).delete()
    for n in reversed(range(30)):
        CandidatureFactory(reference=UUID(int=n))
    assert {v.tie for v in selectors.nearest_candidatures(besoin, limit=10)} == chosen


def test_both_directions_settle_ties_with_one_hash():
    structure, candidature = PosteFactory().structure, CandidatureFactory()
    (voisin,) = selectors.nearest_candidatures(selectors.get_besoin(structure), limit=5)
    (autre,) = selectors.nearest_structures(candidature)
    assert (voisin.tie, voisin.distance_km) == (autre.tie, autre.distance_km)


def plans_of(call):
    """Ask the planner what it would do for each query of `call`, if it could neither sort nor read a whole table."""
    with CaptureQueriesContext(connection) as asked:
        call()
    with connection.cursor() as cursor:
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            yield "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("plafond", [None, 5])
def test_indexes_can_answer(plafond):
    """What they cover is what is asked: nothing is read of the tables, nothing is sorted."""
    postes = [PosteFactory() for _ in range(10)]
    besoin = selectors.get_besoin(postes[0].structure)
    # Of a single row, either index of the vacant posts is as cheap; here, and visible to all, one is not.
    Poste.objects.bulk_create(
        Poste(structure=poste.structure, convention=poste.convention, date_debut=poste.date_debut)
        for poste in postes for _ in range(40)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE structures_poste")
        cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relname = 'structures_poste'")
    candidature = CandidatureFactory(rayon_km=20)

    (plan,) = plans_of(lambda: selectors.nearest_candidatures(besoin, limit=5, plafond=plafond))
    assert "Index Only Scan using candidature_active_position" in plan
    assert "Sort" not in plan
    assert 'Order By: ("position" <->' in plan
    (plan,) = plans_of(lambda: selectors.nearest_structures(candidature, plafond=plafond))
    assert "Index Only Scan using poste_vacant_position" in plan
    assert 'Index Cond: ("position" <@' in plan
    assert ("Index Only Scan using poste_vacant on" in plan) is (plafond is not None)
