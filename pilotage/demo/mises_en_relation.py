"""Proposals made by the real engine, and what both sides did of them."""

from datetime import datetime, timedelta
from typing import Any

import pgtrigger

from candidatures.enums import SavoirEtre
from candidatures.models import Candidature
from comptes.enums import RoleKind
from contrats.enums import StatutContrat
from contrats.models import Contrat, ContratTransition
from matching.enums import MotifRefus, StatutMiseEnRelation
from matching.models import Attentes, MiseEnRelation, MiseEnRelationTransition, PoidsMatching
from matching.selectors import count_vacant, nearest_structures, structures_with_vacancy
from matching.services import propose_by_hand, run_matching
from pilotage.demo.candidatures import LANGUES
from pilotage.demo.entretiens import load_entretiens
from pilotage.demo.recrutements import build_contrat
from pilotage.demo.structures import Staff
from pilotage.demo.world import Step, World, history
from structures.models import Poste, Structure

_C = StatutContrat
_M = StatutMiseEnRelation
OUTCOMES = {
    _M.PROPOSEE: 66,
    _M.INTERESSEE: 9,
    _M.ENTRETIEN: 4,
    _M.RETENUE: 2,
    _M.CONTRAT: 3,
    _M.DECLINEE_STRUCTURE: 7,
    _M.DECLINEE_CANDIDAT: 4,
    _M.EXPIREE: 3,
    _M.ANNULEE: 2,
}
# What the demo structure did of its best proposals, the rest being still to read.
OF_THE_DEMO = [_M.CONTRAT, _M.RETENUE, _M.ENTRETIEN, _M.INTERESSEE, _M.DECLINEE_STRUCTURE, _M.DECLINEE_CANDIDAT]
# The statuses a row goes through, after the proposal; the table of the database allows no shortcut.
PATHS: dict[StatutMiseEnRelation, list[StatutMiseEnRelation]] = {
    _M.PROPOSEE: [],
    _M.INTERESSEE: [_M.INTERESSEE],
    _M.ENTRETIEN: [_M.INTERESSEE, _M.ENTRETIEN],
    _M.RETENUE: [_M.INTERESSEE, _M.ENTRETIEN, _M.RETENUE],
    _M.CONTRAT: [_M.INTERESSEE, _M.ENTRETIEN, _M.RETENUE, _M.CONTRAT],
    _M.DECLINEE_STRUCTURE: [_M.DECLINEE_STRUCTURE],
    _M.DECLINEE_CANDIDAT: [_M.INTERESSEE, _M.DECLINEE_CANDIDAT],
    _M.EXPIREE: [_M.EXPIREE],
    _M.ANNULEE: [_M.ANNULEE],
}
MOTIFS_STRUCTURE = [MotifRefus.COMPETENCES, MotifRefus.DATES, MotifRefus.AUTRE_CHOIX, MotifRefus.SANS_REPONSE]
MOTIFS_CANDIDAT = [MotifRefus.DISTANCE, MotifRefus.DATES, MotifRefus.AUTRE_CHOIX]
NO_CAP = 1000
# Whoever is this far with one structure is not with another one.
ENGAGED = {_M.RETENUE, _M.CONTRAT}


def load_mises_en_relation(world: World, staff: Staff, structure: Structure, candidat: Candidature) -> None:
    """Run the matching, have both sides act on its proposals, and run it again on what this frees."""
    load_attentes(world, staff, structure)
    run_matching()
    # Everyone was told long ago.
    MiseEnRelation.objects.update(provisoire=False)
    rows = MiseEnRelation.objects.filter(status=_M.PROPOSEE).select_related("candidature__compte", "structure")
    proposals = list(rows.order_by("-score", "candidature__reference", "structure"))
    outcomes = choose_outcomes(world, proposals, structure, candidat)
    paths = [(mise, path_of(world, staff, mise, outcome)) for mise, outcome in zip(proposals, outcomes, strict=True)]
    move(world, paths)
    load_entretiens(world, staff, proposals)
    load_contrats(world, staff, [mise for mise in proposals if mise.status == _M.CONTRAT], structure)
    before = MiseEnRelationTransition.objects.latest("pk").pk
    run_matching()
    propose_to_the_nearest(staff, candidat)
    yesterday = world.moment(world.day - timedelta(days=1))
    with pgtrigger.ignore("matching.MiseEnRelationTransition:append_only"):
        # What the engine opens again, it does at the minute of the load: the demo must not depend on it.
        MiseEnRelationTransition.objects.filter(pk__gt=before).update(at=yesterday)
    known = [mise.pk for mise in proposals]
    MiseEnRelation.objects.filter(status=_M.PROPOSEE).exclude(pk__in=known).update(
        created_at=yesterday, provisoire=False
    )


def load_attentes(world: World, staff: Staff, favourite: Structure) -> None:
    """Have weights that count languages and soft skills in force, and one structure in four ask for some."""
    since = world.day - timedelta(days=90)
    values = {"distance": 30, "attente": 10, "langues": 5, "savoir_etre": 5, "valide_du": since}
    PoidsMatching.objects.create(**values, by=staff.anct, created_at=world.moment(since))
    asking = [row for row in structures_with_vacancy().order_by("siret", "ridet") if world.aside.random() < 0.25]
    Attentes.objects.bulk_create(
        Attentes(
            structure=row,
            langues=sorted(world.aside.sample(LANGUES, world.aside.randint(0, 2))),
            savoir_etre=sorted(world.aside.sample(SavoirEtre.values, world.aside.randint(1, 2))),
        )
        for row in asking
        if row != favourite
    )
    Attentes.objects.create(structure=favourite, langues=["anglais", "lsf"], savoir_etre=["patience", "pedagogie"])
    Attentes.objects.update(created_at=world.moment(since))


def propose_to_the_nearest(staff: Staff, candidat: Candidature) -> None:
    """The demo candidat has two proposals to read: the ANCT makes those the machine, fair to all, does not."""
    anct = staff.anct.roles.get(kind=RoleKind.ANCT)
    # Those without a mise en relation with them; by hand, no cap applies.
    for voisin in nearest_structures(candidat, limit=2, plafond=NO_CAP):
        structure = Structure.objects.get(pk=voisin.id)
        propose_by_hand(candidature=candidat, structure=structure, reason="Signalée par la préfecture.", by=anct)


def choose_outcomes(
    world: World, proposals: list[MiseEnRelation], structure: Structure, candidat: Candidature
) -> list[StatutMiseEnRelation]:
    """Say what becomes of each proposal. The demo candidat has one structure interested, the others still silent."""
    engaged: set[int] = set()
    room = count_vacant({mise.structure_id for mise in proposals})
    of_the_demo = list(OF_THE_DEMO)
    interested = False
    outcomes = []
    for mise in proposals:
        outcome = world.weighted(OUTCOMES)
        if mise.candidature_id == candidat.pk:
            outcome = _M.PROPOSEE if interested else _M.INTERESSEE
            interested = True
        elif mise.structure_id == structure.pk:
            outcome = of_the_demo.pop(0) if of_the_demo else _M.PROPOSEE
        elif mise.status == _M.EXPIREE and mise.candidature.email_confirmed_at is None:
            outcome = _M.PROPOSEE
        if outcome in ENGAGED:
            if mise.candidature_id in engaged or not room[mise.structure_id]:
                outcome = _M.INTERESSEE
            else:
                engaged.add(mise.candidature_id)
                room[mise.structure_id] -= 1
        outcomes.append(outcome)
    return outcomes


def path_of(world: World, staff: Staff, mise: MiseEnRelation, outcome: StatutMiseEnRelation) -> list[Step]:
    """Date the proposal and each move that followed it, none before the person was there, none today."""
    confirmed = mise.candidature.email_confirmed_at
    assert confirmed is not None  # noqa: S101  # A constraint: an active candidature is confirmed.
    path = PATHS[outcome]
    oldest = (world.day - confirmed.date()).days
    ago = min(oldest, world.rng.randint(31, 60) if outcome == _M.EXPIREE else world.rng.randint(len(path) + 1, 24))
    proposed = world.moment(world.day - timedelta(days=max(ago, 1)))
    # Moves are spread from the proposal to last evening.
    last = world.moment(world.day - timedelta(days=1))
    span = max(last - proposed, timedelta())
    steps = [Step(_M.PROPOSEE, proposed)]
    for rank, status in enumerate(path, start=1):
        at = proposed + span * rank / (len(path) + (1 if outcome in ENGAGED else 0.5))
        steps.append(move_of(world, staff, mise, status, at))
    return steps


def move_of(world: World, staff: Staff, mise: MiseEnRelation, status: StatutMiseEnRelation, at: datetime) -> Step:
    match status:
        case _M.DECLINEE_STRUCTURE:
            return Step(status, at, staff.managers.get(mise.structure_id), world.pick(MOTIFS_STRUCTURE).label)
        case _M.DECLINEE_CANDIDAT:
            return Step(status, at, mise.candidature.compte, world.pick(MOTIFS_CANDIDAT).label)
        case _M.EXPIREE:
            return Step(status, at, None, "sans réponse dans le délai")
        case _M.ANNULEE:
            return Step(status, at, None, "poste pourvu")
    return Step(status, at, staff.managers.get(mise.structure_id))


def move(world: World, paths: list[tuple[MiseEnRelation, list[Step]]]) -> None:
    """Bring each row to its status, one step at a time as the database asks, and write its dates."""
    depth = max(len(steps) for _, steps in paths)
    for rank in range(1, depth):
        by_status: dict[str, list[int]] = {}
        for mise, steps in paths:
            if len(steps) > rank:
                by_status.setdefault(steps[rank].status, []).append(mise.pk)
        for status, pks in by_status.items():
            MiseEnRelation.objects.filter(pk__in=pks).update(status=status)
    motifs = {motif.label: motif for motif in MotifRefus}
    for mise, steps in paths:
        last = steps[-1]
        mise.status = last.status
        mise.created_at, mise.updated_at = steps[0].at, last.at
        mise.motif = motifs.get(last.reason, "")
        mise.interessee_at = next((step.at for step in steps if step.status == _M.INTERESSEE), None)
    MiseEnRelation.objects.bulk_update(
        [mise for mise, _ in paths], ["created_at", "updated_at", "motif", "interessee_at"], batch_size=500
    )
    history(MiseEnRelationTransition, paths)


def load_contrats(world: World, staff: Staff, mises: list[MiseEnRelation], demo: Structure) -> None:
    """Write the contract of each: in preparation, or sent to the Banque des Territoires for validation."""
    vacant: dict[int, list[Poste]] = {}
    for poste in Poste.objects.vacant().filter(structure__in=[mise.structure_id for mise in mises]).order_by("pk"):
        vacant.setdefault(poste.structure_id, []).append(poste)
    contrats: list[Contrat] = []
    rows: list[tuple[Any, list[Step]]] = []
    for mise in mises:
        manager = staff.managers[mise.structure_id]
        poste = vacant[mise.structure_id].pop()
        poste.structure = mise.structure
        contrat = build_contrat(
            world, poste, max(world.day + timedelta(days=world.rng.randint(8, 45)), poste.date_debut)
        )
        contrat.mise_en_relation, contrat.candidature = mise, mise.candidature
        contrat.created_at = mise.updated_at
        steps = [Step(_C.PREPARE, mise.updated_at)]
        if mise.structure_id != demo.pk and world.chance(0.65):
            contrat.status, contrat.transmis_par = _C.TRANSMIS, manager
            steps.append(Step(_C.TRANSMIS, mise.updated_at + timedelta(minutes=20), manager))
        contrats.append(contrat)
        rows.append((contrat, steps))
    Contrat.objects.bulk_create(contrats)
    history(ContratTransition, rows)
