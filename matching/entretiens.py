"""Interviews: slots offered and chosen, moved, cancelled, reminded, and what each side says of them.

Locks follow the order of `services`: the candidature, the mise en relation, then the interview, then its author.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from candidatures.models import Candidature
from common.exceptions import RuleError, TransitionError
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from matching import (
    emails_entretiens,  # noqa: F401  # The worker knows the messages once this module is read.
    services,
)
from matching.agenda import check_slots, reminder_moment, say_hour
from matching.constants import CRENEAUX_MAX
from matching.enums import (
    RESULTATS_PROVISOIRES,
    ModeEntretien,
    MotifRefus,
    ResultatCandidat,
    ResultatStructure,
    StatutEntretien,
    StatutMiseEnRelation,
)
from matching.exceptions import NothingToAnswerError, SlotGoneError
from matching.models import Creneau, Entretien, EntretienTransition, MiseEnRelation
from notifications.models import Effet
from notifications.services import queue_effets
from structures.models import Membre

_E = StatutEntretien
_M = StatutMiseEnRelation


@dataclass(frozen=True)
class Offre:
    """Slots and where: what a member of the structure fills in."""

    debuts: tuple[datetime, ...]
    duree: int
    mode: ModeEntretien
    adresse: str = ""
    lien: str = ""
    message: str = ""

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.duree)

    def values(self) -> dict[str, Any]:
        """Return the columns: of the places typed, only the one of the mode."""
        return {
            "duree": self.duree,
            "mode": self.mode,
            "adresse": self.adresse if self.mode == ModeEntretien.SUR_PLACE else "",
            "lien": self.lien if self.mode == ModeEntretien.DISTANCE else "",
            "message": self.message,
        }


# --- The structure --------------------------------------------------------------------------------------------


@transaction.atomic
def offer(*, mise_en_relation: MiseEnRelation, offre: Offre, by: Role) -> Entretien:
    """Offer slots to the person, who is told. A second click finds the offer made."""
    mise = _lock_mise(mise_en_relation.pk)
    ongoing = mise.entretiens.open().first()
    if ongoing is not None:
        if ongoing.propose_par_id == by.compte_id and _is_offered(ongoing, offre):
            return ongoing
        raise RuleError("Un entretien est déjà en cours d'organisation avec cette personne.")
    if mise.status == _M.INTERESSEE:
        mise = services.plan_interview(mise_en_relation=mise, by=by)
    if mise.status != _M.ENTRETIEN:
        raise TransitionError(mise.get_status_display(), _M.ENTRETIEN)
    _check_offre(offre, mise, by)
    entretien = Entretien.objects.create(mise_en_relation=mise, propose_par=by.compte, **offre.values())
    _add_slots(entretien, offre)
    move = entretien.transitions.create(from_status="", to_status=entretien.status, by=by.compte)
    _tell_candidat("offered", entretien, move)
    return entretien


@transaction.atomic
def offer_again(*, entretien: Entretien, offre: Offre, by: Role, motif: str = "") -> Entretien:
    """Replace the slots: before an answer, after a request for others, or to move what was agreed, with a reason.

    The hour agreed upon no longer holds: both calendars are told at once.
    """
    entretien = _lock(entretien)
    if entretien.status == _E.PROPOSE and _is_offered(entretien, offre):
        return entretien
    _check_movable(entretien)
    mise = entretien.mise_en_relation
    if mise.status not in {_M.ENTRETIEN, _M.RETENUE, _M.CONTRAT}:
        raise TransitionError(mise.get_status_display(), _M.ENTRETIEN)
    _check_offre(offre, mise, by)
    agreed, former = entretien.status == _E.CONFIRME, entretien.propose_par_id
    values = {**offre.values(), "propose_par": by.compte, "motif": motif, "rappele_at": None}
    move = _move(entretien, _E.PROPOSE, by=by.compte, reason=motif, bump=agreed, **values)
    entretien.creneaux.offered().update(retire_at=timezone.now(), updated_at=timezone.now())
    _add_slots(entretien, offre)
    _tell_candidat("offered", entretien, move)
    if agreed:
        _tell_structure("moved", entretien, move, author=former)
    return entretien


@transaction.atomic
def withdraw_slot(*, creneau: Creneau, by: Role) -> Entretien:
    """Take back one of the slots, as long as the person has not answered and others remain."""
    entretien = _lock(creneau.entretien)
    creneau = entretien.creneaux.get(pk=creneau.pk)
    if creneau.retire_at is not None:
        return entretien
    if entretien.status != _E.PROPOSE:
        raise NothingToAnswerError(entretien.get_status_display())
    if not entretien.creneaux.to_come().exclude(pk=creneau.pk).exists():
        raise RuleError("C'est le dernier créneau à venir : proposez-en d'autres, ou annulez l'entretien.")
    creneau.retire_at = timezone.now()
    creneau.save(update_fields=["retire_at", "updated_at"])
    return entretien


# --- The person -----------------------------------------------------------------------------------------------


@transaction.atomic
def choose_slot(*, entretien: Entretien, creneau_id: int, by: Role) -> Entretien:
    """Agree on one of the slots. The same choice twice is one; a slot withdrawn meanwhile is said so."""
    entretien = _lock(entretien)
    creneau = entretien.creneaux.offered().filter(pk=creneau_id).first()
    if entretien.status == _E.CONFIRME and creneau is not None and creneau.debut == entretien.debut:
        return entretien
    if entretien.status != _E.PROPOSE:
        raise NothingToAnswerError(entretien.get_status_display())
    if creneau is None or creneau.debut <= timezone.now():
        raise SlotGoneError
    _check_person_is_free(entretien, creneau)
    # Until the commit, nobody else takes an hour of this author.
    Compte.objects.select_for_update(no_key=True).get(pk=entretien.propose_par_id)
    if _agreed_of(entretien.propose_par_id, entretien).overlapping(creneau.debut, creneau.fin).exists():
        raise RuleError(
            "Cette heure vient d'être prise par un autre entretien de la structure. "
            "Choisissez un autre créneau, ou demandez-en d'autres.",
            field="creneau",
        )
    move = _move(
        entretien,
        _E.CONFIRME,
        by=by.compte,
        reason="",
        bump=entretien.debut is not None,
        debut=creneau.debut,
        fin=creneau.fin,
        motif="",
        rappele_at=_reminded_by_confirmation(entretien, creneau.debut),
    )
    _tell_candidat("confirmed", entretien, move)
    _tell_structure("confirmed", entretien, move)
    return entretien


@transaction.atomic
def ask_other_slots(*, entretien: Entretien, message: str, by: Role) -> Entretien:
    """None suits, or the one agreed upon no longer does: the structure is told what would."""
    entretien = _lock(entretien)
    if entretien.status == _E.AUTRES_DEMANDES and entretien.motif == message:
        return entretien
    _check_movable(entretien)
    agreed = entretien.status == _E.CONFIRME
    move = _move(
        entretien, _E.AUTRES_DEMANDES, by=by.compte, reason=message, bump=agreed, motif=message, rappele_at=None
    )
    _tell_structure("others_asked", entretien, move)
    if agreed:
        _tell_candidat("moved", entretien, move)
    return entretien


# --- Both sides -----------------------------------------------------------------------------------------------


@transaction.atomic
def cancel(*, entretien: Entretien, motif: str, by: Role) -> Entretien:
    """Give the interview up, until it starts. The mise en relation goes on."""
    entretien = _lock(entretien)
    if entretien.status == _E.ANNULE:
        return entretien
    _check_movable(entretien)
    agreed = entretien.debut is not None
    move = _move(entretien, _E.ANNULE, by=by.compte, reason=motif, bump=agreed, motif=motif)
    # Whoever cancels knows; their calendar, when it holds an hour, does not.
    if agreed or by.kind != RoleKind.CANDIDAT:
        _tell_candidat("cancelled", entretien, move)
    if agreed or by.kind == RoleKind.CANDIDAT:
        _tell_structure("cancelled", entretien, move)
    return entretien


@transaction.atomic
def record_structure(
    *, entretien: Entretien, resultat: ResultatStructure, by: Role, motif: MotifRefus | None = None
) -> Entretien:
    """Note what the structure decides once the hour has come. Kept or not, the decision follows at once."""
    entretien = _lock(entretien)
    if entretien.resultat_structure == resultat:
        return entretien
    if entretien.resultat_structure not in RESULTATS_PROVISOIRES:
        raise RuleError("Votre décision est déjà notée : elle ne change plus ici.")
    _record(entretien, "structure", ResultatStructure(resultat), by, resultat_structure=resultat)
    mise = entretien.mise_en_relation
    if resultat == ResultatStructure.RETENU and mise.status not in {_M.RETENUE, _M.CONTRAT, _M.RECRUTEE}:
        services.retain(mise_en_relation=mise, by=by)
    elif resultat == ResultatStructure.NON_RETENU and mise.can_move_to(_M.DECLINEE_STRUCTURE):
        services.decline(mise_en_relation=mise, motif=motif or MotifRefus.AUTRE, by=by)
    return entretien


@transaction.atomic
def record_candidat(
    *, entretien: Entretien, resultat: ResultatCandidat, by: Role, motif: MotifRefus | None = None
) -> Entretien:
    """Note what the person says of it, whatever the structure has said. Not going on declines."""
    entretien = _lock(entretien)
    if entretien.resultat_candidat == resultat:
        return entretien
    if entretien.resultat_candidat not in RESULTATS_PROVISOIRES:
        raise RuleError("Votre réponse est déjà notée. Vous pouvez revenir sur votre refus depuis la proposition.")
    _record(entretien, "candidat", ResultatCandidat(resultat), by, resultat_candidat=resultat)
    mise = entretien.mise_en_relation
    if resultat == ResultatCandidat.NE_POURSUIT_PAS and mise.can_move_to(_M.DECLINEE_CANDIDAT):
        services.decline(mise_en_relation=mise, motif=motif or MotifRefus.AUTRE, by=by)
    return entretien


def _record(
    entretien: Entretien, side: str, resultat: ResultatStructure | ResultatCandidat, by: Role, **values: Any
) -> None:
    if not entretien.has_begun:
        raise RuleError("Le résultat se note une fois l'heure de l'entretien venue.")
    entretien.move_to(_E.TERMINE, by=by.compte, reason=f"{side} : {resultat.label}", **values)


# --- What is decided elsewhere, and time ----------------------------------------------------------------------


def cancel_for_mise(*, mise_en_relation: MiseEnRelation, by: Compte | None) -> None:
    """Cancel what is pending of a mise en relation that closes, whose row the caller has locked, and tell both.

    The message of the closing is news that may be stopped or wait for a digest; hours kept free for nothing may not.
    """
    rows = mise_en_relation.entretiens.pending().select_for_update(of=("self",)).for_message()
    for entretien in rows:
        reason = f"mise en relation : {mise_en_relation.get_status_display().lower()}"
        move = _move(entretien, _E.ANNULE, by=by, reason=reason, bump=entretien.debut is not None, motif="")
        _tell_candidat("cancelled", entretien, move)
        _tell_structure("cancelled", entretien, move)


@transaction.atomic
def remind(*, entretien: Entretien) -> bool:
    """Queue the reminder of each side at a decent hour of their own clock. False when it moved, or is asked for."""
    rows = Entretien.objects.select_for_update(of=("self",)).for_message()
    entretien = rows.get(pk=entretien.pk)
    now = timezone.now()
    if entretien.status != _E.CONFIRME or entretien.rappele_at or entretien.debut is None or entretien.debut <= now:
        return False
    mise = entretien.mise_en_relation
    move = entretien.transitions.latest("pk")
    effets = [_effet("reminder", move, "candidat", mise.candidature.email)]
    effets += [
        _effet("reminder", move, str(pk), email, compte=pk)
        for pk, email in _members(entretien, entretien.propose_par_id)
    ]
    for effet in effets:
        commune = mise.structure.commune if "compte" in effet.charge else mise.candidature.commune
        fuseau = (commune or mise.structure.commune).fuseau
        effet.prochain_at = reminder_moment(entretien.debut, fuseau, now)
    queue_effets(effets)
    Entretien.objects.filter(pk=entretien.pk).update(rappele_at=now)
    return True


# --- Rules ----------------------------------------------------------------------------------------------------


def _lock_mise(pk: int) -> MiseEnRelation:
    """Lock the person then the row, and read both again."""
    person = MiseEnRelation.objects.filter(pk=pk).values("candidature")
    candidature = (
        Candidature.objects.select_for_update(of=("self",)).select_related("commune__departement").get(pk__in=person)
    )
    rows = MiseEnRelation.objects.select_for_update(of=("self",)).select_related("structure__commune__departement")
    mise = rows.get(pk=pk)
    mise.candidature = candidature
    return mise


def _lock(entretien: Entretien) -> Entretien:
    mise = _lock_mise(entretien.mise_en_relation_id)
    entretien = Entretien.objects.select_for_update(of=("self",)).get(pk=entretien.pk)
    entretien.mise_en_relation = mise
    return entretien


def _check_movable(entretien: Entretien) -> None:
    if entretien.has_begun:
        raise RuleError("L'heure de l'entretien est venue : notez plutôt comment il s'est passé.")
    if entretien.status not in {_E.PROPOSE, _E.AUTRES_DEMANDES, _E.CONFIRME}:
        raise NothingToAnswerError(entretien.get_status_display())


def _check_offre(offre: Offre, mise: MiseEnRelation, by: Role) -> None:
    if not 1 <= len(offre.debuts) <= CRENEAUX_MAX:
        raise RuleError(f"Proposez de 1 à {CRENEAUX_MAX} créneaux.", field="creneau_1")
    for rank, sentence in check_slots(offre.debuts, offre.length, timezone.now()).items():
        raise RuleError(sentence, field=f"creneau_{rank + 1}")
    if offre.mode == ModeEntretien.TELEPHONE and not mise.candidature.telephone:
        raise RuleError("Cette personne n'a pas donné de numéro de téléphone. Choisissez un autre mode.", field="mode")
    for rank, debut in enumerate(offre.debuts, start=1):
        other = _agreed_of(by.compte_id).exclude(mise_en_relation=mise).overlapping(debut, debut + offre.length).first()
        if other is not None and other.debut is not None:
            words = say_hour(other.debut, mise.structure.commune)
            raise RuleError(f"Vous avez déjà un entretien confirmé : {words}.", field=f"creneau_{rank}")


def _check_person_is_free(entretien: Entretien, creneau: Creneau) -> None:
    """Nobody is at two interviews at once. The person's row is locked: no other choice is being made."""
    person = entretien.mise_en_relation.candidature
    others = Entretien.objects.filter(mise_en_relation__candidature=person).exclude(pk=entretien.pk)
    other = others.overlapping(creneau.debut, creneau.fin).select_related("mise_en_relation__structure").first()
    if other is not None:
        name = other.mise_en_relation.structure.nom
        raise RuleError(f"Vous avez déjà un entretien à cette heure, avec {name}.", field="creneau")


def _agreed_of(author: int, but: Entretien | None = None) -> Any:
    rows = Entretien.objects.filter(propose_par=author)
    return rows.exclude(pk=but.pk) if but else rows


def _is_offered(entretien: Entretien, offre: Offre) -> bool:
    """Whether these very slots are on offer: a form sent twice."""
    offered = set(entretien.creneaux.offered().values_list("debut", flat=True))
    same = all(getattr(entretien, name) == value for name, value in offre.values().items())
    return same and entretien.status == _E.PROPOSE and offered == set(offre.debuts)


def _add_slots(entretien: Entretien, offre: Offre) -> None:
    Creneau.objects.bulk_create(
        Creneau(entretien=entretien, debut=debut, fin=debut + offre.length) for debut in offre.debuts
    )


def _move(
    entretien: Entretien, status: StatutEntretien, *, by: Compte | None, reason: str, bump: bool, **values: Any
) -> EntretienTransition:
    """Move the interview; `bump`: calendars hold an hour, and must take what follows for newer."""
    entretien.move_to(status, by=by, reason=reason, sequence=entretien.sequence + bump, **values)
    move: EntretienTransition = entretien.transitions.latest("pk")
    return move


def _reminded_by_confirmation(entretien: Entretien, debut: datetime) -> datetime | None:
    """The confirmation of an interview less than a day away is its reminder."""
    now = timezone.now()
    fuseau = entretien.mise_en_relation.structure.commune.fuseau
    return now if reminder_moment(debut, fuseau, now) <= now else None


# --- Who is told ----------------------------------------------------------------------------------------------


def _tell_candidat(event: str, entretien: Entretien, move: EntretienTransition) -> None:
    queue_effets([_effet(event, move, "candidat", entretien.mise_en_relation.candidature.email)])


def _tell_structure(event: str, entretien: Entretien, move: EntretienTransition, author: int | None = None) -> None:
    people = _members(entretien, author or entretien.propose_par_id)
    queue_effets([_effet(event, move, str(pk), email, compte=pk) for pk, email in people])


def _members(entretien: Entretien, author: int) -> Iterable[tuple[int, str]]:
    """The member who receives; every member once that one has left."""
    rows = Membre.objects.filter(structure=entretien.mise_en_relation.structure_id, compte__is_active=True)
    people = list(rows.order_by("pk").values_list("compte", "compte__email"))
    return [person for person in people if person[0] == author] or people


def _effet(event: str, move: EntretienTransition, who: str, email: str, **charge: int) -> Effet:
    genre = f"matching.entretien_{event}"
    cle = f"{genre}:{move.pk}:{who}"
    return Effet(cle=cle, genre=genre, destinataire=email, charge={"transition": move.pk, **charge})
