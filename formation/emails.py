"""One function per message: from keys to an e-mail, or None when it has lost its reason."""

from django.core.mail import EmailMessage
from django.urls import reverse

from common.emails import absolute_url, build_email
from formation.enums import StatutInscription, StatutSession
from formation.models import Attestation, DossierFormation, Formateur, Inscription
from notifications.registry import message

INSCRIPTION = (
    "dossier__conseiller__compte",
    "session__organisme__commune",
    "session__commune",
    "session__parcours",
)


@message("formation.dossier_opened")
def dossier_opened(dossier: int, formateur: int) -> EmailMessage | None:
    """To each formateur of the organisme. The name waits behind the sign-in."""
    recipient = Formateur.objects.select_related("compte").filter(pk=formateur).first()
    row = DossierFormation.objects.select_related("conseiller__contrat__structure__commune").get(pk=dossier)
    if recipient is None or row.organisme_id != recipient.organisme_id:
        return None
    structure = row.conseiller.contrat.structure
    return build_email(
        "formation/emails/dossier_opened",
        to=recipient.compte.email,
        context={
            "formateur": recipient.compte.get_short_name(),
            "structure": structure.nom,
            "commune": structure.commune.nom,
            "url": absolute_url(reverse("formation:dossier_detail", args=[row.pk])),
        },
    )


@message("formation.session_convocation")
def session_convocation(inscription: int) -> EmailMessage | None:
    row = Inscription.objects.select_related(*INSCRIPTION).get(pk=inscription)
    if row.status not in {StatutInscription.CONFIRMEE, StatutInscription.EN_COURS}:
        return None
    return build_email("formation/emails/session_convocation", to=_to(row), context=_session_context(row))


@message("formation.session_cancelled")
def session_cancelled(inscription: int) -> EmailMessage | None:
    """The session is cancelled, or this person no longer is in it: with the reason given."""
    row = Inscription.objects.select_related(*INSCRIPTION).get(pk=inscription)
    last = row.transitions.last()
    return build_email(
        "formation/emails/session_cancelled",
        to=_to(row),
        context={
            **_session_context(row),
            "annulee": row.session.status == StatutSession.ANNULEE,
            "motif": last.reason if last else "",
        },
    )


@message("formation.attestation_ready")
def attestation_ready(attestation: int) -> EmailMessage | None:
    row = Attestation.objects.select_related("inscription__dossier__conseiller__compte").get(pk=attestation)
    if row.revoked_at is not None:
        return None
    return build_email(
        "formation/emails/attestation_ready",
        to=_to(row.inscription),
        context={
            "prenom": row.contenu["prenom"],
            "titre": row.get_genre_display(),
            "numero": row.numero,
            "url": absolute_url(reverse("formation:mine")),
            "verifier": absolute_url(reverse("formation:verify")),
        },
    )


def _to(inscription: Inscription) -> str:
    return inscription.dossier.conseiller.compte.email


def _session_context(inscription: Inscription) -> dict[str, object]:
    session = inscription.session
    return {
        "prenom": inscription.dossier.conseiller.compte.get_short_name(),
        "organisme": session.organisme.nom,
        "parcours": session.parcours,
        "date_debut": session.date_debut,
        "date_fin": session.date_fin,
        "jour_structure": session.get_jour_structure_display().lower(),
        "commune": session.commune.nom if session.commune else "",
        "lieu": session.lieu,
        "url": absolute_url(reverse("formation:mine")),
    }
