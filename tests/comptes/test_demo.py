import re
from io import StringIO

import pytest
from allauth.mfa.totp.internal.auth import validate_totp_code
from django.core.management import CommandError, call_command

from comptes.demo import DEMO_ACCOUNTS, DEMO_PASSWORD, demo_email, demo_jeton_api, demo_totp_secret
from comptes.enums import RoleKind
from tests.comptes.factories import CompteFactory, JetonApiFactory, RoleFactory, add_totp


def run(command):
    output = StringIO()
    call_command(command, stdout=output)
    return output.getvalue()


def test_every_role_has_its_account():
    assert set(DEMO_ACCOUNTS.values()) == set(RoleKind)


def test_accounts_are_printed_one_a_line():
    lines = run("demo_accounts").splitlines()
    assert len([line for line in lines if DEMO_PASSWORD in line]) == len(DEMO_ACCOUNTS)
    assert "anct2@demo.conseiller.example" in "\n".join(lines)


def test_printed_code_opens_the_account():
    email = demo_email("anct")
    add_totp(CompteFactory(email=email), demo_totp_secret(email))
    code = re.search(rf"{email}\s+(\d{{6}})", run("demo_codes"))[1]
    assert validate_totp_code(demo_totp_secret(email), code)


def test_printed_token_calls_the_api(client):
    role = RoleFactory(kind=RoleKind.CONSEILLER, compte__email=demo_email("conseiller"))
    JetonApiFactory(role=role, jeton=demo_jeton_api(role.compte.email))
    token = re.search(r"conseiller@\S+\s+(cn_\S+)", run("demo_codes"))[1]
    assert client.get("/api/v1/accompagnements/", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_codes_of_other_accounts_are_never_printed():
    add_totp(CompteFactory(email="anct@agence.example"))
    assert run("demo_codes") == ""


def test_secret_depends_on_the_account_and_on_the_installation(settings):
    first = demo_totp_secret("a@demo.conseiller.example")
    assert len(first) == 32
    assert first != demo_totp_secret("b@demo.conseiller.example")
    settings.SECRET_KEY = "another"
    assert first != demo_totp_secret("a@demo.conseiller.example")


@pytest.mark.parametrize("command", ["demo_accounts", "demo_codes"])
def test_outside_the_demo_nothing_is_printed(settings, command):
    settings.DEMO = False
    with pytest.raises(CommandError):
        run(command)
