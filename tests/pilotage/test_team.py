"""A member invites colleagues to their own structure."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Invitation
from notifications.tasks import drain
from tests.structures.factories import MembreFactory, StructureFactory
from tests.test_access import enter

TEAM = "/equipe/"


@pytest.fixture
def membre(client):
    membre = MembreFactory()
    enter(client, membre.compte.roles.get())
    return membre


def invite(client, membre, **data):
    return client.post(TEAM, {"email": "collegue@exemple.fr", "structure": membre.structure_id, **data})


def test_member_invites_a_colleague(client, membre, mailoutbox):
    response = invite(client, membre, email="  Collegue@Exemple.FR ")
    drain()

    assert response.status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.kind, invitation.objet_id) == (RoleKind.STRUCTURE, membre.structure_id)
    assert mailoutbox[0].to == ["collegue@exemple.fr"]
    assert "collegue@exemple.fr" in client.get(TEAM).content.decode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"email": ""}, "obligatoire"),
        ({"email": "pas une adresse"}, "valide"),
        ({"email": "a" * 300 + "@exemple.fr"}, "254"),
        ({"structure": "x"}, "choix"),
    ],
)
def test_bad_input_is_said_and_kept(client, membre, data, message):
    page = invite(client, membre, **data).content.decode()
    assert message in page
    assert 'id="resume-erreurs"' in page
    assert not Invitation.objects.exists()


def test_nobody_invites_to_the_structure_of_someone_else(client, membre):
    page = invite(client, membre, structure=StructureFactory().pk).content.decode()
    assert 'id="resume-erreurs"' in page
    assert not Invitation.objects.exists()


def test_second_invitation_is_refused_beside_the_address(client, membre):
    invite(client, membre)
    page = invite(client, membre).content.decode()
    assert "déjà en attente" in page
    assert Invitation.objects.count() == 1


def test_member_takes_an_invitation_back_once(client, membre):
    invite(client, membre)
    url = reverse("pilotage:cancel_invitation", args=[Invitation.objects.get().pk])
    assert "ne sert plus" in client.post(url, follow=True).content.decode()
    assert "déjà été" in client.post(url, follow=True).content.decode()
    assert Invitation.objects.get().cancelled_at


def test_number_of_queries_does_not_depend_on_the_number_of_rows(client, membre):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(TEAM)
        return len(queries)

    def add(n):
        MembreFactory(structure=membre.structure)
        Invitation.objects.create(
            email=f"c{n}@exemple.fr", kind=RoleKind.STRUCTURE, objet_id=membre.structure_id, invited_by=membre.compte
        )

    add(0)
    count_queries()
    with_one_row = count_queries()
    for n in range(1, 25):
        add(n)
    assert count_queries() == with_one_row
    assert client.get(TEAM).content.decode().count("En attente") == 20
