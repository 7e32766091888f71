"""The interviews of a mise en relation as its page prints them, for the side that reads."""

from dataclasses import dataclass, field

from django.db.models import Prefetch
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Role
from matching import permissions
from matching.agenda import say_hour, say_place
from matching.enums import (
    RESULTATS_PROVISOIRES,
    STATUTS_ENTRETIEN_OUVERTS,
    StatutEntretien,
    StatutMiseEnRelation,
)
from matching.models import Creneau, Entretien, MiseEnRelation
from territoires.models import Commune

_E = StatutEntretien
_M = StatutMiseEnRelation
BADGES = {_E.PROPOSE: "new", _E.AUTRES_DEMANDES: "warning", _E.CONFIRME: "success", _E.TERMINE: "info"}


@dataclass(frozen=True)
class Act:
    label: str
    url: str
    secondary: bool = True


@dataclass(frozen=True)
class Slot:
    words: str
    withdraw_url: str = ""


@dataclass(frozen=True)
class Card:
    """One interview: ready words, and what this role may do of it now."""

    title: str
    badge: str
    badge_type: str
    facts: list[str]
    lien: str
    message: str
    words: str
    words_title: str
    ics_url: str
    slots: list[Slot] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True)
class Entretiens:
    offer_url: str
    cards: list[Card]


def present_entretiens(role: Role, mise: MiseEnRelation) -> Entretiens:
    """Two queries, whatever the number of interviews."""
    slots = Prefetch("creneaux", Creneau.objects.to_come(), to_attr="slots")
    rows = list(mise.entretiens.select_related("propose_par").prefetch_related(slots).order_by("-pk"))
    is_person = permissions.is_candidat(role, mise)
    is_member = permissions.can_review(role, mise)
    may_offer = is_member and permissions.may_share_contact(mise.candidature)
    free = mise.status in {_M.INTERESSEE, _M.ENTRETIEN} and not any(
        row.status in STATUTS_ENTRETIEN_OUVERTS for row in rows
    )
    own_side = role.kind in {RoleKind.CANDIDAT, RoleKind.CONSEILLER}
    return Entretiens(
        offer_url=reverse("matching:interview", args=[mise.pk]) if may_offer and free else "",
        cards=[_card(row, mise, is_person=is_person, is_member=is_member, own_side=own_side) for row in rows],
    )


def _card(row: Entretien, mise: MiseEnRelation, *, is_person: bool, is_member: bool, own_side: bool) -> Card:
    place = mise.structure.commune
    other = mise.candidature.commune if own_side else None
    status = _E(row.status)
    words, title = _words(row, mise, own_side=own_side)
    return Card(
        title=_title(row, place, other),
        badge=row.get_status_display(),
        badge_type=BADGES.get(status, ""),
        facts=_facts(row, own_side=own_side),
        lien=row.lien if status == _E.CONFIRME else "",
        message=row.message if status in STATUTS_ENTRETIEN_OUVERTS else "",
        words=words,
        words_title=title,
        ics_url=reverse("matching:entretien_ics", args=[row.pk])
        if status == _E.CONFIRME and not row.has_begun and (is_person or is_member)
        else "",
        slots=_slots(row, place, other, is_member=is_member),
        acts=_acts(row, is_person=is_person, is_member=is_member),
    )


def _title(row: Entretien, place: Commune, other: Commune | None) -> str:
    if row.debut is None or row.status in {_E.PROPOSE, _E.AUTRES_DEMANDES}:
        return f"Heure à convenir, {row.duree} minutes"
    words = say_hour(row.debut, place, other)
    return f"{words[0].upper()}{words[1:]}, {row.duree} minutes"


def _facts(row: Entretien, *, own_side: bool) -> list[str]:
    facts = [say_place(row)]
    if not own_side:
        facts.append(f"Proposé par {row.propose_par.prenom} {row.propose_par.nom}")
    result = row.get_resultat_candidat_display() if own_side else row.get_resultat_structure_display()
    # Each side reads its own words: those of the other would weigh on them.
    return [*facts, f"Votre réponse : {result}"] if result else facts


def _words(row: Entretien, mise: MiseEnRelation, *, own_side: bool) -> tuple[str, str]:
    """What was said with the last move. A structure reads the person's words while it may read how to reach them."""
    if not row.motif or not (own_side or mise.is_unveiled):
        return "", ""
    if row.status == _E.AUTRES_DEMANDES:
        return row.motif, "Créneaux souhaités"
    return row.motif, "Motif de l'annulation" if row.status == _E.ANNULE else "Motif du changement"


def _slots(row: Entretien, place: Commune, other: Commune | None, *, is_member: bool) -> list[Slot]:
    if row.status != _E.PROPOSE:
        return []
    slots: list[Creneau] = row.slots  # type: ignore[attr-defined]
    withdraws = is_member and len(slots) > 1
    return [
        Slot(
            words=say_hour(slot.debut, place, other),
            withdraw_url=reverse("matching:entretien_withdraw", args=[row.pk, slot.pk]) if withdraws else "",
        )
        for slot in slots
    ]


def _acts(row: Entretien, *, is_person: bool, is_member: bool) -> list[Act]:
    """Which buttons: who may, and when."""
    status = _E(row.status)

    def act(label: str, name: str, *, secondary: bool = True) -> Act:
        return Act(label, reverse(f"matching:entretien_{name}", args=[row.pk]), secondary)

    acts: list[Act] = []
    if not (is_person or is_member):
        return acts
    if row.has_begun:
        told = row.resultat_candidat if is_person else row.resultat_structure
        if told not in RESULTATS_PROVISOIRES:
            return acts
        label = "Modifier le résultat" if told else "Noter le résultat"
        return [act(label, "result", secondary=bool(told))]
    if status not in STATUTS_ENTRETIEN_OUVERTS:
        return acts
    if is_person and status == _E.PROPOSE:
        acts.append(act("Choisir un créneau", "choose", secondary=False))
    if is_person and status in {_E.PROPOSE, _E.CONFIRME}:
        acts.append(act("Demander d'autres créneaux", "others"))
    if is_member:
        urgent = status == _E.AUTRES_DEMANDES
        label = "Déplacer l'entretien" if status == _E.CONFIRME else "Proposer d'autres créneaux"
        acts.append(act(label, "move", secondary=not urgent))
    return [*acts, act("Annuler l'entretien", "cancel")]
