"""The current role: chosen, kept, shown, and never someone else's."""

import pytest
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Role
from tests.comptes.factories import CompteFactory, RoleFactory

SWITCH = "/role/"


@pytest.fixture
def two_roles(client):
    """The last one granted comes first: it is current until another is chosen."""
    conseiller = RoleFactory(kind=RoleKind.CONSEILLER)
    candidat = RoleFactory(kind=RoleKind.CANDIDAT, compte=conseiller.compte)
    client.force_login(candidat.compte)
    return candidat, conseiller


def shown(client):
    response = client.get(reverse("pilotage:espace"))
    return response.context["current_role"]


def test_role_is_chosen_kept_and_shown(client, two_roles):
    candidat, conseiller = two_roles
    assert shown(client) == candidat

    response = client.post(SWITCH, {"role": conseiller.pk}, follow=True)

    assert "Vous agissez maintenant comme\u00a0: Conseiller numérique." in response.content.decode()
    assert shown(client) == conseiller


def test_whoever_is_recruited_is_a_conseiller_from_the_next_page_on(client):
    candidat = RoleFactory(kind=RoleKind.CANDIDAT)
    client.force_login(candidat.compte)
    assert shown(client) == candidat

    conseiller = RoleFactory(kind=RoleKind.CONSEILLER, compte=candidat.compte)

    assert shown(client) == conseiller


def test_header_offers_the_other_roles_only(client, two_roles):
    candidat, conseiller = two_roles
    page = client.get(reverse("pilotage:espace")).content.decode()
    assert f'<option value="{conseiller.pk}">' in page
    assert f'<option value="{candidat.pk}">' not in page


def test_single_role_has_nothing_to_choose(client):
    client.force_login(RoleFactory(kind=RoleKind.CANDIDAT).compte)
    assert SWITCH not in client.get(reverse("pilotage:espace")).content.decode()


@pytest.mark.parametrize("value", ["", "x", "-1", "1 OR 1", "²", "9" * 400])
def test_absent_role_is_refused_politely(client, two_roles, value):
    response = client.post(SWITCH, {"role": value}, follow=True)
    assert "pas disponible" in response.content.decode()
    assert shown(client) == two_roles[0]


def test_role_of_someone_else_looks_like_an_absent_one(client, two_roles):
    other = RoleFactory(kind=RoleKind.ANCT)
    theirs = client.post(SWITCH, {"role": other.pk}, follow=True).content
    absent = client.post(SWITCH, {"role": other.pk + 1000}, follow=True).content
    assert "pas disponible" in theirs.decode()
    assert len(theirs) == len(absent)
    assert shown(client) == two_roles[0]


def test_withdrawn_role_is_no_longer_offered_nor_current(client, two_roles):
    candidat, conseiller = two_roles
    client.post(SWITCH, {"role": conseiller.pk})
    Role.objects.filter(pk=conseiller.pk).update(ended_at="2026-01-01T00:00:00Z")
    assert shown(client) == candidat
    assert "pas disponible" in client.post(SWITCH, {"role": conseiller.pk}, follow=True).content.decode()


def test_account_without_role_is_told_what_to_do(client):
    client.force_login(CompteFactory())
    response = client.get(reverse("pilotage:espace"))
    assert response.status_code == 200
    assert "plus de rôle" in response.content.decode()
