"""The link of the confirmation e-mail, opened by a person, a scanner, twice, too late, or by forty at once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from candidatures import services
from candidatures.enums import StatutCandidature
from candidatures.exceptions import CandidatureExistsError
from candidatures.models import Candidature
from candidatures.signals import candidature_opened
from comptes.enums import JetonPurpose, RoleKind
from comptes.models import Compte, Jeton
from comptes.services import mint_jeton
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import IDENTITE, url as step_url
from tests.comptes.factories import CompteFactory, RoleFactory, add_totp
from tests.marks import TRANSACTIONAL

EMAIL = "ines.morvan@exemple.fr"
CONFIRM = JetonPurpose.CONFIRMER_CANDIDATURE


@pytest.fixture
def candidature():
    return CandidatureFactory(a_confirmer=True, email=EMAIL)


def link(candidature, purpose=CONFIRM, **kwargs):
    token = mint_jeton(purpose=purpose, objet_id=candidature.pk, email=candidature.email, **kwargs)
    return reverse("candidatures:confirm", args=[token])


@pytest.fixture
def opened():
    seen = []

    def receive(sender, candidature, **kwargs):
        seen.append(candidature.pk)

    candidature_opened.connect(receive)
    yield seen
    candidature_opened.disconnect(receive)


def test_person_confirms_and_is_signed_in(client, candidature, opened):
    response = client.post(link(candidature), follow=True)

    assert response.redirect_chain == [(reverse("candidatures:detail"), 302)]
    assert "Candidature active" in response.content.decode()
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.ACTIVE
    assert candidature.email_confirmed_at
    compte = candidature.compte
    assert (compte.email, compte.prenom, compte.nom) == (EMAIL, "Inès", "Morvan")
    assert not compte.has_usable_password()
    assert [role.kind for role in compte.roles.active()] == [RoleKind.CANDIDAT]
    assert candidature.transitions.get().by == compte
    assert opened == [candidature.pk]


def test_scanner_that_opens_the_link_changes_nothing(client, candidature):
    url = link(candidature)

    for _ in range(5):
        assert client.get(url).status_code == 200
        assert client.head(url).status_code == 200

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.A_CONFIRMER
    assert not Jeton.objects.filter(used_at__isnull=False).exists()
    assert Client().post(url).status_code == 302


def test_post_needs_the_csrf_token(candidature):
    assert Client(enforce_csrf_checks=True).post(link(candidature)).status_code == 403


def test_second_click_finds_the_work_done(client, candidature, opened):
    url = link(candidature)
    client.post(url)

    assert client.post(url).url == reverse("candidatures:detail")
    # Someone else with the used link only reaches the sign-in page.
    stranger = Client().post(url, follow=True)
    assert stranger.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert Client().get(url).status_code == 410
    assert opened == [candidature.pk]
    assert candidature.transitions.count() == 1


def test_expired_link_says_so_and_what_to_do(client, candidature):
    response = client.post(link(candidature, lifetime=-timedelta(seconds=1)))

    assert response.status_code == 410
    assert "Demandez-en un nouveau" in response.content.decode()
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.A_CONFIRMER


@pytest.mark.parametrize("token", ["inconnu", "%20", "a" * 2000, "<script>", "é😀"])
def test_invented_link_is_a_clear_page(client, token):
    url = reverse("candidatures:confirm", args=[token])
    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410


def test_link_made_for_something_else_does_not_confirm(client, candidature):
    assert client.post(link(candidature, purpose=JetonPurpose.REPRENDRE_CANDIDATURE)).status_code == 410


def test_link_to_a_former_address_does_not_confirm(client, candidature):
    url = link(candidature)
    Candidature.objects.filter(pk=candidature.pk).update(email="autre@exemple.fr")

    assert client.post(url).status_code == 410


def test_link_of_a_withdrawn_candidature_is_dead(client):
    assert client.post(link(CandidatureFactory(retiree=True))).status_code == 410


def test_link_of_an_erased_row_is_dead(client, candidature):
    url = link(candidature)
    services.discard_draft(draft=candidature)

    assert client.post(url).status_code == 410


def test_second_candidature_of_one_address_gets_the_sentence(client, candidature):
    CandidatureFactory(email=EMAIL)

    response = client.post(link(candidature))

    assert response.status_code == 409
    assert "Une candidature existe déjà pour cette adresse" in response.content.decode()
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.A_CONFIRMER


def test_new_candidature_after_a_withdrawn_one_keeps_the_account(client, candidature):
    compte = CandidatureFactory(retiree=True, email=EMAIL, compte__email=EMAIL).compte

    client.post(link(candidature))

    candidature.refresh_from_db()
    assert candidature.compte == compte
    assert compte.roles.active().count() == 1


# --- Who is signed in by the link -----------------------------------------------------------------------


def with_password():
    return CompteFactory(email=EMAIL)


def without_password(**values):
    compte = CompteFactory(email=EMAIL, **values)
    compte.set_unusable_password()
    compte.save()
    return compte


def with_second_factor():
    compte = without_password()
    add_totp(compte)
    return compte


def with_a_role_that_needs_a_second_factor():
    return RoleFactory(compte=without_password(), kind=RoleKind.STRUCTURE, second_factor=False).compte


def inactive():
    return without_password(is_active=False)


@pytest.mark.parametrize("make", [with_password, with_second_factor, with_a_role_that_needs_a_second_factor, inactive])
def test_protected_account_is_not_signed_in_by_a_link(client, candidature, make):
    compte = make()

    response = client.post(link(candidature), follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session
    candidature.refresh_from_db()
    assert (candidature.status, candidature.compte) == (StatutCandidature.ACTIVE, compte)


def test_account_without_password_is_signed_in(client, candidature):
    compte = without_password()

    client.post(link(candidature))

    assert client.session["_auth_user_id"] == str(compte.pk)


def test_somebody_else_signed_in_stays_signed_in(client, candidature):
    other = RoleFactory().compte
    client.force_login(other)

    client.post(link(candidature))

    assert client.session["_auth_user_id"] == str(other.pk)
    candidature.refresh_from_db()
    assert candidature.compte.email == EMAIL


# --- At the same time -----------------------------------------------------------------------------------


def at_once(calls):
    def run(call):
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@TRANSACTIONAL
def test_of_forty_candidatures_of_one_address_one_is_confirmed():
    candidatures = CandidatureFactory.create_batch(40, a_confirmer=True, email=EMAIL)
    tokens = [mint_jeton(purpose=CONFIRM, objet_id=one.pk, email=EMAIL) for one in candidatures]

    def confirm(token):
        def call():
            try:
                return services.confirm_candidature(token=token).pk
            except CandidatureExistsError as error:
                return str(error)

        return call

    results = at_once([confirm(token) for token in tokens])

    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert [result for result in results if isinstance(result, str)] == [
        "Une candidature existe déjà pour cette adresse. Connectez-vous pour la retrouver."
    ] * 39
    assert list(Candidature.objects.living().values_list("pk", flat=True)) == winners
    assert Compte.objects.get().roles.get().kind == RoleKind.CANDIDAT


@TRANSACTIONAL
def test_forty_clicks_on_one_link_confirm_once():
    url = link(CandidatureFactory(a_confirmer=True, email=EMAIL))

    statuses = at_once([lambda: Client().post(url).status_code] * 40)

    assert set(statuses) == {302}
    candidature = Candidature.objects.get()
    assert candidature.status == StatutCandidature.ACTIVE
    assert candidature.transitions.count() == 1


@TRANSACTIONAL
def test_forty_clicks_on_send_send_once(mailoutbox):
    draft = CandidatureFactory(brouillon=True, email=EMAIL, date_disponibilite=timezone.localdate())

    at_once([lambda: services.submit_candidature(candidature=draft)] * 40)

    assert draft.transitions.count() == 1


@TRANSACTIONAL
def test_forty_clicks_on_the_first_step_create_one_draft():
    data = IDENTITE | {"brouillon": str(uuid.uuid4())}

    statuses = at_once([lambda: Client().post(step_url("identite"), data).status_code] * 40)

    assert set(statuses) == {302}
    assert Candidature.objects.count() == 1
