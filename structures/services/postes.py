from django.db import transaction

from comptes.models import Role
from structures.enums import StatutPoste
from structures.models import Poste, Structure
from structures.signals import postes_opened


def _lock(poste: Poste) -> Poste:
    return Poste.objects.select_for_update(of=("self",)).select_related("structure").get(pk=poste.pk)


@transaction.atomic
def fill_poste(*, poste: Poste, by: Role | None) -> Poste:
    """Occupy a vacant post. Of two at once, the second one is refused (TransitionError)."""
    poste = _lock(poste)
    poste.move_to(StatutPoste.POURVU, by=by.compte if by else None)
    return poste


@transaction.atomic
def free_poste(*, poste: Poste, by: Role | None, reason: str = "") -> Poste:
    """Make an occupied post vacant again, and open to matching."""
    poste = _lock(poste)
    poste.move_to(StatutPoste.VACANT, by=by.compte if by else None, reason=reason)
    postes_opened.send(sender=Structure, structure=poste.structure)
    return poste
