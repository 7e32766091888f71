"""Who may act on an accompagnement. When it is possible is the business of the services."""

from accompagnements.models import (
    Accompagnement,
    Appartenance,
    Coordination,
    Groupe,
    LieuActivite,
)
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller


def can_log(role: Role, conseiller: Conseiller) -> bool:
    """A conseiller writes their own activity; nobody writes it for them."""
    return role.kind == RoleKind.CONSEILLER and conseiller.compte_id == role.compte_id


def can_change(role: Role, accompagnement: Accompagnement) -> bool:
    return can_log(role, accompagnement.conseiller)


def can_coordinate(role: Role, coordination: Coordination) -> bool:
    """A coordinateur writes their own activity; nobody writes it for them."""
    return role.kind == RoleKind.COORDINATEUR and coordination.coordinateur_id == role.compte_id


def can_propose(role: Role, groupe: Groupe) -> bool:
    """Who leads a group proposes its members and lets them go."""
    return role.kind == RoleKind.COORDINATEUR and groupe.coordinateur_id == role.compte_id


def can_accept(role: Role, appartenance: Appartenance) -> bool:
    """ANCT decides whose activity a coordinateur reads."""
    return role.kind == RoleKind.ANCT


def can_manage_lieu(role: Role, lieu: LieuActivite) -> bool:
    """Those who receive in a place describe it, while it is open; support does it in the administration."""
    return (
        role.kind == RoleKind.CONSEILLER
        and lieu.archived_at is None
        and lieu.conseillers.filter(compte=role.compte_id).exists()
    )
