"""A visitor sends the application: the page says the same to everyone, the mailbox knows."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidatures import services
from candidatures.enums import StatutCandidature
from candidatures.exceptions import IncompleteCandidatureError, TooManyEmailsError
from comptes.models import Jeton
from notifications.models import Effet
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import DAY, IDENTITE, current_draft, fill, hold, link_of, url
from tests.comptes.factories import CompteFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory

pytestmark = pytest.mark.usefixtures("today")
EMAIL = "ines.morvan@exemple.fr"


def send(client):
    return client.post(reverse("candidatures:summary"))


def complete_draft(**values):
    return CandidatureFactory(brouillon=True, **{"email": EMAIL, "date_disponibilite": DAY} | values)


def test_visitor_sends_and_is_told_to_open_the_mailbox(client, mailoutbox):
    draft = fill(client)

    assert send(client).url == reverse("candidatures:sent")
    drain()

    draft.refresh_from_db()
    assert draft.status == StatutCandidature.A_CONFIRMER
    assert draft.submitted_at == timezone.now()
    move = draft.transitions.get()
    assert (move.from_status, move.to_status, move.by) == ("brouillon", "a_confirmer", None)
    assert EMAIL in client.get(reverse("candidatures:sent")).content.decode()
    assert [mail.to for mail in mailoutbox] == [[EMAIL]]
    assert "/candidater/confirmer/" in mailoutbox[0].body
    assert draft.compte is None


def test_sending_twice_is_sending_once(client, mailoutbox):
    draft = fill(client)

    assert [send(client).url, send(client).url] == [reverse("candidatures:sent")] * 2
    drain()

    assert draft.transitions.count() == 1
    assert len(mailoutbox) == 1


def test_page_is_the_same_whether_or_not_the_address_is_known(mailoutbox):
    CandidatureFactory(email="inscrite@exemple.fr")
    CompteFactory(email="compte@exemple.fr")
    pages = {}
    for email in ["inconnue@exemple.fr", "inscrite@exemple.fr", "compte@exemple.fr"]:
        client = Client()
        hold(client, complete_draft(email=email))
        assert send(client).status_code == 302
        page = client.get(reverse("candidatures:sent")).content.decode()
        pages[email] = page.split("<main")[1].split("<form")[0].replace(email, "…")
    drain()

    assert len(set(pages.values())) == 1
    bodies = {mail.to[0]: mail.body for mail in mailoutbox}
    assert "/candidater/confirmer/" in bodies["inconnue@exemple.fr"]
    assert "Un compte sera créé" in bodies["inconnue@exemple.fr"]
    assert "/candidater/confirmer/" not in bodies["inscrite@exemple.fr"]
    assert "une candidature existe déjà" in bodies["inscrite@exemple.fr"]
    assert "/candidater/confirmer/" in bodies["compte@exemple.fr"]
    assert "Un compte existe déjà" in bodies["compte@exemple.fr"]


def test_a_past_date_of_availability_stops_a_draft_that_waited(today):
    draft = complete_draft()
    today.shift(timedelta(days=2))

    with pytest.raises(IncompleteCandidatureError, match="passée"):
        services.submit_candidature(candidature=draft)


def test_the_age_is_checked_again_with_the_day_of_the_commune():
    """Sixteen in Paris, not yet where the person lives."""
    guyane = CommuneFactory(
        code="97302", nom="Cayenne", codes_postaux=["97300"], zone="guyane",
        departement=DepartementFactory(code="973", nom="Guyane", fuseau="America/Cayenne"),
    )  # fmt: skip
    draft = complete_draft(
        date_naissance="2010-11-23", commune=guyane, representant_prenom="Y", representant_nom="M",
        representant_email="y@exemple.fr",
    )  # fmt: skip
    draft.refresh_from_db()
    with (
        time_machine.travel("2026-11-23T01:00:00Z", tick=False),
        pytest.raises(IncompleteCandidatureError, match="16 ans"),
    ):
        services.submit_candidature(candidature=draft)
    with time_machine.travel("2026-11-23T04:00:00Z", tick=False):
        draft.date_disponibilite = "2026-11-23"
        draft.save()
        assert services.submit_candidature(candidature=draft).status == StatutCandidature.A_CONFIRMER


def test_message_can_be_sent_again_after_a_minute(client, mailoutbox, today):
    fill(client)
    send(client)

    response = client.post(reverse("candidatures:resend"), follow=True)
    assert "Attendez une minute" in response.content.decode()
    today.shift(timedelta(minutes=1))
    response = client.post(reverse("candidatures:resend"), follow=True)
    drain()

    assert "nouveau message" in response.content.decode()
    assert len(mailoutbox) == 2


def test_an_address_receives_five_messages_a_day_at_most(client, mailoutbox, today):
    fill(client)
    send(client)
    for _ in range(6):
        today.shift(timedelta(minutes=2))
        client.post(reverse("candidatures:resend"))
    with pytest.raises(TooManyEmailsError):
        services.submit_candidature(candidature=complete_draft())
    drain()

    assert len(mailoutbox) == 5
    today.shift(timedelta(days=1, minutes=1))
    client.post(reverse("candidatures:resend"))
    drain()
    assert len(mailoutbox) == 6


def test_refused_sending_is_explained_and_writes_nothing(client):
    other = complete_draft()
    type(other).objects.filter(pk=other.pk).update(emails_sent=5, email_sent_at=timezone.now())
    draft = fill(client)

    response = send(client)

    assert response.status_code == 200
    assert "Trop de messages" in response.content.decode()
    draft.refresh_from_db()
    assert draft.status == StatutCandidature.BROUILLON
    assert not Effet.objects.exists()


def test_mistyped_address_is_corrected_and_the_first_link_dies(client, mailoutbox):
    fill(client)
    send(client)
    drain()

    assert client.post(reverse("candidatures:correct")).url == reverse("candidatures:summary")
    client.post(url("identite"), IDENTITE | {"email": "bonne@exemple.fr"})
    send(client)
    drain()

    assert [mail.to for mail in mailoutbox] == [[EMAIL], ["bonne@exemple.fr"]]
    draft = current_draft(client)
    assert [move.to_status for move in draft.transitions.all()] == ["a_confirmer", "brouillon", "a_confirmer"]
    assert Jeton.objects.filter(email=EMAIL, used_at=None).exists()
    assert Client().post(link_of(mailoutbox[0])).status_code == 410
    assert Client().post(link_of(mailoutbox[1])).status_code == 302


def test_sent_application_is_not_edited_through_the_steps(client):
    draft = fill(client)
    send(client)

    assert client.post(url("identite"), IDENTITE | {"prenom": "Autre"}).url == reverse("candidatures:sent")
    assert client.get(reverse("candidatures:summary")).url == reverse("candidatures:sent")
    draft.refresh_from_db()
    assert draft.prenom == "Inès"


def test_message_about_a_draft_that_is_gone_does_not_leave(client, mailoutbox):
    fill(client)
    send(client)
    client.post(reverse("candidatures:discard"))
    drain()

    assert mailoutbox == []
