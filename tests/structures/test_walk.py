"""Random walks of every role over every act: whatever is done in whatever order, no 500 and no broken rule."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from comptes.enums import RoleKind
from structures import jobs
from structures.enums import NEXT_STATUTS_DEMANDE, Decision, StatutDemande
from structures.models import DemandePoste, Poste
from tests.comptes.factories import RoleFactory
from tests.structures.factories import DemandePosteFactory, MembreFactory, SessionCoselecFactory
from tests.structures.helpers import anct, bdt, enter, prefet

ACTORS = ["prefet", "prefet_elsewhere", "anct_1", "anct_2", "bdt_1", "bdt_2", "member", "stranger", "conseiller"]
TEXT = st.sampled_from(["", "court", "Un motif assez long.", "x" * 1001, "<b>é</b> 😀 assez long", "a\u200bb" * 10])
DAY = st.sampled_from(["", "demain", "2020-01-01", "9999-12-31", timezone.localdate().isoformat()])
NUMBER = st.sampled_from(["", "0", "1", "2", "3", "99999999999999", "-1", "deux"])
ACTS = st.one_of(
    st.tuples(
        st.just("give_avis"),
        st.fixed_dictionaries({"avis": st.sampled_from(["favorable", "defavorable", "x"]), "commentaire": TEXT}),
    ),
    st.tuples(st.just("schedule"), st.fixed_dictionaries({"session": st.sampled_from(["1", "2", "x"])})),
    st.tuples(
        st.just("prepare_decision"),
        st.fixed_dictionaries({"decision": st.sampled_from([*Decision.values, "x"]), "postes": NUMBER, "motif": TEXT}),
    ),
    st.tuples(st.just("validate_decision"), st.fixed_dictionaries({"read_at": st.sampled_from(["", "x" * 100])})),
    st.tuples(st.just("prepare_convention"), st.fixed_dictionaries({"date_debut": DAY})),
    st.tuples(st.just("sign_convention"), st.fixed_dictionaries({"read_at": st.sampled_from(["", "x"])})),
    st.tuples(st.just("mark_duplicate"), st.fixed_dictionaries({"motif": TEXT})),
    st.tuples(st.just("abandon"), st.fixed_dictionaries({"motif": TEXT})),
    st.tuples(st.just("silence"), st.just({})),
    st.tuples(st.just("read"), st.just({})),
)  # fmt: skip
# What a walk mostly does, so that it goes far; the rest of the time anyone does anything.
FORWARD = [
    ("prefet", ("give_avis", {"avis": "favorable", "commentaire": "Un avis assez long."})),
    ("anct_1", ("schedule", {"session": "1"})),
    ("anct_1", ("prepare_decision", {"decision": "favorable", "postes": "2", "motif": "Un motif assez long."})),
    ("anct_2", ("validate_decision", {"read_at": ""})),
    ("bdt_1", ("prepare_convention", {"date_debut": timezone.localdate().isoformat()})),
    ("bdt_2", ("sign_convention", {"read_at": ""})),
]
STEP = st.one_of(st.sampled_from(FORWARD), st.tuples(st.sampled_from(ACTORS), ACTS))
WALK = st.one_of(
    st.lists(STEP, max_size=12),
    # One stray step anywhere on the way to the end.
    st.builds(lambda at, step: [*FORWARD[:at], step, *FORWARD[at:]], st.integers(0, 6), STEP),
)


@pytest.fixture
def cast():
    demande = DemandePosteFactory(postes_souhaites=3, coordinateur=True, deposee_at=timezone.now() - timedelta(days=31))
    roles = {
        "prefet": prefet("44"),
        "prefet_elsewhere": prefet(region="11"),
        "anct_1": anct(),
        "anct_2": anct(),
        "bdt_1": bdt(),
        "bdt_2": bdt(),
        "member": MembreFactory(structure=demande.structure).compte.roles.get(),
        "stranger": MembreFactory().compte.roles.get(),
        "conseiller": RoleFactory(kind=RoleKind.CONSEILLER),
    }
    clients = {name: Client(raise_request_exception=True) for name in roles}
    for name, client in clients.items():
        enter(client, roles[name])
    return demande, clients, [SessionCoselecFactory(), SessionCoselecFactory()]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=WALK)
def test_any_walk_keeps_the_rules(cast, walk):
    demande, clients, sessions = cast
    with transaction.atomic():
        for actor, (act, typed) in walk:
            if act == "silence":
                jobs.pass_on_late_demandes()
                continue
            if act == "read":
                response = clients[actor].get(demande.get_absolute_url())
            else:
                data = dict(typed)
                if data.get("session") in {"1", "2"}:
                    data["session"] = sessions[int(data["session"]) - 1].pk
                response = clients[actor].post(reverse(f"structures:{act}", args=[demande.pk]), data)
            assert response.status_code in {200, 302, 403, 404}
            check(demande.pk)
        transaction.set_rollback(True)


def check(pk):
    demande = DemandePoste.objects.get(pk=pk)
    moves = list(demande.transitions.all())
    path = [StatutDemande.DEPOSEE, *(move.to_status for move in moves)]
    assert [move.from_status for move in moves] == path[:-1]
    assert demande.status == path[-1]
    assert all(new in NEXT_STATUTS_DEMANDE[old] for old, new in pairwise(path))
    if StatutDemande.AVIS_RENDU in path:
        assert demande.avis.count() == 1
    for decision in demande.decisions.all():
        assert decision.validee_par_id != decision.preparee_par_id
    granted = sum(demande.decisions.filter(validee_at__isnull=False).values_list("postes", flat=True))
    signed = demande.status == StatutDemande.CONVENTIONNEE
    assert Poste.objects.filter(convention__demande=demande).count() == (granted if signed else 0)
    assert granted <= demande.postes_souhaites
    if signed:
        assert demande.convention.signee_par_id != demande.convention.preparee_par_id
