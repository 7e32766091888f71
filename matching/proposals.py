"""How the platform proposes: for one structure, for one candidat, for the whole country (docs/adr/0012).

An allocation runs alone (`MATCHING_LOCK`), before any other lock. What it makes is provisional until a digest leaves
with it; only the run of the whole country places provisional proposals otherwise, the others add to what is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from django.db import connection, transaction
from django.db.models import BooleanField, Case, ExpressionWrapper, F, Value, When
from django.utils import timezone

from candidatures.models import Candidature
from matching import selectors
from matching.allocation import Edge, choose
from matching.constants import DIGEST_HOUR, EDGES_PER_SIDE, MATCHING_LOCK
from matching.enums import Origine, StatutMiseEnRelation
from matching.models import EssaiPoids, MiseEnRelation, PoidsMatching, RunMatching
from matching.planning import Pays, Plafonds, Plan, explain_pairs, make_plan
from matching.scoring import Poids, Profil, Score, compute_score
from matching.selectors import Besoin, Voisin
from notifications.models import Effet
from notifications.services import queue_effet, queue_effets
from structures.models import Membre, Poste, Structure

_S = StatutMiseEnRelation
WRITE_BATCH = 1000


# --- Score ----------------------------------------------------------------------------------------------------


def read_poids() -> PoidsMatching:
    return PoidsMatching.objects.valid_on(timezone.localdate())


def weights_of(poids: PoidsMatching | EssaiPoids) -> Poids:
    return Poids(
        poids.distance,
        poids.dates,
        poids.experience,
        poids.diplome,
        poids.attente,
        poids.pix,
        poids.langues,
        poids.savoir_etre,
    )


def score(candidature: Candidature, *, besoin: Besoin, distance_km: float, poids: PoidsMatching) -> Score | None:
    assert candidature.submitted_at is not None  # noqa: S101  # A constraint: what was submitted has a date.
    assert candidature.date_disponibilite is not None  # noqa: S101
    assert candidature.rayon_km is not None  # noqa: S101
    profil = Profil(
        rayon_km=candidature.rayon_km,
        disponible_le=candidature.date_disponibilite,
        experience=candidature.experience_mediation,
        diplome=candidature.diplome_mediation,
        tp_remn=candidature.titulaire_tp_remn,
        inscrit_le=timezone.localdate(candidature.submitted_at),
        pix=candidature.niveau_pix or None,
        langues=frozenset(candidature.langues),
        savoir_etre=frozenset(candidature.savoir_etre),
    )
    return compute_score(
        profil,
        debuts=besoin.debuts,
        distance_km=distance_km,
        poids=weights_of(poids),
        today=besoin.today,
        attendus=besoin.attendus,
    )


# --- What one change asks for -----------------------------------------------------------------------------------


def propose_for_structure(*, structure_id: int) -> int:
    """Give a structure's vacant posts the proposals they lack, and say how many. Doing it again makes none."""
    with transaction.atomic():
        _wait_for_allocation()
        poids = read_poids()
        structures = Structure.objects.filter(pk=structure_id)
        return _propose_until_settled(lambda: _edges_of(selectors.list_besoins(structures), poids), poids)


def propose_for_candidature(*, candidature_id: int) -> int:
    """Propose a candidature to the structures that have room for it, up to its own cap.

    Those nobody was told of and that its new place or date no longer allows are withdrawn first.
    """
    with transaction.atomic():
        _wait_for_allocation()
        poids = read_poids()
        _withdraw_outdated(candidature_id)
        return _propose_until_settled(lambda: _edges_of_candidature(candidature_id, poids), poids)


def _propose_until_settled(find_edges: Callable[[], list[Edge]], poids: PoidsMatching) -> int:
    """Look again after each allocation: the nearest may have been full, and those behind them be free."""
    total = 0
    while made := _propose(find_edges(), poids):
        total += made
    return total


def _edges_of(besoins: Iterable[Besoin], poids: PoidsMatching) -> list[Edge]:
    """Score the nearest candidats of each structure that has room."""
    besoins = list(besoins)
    rooms = rooms_of_structures([besoin.structure for besoin in besoins], poids)
    edges = []
    for besoin in besoins:
        if rooms[besoin.structure] <= 0:
            continue
        voisins = selectors.nearest_candidatures(besoin, limit=EDGES_PER_SIDE, plafond=poids.plafond_candidat)
        profils = selectors.read_profils([voisin.id for voisin in voisins])
        edges += [edge for voisin in voisins if (edge := _edge(profils[voisin.id], besoin, voisin, poids)) is not None]
    return edges


def _edges_of_candidature(pk: int, poids: PoidsMatching) -> list[Edge]:
    candidature = Candidature.objects.active().select_related("commune").filter(pk=pk).first()
    if candidature is None:
        return []
    voisins = selectors.nearest_structures(candidature, limit=EDGES_PER_SIDE, plafond=poids.plafond_structure)
    nearest = {voisin.id: voisin for voisin in voisins}
    besoins = selectors.list_besoins(Structure.objects.filter(pk__in=nearest))
    edges = [_edge(candidature, besoin, nearest[besoin.structure], poids) for besoin in besoins]
    return [edge for edge in edges if edge is not None]


def _edge(candidature: Candidature, besoin: Besoin, voisin: Voisin, poids: PoidsMatching) -> Edge | None:
    result = score(candidature, besoin=besoin, distance_km=voisin.distance_km, poids=poids)
    if result is None:
        return None
    return Edge(
        candidature=candidature.pk,
        structure=besoin.structure,
        distance_km=voisin.distance_km,
        score=result.total,
        details=result.details,
        tie=voisin.tie,
    )


def rooms_of_structures(pks: Sequence[int], poids: PoidsMatching) -> dict[int, int]:
    vacant, taken = selectors.count_vacant(pks), selectors.count_open("structure", pks)
    return {pk: poids.plafond_structure * vacant.get(pk, 0) - taken.get(pk, 0) for pk in pks}


def _propose(edges: list[Edge], poids: PoidsMatching) -> int:
    structures = sorted({edge.structure for edge in edges})
    candidatures = sorted({edge.candidature for edge in edges})
    vacant, taken_s = selectors.count_vacant(structures), selectors.count_open("structure", structures)
    taken_c = selectors.count_open("candidature", candidatures)
    chosen = choose(
        edges,
        structures={
            pk: (
                poids.plafond_structure * vacant.get(pk, 0) - taken_s.get(pk, 0),
                taken_s.get(pk, 0),
                vacant.get(pk, 0),
            )
            for pk in structures
        },
        candidatures={pk: (poids.plafond_candidat - taken_c.get(pk, 0), taken_c.get(pk, 0)) for pk in candidatures},
    )
    chosen.sort(key=lambda edge: edge.candidature)
    return sum(_write_proposals(batch, poids) for batch in _batches(chosen))


# --- The whole country ------------------------------------------------------------------------------------------


class Ligne(NamedTuple):
    """A mise en relation as the run reads it."""

    pk: int
    candidature: int
    structure: int
    status: str
    score: int
    details: list[Any] | None
    free: bool


def run_matching() -> RunMatching | None:
    """Settle the whole country: what the changes of the day left, and what only time changed.

    Provisional proposals are placed again with everything else, so that the result is the one of a single run over
    the state of the moment; what people were told of, or did, stays. None when another run is under way. On an
    unchanged state, it changes nothing.
    """
    with _alone() as alone:
        if not alone:
            return None
        start = perf_counter()
        poids = read_poids()
        run = RunMatching.objects.create()
        lignes = _read_lignes(free=_provisional_flag())
        pays, plan = _plan(lignes, poids)
        run.retirees, run.proposees = _apply(pays, plan, [ligne for ligne in lignes if ligne.free], poids)
        _record(run, pays, plan)
        run.secondes, run.finished_at = round(perf_counter() - start, 1), timezone.now()
        run.save()
        return run


def _provisional_flag() -> Any:
    untouched = ExpressionWrapper(MiseEnRelation.objects.never_touched(), output_field=BooleanField())
    # Its history is looked up only where it may matter.
    return Case(When(provisoire=True, then=untouched), default=Value(False), output_field=BooleanField())


def _read_lignes(*, free: Any) -> list[Ligne]:
    """Read what exists in one query: between two, a digest could leave."""
    # What a score is made of is compared where it may still change; elsewhere it would be megabytes for nothing.
    details = Case(When(provisoire=True, then=F("details")))
    rows = MiseEnRelation.objects.exclude(status=_S.ANNULEE).annotate(free=free, known=details)
    names = ("pk", "candidature", "structure", "status", "score", "known", "free")
    return [Ligne(*row) for row in rows.values_list(*names).iterator(chunk_size=20_000)]


def _plan(lignes: list[Ligne], poids: PoidsMatching | EssaiPoids) -> tuple[Pays, Plan]:
    settled = [(ligne.candidature, ligne.structure, ligne.status) for ligne in lignes if not ligne.free]
    pays = selectors.read_pays(settled)
    return pays, make_plan(pays, poids=weights_of(poids), plafonds=_plafonds(poids))


def _plafonds(poids: PoidsMatching | EssaiPoids) -> Plafonds:
    return Plafonds(structure=poids.plafond_structure, candidat=poids.plafond_candidat)


def _apply(pays: Pays, plan: Plan, provisional: list[Ligne], poids: PoidsMatching) -> tuple[int, int]:
    """Turn what is provisional into what is planned: withdrawn, made. Short transactions, each checked again."""
    wanted = _edges_of_plan(pays, plan, poids)
    kept = {}
    withdrawn = []
    for ligne in provisional:
        edge = wanted.pop((ligne.candidature, ligne.structure), None)
        if edge is None:
            withdrawn.append(ligne.pk)
        elif (ligne.score, ligne.details) != (edge.score, edge.details):
            kept[ligne.pk] = edge
    removed = sum(_withdraw(batch) for batch in _batches(withdrawn))
    for batch in _batches(sorted(kept)):
        _rescore({pk: kept[pk] for pk in batch})
    new = sorted(wanted.values(), key=lambda edge: edge.candidature)
    return removed, sum(_write_proposals(batch, poids) for batch in _batches(new))


def _edges_of_plan(pays: Pays, plan: Plan, poids: PoidsMatching) -> dict[tuple[int, int], Edge]:
    candidatures = pays.candidats.ids[plan.pairs.candidat].tolist()
    structures = pays.structures.ids[plan.pairs.structure].tolist()
    found = explain_pairs(pays, plan.pairs, weights_of(poids))
    return {
        (c, s): Edge(c, s, km, result.total, result.details, tie="")
        for c, s, km, result in zip(candidatures, structures, plan.pairs.km.tolist(), found, strict=True)
    }


def _record(run: RunMatching, pays: Pays, plan: Plan) -> None:
    """Write what was seen, and how everyone is served now."""
    per_structure, per_candidat = selectors.count_all_open("structure"), selectors.count_all_open("candidature")
    shares = [
        per_structure.get(pk, 0) // postes
        for pk, postes in zip(pays.structures.ids.tolist(), pays.structures.postes.tolist(), strict=True)
    ]
    proposed = [per_candidat.get(pk, 0) for pk in pays.candidats.ids.tolist()]
    run.postes = int(pays.structures.postes.sum())
    run.structures, run.candidats, run.paires = len(pays.structures), len(pays.candidats), plan.looked_at
    run.structures_servies = sum(per_structure.get(pk, 0) > 0 for pk in pays.structures.ids.tolist())
    run.candidats_servis = sum(count > 0 for count in proposed)
    run.structure_max, run.structure_min = max(shares, default=0), min(shares, default=0)
    run.candidat_max, run.candidat_min = max(proposed, default=0), min(proposed, default=0)
    run.distance_mediane = selectors.median_distance()
    run.score_total, run.score_optimal = plan.total, plan.best


# --- What would change with other weights ------------------------------------------------------------------------

SAMPLE = 12


def try_poids(*, essai: EssaiPoids) -> None:
    """Place every proposal nobody has answered with the weights in force, then with these; keep only the difference."""
    lignes = _read_lignes(free=Case(When(status=_S.PROPOSEE, then=Value(True)), default=Value(False)))
    pays, before = _plan(lignes, read_poids())
    after = make_plan(pays, poids=weights_of(essai), plafonds=_plafonds(essai))
    essai.resultat, essai.finished_at = _difference(pays, before, after), timezone.now()
    essai.save(update_fields=["resultat", "finished_at"])


def _difference(pays: Pays, before: Plan, after: Plan) -> dict[str, Any]:
    size = len(pays.structures)
    codes = [plan.pairs.codes(size) for plan in (before, after)]
    lost, gained = np.setdiff1d(codes[0], codes[1]), np.setdiff1d(codes[1], codes[0])
    counts = [np.bincount(plan.pairs.structure, minlength=size) for plan in (before, after)]
    people = [np.unique(plan.pairs.candidat) for plan in (before, after)]
    return {
        "propositions": [len(plan.pairs) for plan in (before, after)],
        "score_moyen": [round(plan.total / max(len(plan.pairs), 1), 1) for plan in (before, after)],
        "distance_mediane": [
            round(float(np.median(plan.pairs.km)), 1) if len(plan.pairs) else None for plan in (before, after)
        ],
        "structures_servies": [int((count > 0).sum()) for count in counts],
        "candidats_servis": [len(served) for served in people],
        "apparaissent": len(gained),
        "disparaissent": len(lost),
        "structures_gagnantes": int((counts[1] > counts[0]).sum()),
        "structures_perdantes": int((counts[1] < counts[0]).sum()),
        "candidats_nouveaux": len(np.setdiff1d(people[1], people[0])),
        "candidats_oublies": len(np.setdiff1d(people[0], people[1])),
        "exemples": [
            [label, int(pays.candidats.ids[code // size]), int(pays.structures.ids[code % size])]
            for label, found in (("apparaît", gained), ("disparaît", lost))
            for code in found[: SAMPLE // 2].tolist()
        ],
    }


# --- What is written ----------------------------------------------------------------------------------------------


@transaction.atomic
def _write_proposals(edges: Sequence[Edge], poids: PoidsMatching) -> int:
    """Write pairs whose person is still there and whose two sides still have room, and tell both.

    What was computed may be minutes old: the people, then their mises en relation, then the vacant posts are locked
    and counted again. A cancelled pair opens again.
    """
    pks = sorted({edge.candidature for edge in edges})
    people = Candidature.objects.active().only("email").filter(pk__in=pks).order_by("pk")
    locked = people.select_for_update(of=("self",))
    active = {candidature.pk: candidature for candidature in locked}
    known = {
        (mise.candidature_id, mise.structure_id): mise
        for mise in MiseEnRelation.objects.select_for_update(of=("self",)).filter(candidature__in=pks).order_by("pk")
    }
    structures = _lock_rooms(sorted({edge.structure for edge in edges}), poids)
    open_c = selectors.count_open("candidature", pks)
    candidatures = {pk: poids.plafond_candidat - open_c.get(pk, 0) for pk in active}
    new, made = [], []
    for edge in edges:
        if candidatures.get(edge.candidature, 0) <= 0 or structures.get(edge.structure, 0) <= 0:
            continue
        mise = known.get((edge.candidature, edge.structure))
        values: dict[str, Any] = {
            "distance_km": edge.distance_km, "score": edge.score, "details": edge.details, "provisoire": True,
        }  # fmt: skip
        if mise is None:
            new.append(MiseEnRelation(candidature_id=edge.candidature, structure_id=edge.structure, **values))
        elif mise.status == _S.ANNULEE:
            mise.move_to(_S.PROPOSEE, by=None, origine=Origine.MATCHING, **values)
        else:
            continue
        made.append(edge)
        candidatures[edge.candidature] -= 1
        structures[edge.structure] -= 1
    MiseEnRelation.objects.bulk_create(new)
    announce([(edge.candidature, edge.structure) for edge in made], active)
    return len(made)


def _lock_rooms(structures: Sequence[int], poids: PoidsMatching) -> dict[int, int]:
    """Hold the vacant posts until the commit: one that is filled or given back now is seen, or waits."""
    vacant: dict[int, int] = {}
    rows = Poste.objects.vacant().filter(structure__in=structures).order_by("pk")
    for structure in rows.select_for_update(of=("self",), no_key=True).values_list("structure", flat=True):
        vacant[structure] = vacant.get(structure, 0) + 1
    taken = selectors.count_open("structure", structures)
    return {pk: poids.plafond_structure * count - taken.get(pk, 0) for pk, count in vacant.items()}


@transaction.atomic
def _withdraw(pks: Sequence[int]) -> int:
    """Take back proposals nobody was told of. Without a history they leave no trace: nothing has happened."""
    rows = MiseEnRelation.objects.filter(pk__in=pks)
    people = rows.values("candidature")
    list(Candidature.objects.filter(pk__in=people).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    locked = list(rows.select_for_update(of=("self",)).order_by("pk"))
    still = set(rows.provisional().values_list("pk", flat=True))
    again = set(rows.filter(transitions__isnull=False).values_list("pk", flat=True))
    for mise in locked:
        if mise.pk in still & again:
            mise.move_to(_S.ANNULEE, by=None, reason="placée autrement avant d'être annoncée", provisoire=False)
    MiseEnRelation.objects.filter(pk__in=still - again).delete()
    return len(still)


@transaction.atomic
def _rescore(edges: dict[int, Edge]) -> None:
    """Bring the score of what is not told yet up to the day. Not a move: the thirty days go on."""
    rows = list(
        MiseEnRelation.objects.provisional().filter(pk__in=edges).order_by("pk").select_for_update(of=("self",))
    )
    for mise in rows:
        edge = edges[mise.pk]
        mise.score, mise.details, mise.distance_km = edge.score, edge.details, edge.distance_km
    MiseEnRelation.objects.bulk_update(rows, ["score", "details", "distance_km"])


def _withdraw_outdated(candidature_id: int) -> None:
    rows = MiseEnRelation.objects.provisional().filter(candidature=candidature_id)
    candidature = Candidature.objects.active().filter(pk=candidature_id).first()
    if candidature is None or not rows.exists():
        return
    possible = {voisin.id for voisin in selectors.nearest_structures(candidature)}
    outdated = [pk for pk, structure in rows.values_list("pk", "structure") if structure not in possible]
    if outdated:
        _withdraw(outdated)


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), WRITE_BATCH):
        yield items[start : start + WRITE_BATCH]


# --- Who is told --------------------------------------------------------------------------------------------------


def announce(pairs: Sequence[tuple[int, int]], candidatures: dict[int, Candidature]) -> None:
    """Queue one digest per structure and one per candidat, at most one a day each."""
    today = timezone.localdate()
    members: dict[int, list[tuple[int, str]]] = {}
    rows = Membre.objects.filter(structure__in={s for _, s in pairs}, compte__is_active=True).order_by("pk")
    for structure_id, compte_id, email in rows.values_list("structure", "compte", "compte__email"):
        members.setdefault(structure_id, []).append((compte_id, email))
    wanted = [
        ("matching.new_candidats", f"{structure}:{compte}", email, {"structure": structure, "compte": compte})
        for structure, people in members.items()
        for compte, email in people
    ]
    wanted += [
        ("matching.proposed", str(pk), candidatures[pk].email, {"candidature": pk}) for pk in {c for c, _ in pairs}
    ]
    queue_effets(_digests(wanted, today))


def _digests(wanted: list[tuple[str, str, str, dict[str, int]]], today: object) -> list[Effet]:
    """Today's digest, or tomorrow's when today's exists already: it may have left without what is new.

    Allocation runs alone, so nobody else is writing these keys.
    """
    keys = {f"{genre}:{who}:{today}" for genre, who, _, _ in wanted}
    written = set(Effet.objects.filter(cle__in=keys).values_list("cle", flat=True))
    tomorrow = timezone.localdate() + timedelta(days=1)
    morning = timezone.make_aware(datetime.combine(tomorrow, time(DIGEST_HOUR)))
    effets = []
    for genre, who, email, charge in wanted:
        late = f"{genre}:{who}:{today}" in written
        effets.append(
            Effet(
                cle=f"{genre}:{who}:{tomorrow if late else today}",
                genre=genre,
                destinataire=email,
                charge=charge,
                prochain_at=morning if late else timezone.now(),
            )
        )
    return effets


# --- One allocation at a time -------------------------------------------------------------------------------------


def _wait_for_allocation() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MATCHING_LOCK])


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the lock of allocation across transactions, or say that someone else does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MATCHING_LOCK])
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MATCHING_LOCK])


# --- What queues an allocation ------------------------------------------------------------------------------------


def queue_proposals(*, structure_id: int | None = None, candidature_id: int | None = None) -> None:
    """Ask for proposals once the current transaction is committed: seconds later, never within a page."""
    if structure_id is not None:
        _queue_action("matching.propose_structure", structure=structure_id)
    if candidature_id is not None:
        _queue_action("matching.propose_candidature", candidature=candidature_id)


def queue_settlement(*, structure_id: int) -> None:
    """Ask that a structure that lost a vacant post gives back the proposals this post was worth."""
    _queue_action("matching.settle_structure", structure=structure_id)


def queue_run() -> None:
    """Ask for a run of the whole country: the weights changed."""
    _queue_action("matching.run")


def queue_try(*, essai: EssaiPoids) -> None:
    _queue_action("matching.try_poids", essai=essai.pk)


def _queue_action(name: str, **charge: Any) -> None:
    # Each event asks for its own: the action is idempotent, so a key of its own costs nothing.
    queue_effet(name, cle=f"{name}:{uuid4()}", **charge)
