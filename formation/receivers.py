from typing import Any

from django.db.models import Exists, OuterRef
from django.dispatch import receiver

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Compte, Invitation
from comptes.signals import compte_leaving, invitation_accepted, invitation_prepared
from contrats.models import Conseiller
from contrats.signals import conseiller_recruited
from formation import services
from formation.enums import StatutSession
from formation.models import Formateur, Organisme, SessionFormation


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


@receiver(compte_leaving)
def organisme_left_alone(sender: object, compte: Compte, **kwargs: Any) -> str | None:
    """Somebody must write the hours of a session that is open or runs."""
    others = Formateur.objects.filter(organisme=OuterRef("pk"), compte__is_active=True).exclude(compte=compte)
    running = SessionFormation.objects.filter(
        organisme=OuterRef("pk"), status__in=[StatutSession.OUVERTE, StatutSession.EN_COURS]
    )
    alone = Organisme.objects.filter(Exists(running), ~Exists(others), formateurs__compte=compte)
    organisme = alone.order_by("pk").first()
    if organisme is None:
        return None
    return f"Personne d'autre n'agit pour « {organisme} », qui a une session ouverte : invitez d'abord un collègue."
