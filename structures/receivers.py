from typing import Any

from django.db.models import F
from django.dispatch import receiver

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Compte, Invitation
from comptes.signals import invitation_accepted, invitation_prepared
from structures.models import Membre, Poste, Structure
from territoires.signals import communes_moved


def _invited_to(invitation: Invitation) -> Structure | None:
    if invitation.kind != RoleKind.STRUCTURE or invitation.objet_id is None:
        return None
    return Structure.objects.filter(pk=invitation.objet_id).first()


@receiver(invitation_prepared)
def refuse_unknown_structure(sender: object, invitation: Invitation, **kwargs: Any) -> None:
    if invitation.kind == RoleKind.STRUCTURE and _invited_to(invitation) is None:
        raise RuleError("Cette structure n'existe pas.", field="objet_id")


@receiver(invitation_accepted)
def join_structure(sender: object, invitation: Invitation, compte: Compte, **kwargs: Any) -> None:
    if structure := _invited_to(invitation):
        Membre.objects.get_or_create(structure=structure, compte=compte)


@receiver(communes_moved)
def refresh_positions(sender: object, codes: list[str], **kwargs: Any) -> None:
    """Writing the structure again, even as it is, makes the trigger copy the new position."""
    Poste.objects.filter(structure__commune__in=codes).update(structure=F("structure"))
