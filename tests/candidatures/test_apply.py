"""A visitor writes an application: steps, draft, resuming."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from candidatures.enums import Etape, RayonKm, StatutCandidature
from candidatures.models import Candidature
from comptes.models import Jeton
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import (
    DAY,
    DISPONIBILITE,
    IDENTITE,
    LIEU,
    MINOR,
    SITUATION,
    current_draft,
    fill,
    hold,
    link_of,
    url,
)
from tests.territoires.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("today")


def test_looking_at_the_form_writes_nothing(client):
    client.get(reverse("candidatures:start"))
    client.get(url("identite"))

    assert not Candidature.objects.exists()


def test_each_step_is_kept_and_leads_to_the_next(client):
    CommuneFactory()

    assert client.post(url("identite"), IDENTITE).url == url("lieu")
    assert client.post(url("lieu"), LIEU).url == url("situation")
    assert client.post(url("situation"), SITUATION).url == url("disponibilite")
    assert client.post(url("disponibilite"), DISPONIBILITE).url == url("experience")

    draft = current_draft(client)
    assert (draft.prenom, draft.nom, draft.email) == ("Inès", "Morvan", "ines.morvan@exemple.fr")
    assert (draft.telephone, draft.date_naissance) == ("+33612345678", date(1995, 5, 17))
    assert (draft.commune_id, draft.rayon_km) == ("44109", RayonKm.KM_20)
    assert (draft.demandeur_emploi, draft.en_emploi) == (True, False)
    assert draft.motivation == "J'aide déjà mes voisins.\nJ'aime transmettre."
    assert draft.status == StatutCandidature.BROUILLON
    assert draft.missing_steps() == []
    assert not draft.transitions.exists()


def test_what_was_typed_is_there_when_coming_back(client):
    fill(client)

    page = client.get(url("identite")).content.decode()
    assert 'value="Inès"' in page
    assert 'value="06 12 34 56 78"' in page
    assert 'value="1995-05-17"' in page
    assert 'value="Nantes (44000)"' in client.get(url("lieu")).content.decode()
    assert "J&#x27;aime transmettre." in client.get(url("disponibilite")).content.decode()


def test_going_back_keeps_what_is_valid_and_does_not_complain(client):
    draft = hold(client, CandidatureFactory(brouillon=True, motivation="Avant."))

    response = client.post(url("disponibilite") + "?retour=1", {"date_disponibilite": "hier", "motivation": "Après."})

    assert response.url == url("situation")
    draft.refresh_from_db()
    assert draft.motivation == "Après."


def test_first_step_has_no_way_back(client):
    response = client.post(url("identite") + "?retour=1", {"prenom": "Inès"})

    assert response.status_code == 200
    assert not Candidature.objects.exists()


def test_correcting_a_step_of_a_complete_draft_leads_to_the_summary(client):
    fill(client)

    assert client.post(url("identite"), IDENTITE | {"prenom": "Agnès"}).url == reverse("candidatures:summary")
    assert current_draft(client).prenom == "Agnès"


def test_steps_need_a_draft(client):
    for etape in ["lieu", "situation", "disponibilite", "representant-legal"]:
        assert client.get(url(etape)).url == reverse("candidatures:start")
    assert client.get(reverse("candidatures:summary")).url == reverse("candidatures:start")
    assert client.get(url("inconnue")).status_code == 404


def test_a_draft_belongs_to_one_browser(client):
    fill(client)

    other = Client()
    assert other.get(url("lieu")).url == reverse("candidatures:start")
    assert "Inès" not in other.get(url("identite")).content.decode()


def test_no_url_carries_personal_data_or_the_key_of_the_draft(client):
    draft = fill(client)

    for name in ["start", "summary"]:
        page = client.get(reverse(f"candidatures:{name}")).content.decode()
        assert str(draft.draft_key) not in page
        assert str(draft.reference) not in page


def test_minor_has_one_more_step(client):
    CommuneFactory()

    assert client.post(url("identite"), MINOR).url == url("representant-legal")
    assert b"sur 7" in client.get(url("representant-legal")).content


def test_adult_has_no_representative_step(client):
    hold(client, CandidatureFactory(brouillon=True, date_disponibilite=DAY))

    assert client.get(url("representant-legal")).url == reverse("candidatures:summary")
    assert b"sur 6" in client.get(url("lieu")).content


def test_signed_in_person_finds_their_name_in_the_form(client):
    from_account = CandidatureFactory(retiree=True).compte
    client.force_login(from_account)

    page = client.get(url("identite")).content.decode()

    assert f'value="{from_account.email}"' in page


def test_draft_is_erased_on_request(client):
    draft = fill(client)

    assert client.get(reverse("candidatures:discard")).status_code == 200
    assert Candidature.objects.filter(pk=draft.pk).exists()
    client.post(reverse("candidatures:discard"))

    assert not Candidature.objects.exists()
    assert client.get(url("lieu")).url == reverse("candidatures:start")


def test_summary_says_what_is_missing_and_sends_nothing(client):
    draft = hold(
        client, CandidatureFactory(brouillon=True, date_disponibilite=DAY, commune=None, demandeur_emploi=False)
    )

    response = client.post(reverse("candidatures:summary"))

    assert response.status_code == 200
    assert [section.etape for section in response.context["problems"]] == [Etape.LIEU, Etape.SITUATION]
    draft.refresh_from_db()
    assert draft.status == StatutCandidature.BROUILLON


# --- Resuming elsewhere ---------------------------------------------------------------------------------


def ask_link(client, email):
    return client.post(reverse("candidatures:ask_resume_link"), {"email": email}, follow=True)


def test_draft_is_resumed_on_another_device_by_a_single_use_link(client, mailoutbox):
    fill(client)
    ask_link(client, " INES.morvan@exemple.fr ")
    drain()
    link = link_of(mailoutbox[0])
    phone = Client()

    assert phone.get(link).status_code == 200
    assert phone.head(link).status_code == 200
    assert not Jeton.objects.filter(used_at__isnull=False).exists()
    assert phone.post(link).url == reverse("candidatures:summary")

    assert 'value="Inès"' in phone.get(url("identite")).content.decode()
    # One browser at a time: whoever started with someone else's address must not read what follows.
    assert client.get(url("lieu")).url == reverse("candidatures:start")
    assert phone.post(link).status_code == 410
    assert phone.get(link).status_code == 410


def test_answer_is_the_same_without_a_draft(client, mailoutbox):
    fill(client)
    known = ask_link(Client(), "ines.morvan@exemple.fr")
    unknown = ask_link(Client(), "personne@exemple.fr")
    drain()

    assert known.redirect_chain == unknown.redirect_chain
    assert [str(m) for m in known.context["messages"]] == [str(m) for m in unknown.context["messages"]]
    assert [mail.to for mail in mailoutbox] == [["ines.morvan@exemple.fr"]]


def test_link_is_sent_once_a_minute_and_the_answer_does_not_say_so(client, mailoutbox):
    fill(client)
    first, second = (ask_link(client, "ines.morvan@exemple.fr") for _ in range(2))
    drain()

    assert [str(m) for m in first.context["messages"]] == [str(m) for m in second.context["messages"]]
    assert len(mailoutbox) == 1


def test_link_dies_with_the_address_it_was_sent_to(client, mailoutbox):
    fill(client)
    ask_link(client, "ines.morvan@exemple.fr")
    drain()
    client.post(url("identite"), IDENTITE | {"email": "autre@exemple.fr"})

    assert Client().post(link_of(mailoutbox[0])).status_code == 410
    assert current_draft(client).email == "autre@exemple.fr"
