from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from comptes.enums import RoleKind
from contrats.enums import StatutContrat
from contrats.models import Conseiller, Contrat
from matching import services
from matching.models import EssaiPoids, MiseEnRelation, PoidsMatching, RunMatching
from notifications.models import Effet
from notifications.services import send_again
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ContratFactory
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory
from tests.test_access import enter


@pytest.fixture
def anct(client):
    role = RoleFactory(kind=RoleKind.ANCT)
    enter(client, role)
    return role


WEIGHTS = {
    "valide_du": "2027-01-01", "distance": 40, "dates": 20, "experience": 15, "diplome": 15, "attente": 10, "pix": 0,
    "langues": 0, "savoir_etre": 0,
    "plafond_structure": 8, "plafond_candidat": 5,
}  # fmt: skip


def test_new_weights_are_a_new_row_and_the_past_is_not_edited(client, anct):
    add = reverse("admin:matching_poidsmatching_add")
    assert "doit être égale à 100" in client.post(add, {**WEIGHTS, "distance": 41}).text
    assert client.post(add, WEIGHTS).status_code == 302
    assert PoidsMatching.objects.get(valide_du=date(2027, 1, 1)).by == anct.compte
    old = PoidsMatching.objects.earliest("valide_du")
    change = reverse("admin:matching_poidsmatching_change", args=[old.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, WEIGHTS).status_code == 403


def test_status_and_history_are_read_only(client, anct):
    contrat = ContratFactory(transmis=True)
    run = RunMatching.objects.create(score_total=90, score_optimal=100)
    for name, pk in [
        ("matching_miseenrelation", contrat.mise_en_relation_id),
        ("contrats_contrat", contrat.pk),
        ("matching_runmatching", run.pk),
    ]:
        url = reverse(f"admin:{name}_change", args=[pk])
        assert client.get(url).status_code == 200
        assert client.post(url, {"status": "valide"}).status_code == 403
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    contrat.refresh_from_db()
    assert contrat.status == StatutContrat.TRANSMIS


def test_action_completes_proposals_by_the_service(client, anct):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure)
    CandidatureFactory()
    client.post(
        reverse("admin:matching_miseenrelation_changelist"),
        {"action": "propose_again", "_selected_action": [mise.pk]},
    )
    assert mise.structure.mises_en_relation.count() == 2


def test_weights_that_are_all_zero_are_refused_and_kept_on_the_page(client, anct):
    zero = dict.fromkeys(["distance", "dates", "experience", "diplome", "attente", "pix", "langues", "savoir_etre"], 0)
    response = client.post(reverse("admin:matching_poidsmatching_add"), {**WEIGHTS, **zero})
    assert "La somme des huit poids doit être égale à 100." in response.text
    assert 'value="2027-01-01"' in response.text or "01/01/2027" in response.text
    assert not PoidsMatching.objects.filter(valide_du=date(2027, 1, 1)).exists()


def test_weights_in_force_today_settle_the_country(client, anct, django_capture_on_commit_callbacks):
    PosteFactory()
    CandidatureFactory.create_batch(3)
    services.run_matching()
    # Nobody is told meanwhile: what was announced would stay.
    Effet.objects.update(prochain_at=timezone.now() + timedelta(days=1))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("admin:matching_poidsmatching_add"),
            {**WEIGHTS, "valide_du": timezone.localdate().isoformat(), "plafond_structure": 2, "plafond_candidat": 5},
        )
    assert MiseEnRelation.objects.open().count() == 2
    assert RunMatching.objects.count() == 2


def test_weights_are_tried_without_writing_anything(client, anct, django_capture_on_commit_callbacks):
    PosteFactory()
    CandidatureFactory.create_batch(3)
    services.run_matching()
    drain()
    before = list(MiseEnRelation.objects.order_by("pk").values())
    tried = {name: value for name, value in WEIGHTS.items() if name != "valide_du"}
    add = reverse("admin:matching_essaipoids_add")
    assert "doit être égale à 100" in client.post(add, {**tried, "dates": 90}).text
    client.post(add, {**tried, "plafond_structure": 2})
    essai = EssaiPoids.objects.get()
    page = reverse("admin:matching_essaipoids_change", args=[essai.pk])
    assert "Calcul en cours" in client.get(page).text

    with django_capture_on_commit_callbacks(execute=True):
        send_again(effet=Effet.objects.get(genre="matching.try_poids"))

    essai.refresh_from_db()
    assert essai.resultat["propositions"] == [3, 2]
    assert (essai.resultat["disparaissent"], essai.resultat["apparaissent"]) == (1, 0)
    assert (essai.resultat["structures_perdantes"], essai.resultat["candidats_oublies"]) == (1, 1)
    shown = client.get(page).text
    assert "Paires qui disparaîtraient" in shown
    assert "disparaît" in shown
    assert client.get(reverse("admin:matching_essaipoids_changelist")).status_code == 200
    assert list(MiseEnRelation.objects.order_by("pk").values()) == before


def test_proposal_by_hand_says_why_and_why_not(client, anct):
    structure = PosteFactory().structure
    person, far = CandidatureFactory(), CandidatureFactory(commune=CommuneFactory(paris=True))
    add = reverse("admin:matching_miseenrelation_add")
    assert client.get(add).status_code == 200
    typed = {"candidature": far.pk, "structure": structure.pk, "raison": "Signalée par la préfecture."}
    response = client.post(add, typed)
    assert "Cette personne n&#x27;est plus compatible" in response.text
    assert "Signalée par la préfecture." in response.text
    assert "au moins" in client.post(add, {**typed, "candidature": person.pk, "raison": "non"}).text
    assert client.post(add, {**typed, "candidature": person.pk}).status_code == 302

    mise = MiseEnRelation.objects.get()
    assert (mise.origine, mise.raison, mise.proposee_par) == ("manuelle", "Signalée par la préfecture.", anct.compte)
    assert "déjà proposée" in client.post(add, {**typed, "candidature": person.pk}).text
    other = RoleFactory(kind=RoleKind.BDT)
    enter(client, other)
    assert client.get(add).status_code == 403


def test_action_validates_by_the_service_and_says_what_it_refused(client):
    bdt = RoleFactory(kind=RoleKind.BDT)
    enter(client, bdt)
    good, draft = ContratFactory(transmis=True), ContratFactory()
    own = ContratFactory(transmis=True, transmis_par=bdt.compte)
    response = client.post(
        reverse("admin:contrats_contrat_changelist"),
        {"action": "validate", "_selected_action": [good.pk, draft.pk, own.pk]},
        follow=True,
    )
    statuses = list(Contrat.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == [StatutContrat.VALIDE, StatutContrat.PREPARE, StatutContrat.TRANSMIS]
    assert Conseiller.objects.count() == 1
    assert "une autre personne" in response.text
    assert "plus possible" in response.text
