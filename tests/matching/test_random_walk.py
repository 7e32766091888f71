"""After any sequence of what people and time do, the rules, the caps and the refusals hold."""

from collections import Counter
from datetime import date

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from candidatures import services as candidatures
from candidatures.enums import MotifRetrait, RayonKm, StatutCandidature
from candidatures.models import Candidature
from common.exceptions import RuleError
from comptes.enums import RoleKind
from matching import permissions, services
from matching.enums import MotifRefus, StatutMiseEnRelation
from matching.models import MiseEnRelation, PoidsMatching
from notifications.models import Effet
from notifications.registry import ACTIONS
from structures.models import Structure
from tests.candidatures.factories import CandidatureFactory
from tests.matching.access import member_role
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory

_S = StatutMiseEnRelation
ACTS = [
    "interest",
    "accept",
    "interview",
    "retain",
    "decline",
    "undo",
    "explore",
    "pause",
    "resume",
    "withdraw",
    "join",
    "run",
]
steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 30), st.sampled_from(["structure", "candidat"])), max_size=25
)


def act(name, n, side):
    mises = list(MiseEnRelation.objects.order_by("pk"))
    people = list(Candidature.objects.order_by("pk"))
    if name == "run":
        services.run_matching()
    elif name == "join":
        CandidatureFactory(rayon_km=RayonKm.values[n % 7], commune=CommuneFactory(reze=n % 2 == 0))
    elif name == "explore":
        structures = list(Structure.objects.order_by("pk"))
        structure, person = structures[n % len(structures)], people[n % len(people)]
        services.explore_interest(structure=structure, candidature=person, by=member_role_of(structure))
    elif name in {"pause", "resume", "withdraw"}:
        person = people[n % len(people)]
        role = person.compte.roles.get(kind=RoleKind.CANDIDAT)
        extra = {"motif": MotifRetrait.AUTRE} if name == "withdraw" else {}
        getattr(candidatures, f"{name}_candidature")(candidature=person, by=role, **extra)
    elif mises:
        mise = mises[n % len(mises)]
        role = member_role_of(mise.structure)
        if side == "candidat":
            role = mise.candidature.compte.roles.get(kind=RoleKind.CANDIDAT)
        if name == "decline":
            services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=role)
        elif name == "accept":
            if permissions.can_accept(role, mise):
                services.accept(mise_en_relation=mise, by=role)
        elif name == "undo":
            if permissions.can_undo(role, mise):
                services.undo(mise_en_relation=mise, by=role)
        else:
            service = {
                "interest": services.mark_interest,
                "interview": services.plan_interview,
                "retain": services.retain,
            }
            service[name](mise_en_relation=mise, by=member_role_of(mise.structure))


def member_role_of(structure):
    membre = structure.membres.first()
    return membre.compte.roles.get(kind=RoleKind.STRUCTURE) if membre else member_role(structure)


def deliver():
    """Do what the outbox would: allocations asked for by the acts."""
    while effet := Effet.objects.filter(genre__in=ACTIONS).first():
        ACTIONS[effet.genre](**effet.charge)
        effet.delete()


def check_rules(poids):
    open_ = list(MiseEnRelation.objects.open().select_related("candidature"))
    assert all(mise.candidature.status == StatutCandidature.ACTIVE for mise in open_)
    # What nobody was told of yet does not count: the run places it again.
    provisional = set(MiseEnRelation.objects.provisional().values_list("pk", flat=True))
    settled = [mise for mise in open_ if mise.pk not in provisional]
    by_structure, by_candidat = Counter(m.structure_id for m in settled), Counter(m.candidature_id for m in settled)
    # A person may go beyond a cap by their own hand (exploring, taking a refusal back), the platform never does:
    # nothing is added where there is no room.
    before = set(MiseEnRelation.objects.open().values_list("pk", flat=True))
    services.run_matching()
    for mise in MiseEnRelation.objects.open().exclude(pk__in=before):
        assert by_structure[mise.structure_id] < poids.plafond_structure
        assert by_candidat[mise.candidature_id] < poids.plafond_candidat
    after = MiseEnRelation.objects.open()
    for structure in Structure.objects.all():
        added = after.filter(structure=structure).count()
        assert added <= max(by_structure[structure.pk], poids.plafond_structure)
    snapshot = list(MiseEnRelation.objects.order_by("pk").values())
    assert services.run_matching().proposees == 0
    assert list(MiseEnRelation.objects.order_by("pk").values()) == snapshot


# Each example is a few seconds of database: a failing one is read as it came, not shrunk.
@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(steps)
def test_rules_hold_after_any_sequence(sequence):
    with transaction.atomic():
        poids = PoidsMatching.objects.create(valide_du=date(2026, 6, 1), plafond_structure=3, plafond_candidat=2)
        for _ in range(3):
            PosteFactory()
        CandidatureFactory.create_batch(4)
        services.run_matching()
        refused = set()
        for name, n, side in sequence:
            try:
                with transaction.atomic():
                    act(name, n, side)
            except RuleError:
                continue
            if name != "undo":
                deliver()
            declined = MiseEnRelation.objects.filter(status__in=[_S.DECLINEE_CANDIDAT, _S.DECLINEE_STRUCTURE])
            now = set(declined.values_list("pk", flat=True))
            # Only its own side's undo brings a refused pair back.
            assert name == "undo" or refused <= now
            refused = now
        deliver()
        check_rules(poids)
        transaction.set_rollback(True)
