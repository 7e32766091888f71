"""One function per message: from ids to an e-mail, or None when the message has lost its reason.

Nothing here names a candidat to a structure beyond the first name: an e-mail is forwarded more easily than a page.
"""

from collections.abc import Callable
from typing import Any

from django.core.mail import EmailMessage
from django.urls import reverse

from candidatures.models import Candidature
from common.emails import absolute_url, build_email
from comptes.models import Compte
from matching.enums import StatutMiseEnRelation
from matching.explanations import format_km
from matching.models import MiseEnRelation, MiseEnRelationTransition
from notifications.registry import message
from structures.models import Structure

# Enough to make one want to open the list, not to replace it.
DIGEST_LINES = 5


@message("matching.new_candidats")
def new_candidats(structure: int, compte: int) -> EmailMessage | None:
    """The digest of a structure: who waits for its answer today."""
    row = Structure.objects.filter(pk=structure, membres__compte=compte, membres__compte__is_active=True).first()
    if row is None:
        return None
    _settle(structure=structure)
    waiting = _waiting().filter(structure=structure).select_related("candidature__commune")
    if not waiting:
        return None
    lines = [
        f"{mise.candidature.prenom}, {mise.candidature.commune} – à {format_km(mise.distance_km)}"
        for mise in waiting[:DIGEST_LINES]
    ]
    return build_email(
        "matching/emails/new_candidats",
        to=Compte.objects.get(pk=compte).email,
        context={
            "structure": row.nom,
            "count": len(waiting),
            "lines": lines,
            "url": absolute_url(reverse("matching:candidat_list", args=[row.pk])),
        },
    )


@message("matching.proposed")
def proposed(candidature: int) -> EmailMessage | None:
    """The digest of a candidat: which structures received the candidature."""
    row = Candidature.objects.active().filter(pk=candidature).first()
    if row is None:
        return None
    _settle(candidature=candidature)
    waiting = _waiting().filter(candidature=candidature).select_related("structure__commune")
    if not waiting:
        return None
    return build_email(
        "matching/emails/proposed",
        to=row.email,
        context={
            "prenom": row.prenom,
            "count": len(waiting),
            "lines": [f"{mise.structure.nom}, {mise.structure.commune}" for mise in waiting],
            "url": absolute_url(reverse("matching:proposition_list")),
        },
    )


def _waiting() -> Any:
    return MiseEnRelation.objects.filter(status=StatutMiseEnRelation.PROPOSEE).order_by("-score", "pk")


def _settle(**owner: int) -> None:
    """From now on these proposals stay made: whoever reads the digest must find them. Before reading them."""
    MiseEnRelation.objects.filter(provisoire=True, **owner).update(provisoire=False)


# --- Messages about one move: none is sent when the row has moved again before it left ------------------------


def _moved(transition: int) -> MiseEnRelation | None:
    move = MiseEnRelationTransition.objects.select_related(
        "objet__structure__commune", "objet__candidature__commune"
    ).get(pk=transition)
    return move.objet if move.objet.transitions.latest("pk").pk == move.pk else None


def _register_for_candidat(event: str) -> Callable[..., EmailMessage | None]:
    @message(f"matching.{event}")
    def build(transition: int) -> EmailMessage | None:
        mise = _moved(transition)
        if mise is None:
            return None
        context = {
            "prenom": mise.candidature.prenom,
            "structure": mise.structure.nom,
            "commune": str(mise.structure.commune),
            "motif": mise.get_motif_display(),
            "url": absolute_url(reverse("matching:detail", args=[mise.pk])),
        }
        return build_email(f"matching/emails/{event}", to=mise.candidature.email, context=context)

    return build


def _register_for_structure(event: str) -> Callable[..., EmailMessage | None]:
    @message(f"matching.{event}")
    def build(transition: int, compte: int) -> EmailMessage | None:
        mise = _moved(transition)
        member = Compte.objects.filter(pk=compte, is_active=True).first()
        if mise is None or member is None or not mise.structure.membres.filter(compte=member).exists():
            return None
        if event == "accepted" and mise.acceptee_at is None:
            return None
        context = {
            "prenom": mise.candidature.prenom,
            "commune": str(mise.candidature.commune),
            "structure": mise.structure.nom,
            "motif": mise.get_motif_display(),
            "url": absolute_url(reverse("matching:candidat_list", args=[mise.structure_id])),
        }
        return build_email(f"matching/emails/{event}", to=member.email, context=context)

    return build


FOR_CANDIDAT = {
    event: _register_for_candidat(event)
    for event in (
        "interest",
        "retained",
        "declined_by_structure",
        "expired_for_candidat",
        "cancelled_for_candidat",
    )
}
FOR_STRUCTURE = {
    event: _register_for_structure(event)
    for event in ("accepted", "declined_by_candidat", "back", "expired_for_structure", "cancelled_for_structure")
}
