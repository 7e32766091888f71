"""Invited by a link that works once, for seven days, and only by POST."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from common.exceptions import RuleError
from comptes import services
from comptes.enums import RoleKind
from comptes.models import Compte, EntreeJournal, Invitation, Jeton
from formation.models import Organisme
from notifications.tasks import drain
from structures.models import Membre
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.structures.factories import MembreFactory
from tests.territoires.factories import CommuneFactory, DepartementFactory, RegionFactory

PASSWORD = "une longue phrase secrète"


@pytest.fixture
def anct():
    return RoleFactory(kind=RoleKind.ANCT)


def invite(by, mailoutbox, **fields):
    """Invite, let the outbox send, and return the path of the link received."""
    services.invite(by=by, **{"email": "nadia@exemple.fr", "kind": RoleKind.BDT, **fields})
    drain()
    return re.search(r"http://\S+?(/invitation/\S+/)", mailoutbox[-1].body)[1]


def accept(client, path, **data):
    return client.post(path, {"prenom": "Nadia", "nom": "Benali", "password": PASSWORD, **data})


def test_invited_person_gets_an_account_and_the_role(client, anct, mailoutbox):
    response = accept(client, invite(anct, mailoutbox))

    compte = Compte.objects.get(email="nadia@exemple.fr")
    assert response.status_code == 302
    assert compte.get_full_name() == "Nadia Benali"
    assert compte.check_password(PASSWORD)
    assert [role.kind for role in compte.roles.all()] == [RoleKind.BDT]
    assert EntreeJournal.objects.filter(verbe="accepter l'invitation", compte=compte).exists()


def test_new_account_is_sent_to_its_second_factor(client, anct, mailoutbox):
    accept(client, invite(anct, mailoutbox))
    response = client.get(reverse("pilotage:espace"))
    assert response.url == reverse("mfa_activate_totp")


def test_link_is_hashed_at_rest(anct, mailoutbox):
    token = invite(anct, mailoutbox).split("/")[2]
    assert token not in Jeton.objects.get().digest


def test_opening_the_link_uses_nothing(client, anct, mailoutbox):
    path = invite(anct, mailoutbox)
    for _ in range(3):
        assert client.get(path).status_code == 200
    client.head(path)
    assert accept(client, path).status_code == 302


def test_link_works_once(client, anct, mailoutbox):
    path = invite(anct, mailoutbox)
    accept(client, path)
    client.logout()

    assert client.get(path).status_code == 404
    assert accept(client, path).status_code == 404
    assert Compte.objects.filter(email="nadia@exemple.fr").count() == 1


def test_link_works_for_seven_days(client, anct, mailoutbox):
    path = invite(anct, mailoutbox)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert client.get(path).status_code == 404
        assert accept(client, path).status_code == 404


def test_cancelled_invitation_does_not_work(client, anct, mailoutbox):
    path = invite(anct, mailoutbox)
    services.cancel_invitation(invitation=Invitation.objects.get(), by=anct)
    assert accept(client, path).status_code == 404
    with pytest.raises(RuleError):
        services.cancel_invitation(invitation=Invitation.objects.get(), by=anct)


def test_invitation_cancelled_before_it_left_is_not_sent(anct, mailoutbox):
    invitation = services.invite(email="nadia@exemple.fr", kind=RoleKind.BDT, by=anct)
    services.cancel_invitation(invitation=invitation, by=anct)
    drain()
    assert mailoutbox == []


def test_password_of_an_existing_account_is_never_replaced(client, anct, mailoutbox):
    compte = CompteFactory(email="nadia@exemple.fr", password="le mot de passe d'avant")
    path = invite(anct, mailoutbox)

    assert "Mot de passe" not in client.get(path).content.decode()
    accept(client, path, password="un autre mot de passe")
    compte.refresh_from_db()
    assert compte.check_password("le mot de passe d'avant")


def test_existing_account_with_a_second_factor_is_asked_for_it(client, anct, mailoutbox):
    role = RoleFactory(kind=RoleKind.ANCT, compte__email="nadia@exemple.fr")
    response = accept(client, invite(anct, mailoutbox))

    assert response.url == reverse("mfa_authenticate")
    assert client.get(reverse("pilotage:espace")).status_code == 302
    assert role.compte.roles.count() == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"prenom": ""}, "obligatoire"),
        ({"prenom": "a" * 151}, "150"),
        ({"nom": "Ben\u202eali"}, "invisible"),
        ({"password": "court"}, "12"),
        ({"password": "password1234"}, "courant"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(client, anct, mailoutbox, data, message):
    response = accept(client, invite(anct, mailoutbox), **data)

    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert 'id="resume-erreurs"' in page
    assert ("Nadia" in page) or ("prenom" in data)
    assert not Compte.objects.filter(email="nadia@exemple.fr").exists()


def test_password_is_optional(client, anct, mailoutbox):
    accept(client, invite(anct, mailoutbox), password="")
    assert not Compte.objects.get(email="nadia@exemple.fr").has_usable_password()


def test_invited_member_joins_the_structure(client, mailoutbox):
    membre = MembreFactory()
    path = invite(membre.compte.roles.get(), mailoutbox, kind=RoleKind.STRUCTURE, objet_id=membre.structure_id)
    accept(client, path)
    assert Membre.objects.filter(structure=membre.structure, compte__email="nadia@exemple.fr").exists()


def test_invited_formateur_joins_the_organisme(client, anct, mailoutbox):
    organisme = Organisme.objects.create(
        nom="OF", siret="21044010900001", commune=CommuneFactory(), habilite_du="2026-01-01"
    )
    accept(client, invite(anct, mailoutbox, kind=RoleKind.ORGANISME_FORMATION, objet_id=organisme.pk))
    assert organisme.formateurs.get().compte.email == "nadia@exemple.fr"


@pytest.mark.parametrize("kind", [RoleKind.STRUCTURE, RoleKind.ORGANISME_FORMATION])
def test_what_does_not_exist_cannot_be_joined(anct, kind):
    with pytest.raises(RuleError, match="n'existe pas"):
        services.invite(email="nadia@exemple.fr", kind=kind, objet_id=999_999, by=anct)


@pytest.mark.parametrize("kind", [RoleKind.CANDIDAT, RoleKind.CONSEILLER])
def test_a_role_that_comes_from_a_journey_is_not_given_by_invitation(anct, kind):
    with pytest.raises(RuleError):
        services.invite(email="nadia@exemple.fr", kind=kind, by=anct)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (RoleKind.PREFET, dict),
        (RoleKind.PREFET, lambda: {"departement": DepartementFactory(), "region": RegionFactory()}),
        (RoleKind.ANCT, lambda: {"departement": DepartementFactory()}),
        (RoleKind.GRAND_RESEAU, dict),
        (RoleKind.HUB, dict),
    ],
)
def test_scope_must_be_the_one_of_the_role(anct, kind, scope):
    with pytest.raises(RuleError, match="périmètre"):
        services.invite(email="nadia@exemple.fr", kind=kind, by=anct, **scope())


def test_second_invitation_to_the_same_role_is_refused(anct):
    services.invite(email="nadia@exemple.fr", kind=RoleKind.BDT, by=anct)
    with pytest.raises(RuleError, match="déjà en attente"):
        services.invite(email="NADIA@exemple.fr", kind=RoleKind.BDT, by=anct)


def test_territory_follows_the_person(client, anct, mailoutbox):
    accept(client, invite(anct, mailoutbox, kind=RoleKind.PREFET, departement=DepartementFactory()))
    assert Compte.objects.get(email="nadia@exemple.fr").roles.get().departement_id == "44"
