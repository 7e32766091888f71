"""A minor's legal representative agrees before anybody sees the candidature."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from candidatures import jobs
from candidatures.enums import MotifRetrait, StatutCandidature
from candidatures.models import Candidature
from candidatures.signals import candidature_closed, candidature_opened
from comptes.models import Jeton
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import DISPONIBILITE, LIEU, MINOR, REPRESENTANT, SITUATION, current_draft, link_of, url
from tests.territoires.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("today")
STEPS = [
    ("identite", MINOR),
    ("representant-legal", REPRESENTANT),
    ("lieu", LIEU),
    ("situation", SITUATION),
    ("disponibilite", DISPONIBILITE),
]


@pytest.fixture
def candidature(client, mailoutbox):
    """Sixteen years old, sent and confirmed; the representative has the e-mail."""
    CommuneFactory()
    for etape, data in STEPS:
        client.post(url(etape), data)
    draft = current_draft(client)
    client.post(reverse("candidatures:summary"))
    drain()
    client.post(link_of(mailoutbox[0]))
    drain()
    draft.refresh_from_db()
    return draft


def test_summary_of_a_minor_asks_for_the_representative(client):
    CommuneFactory()
    for etape, data in STEPS:
        if etape != "representant-legal":
            client.post(url(etape), data)

    response = client.post(reverse("candidatures:summary"))

    assert "indiquez votre représentant légal" in response.content.decode()
    assert current_draft(client).status == StatutCandidature.BROUILLON


def test_confirmed_minor_waits_and_follows_from_their_page(client, candidature, mailoutbox):
    assert candidature.status == StatutCandidature.A_CONFIRMER
    assert candidature.email_confirmed_at
    assert candidature.representant_at is None
    page = client.get(reverse("candidatures:detail")).content.decode()
    assert "accord de votre représentant légal" in page
    assert [mail.to for mail in mailoutbox] == [["ines.morvan@exemple.fr"], ["yann.morvan@exemple.fr"]]


def test_representative_agrees_by_a_link_and_a_button(candidature, mailoutbox):
    seen = []
    candidature_opened.connect(lambda candidature, **kwargs: seen.append(candidature.pk), weak=False)
    visitor, link = Client(), link_of(mailoutbox[1])

    assert "Inès Morvan" in visitor.get(link).content.decode()
    assert visitor.head(link).status_code == 200
    assert Candidature.objects.get().representant_at is None
    assert visitor.post(link).url == reverse("candidatures:consented")
    drain()

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE
    assert candidature.representant_at
    assert candidature.transitions.last().by is None
    assert seen == [candidature.pk]
    assert "_auth_user_id" not in visitor.session
    assert (mailoutbox[2].to, visitor.post(link).status_code) == (["ines.morvan@exemple.fr"], 410)
    assert "accord" in mailoutbox[2].subject


def test_consent_asked_again_leaves_one_working_link_at_the_end(client, candidature, mailoutbox, today):
    today.shift(timedelta(minutes=2))
    client.post(reverse("candidatures:ask_consent"))
    drain()
    Client().post(link_of(mailoutbox[2]))

    assert mailoutbox[2].to == ["yann.morvan@exemple.fr"]
    assert not Jeton.objects.usable().exists()


def test_haste_is_refused(client, candidature, mailoutbox, today):
    today.shift(timedelta(minutes=2))
    for _ in range(2):
        response = client.post(reverse("candidatures:ask_consent"), follow=True)
    drain()

    assert "Attendez une minute" in response.content.decode()
    assert len(mailoutbox) == 3


def test_corrected_representative_receives_the_request_and_the_former_link_dies(client, candidature, mailoutbox):
    edit = reverse("candidatures:edit", args=["representant-legal"])
    assert client.post(edit, REPRESENTANT | {"representant_email": "maman@exemple.fr"}).status_code == 302
    drain()

    assert Client().get(link_of(mailoutbox[1])).status_code == 410
    assert Client().post(link_of(mailoutbox[1])).status_code == 410
    assert mailoutbox[2].to == ["maman@exemple.fr"]
    assert Client().post(link_of(mailoutbox[2])).status_code == 302


def test_representative_is_kept_once_they_agreed(client, candidature, mailoutbox):
    Client().post(link_of(mailoutbox[1]))
    edit = reverse("candidatures:edit", args=["representant-legal"])

    response = client.post(edit, REPRESENTANT | {"representant_email": "maman@exemple.fr"})

    assert "a déjà donné son accord" in response.content.decode()
    candidature.refresh_from_db()
    assert candidature.representant_email == "yann.morvan@exemple.fr"


def test_minor_does_not_become_an_adult_by_editing_a_date(client, candidature):
    edit = reverse("candidatures:edit", args=["identite"])

    response = client.post(edit, MINOR | {"date_naissance": "1995-05-17"})

    assert "doit être vérifié" in response.context["form"].errors["date_naissance"][0]
    assert client.post(edit, MINOR | {"date_naissance": "2009-11-22"}).status_code == 302


def test_coming_of_age_while_waiting_needs_nobody(candidature, today):
    today.shift(timedelta(days=364))
    assert jobs.activate_adults() == 0
    today.shift(timedelta(days=2))  # The birthday.
    assert jobs.activate_adults() == 1

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE
    assert candidature.representant_email == ""


def test_database_refuses_an_active_minor_without_consent():
    candidature = CandidatureFactory(a_confirmer=True, representant_email="yann@exemple.fr")
    candidature.compte = CandidatureFactory().compte
    candidature.email_confirmed_at = candidature.submitted_at
    candidature.save()

    with pytest.raises(IntegrityError, match="candidature_accord_du_representant"), transaction.atomic():
        candidature.move_to(StatutCandidature.ACTIVE, by=None)


def test_database_refuses_someone_under_sixteen():
    with pytest.raises(IntegrityError, match="candidature_seize_ans"), transaction.atomic():
        CandidatureFactory(date_naissance="2010-09-03")  # Sent on 1 September 2026.
    assert CandidatureFactory(date_naissance="2010-09-01").pk


def refusal(mailoutbox):
    """The address of the « je refuse » button, on the page the representative's link opens."""
    return link_of(mailoutbox[1]).rstrip("/") + "/refus/"


def test_representative_refuses_and_both_are_told(candidature, mailoutbox):
    closed = []

    def listen(**kwargs):
        closed.append(kwargs["candidature"].pk)

    candidature_closed.connect(listen)
    representant = Client()
    address = refusal(mailoutbox)
    assert address in representant.get(link_of(mailoutbox[1])).content.decode()
    assert representant.get(address).status_code == 405
    try:
        response = representant.post(address, follow=True)
    finally:
        candidature_closed.disconnect(listen)
    drain()

    assert "Votre refus est enregistré" in response.content.decode()
    candidature.refresh_from_db()
    assert (candidature.status, candidature.motif_retrait) == (StatutCandidature.RETIREE, MotifRetrait.REPRESENTANT)
    assert candidature.transitions.last().reason == "Le représentant légal a refusé"
    assert closed == [candidature.pk]
    assert sorted(mail.to[0] for mail in mailoutbox[2:]) == ["ines.morvan@exemple.fr", "yann.morvan@exemple.fr"]


def test_a_refusal_uses_the_link_for_good(client, candidature, mailoutbox):
    representant = Client()
    representant.post(refusal(mailoutbox))
    for address in (refusal(mailoutbox), link_of(mailoutbox[1])):
        assert representant.post(address).status_code == 410
    page = client.get("/ma-candidature/").content.decode()
    assert "n&#x27;a pas donné son accord" in page
    assert "Écrire une nouvelle candidature" in page
    # It is the representative's reason: nobody else may give it.
    assert b'value="representant"' not in client.get(reverse("candidatures:withdraw")).content


def test_an_agreement_leaves_nothing_to_refuse(candidature, mailoutbox):
    Client().post(link_of(mailoutbox[1]))
    assert Client().post(refusal(mailoutbox)).status_code == 410
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE
