"""The link received by the contact: it submits, opens the account and tells the préfecture, once."""

import pytest
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Compte
from notifications.models import Effet
from structures import services
from structures.emails import demande_to_confirm
from structures.enums import StatutDemande
from structures.models import DemandePoste, Membre, Structure
from tests.comptes.factories import CompteFactory
from tests.structures.factories import DemandePosteFactory, MembreFactory, StructureFactory, siret
from tests.structures.helpers import effets, enter, prefet, submitted_draft


def url(token):
    return reverse("structures:confirm", args=[token])


def test_get_shows_and_writes_nothing(client):
    demande, token = submitted_draft()
    page = client.get(url(token))
    assert "Mairie de Nantes" in page.text
    demande.refresh_from_db()
    assert demande.status == StatutDemande.BROUILLON


def test_post_submits_opens_the_account_and_tells_the_prefecture(client):
    agent = prefet("44")
    prefet("75")
    demande, token = submitted_draft()

    response = client.post(url(token))

    assert response.url == reverse("structures:confirmed")
    assert client.get(response.url).status_code == 200
    demande.refresh_from_db()
    assert demande.status == StatutDemande.DEPOSEE
    assert demande.structure.siret == siret(1)
    assert demande.structure.contact_nom == "L'Hénoret"
    assert demande.postes_souhaites == 2
    assert demande.coordinateur
    assert demande.brouillon == {}
    compte = Compte.objects.get(email="zoe@mairie.example")
    assert compte.has_role(RoleKind.STRUCTURE)
    assert not compte.has_usable_password()
    assert Membre.objects.get().compte == compte
    assert demande.transitions.get().by == compte
    assert effets("structures.demande_to_instruct") == [agent.compte.email]
    assert effets("structures.demande_advanced") == ["zoe@mairie.example"]
    # Typed by hand: to be verified when the directory answers again.
    assert Effet.objects.filter(genre="structures.verify").count() == 1


def test_prefecture_of_the_region_is_told_when_the_departement_has_none(client):
    agent = prefet(region="52")
    _, token = submitted_draft()
    client.post(url(token))
    assert effets("structures.demande_to_instruct") == [agent.compte.email]


def test_agent_whose_role_ended_is_not_told(client):
    gone = prefet("44")
    gone.ended_at = gone.created_at
    gone.save()
    agent = prefet(region="52")
    _, token = submitted_draft()
    client.post(url(token))
    assert effets("structures.demande_to_instruct") == [agent.compte.email]


def test_second_use_of_the_link_is_refused(client):
    _, token = submitted_draft()
    client.post(url(token))
    assert client.post(url(token)).status_code == 410
    assert client.get(url(token)).status_code == 410
    assert DemandePoste.objects.count() == Structure.objects.count() == 1


@pytest.mark.parametrize("token", ["inconnu", "x" * 500, "é", "%00"])
def test_unknown_link_is_refused(client, token):
    assert client.get(url(token)).status_code in {400, 410}
    assert client.post(url(token)).status_code in {400, 410}


def test_link_sent_before_a_change_of_address_is_refused(client):
    demande, token = submitted_draft()
    services.save_step(demande=demande, values={"contact_email": "autre@mairie.example"})
    assert client.get(url(token)).status_code == 410
    demande.refresh_from_db()
    demande.engagement_at = None
    services.submit_demande(demande=demande)
    assert client.post(url(token)).status_code == 410
    demande.refresh_from_db()
    assert demande.status == StatutDemande.BROUILLON


def test_change_after_the_link_asks_for_a_new_submission(client):
    demande, token = submitted_draft()
    services.save_step(demande=demande, values={"postes_souhaites": 50})
    assert client.post(url(token)).status_code == 410
    assert not Structure.objects.exists()


def test_knowing_a_siret_opens_nothing(client):
    membre = MembreFactory(structure__siret=siret(1))
    demande, token = submitted_draft(email="intrus@ailleurs.example")

    response = client.post(url(token))

    assert response.url == reverse("structures:not_forwarded")
    page = client.get(response.url)
    assert membre.compte.email not in page.text
    demande.refresh_from_db()
    assert demande.status == StatutDemande.DOUBLON
    assert demande.structure == membre.structure
    assert Membre.objects.get() == membre
    assert not Compte.objects.filter(email="intrus@ailleurs.example").exists()
    assert effets("structures.duplicate_refused") == [membre.compte.email]
    assert effets("structures.demande_to_instruct") == []
    membre.structure.refresh_from_db()
    assert membre.structure.contact_email != "intrus@ailleurs.example"


def test_managers_see_the_duplicate_on_their_page(client):
    membre = MembreFactory(structure__siret=siret(1))
    demande, token = submitted_draft(email="intrus@ailleurs.example")
    client.post(url(token))
    enter(client, membre.compte.roles.get())
    page = client.get(demande.get_absolute_url())
    assert "intrus@ailleurs.example" in page.text
    assert "Doublon" in page.text


def test_structure_without_manager_is_taken_over_and_brought_up_to_date(client):
    structure = StructureFactory(siret=siret(1), nom="Ancien nom")
    _, token = submitted_draft()
    client.post(url(token))
    structure.refresh_from_db()
    assert structure.nom == "Mairie de Nantes"
    assert structure.membres.get().compte.email == "zoe@mairie.example"


def test_request_under_way_is_not_doubled_even_without_manager(client):
    DemandePosteFactory(structure__siret=siret(1))
    demande, token = submitted_draft()
    assert client.post(url(token)).url == reverse("structures:not_forwarded")
    demande.refresh_from_db()
    assert demande.status == StatutDemande.DOUBLON


def test_manager_may_ask_again_after_a_refusal(client):
    structure = StructureFactory(siret=siret(1))
    MembreFactory(structure=structure, compte=CompteFactory(email="zoe@mairie.example"))
    DemandePosteFactory(structure=structure, status=StatutDemande.REFUSEE)
    demande, token = submitted_draft()
    assert client.post(url(token)).url == reverse("structures:confirmed")
    demande.refresh_from_db()
    assert demande.status == StatutDemande.DEPOSEE
    assert structure.membres.count() == 1


def test_ridet_is_kept_as_such(client):
    demande, token = submitted_draft()
    demande.brouillon |= {"siret": "", "ridet": "1234567"}
    demande.save()
    client.post(url(token))
    structure = Structure.objects.get()
    assert (structure.siret, structure.ridet) == (None, "1234567")


def test_the_whole_way_through_the_mailbox(client, mailoutbox):
    demande, _ = submitted_draft()
    message = demande_to_confirm(demande.pk)
    link = message.body.split("http://127.0.0.1:8000")[1].split()[0]
    assert link in message.alternatives[0].content
    assert client.get(link).status_code == 200
    assert client.post(link).url == reverse("structures:confirmed")
    assert demande_to_confirm(demande.pk) is None  # Nothing left to confirm.
