"""Who may act on a mise en relation. When an act is possible is the business of the model and the services."""

from candidatures.models import Candidature
from common.dates import age_on, today_in
from comptes.enums import RoleKind
from comptes.models import Role
from matching.enums import StatutMiseEnRelation
from matching.models import MiseEnRelation
from structures.models import Membre

MAJORITE = 18
_S = StatutMiseEnRelation


def can_recruit_for(role: Role, structure_id: int) -> bool:
    """A member of the structure, as such."""
    return (
        role.kind == RoleKind.STRUCTURE
        and Membre.objects.filter(structure=structure_id, compte=role.compte_id).exists()
    )


def can_review(role: Role, mise: MiseEnRelation) -> bool:
    """The structure it was proposed to marks its interest, plans an interview, retains."""
    return can_recruit_for(role, mise.structure_id)


def is_candidat(role: Role, mise: MiseEnRelation) -> bool:
    return role.kind == RoleKind.CANDIDAT and mise.candidature.compte_id == role.compte_id


def can_decline(role: Role, mise: MiseEnRelation) -> bool:
    """Either side may say no, with a reason."""
    return is_candidat(role, mise) or can_review(role, mise)


def can_accept(role: Role, mise: MiseEnRelation) -> bool:
    """The person answers yes to a structure that is interested."""
    return is_candidat(role, mise)


def can_undo(role: Role, mise: MiseEnRelation) -> bool:
    """Whoever made the last move may take it back, as long as the other side has not answered with one."""
    if mise.is_last_move_of_candidat:
        return is_candidat(role, mise)
    return mise.status in {_S.INTERESSEE, _S.DECLINEE_STRUCTURE} and can_review(role, mise)


def can_read_contact(role: Role, mise: MiseEnRelation) -> bool:
    """The person reads their own. The structure, once it has shown its interest; for a minor, not before the legal
    representative has agreed."""
    if is_candidat(role, mise):
        return True
    return mise.is_unveiled and may_share_contact(mise.candidature)


def may_share_contact(candidature: Candidature) -> bool:
    """An adult, or a minor whose representative has agreed."""
    if candidature.representant_at is not None:
        return True
    if candidature.date_naissance is None or candidature.commune is None:
        return False
    return age_on(candidature.date_naissance, today_in(candidature.commune.fuseau)) >= MAJORITE


def can_offer(role: Role, mise: MiseEnRelation) -> bool:
    """The structure offers an interview to someone it may reach: for a minor, once the representative has agreed."""
    return can_review(role, mise) and may_share_contact(mise.candidature)
