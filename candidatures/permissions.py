"""Who may act on a candidature. When an action is possible is the business of the model and of the services."""

from allauth.mfa.utils import is_mfa_enabled

from candidatures.models import Candidature
from comptes.enums import OWN_DATA_ROLES, RoleKind
from comptes.models import Compte, Role


def can_edit(role: Role, candidature: Candidature) -> bool:
    """The person, on their own candidature."""
    return role.kind in OWN_DATA_ROLES and candidature.compte_id == role.compte_id


def can_withdraw(role: Role, candidature: Candidature) -> bool:
    """The person, or ANCT in their place (a letter, a call to support)."""
    return role.kind == RoleKind.ANCT or can_edit(role, candidature)


def can_pause(role: Role, candidature: Candidature) -> bool:
    return can_withdraw(role, candidature)


def can_sign_in_by_link(compte: Compte) -> bool:
    """A link received by e-mail opens the session of an account that nothing else protects.

    A password or a second factor is never bypassed, nor the duty to have one.
    """
    if not compte.is_active or compte.has_usable_password() or is_mfa_enabled(compte):
        return False
    return not any(role.needs_second_factor for role in compte.roles.active())
