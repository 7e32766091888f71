"""Who may act on a contract. When an act is possible is the business of the model and the services."""

from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Contrat
from matching.models import MiseEnRelation
from matching.permissions import can_recruit_for


def can_prepare(role: Role, mise: MiseEnRelation) -> bool:
    """A member of the structure that retained the person."""
    return can_recruit_for(role, mise.structure_id)


def can_transmit(role: Role, contrat: Contrat) -> bool:
    return can_recruit_for(role, contrat.structure_id)


def can_abandon(role: Role, contrat: Contrat) -> bool:
    return can_recruit_for(role, contrat.structure_id)


def can_send_back(role: Role, contrat: Contrat) -> bool:
    return role.kind == RoleKind.BDT


def can_validate(role: Role, contrat: Contrat) -> bool:
    """Someone of the Banque des Territoires, but not the person who transmitted it."""
    return role.kind == RoleKind.BDT and contrat.transmis_par_id != role.compte_id
