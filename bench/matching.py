"""Fifty thousand active candidatures, ten thousand structures with a vacant post: who is compatible with whom."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import md5
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, process_time
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from numpy.typing import NDArray
from ortools.graph.python.max_flow import SimpleMaxFlow
from scipy.spatial import cKDTree

from bench.harness import RUNS, Report, at_least, at_most, query_count, work_clock
from bench.world import client_of
from candidatures.enums import FRANCE_ENTIERE, StatutCandidature
from candidatures.models import Candidature
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from matching import selectors
from matching.allocation import allocate, best_total, candidat_quotas, structure_quotas
from matching.models import MiseEnRelation
from matching.neighbours import Ints, Pairs, mix, nearest
from matching.planning import Pays, Plafonds, first_pairs, make_plan, score_pairs
from matching.scoring import Poids
from matching.selectors import Besoin
from matching.services import queue_proposals, run_matching
from notifications.models import Effet
from notifications.registry import ACTIONS
from notifications.tasks import claim
from pilotage.demo.world import copy_rows
from structures.models import Convention, DemandePoste, Membre, Poste, Structure
from territoires.constants import EARTH_RADIUS_KM
from territoires.distance import distance_km
from territoires.models import Commune

CANDIDATS = 50_000
STRUCTURES = 10_000
SAMPLE = 50
TOP = 50
# The radius people choose; one in twelve would go anywhere.
RAYONS = {5: 0.04, 10: 0.12, 15: 0.12, 20: 0.28, 40: 0.26, 100: 0.10, FRANCE_ENTIERE: 0.08}
SEED = 2026

Floats = NDArray[np.float64]


def run(report: Report, scale: float) -> None:
    world = generate(max(500, int(CANDIDATS * scale)), max(100, int(STRUCTURES * scale)))
    rng = np.random.default_rng(SEED + 1)
    chosen = sorted(int(n) for n in rng.choice(len(world.structure_ids), SAMPLE, replace=False))
    besoins = list_besoins([world.structure_ids[n] for n in chosen])
    persons = sorted(int(n) for n in rng.choice(len(world.candidature_ids), SAMPLE, replace=False))
    candidats = list(
        Candidature.objects.select_related("commune").filter(pk__in=[world.candidature_ids[n] for n in persons])
    )
    memory = Memory(world)
    report.fact("matching", candidats=len(world.candidature_ids), structures=len(world.structure_ids), sample=SAMPLE)

    def ours(besoin: Besoin) -> object:
        return selectors.nearest_candidatures(besoin, limit=TOP)

    report.compare_each("matching.structure_top50_numpy", besoins, ours, memory.nearest_candidatures, at_most(0.5))
    # The loop takes seconds: three structures are enough.
    report.compare_each("matching.structure_top50_orm_loop", besoins[:3], ours, orm_loop, at_least(200))
    report.compare_each(
        "matching.candidat_structures_kdtree",
        candidats,
        selectors.nearest_structures,
        memory.nearest_structures,
        at_most(8),
    )
    check_pairs(report, memory, besoins, candidats)
    national(report, memory)
    allocation(report)
    whole_run(report, memory, besoins[0])
    pages(report, besoins, candidats)


def list_besoins(pks: list[int]) -> list[Besoin]:
    return selectors.list_besoins(Structure.objects.filter(pk__in=pks).order_by("pk"))


# --- What is measured on ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What was generated, as arrays: one line a candidature, one a structure."""

    day: date
    candidature_ids: list[int]
    references: list[str]
    candidature_communes: NDArray[np.int64]
    rayons: NDArray[np.int64]
    disponibles: NDArray[np.int64]
    structure_ids: list[int]
    cles: list[str]
    structure_communes: NDArray[np.int64]
    debuts: NDArray[np.int64]
    communes: list[Commune]


def generate(candidats: int, structures: int) -> World:
    """Fill the database: real communes drawn by their population, one vacant post a structure."""
    rng = np.random.default_rng(SEED)
    day = timezone.localdate()
    communes = list(Commune.objects.active().select_related("departement").order_by("code"))
    weights = np.array([commune.population for commune in communes], dtype=np.float64)
    weights /= weights.sum()
    world = World(
        day=day,
        candidature_ids=[],
        references=[str(UUID(bytes=rng.bytes(16), version=4)) for _ in range(candidats)],
        candidature_communes=rng.choice(len(communes), candidats, p=weights),
        rayons=rng.choice(list(RAYONS), candidats, p=list(RAYONS.values())),
        disponibles=rng.integers(-300, 60, candidats),
        structure_ids=[],
        cles=[f"{n:014d}" for n in range(1, structures + 1)],
        structure_communes=rng.choice(len(communes), structures, p=weights),
        debuts=rng.integers(-200, 120, structures),
        communes=communes,
    )
    fill_candidatures(world)
    fill_structures(world)
    with connection.cursor() as cursor:
        # What autovacuum does on a living database: statistics, and pages known as visible to every index scan.
        cursor.execute("VACUUM ANALYZE candidatures_candidature, structures_structure, structures_poste")
    return world


def fill_candidatures(world: World) -> None:
    now = timezone.now()
    first = Compte.objects.order_by("pk").values_list("pk", flat=True).last() or 0
    copy_rows([Compte(email=f"candidat{n}@bench.example", password="!") for n in range(len(world.references))])  # noqa: S106
    comptes = Compte.objects.filter(pk__gt=first).order_by("pk").values_list("pk", flat=True)
    copy_rows(
        [
            Candidature(
                reference=reference,
                compte_id=compte,
                status=StatutCandidature.ACTIVE,
                prenom="Camille",
                nom="Martin",
                email=f"candidat{compte}@bench.example",
                date_naissance=date(1990, 5, 17),
                commune=world.communes[commune],
                rayon_km=int(rayon),
                demandeur_emploi=True,
                date_disponibilite=world.day + timedelta(days=int(disponible)),
                motivation="Aider chacun à se servir du numérique, près de chez soi.",
                submitted_at=now,
                email_confirmed_at=now,
                last_seen_at=now,
            )
            for reference, compte, commune, rayon, disponible in zip(
                world.references, comptes, world.candidature_communes, world.rayons, world.disponibles, strict=True
            )
        ]
    )
    world.candidature_ids.extend(Candidature.objects.order_by("compte_id").values_list("pk", flat=True))


def fill_structures(world: World) -> None:
    copy_rows(
        [
            Structure(
                siret=cle,
                nom=f"Mairie {n}",
                type="commune",
                commune=world.communes[commune],
                contact_prenom="Dominique",
                contact_nom="Petit",
                contact_fonction="Secrétaire de mairie",
                contact_email=f"structure{n}@bench.example",
            )
            for n, (cle, commune) in enumerate(zip(world.cles, world.structure_communes, strict=True))
        ]
    )
    world.structure_ids.extend(Structure.objects.order_by("siret").values_list("pk", flat=True))
    author = Compte.objects.create_user(email="bdt@bench.example")
    # One convention for all of them: only posts and places count here.
    demande = DemandePoste.objects.create(postes_souhaites=1)
    convention = Convention.objects.create(
        numero="CN-2026-00001",
        structure_id=world.structure_ids[0],
        demande=demande,
        date_debut=world.day,
        date_fin=world.day + timedelta(days=1000),
        annees_aide=3,
        preparee_par=author,
    )
    copy_rows(
        [
            Poste(structure_id=pk, convention=convention, date_debut=world.day + timedelta(days=int(debut)))
            for pk, debut in zip(world.structure_ids, world.debuts, strict=True)
        ]
    )


# --- The peers --------------------------------------------------------------------------------------------------


class Memory:
    """The same rows in numpy arrays, everything that can be computed once computed once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.candidature_ids = np.array(world.candidature_ids)
        self.structure_ids = np.array(world.structure_ids)
        self.rank_of_structure = {pk: rank for rank, pk in enumerate(world.structure_ids)}
        self.rank_of_candidature = {pk: rank for rank, pk in enumerate(world.candidature_ids)}
        zones = sorted({commune.zone for commune in world.communes})
        code = {zone: rank for rank, zone in enumerate(zones)}
        lat = np.radians([commune.latitude for commune in world.communes])
        lon = np.radians([commune.longitude for commune in world.communes])
        zone = np.array([code[commune.zone] for commune in world.communes])
        plane = np.array([(commune.x, commune.y) for commune in world.communes])
        c, s = world.candidature_communes, world.structure_communes
        self.c_lat, self.c_lon, self.c_cos, self.c_zone = lat[c], lon[c], np.cos(lat[c]), zone[c]
        self.s_lat, self.s_lon, self.s_cos, self.s_zone = lat[s], lon[s], np.cos(lat[s]), zone[s]
        self.rayons = world.rayons.astype(np.float64)
        self.anywhere = world.rayons == FRANCE_ENTIERE
        # A post that should have started starts today, where the structure is.
        todays = [
            (timezone.localdate(timezone=ZoneInfo(commune.fuseau)) - world.day).days for commune in world.communes
        ]
        self.opens = np.maximum(world.debuts, np.array(todays)[s])
        self.c_plane = plane[c]
        self.tree = cKDTree(plane[s])

    def candidature_distances(self, structure: int) -> Floats:
        h = np.sin((self.c_lat - self.s_lat[structure]) / 2) ** 2
        h += self.c_cos * self.s_cos[structure] * np.sin((self.c_lon - self.s_lon[structure]) / 2) ** 2
        return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))

    def compatible_candidatures(self, besoin: Besoin) -> tuple[NDArray[np.int64], Floats]:
        """Return the rank and distance of everyone compatible: all of them looked at."""
        rank = self.rank_of_structure[besoin.structure]
        km = self.candidature_distances(rank)
        keep = (km <= self.rayons) & (self.world.disponibles <= self.opens[rank])
        keep &= (self.c_zone == self.s_zone[rank]) | self.anywhere
        found = np.flatnonzero(keep)
        return found, km[found]

    def nearest_candidatures(self, besoin: Besoin) -> NDArray[np.int64]:
        found, km = self.compatible_candidatures(besoin)
        if len(found) > TOP:
            best = np.argpartition(km, TOP)[:TOP]
            found, km = found[best], km[best]
        return self.candidature_ids[found[np.argsort(km)]]

    def nearest_distances(self, structure: int) -> Floats:
        """The same by rank, and without reading a need: how far the nearest are."""
        km = self.candidature_distances(structure)
        keep = (km <= self.rayons) & (self.world.disponibles <= self.opens[structure])
        keep &= (self.c_zone == self.s_zone[structure]) | self.anywhere
        km = km[keep]
        return np.partition(km, TOP)[:TOP] if len(km) > TOP else km

    def violations(self, c: NDArray[np.int64], s: NDArray[np.int64]) -> int:
        """How many of these pairs break a hard filter."""
        h = np.sin((self.c_lat[c] - self.s_lat[s]) / 2) ** 2
        h += self.c_cos[c] * self.s_cos[s] * np.sin((self.c_lon[c] - self.s_lon[s]) / 2) ** 2
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))
        allowed = (km <= self.rayons[c] + 1e-9) & (self.world.disponibles[c] <= self.opens[s])
        allowed &= (self.c_zone[c] == self.s_zone[s]) | self.anywhere[c]
        return int((~allowed).sum())

    def nearest_structures(self, candidature: Candidature) -> NDArray[np.int64]:
        rank = self.rank_of_candidature[candidature.pk]
        rayon = self.rayons[rank]
        if self.anywhere[rank]:
            near = np.arange(len(self.structure_ids))
        else:
            near = np.array(
                self.tree.query_ball_point(self.c_plane[rank], rayon * selectors.BOX_MARGIN), dtype=np.int64
            )
        h = np.sin((self.s_lat[near] - self.c_lat[rank]) / 2) ** 2
        h += self.s_cos[near] * self.c_cos[rank] * np.sin((self.s_lon[near] - self.c_lon[rank]) / 2) ** 2
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))
        keep = (km <= rayon) & (self.world.disponibles[rank] <= self.opens[near])
        keep &= (self.s_zone[near] == self.c_zone[rank]) | self.anywhere[rank]
        return self.structure_ids[near[keep][np.argsort(km[keep])]]


def orm_loop(besoin: Besoin) -> list[Candidature]:
    """What everyone writes first: the rows, a distance, a radius a row, a sort."""
    structure = Structure.objects.select_related("commune").get(pk=besoin.structure)
    found = []
    rows = Candidature.objects.filter(status=StatutCandidature.ACTIVE, date_disponibilite__lte=besoin.debuts[-1])
    for candidature in rows.select_related("commune"):
        commune = candidature.commune
        if commune.zone != structure.commune.zone and candidature.rayon_km != FRANCE_ENTIERE:
            continue
        km = distance_km(commune, structure.commune)
        if km <= candidature.rayon_km:
            found.append((km, candidature.pk, candidature))
    found.sort()
    return [candidature for _, _, candidature in found[:TOP]]


# --- Exact ------------------------------------------------------------------------------------------------------


def check_pairs(report: Report, memory: Memory, besoins: list[Besoin], candidats: list[Candidature]) -> None:
    """Every pair of the sample, from both sides, and the order of each top: none missing, none too many."""
    missing = extra = misplaced = pairs = 0
    for besoin in besoins:
        ranks, km = memory.compatible_candidatures(besoin)
        expected = {int(pk) for pk in memory.candidature_ids[ranks]}
        found = set(selectors.compatible_candidatures(besoin).order_by().values_list("pk", flat=True))
        pairs += len(expected)
        missing, extra = missing + len(expected - found), extra + len(found - expected)
        order = sorted(
            (round(float(d), 6), md5((memory.world.references[r] + besoin.cle).encode()).hexdigest(), int(r))  # noqa: S324
            for r, d in zip(ranks, km, strict=True)
        )
        top = [int(memory.candidature_ids[rank]) for _, _, rank in order[:TOP]]
        ours = [voisin.id for voisin in selectors.nearest_candidatures(besoin, limit=TOP)]
        misplaced += sum(a != b for a, b in zip(top, ours, strict=True))
    for candidat in candidats:
        expected = {int(pk) for pk in memory.nearest_structures(candidat)}
        found = {voisin.id for voisin in selectors.nearest_structures(candidat)}
        pairs += len(expected)
        missing, extra = missing + len(expected - found), extra + len(found - expected)
    report.count("matching.pairs_missing", missing, of=pairs)
    report.count("matching.pairs_extra", extra, of=pairs)
    report.count("matching.top50_misplaced", misplaced, of=TOP * len(besoins))


# --- The whole country ------------------------------------------------------------------------------------------


def national(report: Report, memory: Memory) -> None:
    """The top 50 of every structure: ours reads everybody from the database, numpy has them in memory already."""
    everyone = list(range(len(memory.structure_ids)))
    brute: dict[int, Floats] = {}

    def ours() -> Pairs:
        pays = selectors.read_pays([])
        return nearest(pays.candidats, pays.structures, count=TOP, of_structures=True)

    def ref() -> None:
        for rank in everyone:
            brute[rank] = np.sort(memory.nearest_distances(rank))

    report.compare("matching.national_top50_numpy", ours, ref, at_most(0.8), clock=work_clock())

    pays = selectors.read_pays([])
    pairs = nearest(pays.candidats, pays.structures, count=TOP, of_structures=True)
    order = np.lexsort((pairs.km, pairs.structure))
    ranks = np.array([memory.rank_of_structure[pk] for pk in pays.structures.ids.tolist()])
    missing = extra = 0
    bounds = np.searchsorted(pairs.structure[order], np.arange(len(ranks) + 1))
    for row, rank in enumerate(ranks.tolist()):
        found = pairs.km[order[bounds[row] : bounds[row + 1]]]
        expected = brute[rank]
        missing += max(0, len(expected) - len(found))
        extra += max(0, len(found) - len(expected))
        size = min(len(found), len(expected))
        extra += int((np.abs(found[:size] - expected[:size]) > 0.001).sum())
    report.count("matching.national_pairs_missing", missing, of=len(pairs))
    report.count("matching.national_pairs_extra", extra, of=len(pairs))
    # Every pair of both sides satisfies the rule, looked at one by one.
    c = np.array([memory.rank_of_candidature[pk] for pk in pays.candidats.ids[pairs.candidat].tolist()])
    report.count("matching.national_pairs_violating", memory.violations(c, ranks[pairs.structure]), of=len(pairs))


def allocation(report: Report) -> None:
    """The flow over the pairs of the country, in normal times and when candidats are scarce."""
    pays = selectors.read_pays([])
    poids = Poids(35, 20, 15, 15, 15)
    start = perf_counter()
    pairs = first_pairs(pays)
    points = score_pairs(pays, pairs, poids)
    report.fact("matching.allocation", pairs=len(pairs), found_in=f"{perf_counter() - start:.1f}s")
    scarce = np.flatnonzero(pays.candidats.hashes[pairs.candidat] % 6 == 0)
    for name, rows in (("", np.arange(len(pairs))), ("_scarce", scarce)):
        compare_allocations(report, name, pays, pairs.take(rows), points[rows])


def compare_allocations(report: Report, name: str, pays: Pays, pairs: Pairs, points: Ints) -> None:
    s, c = pairs.structure, pairs.candidat
    rooms_s, rooms_c = 8 * pays.structures.postes, np.full(len(pays.candidats), 5)
    quotas = {
        "structures": structure_quotas(rooms_s, rooms_s * 0, pays.structures.postes),
        "candidats": candidat_quotas(rooms_c, rooms_c * 0),
    }
    tie = mix(pays.candidats.hashes[c], pays.structures.hashes[s])
    wall, start = perf_counter(), process_time()
    kept = allocate(s, c, points, tie, **quotas)
    wall, seconds = perf_counter() - wall, process_time() - start
    most = maximum_flow(s, c, rooms_s, rooms_c)
    best = best_total(s, c, points, **quotas)
    greedy = greedy_choice(s, c, points, rooms_s, rooms_c)
    served = len(np.unique(s[kept]))
    servable = maximum_flow(s, c, np.minimum(rooms_s, 1), rooms_c)
    total = int(points[kept].sum())
    label = f"matching.allocation{name}"
    report.line(f"{label}_of_maximum", str(kept.sum()), str(most), kept.sum() / most, at_least(0.999))
    report.line(f"{label}_greedy", str(kept.sum()), str(greedy.sum()), kept.sum() / greedy.sum(), at_least(1))
    report.count(f"{label}_servable_left_empty", servable - served, of=servable)
    report.count(f"{label}_over_caps", over(s[kept], rooms_s) + over(c[kept], rooms_c), of=int(kept.sum()))
    report.fact(label, cpu=f"{seconds:.1f}s", wall=f"{wall:.1f}s", score=total, best=best, share=f"{total / best:.3f}")
    for who, choice in (("flow", kept), ("greedy", greedy)):
        per_structure, per_candidat = np.bincount(s[choice]), np.bincount(c[choice])
        report.fact(
            f"{label}.{who}",
            proposals=int(choice.sum()),
            structures=len(np.unique(s[choice])),
            candidats=len(np.unique(c[choice])),
            median_km=f"{np.median(pairs.km[choice]):.1f}",
            mean_score=f"{points[choice].mean():.1f}",
            most_served=f"{per_structure.max()}/{per_candidat.max()}",
            alone=int((per_structure == 1).sum()),
        )


def maximum_flow(s: Ints, c: Ints, rooms_s: Ints, rooms_c: Ints) -> int:
    """How many proposals the caps allow, whatever they are worth."""
    flow = SimpleMaxFlow()
    source, sink = len(rooms_s) + len(rooms_c), len(rooms_s) + len(rooms_c) + 1
    structures, candidats = np.arange(len(rooms_s)), np.arange(len(rooms_c)) + len(rooms_s)
    flow.add_arcs_with_capacity(
        np.concatenate([np.full(len(rooms_s), source), s, candidats]),
        np.concatenate([structures, c + len(rooms_s), np.full(len(rooms_c), sink)]),
        np.concatenate([rooms_s, np.ones_like(s), rooms_c]),
    )
    assert flow.solve(source, sink) == flow.OPTIMAL
    return int(flow.optimal_flow())


def greedy_choice(s: Ints, c: Ints, points: Ints, rooms_s: Ints, rooms_c: Ints) -> NDArray[np.bool_]:
    """The best pair first, then the next, as everyone writes it."""
    left_s, left_c = rooms_s.tolist(), rooms_c.tolist()
    kept = np.zeros(len(s), dtype=np.bool_)
    order = np.argsort(-points, kind="stable")
    for row, a, b in zip(order.tolist(), s[order].tolist(), c[order].tolist(), strict=True):
        if left_s[a] and left_c[b]:
            left_s[a] -= 1
            left_c[b] -= 1
            kept[row] = True
    return kept


def over(rows: Ints, rooms: Ints) -> int:
    return int((np.bincount(rows, minlength=len(rooms)) > rooms).sum())


def whole_run(report: Report, memory: Memory, besoin: Besoin) -> None:
    """From the database to the database; then what one change costs; then a run that finds nothing to do."""
    small = seconds_of_plan(share=10)
    whole = seconds_of_plan(share=1)
    # Ten times the people and the structures in the same country: a hundred times the compatible pairs.
    report.line("matching.growth_from_a_tenth", f"{whole:.1f}s", f"{small:.1f}s", whole / small, at_most(50))
    run = run_matching()
    assert run is not None
    report.fact(
        "matching.run",
        seconds=run.secondes,
        proposals=run.proposees,
        structures=f"{run.structures_servies}/{run.structures}",
        candidats=f"{run.candidats_servis}/{run.candidats}",
        median_km=f"{run.distance_mediane:.1f}",
        score=f"{run.score_total}/{run.score_optimal}",
        structure_min_max=f"{run.structure_min}/{run.structure_max}",
        candidat_min_max=f"{run.candidat_min}/{run.candidat_max}",
        peak_mb=getrusage(RUSAGE_SELF).ru_maxrss // 1024,
    )
    made = np.array(MiseEnRelation.objects.open().values_list("candidature", "structure"))
    c = np.array([memory.rank_of_candidature[pk] for pk in made[:, 0].tolist()])
    s = np.array([memory.rank_of_structure[pk] for pk in made[:, 1].tolist()])
    report.count("matching.proposals_violating_a_rule", memory.violations(c, s), of=len(made))
    again = run_matching()
    assert again is not None
    changed = again.proposees + again.retirees
    report.count("matching.run_on_an_unchanged_state_changes", changed, of=run.proposees)
    one_change(report, besoin, again.secondes or 0.0)
    Effet.objects.all().delete()
    MiseEnRelation.objects.all().delete()


def seconds_of_plan(*, share: int) -> float:
    """Plan the country, or one row in so many of each side. Processor time: a neighbour's work is not ours."""
    pays = selectors.read_pays([])
    c, s = np.arange(0, len(pays.candidats), share), np.arange(0, len(pays.structures), share)
    part = replace(
        pays,
        candidats=pays.candidats.take(c),
        structures=pays.structures.take(s),
        taken_candidat=pays.taken_candidat[c],
        taken_structure=pays.taken_structure[s],
    )
    times = []
    for _ in range(3):
        start = process_time()
        make_plan(part, poids=Poids(35, 20, 15, 15, 15), plafonds=Plafonds(8, 5))
        times.append(process_time() - start)
    return median(times)


def one_change(report: Report, besoin: Besoin, run_seconds: float) -> None:
    """A structure loses its proposals and asks again; a candidat moves: from the commit to what is stored."""
    times = []
    own = MiseEnRelation.objects.filter(structure=besoin.structure)
    people = list(own.values_list("candidature", flat=True))
    for person in people[:RUNS]:
        own.delete()
        Effet.objects.all().delete()
        start = perf_counter()
        with transaction.atomic():
            queue_proposals(structure_id=besoin.structure)
            queue_proposals(candidature_id=person)
        for effet in claim():
            if effet.genre in ACTIONS:
                ACTIONS[effet.genre](**effet.charge)
        times.append(perf_counter() - start)
        assert own.count() == 8
    seconds = median(times)
    report.line("matching.one_change", f"{seconds:.3f}s", f"{run_seconds:.1f}s", run_seconds / seconds, at_least(20))


# --- End to end -------------------------------------------------------------------------------------------------


def pages(report: Report, besoins: list[Besoin], candidats: list[Candidature]) -> None:
    """Both lists through the whole of Django: the same queries whatever there is to show."""
    besoin, candidat = besoins[0], candidats[0]
    compte = Compte.objects.create_user(email="structure@bench.example")
    role = Role.objects.create(compte=compte, kind=RoleKind.STRUCTURE)
    Membre.objects.create(structure_id=besoin.structure, compte=compte)
    structure_page = client_of(role)
    own = Role.objects.create(compte_id=candidat.compte_id, kind=RoleKind.CANDIDAT)
    candidat_page = client_of(own)
    urls = {
        "structure_list": (structure_page, f"/structures/{besoin.structure}/candidats/"),
        "structure_explore": (structure_page, f"/structures/{besoin.structure}/candidats/explorer/"),
        "candidat_list": (candidat_page, "/ma-candidature/propositions/"),
    }
    propose(besoin, candidat, 1)
    few = {name: measure(client, url) for name, (client, url) in urls.items()}
    propose(besoin, candidat, 40)
    for name, (client, url) in urls.items():
        milliseconds, queries = measure(client, url)
        report.count(f"matching.{name}_more_queries", max(0, queries - few[name][1]), of=queries)
        report.fact(f"matching.{name}", page=f"{milliseconds:.1f}ms", queries=queries)


def measure(client: Client, url: str) -> tuple[float, int]:
    def get() -> None:
        assert client.get(url).status_code == 200, url

    get()
    start = perf_counter()
    get()
    return (perf_counter() - start) * 1000, query_count(get)


def propose(besoin: Besoin, candidat: Candidature, count: int) -> None:
    """Open so many proposals on each side, those already open included."""
    details = [["distance", 30, 35, 4.2], ["dates", 20, 20, 0], ["experience", 0, 15, False]]
    voisins = selectors.nearest_candidatures(besoin, limit=count)
    structures = selectors.nearest_structures(candidat, limit=count)
    pairs = {(voisin.id, besoin.structure) for voisin in voisins} | {(candidat.pk, voisin.id) for voisin in structures}
    known = set(MiseEnRelation.objects.values_list("candidature", "structure"))
    MiseEnRelation.objects.bulk_create(
        MiseEnRelation(candidature_id=c, structure_id=s, distance_km=4.2, score=50, details=details)
        for c, s in sorted(pairs - known)
    )
