from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accompagnements.constants import PREMIER_JOUR
from accompagnements.enums import ActeRevision, TypeCoordination
from accompagnements.exceptions import AlreadyRecordedError, StaleError
from accompagnements.models import Coordination, CoordinationRevision
from accompagnements.selectors import today_in
from accompagnements.services.historique import ask_reason, changes, check, copy_of, label_of
from common.exceptions import RuleError
from comptes.models import Compte, Role

COORDINATION_FIELDS = [
    "type", "titre", "date", "duree", "commune", "echelon", "objet", "participants", "organismes", "partenaire",
    "notes",
]  # fmt: skip


def fill_coordination(coordination: Coordination, values: Mapping[str, Any]) -> Coordination:
    """Write the values on an unsaved row. A partnership is counted by its organismes, the rest by its participants."""
    for name in COORDINATION_FIELDS:
        if name in values:
            setattr(coordination, name, values[name])
    if coordination.type == TypeCoordination.PARTENARIAT:
        coordination.participants = 0
    else:
        coordination.partenaire = ""
    return coordination


def coordination_errors(coordination: Coordination) -> Iterator[RuleError]:
    """Yield the rules a filled row breaks that its columns alone cannot tell."""
    if coordination.date < PREMIER_JOUR:
        message = f"Le programme a commencé le {PREMIER_JOUR:%d/%m/%Y} : indiquez une date à partir de ce jour."
        yield RuleError(message, field="date")
    today = today_in(coordination.commune)
    if coordination.date > today:
        message = f"Cette date est à venir : à {coordination.commune.nom}, nous sommes le {today:%d/%m/%Y}."
        yield RuleError(message, field="date")


def _check(coordination: Coordination) -> None:
    check(coordination)
    for broken in coordination_errors(coordination):
        raise broken


def create_coordination(*, coordinateur: Compte, uuid: UUID, values: Mapping[str, Any], by: Role) -> Coordination:
    """Record an activity once, however many times it is sent: the browser gave it its uuid."""
    coordination = fill_coordination(Coordination(coordinateur=coordinateur, uuid=uuid), values)
    _check(coordination)
    try:
        with transaction.atomic():
            coordination.save(force_insert=True)
    except IntegrityError:
        recorded = Coordination.objects.filter(uuid=uuid).first()
        if recorded is None:
            raise
        is_same = recorded.coordinateur_id == coordinateur.pk
        if not is_same or changes(recorded, coordination, COORDINATION_FIELDS):
            raise AlreadyRecordedError("Cette activité est déjà enregistrée") from None
        return recorded
    return coordination


@transaction.atomic
def update_coordination(
    *, coordination: Coordination, values: Mapping[str, Any], version: str, reason: str = "", by: Role
) -> Coordination:
    """Change an activity and keep what it was. `version` is the one the person saw: another is never overwritten."""
    coordination = _lock(coordination)
    before, avant = copy_of(coordination), coordination_snapshot(coordination)
    fill_coordination(coordination, values)
    changed = changes(before, coordination, COORDINATION_FIELDS)
    if not changed:
        return coordination
    if version != before.version:
        differences = [f"{coordination_label(name)} : {avant[name]}" for name in changed]
        raise StaleError(differences, "Cette activité a été modifiée")
    ask_reason(before, reason)
    _check(coordination)
    coordination.save()
    _keep(coordination, ActeRevision.MODIFICATION, avant, coordination_snapshot(coordination), reason, by)
    return coordination


@transaction.atomic
def delete_coordination(*, coordination: Coordination, reason: str = "", by: Role) -> None:
    coordination = _lock(coordination)
    ask_reason(coordination, reason)
    _keep(coordination, ActeRevision.SUPPRESSION, coordination_snapshot(coordination), None, reason, by)
    coordination.delete()


def _lock(coordination: Coordination) -> Coordination:
    rows = Coordination.objects.select_for_update(of=("self",)).select_related("commune__departement")
    row = rows.filter(pk=coordination.pk).first()
    if row is None:
        raise RuleError("Cette activité a été supprimée entre-temps.")
    return row


def coordination_label(name: str) -> str:
    return label_of(Coordination, name)


def coordination_snapshot(coordination: Coordination) -> dict[str, Any]:
    """Return the row as its history keeps it: exchange values, and never the text of the notes."""
    values = {name: getattr(coordination, name) for name in COORDINATION_FIELDS}
    return values | {
        "date": coordination.date.isoformat(),
        "commune": coordination.commune_id,
        "notes": f"{len(coordination.notes)} caractères" if coordination.notes else "",
    }


def _keep(
    coordination: Coordination,
    acte: ActeRevision,
    avant: dict[str, Any],
    apres: dict[str, Any] | None,
    reason: str,
    by: Role,
) -> None:
    CoordinationRevision.objects.create(
        coordination_pk=coordination.pk,
        coordinateur=coordination.coordinateur,
        acte=acte,
        avant=avant,
        apres=apres,
        reason=reason.strip(),
        by=by.compte,
    )
