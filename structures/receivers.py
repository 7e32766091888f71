from typing import Any

from django.db.models import Exists, F, OuterRef
from django.dispatch import receiver

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Compte, Invitation
from comptes.signals import compte_leaving, invitation_accepted, invitation_prepared
from structures.enums import STATUTS_DEMANDE_OUVERTS, StatutPoste
from structures.models import DemandePoste, Membre, Poste, Structure
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


@receiver(compte_leaving)
def structure_left_alone(sender: object, compte: Compte, **kwargs: Any) -> str | None:
    """Somebody must answer for a request that is examined and for granted posts."""
    others = Membre.objects.filter(structure=OuterRef("pk"), compte__is_active=True).exclude(compte=compte)
    demandes = DemandePoste.objects.filter(structure=OuterRef("pk"), status__in=sorted(STATUTS_DEMANDE_OUVERTS))
    postes = Poste.objects.filter(structure=OuterRef("pk")).exclude(status=StatutPoste.RENDU)
    at_work = Structure.objects.filter(Exists(demandes) | Exists(postes), membres__compte=compte)
    structure = at_work.filter(~Exists(others)).order_by("pk").first()
    if structure is None:
        return None
    return (
        f"Personne d'autre n'agit pour « {structure} », qui a une demande ou des postes : invitez d'abord un collègue."
    )
