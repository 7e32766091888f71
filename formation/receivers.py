from typing import Any

from django.dispatch import receiver

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Compte, Invitation
from comptes.signals import invitation_accepted, invitation_prepared
from contrats.models import Conseiller
from contrats.signals import conseiller_recruited
from formation import services
from formation.models import Formateur, Organisme


@receiver(conseiller_recruited, dispatch_uid="formation.open_dossier")
def open_dossier(conseiller: Conseiller, **kwargs: Any) -> None:
    services.open_dossier(conseiller=conseiller)


@receiver(invitation_prepared)
def refuse_unknown_organisme(sender: object, invitation: Invitation, **kwargs: Any) -> None:
    joined = invitation.kind == RoleKind.ORGANISME_FORMATION
    if joined and not Organisme.objects.filter(pk=invitation.objet_id or 0).exists():
        raise RuleError("Cet organisme de formation n'existe pas.", field="objet_id")


@receiver(invitation_accepted)
def join_organisme(sender: object, invitation: Invitation, compte: Compte, **kwargs: Any) -> None:
    if invitation.kind == RoleKind.ORGANISME_FORMATION and invitation.objet_id:
        Formateur.objects.get_or_create(organisme_id=invitation.objet_id, compte=compte)
