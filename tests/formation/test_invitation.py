"""What the app answers to an invitation: it checks the organisme, then makes the person a formateur."""

import pytest

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Invitation
from comptes.signals import invitation_accepted, invitation_prepared
from formation.models import Formateur
from tests.comptes.factories import CompteFactory
from tests.formation.factories import OrganismeFactory


def invitation(kind, objet_id):
    return Invitation(email="a@exemple.fr", kind=kind, objet_id=objet_id, invited_by=CompteFactory())


def test_invitation_to_an_unknown_organisme_is_refused():
    with pytest.raises(RuleError) as refusal:
        invitation_prepared.send(sender=Invitation, invitation=invitation(RoleKind.ORGANISME_FORMATION, 999_999))
    assert refusal.value.field == "objet_id"


def test_invited_person_joins_the_organisme_once():
    organisme, compte = OrganismeFactory(), CompteFactory()
    row = invitation(RoleKind.ORGANISME_FORMATION, organisme.pk)
    for signal in (invitation_prepared, invitation_accepted, invitation_accepted):
        signal.send(sender=Invitation, invitation=row, compte=compte)
    assert Formateur.objects.get().compte == compte


def test_other_invitations_are_not_ours():
    organisme = OrganismeFactory()
    for signal in (invitation_prepared, invitation_accepted):
        signal.send(sender=Invitation, invitation=invitation(RoleKind.ANCT, organisme.pk), compte=CompteFactory())
    assert not Formateur.objects.exists()
