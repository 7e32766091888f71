"""Proposals, and what each side does of them.

Locks are always taken in one order, here and in `contrats`: the candidature, its mises en relation, the post, the
contract. Allocation (`matching.proposals`) runs alone, before any of them.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from common.exceptions import RuleError, TransitionError
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from matching import emails, selectors  # noqa: F401  # The worker knows the messages once this module is read.
from matching.enums import STATUTS_OUVERTS, STATUTS_SANS_REPONSE, MotifRefus, Origine, StatutMiseEnRelation
from matching.exceptions import (
    AlreadyProposedError,
    NoLongerAvailableError,
    NotCompatibleError,
    NoVacantPosteError,
    RefusedPairError,
    WithdrawnProposalError,
)
from matching.models import Attentes, MiseEnRelation
from matching.proposals import (  # noqa: F401  # One door: jobs, actions and other apps call services.
    announce,
    propose_for_candidature,
    propose_for_structure,
    queue_proposals,
    queue_run,
    queue_settlement,
    queue_try,
    read_poids,
    rooms_of_structures,
    run_matching,
    score,
    try_poids,
    weights_of,
)
from matching.selectors import Besoin
from matching.signals import mise_en_relation_closed
from notifications.services import queue_effet
from structures.models import Membre, Poste, Structure

_S = StatutMiseEnRelation


# --- The structure --------------------------------------------------------------------------------------------


def _lock(mise: MiseEnRelation) -> MiseEnRelation:
    """Lock the person then the row, and read both again."""
    candidature = (
        Candidature.objects.select_for_update(of=("self",))
        .select_related("commune__departement")
        .get(pk=mise.candidature_id)
    )
    rows = MiseEnRelation.objects.select_for_update(of=("self",)).select_related("structure__commune__departement")
    locked = rows.filter(pk=mise.pk).first()
    if locked is None:
        raise WithdrawnProposalError
    locked.candidature = candidature
    return locked


def is_possible(mise: MiseEnRelation, besoin: Besoin | None) -> bool:
    """Whether the two may still come together: what `_check_still_possible` will say under the lock."""
    return mise.candidature.status == StatutCandidature.ACTIVE and besoin is not None


def _check_still_possible(mise: MiseEnRelation) -> None:
    if mise.candidature.status != StatutCandidature.ACTIVE:
        raise NoLongerAvailableError
    if not Poste.objects.vacant().filter(structure=mise.structure_id).exists():
        raise NoVacantPosteError


@transaction.atomic
def mark_interest(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """The structure wants to meet the person, who is told who is looking. A second click changes nothing."""
    mise = _lock(mise_en_relation)
    if mise.status == _S.INTERESSEE:
        return mise
    if mise.status != _S.PROPOSEE:  # The table also leads here from the candidat's refusal: only their undo may.
        raise TransitionError(mise.get_status_display(), _S.INTERESSEE)
    _check_still_possible(mise)
    mise.move_to(_S.INTERESSEE, by=by.compte, interessee_at=timezone.now())
    _tell_candidat("matching.interest", mise)
    return mise


@transaction.atomic
def explore_interest(*, structure: Structure, candidature: Candidature, by: Role) -> MiseEnRelation:
    """Mark interest in someone the platform did not propose. The rules are the same, checked again."""
    candidature = Candidature.objects.select_for_update(of=("self",)).get(pk=candidature.pk)
    rows = MiseEnRelation.objects.select_for_update(of=("self",))
    mise = rows.filter(candidature=candidature, structure=structure).first()
    if mise is not None and mise.status in {_S.DECLINEE_STRUCTURE, _S.DECLINEE_CANDIDAT}:
        raise RefusedPairError
    if mise is None or mise.status in {_S.EXPIREE, _S.ANNULEE}:
        mise = _open_by_hand(structure, candidature, mise, by=by)
    elif mise.status != _S.PROPOSEE:
        return mise
    return mark_interest(mise_en_relation=mise, by=by)


def _open_by_hand(
    structure: Structure,
    candidature: Candidature,
    mise: MiseEnRelation | None,
    *,
    by: Role,
    origine: Origine = Origine.EXPLORATION,
    reason: str = "",
) -> MiseEnRelation:
    values = {**_pair_values(structure, candidature), "origine": origine, "raison": reason}
    if reason:
        values["proposee_par"] = by.compte
    if mise is None:
        return MiseEnRelation.objects.create(candidature=candidature, structure=structure, **values)
    mise.move_to(_S.PROPOSEE, by=by.compte, reason=reason, **values)
    return mise


def _pair_values(structure: Structure, candidature: Candidature) -> dict[str, Any]:
    """Check the hard filters of one pair, and return what its row says of it."""
    if candidature.status != StatutCandidature.ACTIVE:
        raise NoLongerAvailableError
    besoin = selectors.get_besoin(structure)
    if besoin is None:
        raise NoVacantPosteError
    compatible = selectors.compatible_candidatures(besoin).filter(pk=candidature.pk).first()
    result = compatible and score(
        compatible,
        besoin=besoin,
        distance_km=compatible.distance_km,  # type: ignore[attr-defined]
        poids=read_poids(),
    )
    if not compatible or not result:
        raise NotCompatibleError
    return {
        "distance_km": compatible.distance_km,  # type: ignore[attr-defined]
        "score": result.total,
        "details": result.details,
    }


def check_pair_by_hand(*, candidature: Candidature, structure: Structure) -> None:
    """Refuse, with the reason, a pair that nobody may propose: for a form to say so beside what was typed."""
    mise = MiseEnRelation.objects.filter(candidature=candidature, structure=structure).first()
    if mise is not None and mise.status in {_S.DECLINEE_STRUCTURE, _S.DECLINEE_CANDIDAT}:
        raise RefusedPairError
    if mise is not None and mise.status not in {_S.EXPIREE, _S.ANNULEE}:
        raise AlreadyProposedError
    _pair_values(structure, candidature)


@transaction.atomic
def propose_by_hand(*, candidature: Candidature, structure: Structure, reason: str, by: Role) -> MiseEnRelation:
    """Propose someone to a structure because a person of the ANCT says why. Both are told, as of any proposal.

    The hard filters hold, and a refusal is remembered; the caps, which spread what the machine does, do not apply.
    """
    candidature = Candidature.objects.select_for_update(of=("self",)).get(pk=candidature.pk)
    rows = MiseEnRelation.objects.select_for_update(of=("self",))
    mise = rows.filter(candidature=candidature, structure=structure).first()
    check_pair_by_hand(candidature=candidature, structure=structure)
    mise = _open_by_hand(structure, candidature, mise, by=by, origine=Origine.MANUELLE, reason=reason)
    announce([(candidature.pk, structure.pk)], {candidature.pk: candidature})
    return mise


@transaction.atomic
def plan_interview(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """Note that the structure and the person are to meet. `entretiens.offer` tells the person when."""
    mise = _lock(mise_en_relation)
    if mise.status == _S.ENTRETIEN:
        return mise
    _check_still_possible(mise)
    mise.move_to(_S.ENTRETIEN, by=by.compte)
    return mise


@transaction.atomic
def retain(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """The structure chooses this person: the contract is next."""
    mise = _lock(mise_en_relation)
    if mise.status == _S.RETENUE:
        return mise
    if mise.status == _S.CONTRAT:  # A contract goes back to this status by its own service.
        raise TransitionError(mise.get_status_display(), _S.RETENUE)
    _check_still_possible(mise)
    mise.move_to(_S.RETENUE, by=by.compte)
    _tell_candidat("matching.retained", mise)
    return mise


# --- Both sides -----------------------------------------------------------------------------------------------


@transaction.atomic
def accept(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """The candidat says yes to an interest: the structure is told, and may no longer take its interest back."""
    mise = _lock(mise_en_relation)
    if mise.status != _S.INTERESSEE:
        raise TransitionError(mise.get_status_display(), _S.INTERESSEE)
    if mise.acceptee_at is None:
        _check_still_possible(mise)
        _answer(mise, timezone.now())
        _tell_structure("matching.accepted", mise)
    return mise


def _answer(mise: MiseEnRelation, at: datetime | None) -> None:
    mise.acceptee_at = at
    mise.save(update_fields=["acceptee_at", "updated_at"])


@transaction.atomic
def decline(
    *, mise_en_relation: MiseEnRelation, motif: MotifRefus, by: Role, among: Collection[str] = STATUTS_OUVERTS
) -> MiseEnRelation:
    """One side says no. The pair will never be proposed again, and the slot goes to someone else.

    `among`: the statuses this no was meant for.
    """
    mise = _lock(mise_en_relation)
    by_candidat = by.kind == RoleKind.CANDIDAT
    status = _S.DECLINEE_CANDIDAT if by_candidat else _S.DECLINEE_STRUCTURE
    if mise.status == status:
        return mise
    if mise.status not in among:
        raise TransitionError(mise.get_status_display(), status)
    mise.move_to(status, by=by.compte, reason=MotifRefus(motif).label, motif=motif)
    mise_en_relation_closed.send(sender=MiseEnRelation, mise_en_relation=mise, by=by.compte)
    if by_candidat:
        _tell_structure("matching.declined_by_candidat", mise)
    else:
        _tell_candidat("matching.declined_by_structure", mise)
    queue_proposals(structure_id=mise.structure_id, candidature_id=mise.candidature_id)
    return mise


def decline_several(
    *, mises_en_relation: Iterable[MiseEnRelation], motif: MotifRefus, by: Role
) -> list[tuple[MiseEnRelation, RuleError]]:
    """Say no to several people at once; return those it is too late for, and why.

    Each in a transaction of its own: what one of them did meanwhile keeps none of the others, and two bulk refusals
    never wait for each other's rows. Someone already retained is declined one by one, on their own page.
    """
    refused = []
    for mise in mises_en_relation:
        try:
            decline(mise_en_relation=mise, motif=motif, by=by, among=STATUTS_SANS_REPONSE)
        except RuleError as error:
            refused.append((mise, error))
    return refused


@transaction.atomic
def undo(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """Take back the last move of one's own side: `permissions.can_undo` says whose it is."""
    mise = _lock(mise_en_relation)
    if (by.kind == RoleKind.CANDIDAT) != mise.is_last_move_of_candidat:
        raise TransitionError(mise.get_status_display(), _S.PROPOSEE)
    _check_still_possible(mise)
    match mise.status:
        case _S.INTERESSEE if by.kind == RoleKind.CANDIDAT:
            _answer(mise, None)
        case _S.DECLINEE_CANDIDAT:
            last = mise.transitions.latest("pk")
            back = _S.PROPOSEE if last.from_status == _S.PROPOSEE else _S.INTERESSEE
            mise.move_to(back, by=by.compte, reason="annulation", motif="")
            _tell_structure("matching.back", mise)
        case _S.INTERESSEE if mise.origine == Origine.EXPLORATION:
            # The platform never proposed it: without the structure's interest nothing is left.
            mise.move_to(_S.ANNULEE, by=by.compte, reason="annulation", interessee_at=None)
        case _S.INTERESSEE | _S.DECLINEE_STRUCTURE:
            mise.move_to(_S.PROPOSEE, by=by.compte, reason="annulation", motif="", interessee_at=None)
        case _:
            raise TransitionError(mise.get_status_display(), _S.PROPOSEE)
    return mise


# --- The machine, and what other apps decide --------------------------------------------------------------------


@transaction.atomic
def expire(*, mise_en_relation: MiseEnRelation, before: datetime) -> bool:
    """Close what nobody has answered since `before`, and tell both sides. False when someone just did."""
    mise = _lock(mise_en_relation)
    if mise.status not in STATUTS_SANS_REPONSE or mise.updated_at >= before:
        return False
    if mise.entretiens.alive_since(before).exists():
        return False
    mise.move_to(_S.EXPIREE, by=None, reason="sans réponse dans le délai")
    mise_en_relation_closed.send(sender=MiseEnRelation, mise_en_relation=mise, by=None)
    _tell_candidat("matching.expired_for_candidat", mise)
    _tell_structure("matching.expired_for_structure", mise)
    queue_proposals(structure_id=mise.structure_id, candidature_id=mise.candidature_id)
    return True


def cancel_for_candidature(*, candidature: Candidature, by: Compte | None, reason: str) -> None:
    """Close every open mise en relation of a person whose row the caller has locked, and tell the structures.

    Nobody hears of the end of a proposal they were never told of.
    """
    provisional = set(MiseEnRelation.objects.provisional().filter(candidature=candidature).values_list("pk", flat=True))
    rows = MiseEnRelation.objects.open().select_for_update(of=("self",)).filter(candidature=candidature)
    for mise in rows.select_related("structure").order_by("pk"):
        _cancel(mise, by=by, reason=reason)
        if mise.pk not in provisional:
            _tell_structure("matching.cancelled_for_structure", mise)
        queue_proposals(structure_id=mise.structure_id)


def record_recruitment(*, mise_en_relation: MiseEnRelation, by: Role) -> MiseEnRelation:
    """Mark the one that succeeds, close the person's others. Called with the candidature locked."""
    mise = _lock(mise_en_relation)
    mise.move_to(_S.RECRUTEE, by=by.compte)
    cancel_for_candidature(candidature=mise.candidature, by=by.compte, reason="recrutement par une autre structure")
    queue_settlement(structure_id=mise.structure_id)
    return mise


@transaction.atomic
def save_attentes(*, structure: Structure, langues: list[str], savoir_etre: list[str], by: Role) -> Attentes:
    """Write what a structure asks of its posts; it tells with what is proposed from now on, never with what was."""
    # One writer at a time for a structure: the last one wins whole.
    Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
    asked = {"langues": sorted(langues), "savoir_etre": sorted(savoir_etre)}
    attentes, _ = Attentes.objects.update_or_create(structure=structure, defaults=asked)
    queue_proposals(structure_id=structure.pk)
    return attentes


def settle_structure(*, structure_id: int) -> int:
    """Give back the proposals a structure has no more posts for, the weakest first, and tell the candidats.

    While it has a vacant post, what a person began (an interest, an interview) goes on.
    """
    poids = read_poids()
    rows = MiseEnRelation.objects.open().filter(structure=structure_id)
    excess = -rooms_of_structures([structure_id], poids)[structure_id]
    if Poste.objects.vacant().filter(structure=structure_id).exists():
        rows = rows.filter(status=_S.PROPOSEE)
    ranked = sorted(rows.select_related("candidature"), key=lambda m: (m.score, str(m.candidature.reference)))
    return sum(_give_back(mise) for mise in ranked[: max(0, excess)])


@transaction.atomic
def _give_back(mise_en_relation: MiseEnRelation) -> bool:
    mise = _lock(mise_en_relation)
    if not mise.can_move_to(_S.ANNULEE):
        return False
    told = not MiseEnRelation.objects.provisional().filter(pk=mise.pk).exists()
    _cancel(mise, by=None, reason="poste pourvu")
    if told:
        _tell_candidat("matching.cancelled_for_candidat", mise)
    queue_proposals(candidature_id=mise.candidature_id)
    return True


def _cancel(mise: MiseEnRelation, *, by: Compte | None, reason: str) -> None:
    mise.move_to(_S.ANNULEE, by=by, reason=reason, provisoire=False)
    mise_en_relation_closed.send(sender=MiseEnRelation, mise_en_relation=mise, by=by)


# --- Who is told ----------------------------------------------------------------------------------------------


def _tell_candidat(genre: str, mise: MiseEnRelation) -> None:
    """Queue a message about the move just made: its key is the move's, so that it leaves once."""
    transition = mise.transitions.latest("pk")
    cle = f"{genre}:{transition.pk}:candidat"
    queue_effet(genre, cle=cle, destinataire=mise.candidature.email, transition=transition.pk)


def _tell_structure(genre: str, mise: MiseEnRelation) -> None:
    transition = mise.transitions.latest("pk")
    # Two answers to one interest, the first taken back, are two events.
    event = f"{transition.pk}:{mise.acceptee_at.isoformat()}" if mise.acceptee_at else str(transition.pk)
    members = Membre.objects.filter(structure=mise.structure_id, compte__is_active=True).select_related("compte")
    for membre in members:
        cle = f"{genre}:{event}:{membre.compte_id}"
        queue_effet(
            genre,
            cle=cle,
            destinataire=membre.compte.email,
            transition=transition.pk,
            compte=membre.compte_id,
        )
