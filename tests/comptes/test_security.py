"""What every page promises: headers, cookies, escaping, errors that say what to do, logs without names."""

import json
import logging
import os
import re
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from common import views
from common.logs import json_formatter
from comptes.enums import RoleKind
from tests.comptes.factories import RoleFactory
from tests.test_access import enter, make_role

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "base-uri 'self'", "form-action 'self'",
    "frame-ancestors 'none'",
}  # fmt: skip
OPEN_PAGES = [
    "/", "/plan-du-site/", "/mentions-legales/", "/donnees-personnelles/", "/accessibilite/", "/cookies/",
    "/compte/connexion/", "/compte/connexion/code/", "/compte/mot-de-passe/oublie/", "/nulle-part/",
    "/invitation/inconnue/",
]  # fmt: skip
CLOSED_PAGES = ["/espace/", "/equipe/", "/compte/second-facteur/", "/administration/", "/nulle-part/"]


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_every_page_carries_the_headers(client, path):
    headers = client.get(path).headers
    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", CLOSED_PAGES)
def test_what_a_signed_in_person_sees_stays_out_of_caches(client, path):
    enter(client, make_role(RoleKind.STRUCTURE))
    response = client.get(path)
    assert "no-store" in response.headers["Cache-Control"]
    assert set(response.headers["Content-Security-Policy"].split("; ")) == POLICY


@pytest.mark.parametrize("path", OPEN_PAGES + CLOSED_PAGES)
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_page_asks_anything_of_a_third_party_nor_runs_inline_code(client, path, signed_in):
    if signed_in:
        enter(client, make_role(RoleKind.STRUCTURE))
    page = client.get(path).content.decode()

    without_links = re.sub(r"<a\b[^>]*>", "", page)
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", without_links)
    assert not re.search(r"(https?:)?//[\w.-]+\.\w", without_names)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<[^>]+\s(on\w+|style)=", page)
    assert "<style" not in page


def test_session_cookie(client):
    compte = RoleFactory(kind=RoleKind.CANDIDAT).compte
    response = client.post(reverse("account_login"), {"login": compte.email, "password": "une phrase de passe longue"})
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["expires"] == ""  # Gone with the browser.


def production(*arguments):
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "conseiller.settings.production",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-!%",
        "ALLOWED_HOSTS": "conseiller.example",
        "SITE_URL": "https://conseiller.example",
        "DATABASE_URL": "postgres:///unused",
        "CLAMAV_URL": "tcp://clamav:3310",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deployment_checks():
    done = production("manage.py", "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode == 0, done.stdout + done.stderr


def test_production_settings_are_strict():
    names = [
        "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_NAME",
        "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "DEBUG", "DEMO",
    ]  # fmt: skip
    script = (
        f"from django.conf import settings as s; import json; print(json.dumps({{n: getattr(s, n) for n in {names}}}))"
    )
    done = production("-c", script)
    values = json.loads(done.stdout)
    assert values["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert values["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert values["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert [name for name in names if values[name] is True] == [
        "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
    ]  # fmt: skip
    assert (values["DEBUG"], values["DEMO"]) == (False, False)


def test_production_does_not_start_without_a_secret():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "conseiller.settings.production"},
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_message_is_escaped(rf):
    request = rf.get("/")
    request.session = SessionStore()
    request._messages = FallbackStorage(request)
    messages.success(request, f"Candidature de {HOSTILE}")
    page = render_to_string("includes/messages.html", {"messages": messages.get_messages(request)})
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_hostile_name_is_escaped_wherever_the_layout_prints_it(client):
    role = RoleFactory(kind=RoleKind.GRAND_RESEAU, reseau=HOSTILE[:60])
    enter(client, role)
    other = RoleFactory(kind=RoleKind.CANDIDAT, compte=role.compte)
    page = client.post(reverse("comptes:switch_role"), {"role": other.pk}, follow=True).content.decode()
    page += client.post(reverse("comptes:switch_role"), {"role": role.pk}, follow=True).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "send",
    [
        lambda c: c.get("/?q=%00"),
        lambda c: c.get("/?%00=1"),
        lambda c: c.get("/invitation/a%00b/"),
        lambda c: c.post("/compte/connexion/", {"login": "a\x00@exemple.fr", "password": "x"}),
        lambda c: c.post(
            "/compte/connexion/",
            b"login=%ED%A0%80&password=x\xed\xa0\x80",
            content_type="application/x-www-form-urlencoded",
        ),
        lambda c: c.post("/compte/connexion/", b"nothing", content_type="multipart/form-data"),
        lambda c: c.post("/compte/connexion/", b"--x\r\n\x00", content_type="multipart/form-data; boundary=x"),
        lambda c: c.generic("POST", "/compte/connexion/", b"a=1", "application/x-www-form-urlencoded; charset=x"),
        lambda c: c.post("/compte/connexion/", {f"f{n}": "1" for n in range(500)}),
        lambda c: c.post("/compte/connexion/", {"login": "a" * 3_000_000, "password": "x"}),
    ],
    ids=[
        "NUL value", "NUL name", "NUL path", "NUL in a form", "lone surrogate", "no boundary", "cut multipart",
        "unknown charset", "500 fields", "3 MB",
    ],
)  # fmt: skip
def test_unreadable_request_gets_a_page_and_never_breaks(client, send):
    response = send(client)
    assert response.status_code in (200, 400, 404)
    assert "<h1>" in response.content.decode()


def test_nul_gets_a_400_that_says_what_to_do(client):
    response = client.get("/?q=%00")
    assert response.status_code == 400
    assert "vérifiez ce que vous avez saisi" in response.content.decode()


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (views.bad_request, 400, "Rien n’a été enregistré"),
        (views.permission_denied, 403, "choisissez le bon"),
        (views.not_found, 404, "introuvable"),
        (views.too_many_requests, 429, "Attendez cinq minutes"),
        (views.server_error, 500, "Réessayez"),
        (views.csrf_failure, 403, "rechargez-la"),
    ],
)
@pytest.mark.parametrize("inside", [True, False], ids=["in the layout", "before the middleware"])
def test_error_page_is_readable_and_says_what_to_do(client, rf, view, status, words, inside):
    request = client.get("/").wsgi_request if inside else rf.get("/")
    response = view(request)
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert page.count("<h1>") == 1
    assert 'lang="fr"' in page


def test_unknown_host_gets_the_page_too(client):
    response = client.get("/", headers={"host": "pirate.example"})
    assert response.status_code == 400
    assert "<h1>" in response.content.decode()
    assert "pirate" not in response.content.decode()


def test_form_without_its_token_is_refused_with_a_page():
    response = Client(enforce_csrf_checks=True).post("/compte/connexion/", {"login": "a@exemple.fr"})
    assert response.status_code == 403
    assert "Votre formulaire a expiré" in response.content.decode()


def test_dead_database_gets_a_503_that_asks_to_come_back(client, monkeypatch):
    def dead(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    client.raise_request_exception = False
    monkeypatch.setattr("pilotage.views.national_figures", dead)
    response = client.get("/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "momentanément indisponible" in response.content.decode()
    assert "closed the connection" not in response.content.decode()
    assert set(response.headers["Content-Security-Policy"].split("; ")) == POLICY


def test_our_own_mistake_gets_a_500_without_detail(client, monkeypatch):
    def broken(*args, **kwargs):
        raise BadLuckError("secret detail")

    client.raise_request_exception = False
    monkeypatch.setattr("pilotage.views.national_figures", broken)
    response = client.get("/")
    assert response.status_code == 500
    assert "secret detail" not in response.content.decode()


class BadLuckError(Exception):
    pass


def logged(message, *arguments, **extra):
    output = StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(json_formatter())
    logger = logging.Logger("test")  # noqa: LOG001  # Out of the tree: nothing else reads it.
    logger.addHandler(handler)
    logger.error(message, *arguments, **extra)
    return json.loads(output.getvalue())


@pytest.mark.parametrize(
    "secret",
    ["nadia.benali@exemple.fr", "06 12 34 56 78", "+33612345678", "+262692123456", "0612345678"],
)
def test_log_names_nobody(secret):
    event = logged("envoi à %s depuis /candidater/?email=%s", secret, secret)["event"]
    assert secret not in event
    assert "/candidater/" in event


def test_traceback_in_the_log_names_nobody():
    try:
        raise BadRequest("adresse nadia.benali@exemple.fr, téléphone 0612345678")
    except BadRequest:
        entry = logged("échec", exc_info=True)
    assert "nadia" not in json.dumps(entry)
    assert "0612345678" not in json.dumps(entry)
    assert "Traceback" in entry["exception"]


def test_address_of_a_missing_page_is_logged_without_its_query(client, caplog):
    client.get("/nulle-part/?email=nadia@exemple.fr")
    formatter = json_formatter()
    lines = [formatter.format(record) for record in caplog.records]
    assert "nadia" not in "".join(lines)


def test_the_only_ways_in_ask_for_the_second_factor():
    """Django's own login() would open a session without it: only allauth's flow may."""
    found = subprocess.run(
        ["grep", "-rlE", r"from django.contrib.auth import .*\blogin\b|auth\.login\(|force_login", "--include=*.py",
         "candidatures", "structures", "matching", "contrats", "formation", "accompagnements", "pilotage", "comptes",
         "conseiller", "common"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""
