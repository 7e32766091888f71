"""The messages of an interview, each about one of its moves: none leaves once it has moved again.

A structure reads a first name, never what the person wrote: an e-mail is forwarded more easily than a page.
"""

from collections.abc import Callable
from typing import Any

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from common.emails import absolute_url, build_email
from comptes.models import Compte
from matching.agenda import attachment, calendar_file, say_hour, say_place
from matching.enums import STATUTS_OUVERTS, StatutEntretien
from matching.models import Entretien, EntretienTransition
from notifications.registry import message
from territoires.models import Commune

# What becomes of the calendar of the person told: nothing, the hour agreed upon, or its end.
KEEP, INVITE, CANCEL = "keep", "invite", "cancel"


def _moved(transition: int) -> tuple[Entretien, EntretienTransition] | None:
    move = EntretienTransition.objects.get(pk=transition)
    entretien = Entretien.objects.for_message().get(pk=move.objet_id)
    return (entretien, move) if entretien.transitions.latest("pk").pk == move.pk else None


def _member(entretien: Entretien, compte: int) -> Compte | None:
    """The member to write to, unless they have left since."""
    rows = Compte.objects.filter(pk=compte, is_active=True)
    return rows.filter(appartenances__structure=entretien.mise_en_relation.structure_id).first()


def _register(event: str, calendar: str = KEEP) -> Callable[..., EmailMessage | None]:
    """Register a message both sides may get: to the member named by `compte`, to the person without one."""

    @message(f"matching.entretien_{event}")
    def build(transition: int, compte: int | None = None) -> EmailMessage | None:
        found = _moved(transition)
        if found is None:
            return None
        entretien, move = found
        if event == "reminder" and not _is_ahead(entretien):
            return None
        mise = entretien.mise_en_relation
        member = _member(entretien, compte) if compte else None
        if compte and member is None:
            return None
        to = member.email if member else mise.candidature.email
        context = _context(entretien, move, to_structure=member is not None)
        email = build_email(f"matching/emails/entretien_{event}", to=to, context=context)
        if calendar != KEEP and entretien.debut is not None:
            cancelled = calendar == CANCEL
            content = calendar_file(
                entretien,
                summary=summary_of(entretien, to_structure=member is not None),
                attendee=to,
                cancelled=cancelled,
            )
            email.attach(attachment(content, cancelled=cancelled))
        return email

    return build


def _is_ahead(entretien: Entretien) -> bool:
    mise = entretien.mise_en_relation
    return entretien.debut is not None and entretien.debut > timezone.now() and mise.status in STATUTS_OUVERTS


def summary_of(entretien: Entretien, *, to_structure: bool) -> str:
    mise = entretien.mise_en_relation
    if to_structure:
        return f"Entretien avec {mise.candidature.prenom} ({mise.structure.nom})"
    return f"Entretien avec {mise.structure.nom}"


def _context(entretien: Entretien, move: EntretienTransition, *, to_structure: bool) -> dict[str, Any]:
    mise = entretien.mise_en_relation
    place = mise.structure.commune
    other: Commune | None = None if to_structure else mise.candidature.commune
    by_person = move.by_id is not None and move.by_id == mise.candidature.compte_id
    return {
        "to_structure": to_structure,
        "prenom": mise.candidature.prenom,
        "structure": mise.structure.nom,
        "commune": str(place),
        # A subject shows on a locked screen: a structure reads no name there.
        "objet": gettext("un candidat") if to_structure else mise.structure.nom,
        "autre": mise.candidature.prenom if to_structure else mise.structure.nom,
        "heure": say_hour(entretien.debut, place, other) if entretien.debut else "",
        "creneaux": [say_hour(creneau.debut, place, other) for creneau in entretien.creneaux.to_come()],
        "duree": entretien.duree,
        "lieu": say_place(entretien),
        "lien": entretien.lien if entretien.status == StatutEntretien.CONFIRME else "",
        "message": "" if to_structure else entretien.message,
        "motif": "" if by_person else entretien.motif,
        "who": _who(entretien, by_person=by_person, to_structure=to_structure),
        "is_moved": move.from_status == StatutEntretien.CONFIRME,
        "url": absolute_url(reverse("matching:detail", args=[mise.pk])),
        "choose_url": absolute_url(reverse("matching:entretien_choose", args=[entretien.pk])),
    }


def _who(entretien: Entretien, *, by_person: bool, to_structure: bool) -> str:
    """Whose move it was, for the one who reads. What closes the mise en relation leaves no words of its own."""
    if not entretien.motif:
        return "closed"
    return "self" if by_person != to_structure else "other"


OFFERED = _register("offered", CANCEL)
CONFIRMED = _register("confirmed", INVITE)
MOVED = _register("moved", CANCEL)
OTHERS_ASKED = _register("others_asked", CANCEL)
CANCELLED = _register("cancelled", CANCEL)
REMINDER = _register("reminder")
