"""Support reads candidatures; what it changes goes through services."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from candidatures.enums import MotifRetrait, StatutCandidature
from candidatures.models import Candidature
from comptes.enums import RoleKind
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory

LIST = "/administration/candidatures/candidature/"


@pytest.fixture
def anct(client):
    role = RoleFactory(kind=RoleKind.ANCT)
    client.force_login(role.compte)
    return role


def act(client, action, *candidatures, **data):
    rows = [str(candidature.pk) for candidature in candidatures]
    return client.post(LIST, {"action": action, "_selected_action": rows} | data, follow=True)


def test_list_is_filtered_and_shows_no_draft(client, anct):
    CandidatureFactory(nom="Active", titulaire_tp_remn=True)
    CandidatureFactory(nom="Pausée", en_pause=True)
    CandidatureFactory(nom="Brouillonne", brouillon=True)

    page = client.get(LIST).content.decode()
    assert "Active" in page
    assert "Brouillonne" not in page
    filtered = client.get(LIST, {"status__exact": "en_pause"}).content.decode()
    assert "Pausée" in filtered
    assert ">Active</td>" not in filtered
    assert client.get(LIST, {"q": "pausée"}).status_code == 200


def test_status_and_history_are_read_only(client, anct):
    candidature = CandidatureFactory()
    url = reverse("admin:candidatures_candidature_change", args=[candidature.pk])
    act(client, "pause", candidature)

    page = client.get(url).content.decode()
    assert "par le support" in page
    assert 'name="status"' not in page
    assert client.post(url, {"status": "active", "nom": "Changée"}).status_code == 403
    candidature.refresh_from_db()
    assert (candidature.status, candidature.nom) == (StatutCandidature.EN_PAUSE, "Morvan")


def test_pause_says_which_rows_refuse(client, anct):
    active, withdrawn = CandidatureFactory(), CandidatureFactory(retiree=True)

    page = act(client, "pause", active, withdrawn).content.decode()

    assert "Candidatures traitées : 1." in page
    assert "n&#x27;est plus possible" in page
    active.refresh_from_db()
    assert active.status == StatutCandidature.EN_PAUSE
    assert active.transitions.get().by == anct.compte


def test_withdrawal_asks_for_a_reason_that_stays_in_the_history(client, anct, mailoutbox):
    candidature = CandidatureFactory()

    page = act(client, "withdraw", candidature).content.decode()
    assert "Explication" in page
    page = act(client, "withdraw", candidature, motif=MotifRetrait.AUTRE, reason="").content.decode()
    assert "obligatoire" in page
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE
    act(client, "withdraw", candidature, motif=MotifRetrait.AUTRE, reason="Courrier du 20 novembre")
    drain()

    candidature.refresh_from_db()
    assert (candidature.status, candidature.motif_retrait) == (StatutCandidature.RETIREE, MotifRetrait.AUTRE)
    assert candidature.transitions.get().reason == "Courrier du 20 novembre"
    assert len(mailoutbox) == 1


def test_bdt_reads_and_does_not_act(client):
    client.force_login(RoleFactory(kind=RoleKind.BDT).compte)
    candidature = CandidatureFactory()

    assert client.get(LIST).status_code == 200
    act(client, "pause", candidature)

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE


def test_nothing_is_deleted_or_added_by_hand(client, anct):
    candidature = CandidatureFactory()
    delete = reverse("admin:candidatures_candidature_delete", args=[candidature.pk])

    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:candidatures_candidature_add")).status_code == 403
    assert Candidature.objects.count() == 1


def test_number_of_queries_does_not_depend_on_the_number_of_rows(client, anct):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    CandidatureFactory(pk=1_000)
    count_queries()
    with_one_row = count_queries()
    CandidatureFactory.create_batch(6)

    assert count_queries() == with_one_row
