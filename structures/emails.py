"""One function per message; each reads its rows again and returns None when the message lost its reason."""

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from common.emails import absolute_url, build_email
from common.fields import normalize_email
from comptes.enums import JetonPurpose
from comptes.models import Compte
from comptes.services import mint_jeton
from notifications.registry import message
from structures.constants import CONTRACT_DELAY_LABEL, SELECTION_DELAY_LABEL
from structures.enums import StatutDemande
from structures.models import DemandePoste, DemandePosteTransition


@message("structures.demande_to_confirm")
def demande_to_confirm(demande: int) -> EmailMessage | None:
    row = DemandePoste.objects.filter(pk=demande, status=StatutDemande.BROUILLON, engagement_at__isnull=False).first()
    if row is None:
        return None
    token = mint_jeton(purpose=JetonPurpose.CONFIRMER_DEMANDE, objet_id=row.pk, email=row.contact_email)
    return build_email(
        "structures/emails/demande_to_confirm",
        to=row.contact_email,
        context={
            "nom": row.brouillon["nom"],
            "prenom": row.brouillon["contact_prenom"],
            "url": absolute_url(reverse("structures:confirm", args=[token])),
        },
    )


@message("structures.demande_to_resume")
def demande_to_resume(demande: int) -> EmailMessage | None:
    row = DemandePoste.objects.filter(pk=demande, status=StatutDemande.BROUILLON).first()
    email = normalize_email(row.brouillon.get("contact_email", "")) if row else ""
    if row is None or not email:
        return None
    token = mint_jeton(purpose=JetonPurpose.REPRENDRE_DEMANDE, objet_id=row.pk, email=email)
    return build_email(
        "structures/emails/demande_to_resume",
        to=email,
        context={
            "prenom": row.brouillon.get("contact_prenom", ""),
            "url": absolute_url(reverse("structures:resume", args=[token])),
        },
    )


@message("structures.demande_to_instruct")
def demande_to_instruct(demande: int, compte: int) -> EmailMessage | None:
    row = DemandePoste.objects.for_list().filter(pk=demande, status=StatutDemande.DEPOSEE).first()
    recipient = Compte.objects.filter(pk=compte, is_active=True).first()
    if row is None or recipient is None:
        return None
    return build_email(
        "structures/emails/demande_to_instruct",
        to=recipient.email,
        context={"demande": row, "avis_before": row.avis_before, "url": absolute_url(row.get_absolute_url())},
    )


@message("structures.demande_advanced")
def demande_advanced(transition: int, compte: int) -> EmailMessage | None:
    """Tell a manager about one move. The words are those of the status it moved to."""
    move = DemandePosteTransition.objects.select_related("objet__structure", "objet__session").get(pk=transition)
    recipient = Compte.objects.filter(pk=compte, appartenances__structure=move.objet.structure, is_active=True).first()
    if recipient is None:
        return None
    again = move.from_status == StatutDemande.COSELEC and move.to_status == StatutDemande.AVIS_RENDU
    return build_email(
        f"structures/emails/demande_{'examen_complementaire' if again else move.to_status}",
        to=recipient.email,
        context={
            "demande": move.objet,
            "reason": move.reason,
            "selection_delay": SELECTION_DELAY_LABEL,
            "contract_delay": CONTRACT_DELAY_LABEL,
            "date": timezone.localdate(move.at),
            "url": absolute_url(move.objet.get_absolute_url()),
        },
    )


@message("structures.duplicate_refused")
def duplicate_refused(demande: int, compte: int) -> EmailMessage | None:
    row = DemandePoste.objects.select_related("structure").get(pk=demande)
    recipient = Compte.objects.filter(pk=compte, appartenances__structure=row.structure, is_active=True).first()
    if recipient is None:
        return None
    return build_email(
        "structures/emails/duplicate_refused",
        to=recipient.email,
        context={"demande": row, "url": absolute_url(row.get_absolute_url())},
    )
