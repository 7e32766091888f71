"""The request: a draft filled in step by step by a visitor, submitted, then confirmed from the contact's mailbox."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.exceptions import RuleError, StaleFormError
from common.fields import normalize_email
from comptes.enums import JetonPurpose, RoleKind
from comptes.exceptions import JetonError
from comptes.services import consume_jeton, get_or_create_compte, grant_role
from notifications.services import queue_effet
from structures.clients import find_etablissement
from structures.constants import DRAFT_LIFETIME, ENGAGEMENT_VERSION, RESEND_AFTER
from structures.enums import STATUTS_DEMANDE_UNIQUE, StatutDemande, TypeDemande
from structures.models import DemandePoste, Membre, Structure
from structures.services.suivi import active_members, lock_demande, tell_members, tell_prefecture
from territoires.models import Commune

STRUCTURE_FIELDS = (
    "nom", "type", "adresse", "contact_prenom", "contact_nom", "contact_fonction", "contact_email",
    "contact_telephone",
)  # fmt: skip
ALREADY_SENT = "Cette demande a déjà été envoyée."


def save_identifiant(
    *, demande: DemandePoste | None, values: dict[str, Any], before: dict[str, Any] | None = None
) -> DemandePoste:
    """Keep the SIRET or RIDET, with what the public directory says of it, when it says anything within its time.

    Nothing is locked while the directory is asked.
    """
    draft = demande.brouillon if demande else {}
    found = find_etablissement(values["siret"]) if values["siret"] else None
    if found and not found.is_open:
        raise RuleError(
            "D'après l'annuaire des entreprises, cet établissement est fermé. "
            "Saisissez le SIRET de l'établissement en activité.",
            field="identifiant",
        )
    values["verifiee_at"] = timezone.now().isoformat() if found else None
    same = (draft.get("siret", ""), draft.get("ridet", "")) == (values["siret"], values["ridet"])
    if found and not (same and draft.get("nom")):
        commune = Commune.objects.active().filter(pk=found.code_commune).first()
        values |= {
            "nom": found.nom,
            "adresse": found.adresse,
            "type": found.type or "",
            "commune": commune.pk if commune else "",
        }
    elif not same:
        values |= {"nom": "", "adresse": "", "type": "", "commune": ""}
    return save_step(demande=demande, values=values, before=before)


@transaction.atomic
def save_step(
    *, demande: DemandePoste | None, values: dict[str, Any], before: dict[str, Any] | None = None
) -> DemandePoste:
    """Keep one step of a draft, creating the draft with the first. `values` are JSON values, checked by a form;
    `before` is the draft that form was filled with. Raises StaleFormError.

    What was submitted before must be submitted again: nobody confirms what they have not read.
    """
    if demande is None:
        return DemandePoste.objects.create(brouillon=values)
    demande = lock_demande(demande)
    _refuse_sent(demande)
    for name, value in values.items():
        saved = demande.brouillon.get(name)
        if before is not None and saved not in (before.get(name), value):
            raise StaleFormError
    demande.brouillon |= values
    demande.engagement_version, demande.engagement_at = "", None
    demande.save(update_fields=["brouillon", "engagement_version", "engagement_at", "updated_at"])
    return demande


@transaction.atomic
def submit_demande(*, demande: DemandePoste) -> DemandePoste:
    """Note the commitment and send the contact the link that confirms. A double click sends one e-mail."""
    demande = lock_demande(demande)
    _refuse_sent(demande)
    if demande.missing_steps():
        raise RuleError("Complétez toutes les étapes avant d'envoyer la demande.")
    now = timezone.now()
    if demande.engagement_at and demande.engagement_at > now - RESEND_AFTER:
        return demande
    demande.engagement_version, demande.engagement_at = ENGAGEMENT_VERSION, now
    demande.contact_email = normalize_email(demande.brouillon["contact_email"])
    demande.save(update_fields=["engagement_version", "engagement_at", "contact_email", "updated_at"])
    queue_effet(
        "structures.demande_to_confirm",
        cle=f"structures.demande_to_confirm:{demande.pk}:{now:%Y%m%d%H%M%S}",
        destinataire=demande.contact_email,
        demande=demande.pk,
    )
    return demande


@transaction.atomic
def send_resume_link(*, demande: DemandePoste) -> None:
    """Send the contact a link that opens the draft on another day or another device."""
    demande = lock_demande(demande)
    _refuse_sent(demande)
    email = normalize_email(demande.brouillon.get("contact_email", ""))
    if not email:
        raise RuleError("Indiquez d'abord l'adresse e-mail du contact : le lien y sera envoyé.")
    now = timezone.now()
    queue_effet(
        "structures.demande_to_resume",
        # One a minute at most.
        cle=f"structures.demande_to_resume:{demande.pk}:{now:%Y%m%d%H%M}",
        destinataire=email,
        demande=demande.pk,
    )


@transaction.atomic
def resume_demande(*, token: str) -> DemandePoste:
    """Open a draft again from the link its contact received. Raises JetonError."""
    jeton = consume_jeton(purpose=JetonPurpose.REPRENDRE_DEMANDE, token=token)
    demande = DemandePoste.objects.filter(pk=jeton.objet_id, status=StatutDemande.BROUILLON).first()
    if demande is None or normalize_email(demande.brouillon.get("contact_email", "")) != jeton.email:
        raise JetonError
    return demande


@transaction.atomic
def confirm_demande(*, token: str) -> DemandePoste:
    """Submit the draft its contact confirms, and open their account. Raises JetonError.

    Knowing a SIRET opens nothing: when the structure has its managers, or a request under way, the draft is
    filed as a duplicate (its status says so) and the managers are told.
    """
    jeton = consume_jeton(purpose=JetonPurpose.CONFIRMER_DEMANDE, token=token)
    demande = DemandePoste.objects.select_for_update().filter(pk=jeton.objet_id).first()
    if not demande or demande.status != StatutDemande.BROUILLON or not demande.engagement_at:
        raise JetonError
    if demande.contact_email != jeton.email:
        raise JetonError
    draft = demande.brouillon
    structure, created = _get_or_create_structure(draft)
    values: dict[str, Any] = {
        "structure": structure,
        "deposee_at": timezone.now(),
        "postes_souhaites": draft["postes_souhaites"],
        "date_debut": date.fromisoformat(draft["date_debut"]),
        "candidat_identifie": bool(draft.get("candidat_identifie")),
        "coordinateur": bool(draft.get("coordinateur")),
        "motivation": draft["motivation"],
    }
    if not created and _is_taken(structure, jeton.email):
        demande.move_to(
            StatutDemande.DOUBLON, by=None, reason="La structure a déjà ses gestionnaires ou une demande.", **values
        )
        _tell_of_duplicate(demande)
        return demande
    compte, _ = get_or_create_compte(email=jeton.email, prenom=draft["contact_prenom"], nom=draft["contact_nom"])
    grant_role(compte=compte, kind=RoleKind.STRUCTURE)
    Membre.objects.get_or_create(structure=structure, compte=compte)
    demande.move_to(StatutDemande.DEPOSEE, by=compte, brouillon={}, **values)
    tell_members(demande)
    tell_prefecture(demande)
    if structure.verifiee_at is None:
        queue_effet("structures.verify", cle=f"structures.verify:{structure.pk}:{demande.pk}", structure=structure.pk)
    return demande


def delete_stale_drafts() -> int:
    """Delete the drafts nobody came back to, and the personal data typed in them."""
    stale = DemandePoste.objects.filter(
        status=StatutDemande.BROUILLON, structure=None, updated_at__lt=timezone.now() - DRAFT_LIFETIME
    )
    return stale.delete()[0]


def _refuse_sent(demande: DemandePoste) -> None:
    if demande.status != StatutDemande.BROUILLON:
        raise RuleError(ALREADY_SENT)


def _get_or_create_structure(draft: dict[str, Any]) -> tuple[Structure, bool]:
    """Return the structure of the SIRET or RIDET, locked: of two requests at once, the second one waits here."""
    key = "siret" if draft.get("siret") else "ridet"
    values = {name: draft.get(name, "") for name in STRUCTURE_FIELDS} | {
        "commune_id": draft["commune"],
        "verifiee_at": draft.get("verifiee_at"),
    }
    found, created = Structure.objects.get_or_create(**{key: draft[key]}, defaults=values)
    structure = Structure.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if not created and not _is_taken(structure, normalize_email(draft["contact_email"])):
        # Known without a manager (an import, a request given up): its first manager brings it up to date.
        for name, value in values.items():
            setattr(structure, name, value)
        structure.save()
    return structure, created


def _is_taken(structure: Structure, email: str) -> bool:
    """Someone else manages it, or it has its initial request already."""
    membres = list(structure.membres.values_list("compte__email", flat=True))
    if membres and email not in membres:
        return True
    return structure.demandes.filter(type=TypeDemande.INITIALE, status__in=STATUTS_DEMANDE_UNIQUE).exists()


def _tell_of_duplicate(demande: DemandePoste) -> None:
    for compte_id, email in active_members(demande):
        queue_effet(
            "structures.duplicate_refused",
            cle=f"structures.duplicate_refused:{demande.pk}:{compte_id}",
            destinataire=email,
            demande=demande.pk,
            compte=compte_id,
        )
