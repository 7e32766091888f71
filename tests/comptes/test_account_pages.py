"""What is reachable of allauth, and nothing else."""

import pytest
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from comptes.enums import RoleKind
from tests.comptes.factories import CompteFactory, RoleFactory, add_totp

REACHABLE = {
    "account_login", "account_logout", "account_inactive", "account_reauthenticate",
    "account_request_login_code", "account_confirm_login_code",
    "account_change_password", "account_set_password", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done",
    "mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
}  # fmt: skip
OPEN = ["account_login", "account_request_login_code", "account_reset_password", "account_reset_password_done",
        "account_reset_password_from_key_done", "account_inactive"]  # fmt: skip


def walk(resolver):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry.name or ""
        elif entry.namespace is None or entry.namespace != "admin":
            yield from walk(entry)


def test_only_the_chosen_routes_of_allauth_exist():
    names = {name for name in walk(get_resolver()) if name.startswith(("account_", "mfa_", "socialaccount_"))}
    assert names == REACHABLE


@pytest.mark.parametrize("name", ["account_signup", "account_email", "mfa_list_webauthn", "account_verify_phone"])
def test_sign_up_and_the_rest_are_absent(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("path", ["/compte/signup/", "/compte/inscription/", "/compte/email/", "/compte/"])
def test_their_usual_addresses_answer_404(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", OPEN)
def test_open_page_is_in_french_in_the_design_system(client, name):
    response = client.get(reverse(name))
    page = response.content.decode()

    assert response.status_code == 200
    assert page.count("<h1>") == 1
    assert 'class="fr-header"' in page
    assert "Sign" not in page
    assert "placeholder" not in page


def test_pages_of_a_signed_in_account(client):
    role = RoleFactory(kind=RoleKind.CANDIDAT)
    client.force_login(role.compte)
    for name in ["account_change_password", "account_logout", "mfa_index", "account_reauthenticate"]:
        assert client.get(reverse(name)).status_code == 200, name


def test_account_without_password_is_offered_to_create_one(client):
    compte = CompteFactory()
    compte.set_unusable_password()
    compte.save()
    RoleFactory(compte=compte, kind=RoleKind.CANDIDAT)
    client.force_login(compte)

    response = client.get(reverse("account_change_password"), follow=True)

    assert response.redirect_chain[-1][0] == reverse("account_set_password")
    assert response.status_code == 200


def test_link_that_does_not_work_says_what_to_do(client):
    response = client.get(reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "faux"}))
    assert "Demander un nouveau lien" in response.content.decode()


def test_reauthentication_by_second_factor(client):
    compte = CompteFactory()
    add_totp(compte)
    client.force_login(compte)
    assert client.get(reverse("mfa_reauthenticate")).status_code == 200
