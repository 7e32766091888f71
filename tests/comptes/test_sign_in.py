"""Every way in, and what it asks."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Compte
from notifications.models import Effet
from notifications.tasks import drain
from tests.comptes.factories import TOTP_SECRET, CompteFactory, RoleFactory, add_totp

PASSWORD = "une phrase de passe longue"
ESPACE = "/espace/"


@pytest.fixture(autouse=True)
def _no_rate_limit_left_behind():
    cache.clear()


def code(offset=0):
    return format_hotp_value(hotp_value(TOTP_SECRET, int(time.time()) // 30 + offset))


def sign_in(client, email, password=PASSWORD, **data):
    return client.post(reverse("account_login"), {"login": email, "password": password, **data})


def is_signed_in(client):
    return "_auth_user_id" in client.session


@pytest.fixture
def candidat():
    return RoleFactory(kind=RoleKind.CANDIDAT).compte


@pytest.fixture
def anct():
    return RoleFactory(kind=RoleKind.ANCT).compte


def test_password_opens_the_space_of_a_candidat(client, candidat):
    response = sign_in(client, candidat.email)
    assert response.url == ESPACE
    assert client.get(ESPACE).status_code == 200


def test_address_is_normalised(client, candidat):
    sign_in(client, f"  {candidat.email.upper()} ")
    assert is_signed_in(client)


def test_wrong_password_and_unknown_address_get_the_same_page(client, candidat):
    wrong = sign_in(client, candidat.email, "faux mot de passe")
    unknown = sign_in(Client(), "personne@exemple.org", "faux mot de passe")

    def neutral(response, email):
        page = response.content.decode().replace(email, "…")
        return re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", page)

    assert wrong.status_code == unknown.status_code == 200
    assert neutral(wrong, candidat.email) == neutral(unknown, "personne@exemple.org")
    assert "incorrect" in wrong.content.decode()


def test_password_alone_does_not_open_an_account_with_a_second_factor(client, anct):
    response = sign_in(client, anct.email)
    assert response.url == reverse("mfa_authenticate")
    assert not is_signed_in(client)

    response = client.post(reverse("mfa_authenticate"), {"code": code()})
    assert response.url == ESPACE
    assert is_signed_in(client)


def test_wrong_second_factor_is_refused(client, anct):
    sign_in(client, anct.email)
    response = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "pas le bon" in response.content.decode()
    assert not is_signed_in(client)


def test_second_factor_works_once(client, anct):
    used = code()
    sign_in(client, anct.email)
    client.post(reverse("mfa_authenticate"), {"code": used})
    other = Client()
    sign_in(other, anct.email)

    response = other.post(reverse("mfa_authenticate"), {"code": used})

    assert response.status_code == 200
    assert not is_signed_in(other)


def test_code_of_the_previous_half_minute_is_accepted_once(client, anct):
    sign_in(client, anct.email)
    client.post(reverse("mfa_authenticate"), {"code": code(-1)})
    assert is_signed_in(client)


def received_code(mailoutbox):
    return re.search(r"^([A-Z0-9-]{6,})$", mailoutbox[-1].body, re.MULTILINE)[1]


def test_code_by_email_opens_the_space(client, candidat, mailoutbox):
    response = client.post(reverse("account_request_login_code"), {"email": candidat.email})
    assert response.url == reverse("account_confirm_login_code")
    drain()

    page = client.get(response.url)
    assert candidat.email in page.content.decode()
    response = client.post(reverse("account_confirm_login_code"), {"code": received_code(mailoutbox)})
    assert response.url == ESPACE


def test_code_by_email_asks_for_the_second_factor_too(client, anct, mailoutbox):
    client.post(reverse("account_request_login_code"), {"email": anct.email})
    drain()
    response = client.post(reverse("account_confirm_login_code"), {"code": received_code(mailoutbox)})
    assert response.url == reverse("mfa_authenticate")
    assert not is_signed_in(client)


def test_unknown_address_gets_the_same_answer_and_no_mail(client, mailoutbox):
    response = client.post(reverse("account_request_login_code"), {"email": "personne@exemple.org"})
    page = client.get(response.url)
    client.post(reverse("account_reset_password"), {"email": "personne@exemple.org"})
    drain()

    assert response.url == reverse("account_confirm_login_code")
    assert page.status_code == 200
    assert mailoutbox == []
    assert not Effet.objects.exists()


def test_wrong_code_by_email(client, candidat):
    client.post(reverse("account_request_login_code"), {"email": candidat.email})
    response = client.post(reverse("account_confirm_login_code"), {"code": "faux"})
    assert "pas le bon" in response.content.decode()


def test_mail_waits_sealed_in_the_outbox(client, candidat, mailoutbox, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    client.post(reverse("account_request_login_code"), {"email": candidat.email})

    effet = Effet.objects.get(genre="comptes.allauth")
    assert b"code" not in bytes(effet.scelle)
    drain()
    effet.refresh_from_db()
    assert effet.scelle is None
    assert received_code(mailoutbox) not in str(effet.charge)


def reset_link(mailoutbox):
    return re.search(r"http://[^/]+(/compte/mot-de-passe/remplacer/\S+)", mailoutbox[-1].body)[1]


def test_forgotten_password_is_replaced_and_the_second_factor_still_asked(client, anct, mailoutbox):
    client.post(reverse("account_reset_password"), {"email": anct.email})
    drain()
    link = client.get(reset_link(mailoutbox)).url
    new = "encore une longue phrase"
    response = client.post(link, {"password1": new, "password2": new})

    assert response.url == reverse("account_reset_password_from_key_done")
    assert not is_signed_in(client)
    sign_in(client, anct.email, new)
    assert not is_signed_in(client)
    assert client.get(ESPACE).status_code == 302


def test_reset_link_points_to_our_address_and_works_once(client, candidat, mailoutbox, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(reverse("account_reset_password"), {"email": candidat.email}, headers={"host": "pirate.example"})
    drain()
    assert "pirate" not in mailoutbox[-1].body
    path = reset_link(mailoutbox)
    link = client.get(path).url
    client.post(link, {"password1": "encore une longue phrase", "password2": "encore une longue phrase"})
    assert "Demander un nouveau lien" in Client().get(path).content.decode()


def test_person_is_told_of_a_change_of_password(client, candidat, mailoutbox):
    client.force_login(candidat)
    new = "encore une longue phrase"
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    drain()
    assert "Votre mot de passe a été modifié" in mailoutbox[-1].subject
    assert is_signed_in(client)


@pytest.mark.parametrize("password", ["court", "password1234", "123456789012345"])
def test_weak_password_is_refused_beside_the_field(client, candidat, password):
    client.force_login(candidat)
    response = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": password, "password2": password}
    )
    assert 'id="id_password1-desc-error"' in response.content.decode()
    candidat.refresh_from_db()
    assert candidat.check_password(PASSWORD)


def test_closed_account_does_not_sign_in(client, candidat):
    Compte.objects.filter(pk=candidat.pk).update(is_active=False)
    response = sign_in(client, candidat.email)
    assert response.url == reverse("account_inactive")
    assert not is_signed_in(client)


def test_closing_an_account_ends_its_sessions(client, candidat):
    client.force_login(candidat)
    Compte.objects.filter(pk=candidat.pk).update(is_active=False)
    assert client.get(ESPACE).url.startswith(reverse("account_login"))


def test_next_page_never_leaves_the_site(client, candidat):
    response = sign_in(client, candidat.email, next="https://pirate.example/")
    assert response.url == ESPACE


def test_too_many_wrong_passwords_stop_the_next_one_even_right(client, candidat):
    for _ in range(5):
        sign_in(client, candidat.email, "faux mot de passe")
    response = sign_in(client, candidat.email)
    assert "Trop d&#x27;essais" in response.content.decode()
    assert not is_signed_in(client)


def test_too_many_requests_get_our_page(client):
    for n in range(31):
        response = sign_in(client, f"personne{n}@exemple.org", "faux mot de passe")
    assert response.status_code == 429
    assert response.headers["Retry-After"]
    assert "Attendez cinq minutes" in response.content.decode()


def test_signing_out_needs_a_post(client, candidat):
    client.force_login(candidat)
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "account",
    [
        lambda: RoleFactory(kind=RoleKind.ANCT, second_factor=False).compte,
        lambda: RoleFactory(kind=RoleKind.STRUCTURE, second_factor=False).compte,
        lambda: CompteFactory(is_staff=True),
        lambda: CompteFactory(is_staff=True, is_superuser=True),
        lambda: (
            RoleFactory(
                kind=RoleKind.ANCT, second_factor=False, compte=RoleFactory(kind=RoleKind.CANDIDAT).compte
            ).compte
        ),
    ],
    ids=["anct", "structure", "staff without role", "superuser without role", "candidat and anct"],
)
def test_account_that_needs_a_second_factor_goes_nowhere_before(client, account):
    client.force_login(account())
    for path in (ESPACE, "/administration/", "/administration/comptes/compte/", reverse("account_change_password")):
        assert client.get(path).url == reverse("mfa_activate_totp"), path


def test_setting_up_the_second_factor(client):
    compte = RoleFactory(kind=RoleKind.ANCT, second_factor=False).compte
    client.force_login(compte)
    response = client.get(reverse("mfa_activate_totp"))
    assert response.url.startswith(reverse("account_reauthenticate"))
    client.post(response.url, {"password": PASSWORD})

    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    right = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    response = client.post(reverse("mfa_activate_totp"), {"code": right}, follow=True)

    assert response.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    assert len(response.context["unused_codes"]) == 10
    stored = compte.authenticator_set.get(type="totp").data["secret"]
    assert secret not in stored
    assert client.get(ESPACE).status_code == 200
    assert "codes de secours" in client.get(reverse("mfa_download_recovery_codes")).content.decode()


def test_reset_password_does_not_block_the_second_factor(client, mailoutbox):
    """allauth then knows an unverified address of the account, and would refuse the set-up."""
    compte = RoleFactory(kind=RoleKind.ANCT, second_factor=False).compte
    client.post(reverse("account_reset_password"), {"email": compte.email})
    client.force_login(compte)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_recovery_code_replaces_the_phone_once(client, anct):
    client.force_login(anct)
    client.post(reverse("mfa_reauthenticate"), {"code": code()})
    client.post(reverse("mfa_generate_recovery_codes"))
    recovery = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
    other = Client()
    sign_in(other, anct.email)
    other.post(reverse("mfa_authenticate"), {"code": recovery})
    assert is_signed_in(other)
    third = Client()
    sign_in(third, anct.email)
    third.post(reverse("mfa_authenticate"), {"code": recovery})
    assert not is_signed_in(third)


def test_second_factor_can_be_moved_to_another_phone(client, anct):
    client.force_login(anct)
    client.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert client.get(ESPACE).url == reverse("mfa_activate_totp")


def test_account_with_two_factors_reauthenticates_by_either(client):
    compte = CompteFactory()
    add_totp(compte)
    client.force_login(compte)
    page = client.get(reverse("account_reauthenticate")).content.decode()
    assert reverse("mfa_reauthenticate") in page
