"""Whatever happened during the day and in whatever order, the run settles it as if it had seen only the evening."""

from datetime import date, timedelta

import pgtrigger
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from candidatures.enums import MotifRetrait, RayonKm, StatutCandidature
from candidatures.models import Candidature
from candidatures.services import pause_candidature, resume_candidature, withdraw_candidature
from candidatures.signals import candidature_changed, candidature_opened
from common.exceptions import RuleError
from comptes.enums import RoleKind
from matching import selectors, services
from matching.enums import MotifRefus, StatutMiseEnRelation
from matching.models import MiseEnRelation, MiseEnRelationTransition, PoidsMatching
from notifications.models import Effet
from notifications.registry import ACTIONS, MESSAGES
from structures.models import Poste, Structure
from structures.services import fill_poste, free_poste
from structures.signals import postes_opened
from tests.candidatures.factories import CandidatureFactory
from tests.matching.access import member_role
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory

_S = StatutMiseEnRelation
TODAY = date(2026, 11, 22)
CHANGES = ["join", "edit", "pause", "resume", "withdraw", "open", "fill", "free", "weights", "deliver", "run"]
ANSWERS = ["interest", "decline", "undo", "tell"]
WEIGHTS = [(35, 20, 15, 15, 15, 3, 2), (60, 10, 10, 10, 10, 2, 3), (20, 20, 20, 20, 20, 1, 1)]
slow = settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def steps(acts):
    return st.lists(st.tuples(st.sampled_from(acts), st.integers(0, 40)), max_size=16)


def place(n):
    return [CommuneFactory, lambda: CommuneFactory(reze=True), lambda: CommuneFactory(paris=True)][n % 3]()


def change(name, n):
    people, postes = list(Candidature.objects.order_by("pk")), list(Poste.objects.order_by("pk"))
    if name == "join":
        free = TODAY + timedelta(days=40 * (n % 3) - 40)
        person = CandidatureFactory(rayon_km=RayonKm.values[n % 7], commune=place(n), date_disponibilite=free)
        candidature_opened.send(sender=Candidature, candidature=person)
    elif name == "open":
        poste = PosteFactory(convention__structure__commune=place(n), date_debut=TODAY + timedelta(days=20 * (n % 3)))
        postes_opened.send(sender=Structure, structure=poste.structure)
    elif name == "weights":
        names = ("distance", "dates", "experience", "diplome", "attente", "plafond_structure", "plafond_candidat")
        values = dict(zip(names, WEIGHTS[n % 3], strict=True))
        PoidsMatching.objects.update_or_create(valide_du=TODAY, defaults=values)
        services.queue_run()
    elif name == "deliver":
        deliver()
    elif name == "run":
        services.run_matching()
    elif name in {"fill", "free"}:
        poste = postes[n % len(postes)]
        if name == "fill":
            fill_poste(poste=poste, by=None)
            services.queue_settlement(structure_id=poste.structure_id)
        else:
            free_poste(poste=poste, by=None)
    else:
        person = people[n % len(people)]
        role = person.compte.roles.get(kind=RoleKind.CANDIDAT)
        if name == "edit":
            if person.status == StatutCandidature.ACTIVE:
                Candidature.objects.filter(pk=person.pk).update(
                    rayon_km=RayonKm.values[n % 7], commune=place(n), experience_mediation=n % 2 == 0
                )
                candidature_changed.send(sender=Candidature, candidature=person)
        elif name == "withdraw":
            withdraw_candidature(candidature=person, by=role, motif=MotifRetrait.AUTRE)
        else:
            {"pause": pause_candidature, "resume": resume_candidature}[name](candidature=person, by=role)


def answer(name, n):
    mises = list(MiseEnRelation.objects.order_by("pk"))
    if not mises:
        return
    mise = mises[n % len(mises)]
    membre = mise.structure.membres.first()
    role = membre.compte.roles.get(kind=RoleKind.STRUCTURE) if membre else member_role(mise.structure)
    if name == "tell":
        MESSAGES["matching.proposed"](candidature=mise.candidature_id)
    elif name == "interest":
        services.mark_interest(mise_en_relation=mise, by=role)
    elif name == "decline":
        services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=role)
    else:
        services.undo(mise_en_relation=mise, by=role)


def deliver():
    """What the worker does with what was asked for; messages stay in the outbox: nobody is told."""
    while effet := Effet.objects.filter(genre__in=ACTIONS).order_by("?").first():
        ACTIONS[effet.genre](**effet.charge)
        effet.delete()


def walk(sequence):
    for name, n in sequence:
        try:
            with transaction.atomic():
                (change if name in CHANGES else answer)(name, n)
        except RuleError:
            continue


def start():
    for n in range(4):
        CandidatureFactory(commune=place(n // 2), rayon_km=20)
    for n in range(3):
        PosteFactory(convention__structure__commune=place(n // 2))
    change("weights", 0)


def proposals():
    rows = MiseEnRelation.objects.open().values_list("candidature", "structure", "status", "score", "details")
    return sorted((*row[:4], str(row[4])) for row in rows)


@slow
@given(steps(CHANGES))
def test_with_nothing_sent_any_sequence_then_a_run_is_one_run_from_scratch(sequence):
    with transaction.atomic():
        start()
        walk(sequence)
        services.run_matching()
        after_all_this = proposals()
        assert services.run_matching().proposees == 0
        assert proposals() == after_all_this

        with pgtrigger.ignore("matching.MiseEnRelationTransition:append_only"):
            MiseEnRelationTransition.objects.all().delete()
        MiseEnRelation.objects.all().delete()
        services.run_matching()
        assert proposals() == after_all_this
        transaction.set_rollback(True)


@slow
@given(steps([*CHANGES, *ANSWERS, *ANSWERS]))
def test_rules_caps_answers_and_refusals_hold_after_any_sequence(sequence):
    with transaction.atomic():
        start()
        walk(sequence)
        settled = MiseEnRelation.objects.exclude(pk__in=MiseEnRelation.objects.provisional().values("pk"))
        before = list(settled.order_by("pk").values())

        services.run_matching()

        # What was told or answered stays, word for word; a cancelled pair may open again.
        after = {row["id"]: row for row in MiseEnRelation.objects.values()}
        for row in before:
            assert row["status"] == _S.ANNULEE or after[row["id"]] == row
        poids = services.read_poids()
        for mise in MiseEnRelation.objects.provisional().select_related("candidature"):
            besoin = selectors.get_besoin(mise.structure)
            assert mise.candidature_id in {voisin.id for voisin in selectors.nearest_candidatures(besoin, limit=100)}
        provisional = MiseEnRelation.objects.provisional()
        for structure in {mise.structure for mise in provisional}:
            vacant = structure.postes.vacant().count()
            assert structure.mises_en_relation.open().count() <= poids.plafond_structure * vacant
        for person in {mise.candidature for mise in provisional}:
            assert person.status == StatutCandidature.ACTIVE
            assert person.mises_en_relation.open().count() <= poids.plafond_candidat
        # Nothing is left to add: neither for a run nor for anyone asking alone.
        snapshot = proposals()
        services.run_matching()
        for structure in Structure.objects.all():
            assert services.propose_for_structure(structure_id=structure.pk) == 0
        for person in Candidature.objects.active():
            assert services.propose_for_candidature(candidature_id=person.pk) == 0
        assert proposals() == snapshot
        transaction.set_rollback(True)
