from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompagnements import permissions
from accompagnements.models import Appartenance, Groupe
from common.dates import today_in
from common.exceptions import RuleError
from comptes.models import Role
from contrats.models import Conseiller


@transaction.atomic
def propose_appartenance(
    *, groupe: Groupe, conseiller: Conseiller, debut: date, by: Role, fin: date | None = None
) -> Appartenance:
    """Ask for a conseiller in a group. ANCT decides: proposed by ANCT itself, it is accepted at once."""
    if fin is not None and fin < debut:
        raise RuleError("La fin ne peut pas précéder le début.", field="fin")
    row = Appartenance(groupe=groupe, conseiller=conseiller, debut=debut, fin=fin, proposee_par=by.compte)
    if permissions.can_accept(by, row):
        row.acceptee_par, row.acceptee_at = by.compte, timezone.now()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        message = "Ce conseiller est déjà dans le groupe, ou proposé, à ces dates."
        raise RuleError(message, field="conseiller") from error
    return row


@transaction.atomic
def accept_appartenance(*, appartenance: Appartenance, by: Role) -> Appartenance:
    row = _lock(appartenance)
    if row.is_accepted:
        raise RuleError("Cette proposition est déjà acceptée.")
    row.acceptee_par, row.acceptee_at = by.compte, timezone.now()
    row.save(update_fields=["acceptee_par", "acceptee_at", "updated_at"])
    return row


@transaction.atomic
def refuse_appartenance(*, appartenance: Appartenance, by: Role) -> None:
    """Remove a proposition: nothing was ever shown because of it."""
    row = _lock(appartenance)
    if row.is_accepted:
        raise RuleError("Ce conseiller est déjà dans le groupe : mettez fin à son appartenance.")
    row.delete()


@transaction.atomic
def end_appartenance(*, appartenance: Appartenance, fin: date, by: Role) -> Appartenance | None:
    """Write the last day of a period. What was counted until then stays the group's; a proposition is withdrawn."""
    row = _lock(appartenance)
    if not row.is_accepted:
        row.delete()
        return None
    today = today_in(row.groupe.departement.fuseau)
    if row.fin is not None and row.fin <= today:
        raise RuleError(f"Cette appartenance a pris fin le {row.fin:%d/%m/%Y}.", field="fin")
    if fin > today:
        raise RuleError(f"Cette date est à venir : nous sommes le {today:%d/%m/%Y}.", field="fin")
    if fin < row.debut:
        raise RuleError(f"Cette personne est dans le groupe depuis le {row.debut:%d/%m/%Y}.", field="fin")
    row.fin = fin
    row.save(update_fields=["fin", "updated_at"])
    return row


def _lock(appartenance: Appartenance) -> Appartenance:
    rows = Appartenance.objects.select_for_update(of=("self",)).select_related("groupe__departement")
    row = rows.filter(pk=appartenance.pk).first()
    if row is None:
        raise RuleError("Cette proposition a été retirée entre-temps.")
    return row
