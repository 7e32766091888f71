"""Every route × every role × mine, someone else's, absent. A route without a line fails."""

import importlib

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from comptes.enums import RoleKind, ScopeApi
from tests.comptes.factories import JetonApiFactory, RoleFactory
from tests.territoires.factories import DepartementFactory

APPS = [
    "pilotage", "comptes", "territoires", "structures", "candidatures", "matching", "contrats", "formation",
    "accompagnements", "notifications",
]  # fmt: skip
# Third-party routes have their own rules, tested where they are configured (tests/comptes).
THIRD_PARTY = ("admin:", "account_", "mfa_", "socialaccount_")
ACCESS = {}
for app in APPS:
    ACCESS |= importlib.import_module(f"tests.{app}.access").ACCESS


def iter_routes(resolver, namespace=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from iter_routes(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            name = f"{namespace}{entry.name}"
            if not name.startswith(THIRD_PARTY):
                yield name, entry


ROUTES = dict(iter_routes(get_resolver()))
PAGES = sorted(name for name, route in ACCESS.items() if route.roles is not None and not route.scopes)
API = sorted(name for name, route in ACCESS.items() if route.scopes)


def test_every_route_has_a_line_and_every_line_a_route():
    assert set(ACCESS) == set(ROUTES)


def test_views_say_who_may_enter_as_the_table_does():
    declared = {name: getattr(entry.callback, "allowed_roles", "nothing declared") for name, entry in ROUTES.items()}
    assert declared == {name: route.roles for name, route in ACCESS.items()}
    scopes = {name: getattr(entry.callback, "api_scopes", {}) for name, entry in ROUTES.items()}
    assert scopes == {name: route.scopes for name, route in ACCESS.items()}
    # The sign-in page is of no use to a program: addresses of the API ask for a token themselves.
    signed_in = {name for name, entry in ROUTES.items() if getattr(entry.callback, "login_required", True)}
    assert signed_in == set(PAGES)


def enter(client, role):
    if role is not None:
        client.force_login(role.compte)
        session = client.session
        session["role"] = role.pk
        session.save()


def closed_to(kind):
    """The addresses of every page that is neither public nor open to this role (None: a visitor)."""
    for name in PAGES:
        if kind not in ACCESS[name].roles:
            yield name, reverse(name, kwargs=ACCESS[name].absent if ACCESS[name].mine else {})


def test_anonymous_visitor_is_sent_to_the_sign_in_page(client):
    answers = {name: client.get(url) for name, url in closed_to(None)}
    sign_in = reverse("account_login")
    assert {name for name, answer in answers.items() if not answer.get("Location", "").startswith(sign_in)} == set()


@pytest.mark.parametrize("name", sorted(name for name, route in ACCESS.items() if route.roles is None))
def test_public_page_is_open(client, name):
    route = ACCESS[name]
    kwargs = route.mine(RoleKind.CANDIDAT)[1] if route.mine else {}
    assert client.get(reverse(name, kwargs=kwargs)).status_code == route.status


CLOSED = [(name, kind) for name in PAGES for kind in RoleKind]


@pytest.mark.parametrize("kind", RoleKind)
def test_role_that_may_not_enter_is_refused(client, kind):
    """Once for all the routes of a role: signing in a thousand times would be most of this file."""
    enter(client, make_role(kind))
    answers = {name: client.get(url).status_code for name, url in closed_to(kind)}
    assert {name: status for name, status in answers.items() if status != 403} == {}


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in CLOSED if k in ACCESS[n].roles])
def test_role_that_may_enter(client, name, kind):
    route = ACCESS[name]
    if route.mine is None:
        enter(client, make_role(kind))
        assert client.get(reverse(name)).status_code == route.status
        return
    role, kwargs = route.mine(kind)
    enter(client, role)

    assert client.get(reverse(name, kwargs=kwargs)).status_code == route.status
    if route.status != 405:
        assert client.get(reverse(name, kwargs=route.absent)).status_code == 404
    else:
        assert client.post(reverse(name, kwargs=route.absent)).status_code == 404


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n, k in CLOSED if k in ACCESS[n].roles - ACCESS[n].sees_all and ACCESS[n].other]
)
def test_someone_elses_row_looks_like_an_absent_one(client, name, kind):
    route = ACCESS[name]
    kwargs = route.other()
    enter(client, route.mine(kind)[0])
    url = reverse(name, kwargs=kwargs)
    assert (client.post(url) if route.status == 405 else client.get(url)).status_code == 404


@pytest.mark.parametrize("name", API)
def test_api_opens_to_tokens_alone_and_to_their_scopes(client, name):
    """No token, a session, then a token of each role with each scope: what the table says and nothing else."""
    route = ACCESS[name]
    url = reverse(name, kwargs=route.absent if route.mine else {})
    assert client.get(url).status_code == 401
    for kind in RoleKind:
        role = make_role(kind)
        enter(client, role)
        assert client.get(url).status_code == 401, f"session of {kind}"
        client.logout()
        for scope in ScopeApi:
            JetonApiFactory(role=role, scopes=[scope], jeton=f"{kind}-{scope}")
            bearer = {"Authorization": f"Bearer {kind}-{scope}"}
            opens = kind in route.roles and route.scopes["GET"] == scope
            expected = (404 if route.mine else route.status) if opens else 403
            assert client.get(url, headers=bearer).status_code == expected, (kind, scope)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in API for kind in sorted(ACCESS[name].roles)])
def test_api_shows_a_token_the_rows_of_its_role(client, name, kind):
    route = ACCESS[name]
    if route.mine is None:
        return
    role, kwargs = route.mine(kind)
    JetonApiFactory(role=role, jeton="le-mien")
    bearer = {"Authorization": "Bearer le-mien"}
    assert client.get(reverse(name, kwargs=kwargs), headers=bearer).status_code == route.status
    if kind not in route.sees_all:
        theirs = client.get(reverse(name, kwargs=route.other()), headers=bearer)
        absent = client.get(reverse(name, kwargs=route.absent), headers=bearer)
        assert (theirs.status_code, theirs.content) == (404, absent.content)


def test_rows_of_others_are_described_for_every_route_with_a_row():
    lacking = {
        name
        for name, route in ACCESS.items()
        if route.roles and route.mine and route.other is None and route.roles - route.sees_all
    }
    assert lacking == set()


def make_role(kind):
    territory = {}
    if kind == RoleKind.PREFET:
        territory = {"departement": DepartementFactory()}
    return RoleFactory(kind=kind, **territory)
