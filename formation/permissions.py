"""Who may act. Rows are chosen by `visible_to`; when an act is possible is the business of the models."""

from comptes.enums import RoleKind
from comptes.models import Role
from formation.models import Attestation, DossierFormation, Formateur, Inscription, SessionFormation


def _is_formateur(role: Role, organisme_id: int | None) -> bool:
    if role.kind != RoleKind.ORGANISME_FORMATION or organisme_id is None:
        return False
    return Formateur.objects.filter(organisme=organisme_id, compte=role.compte_id).exists()


def can_position(role: Role, dossier: DossierFormation) -> bool:
    return _is_formateur(role, dossier.organisme_id)


def can_enrol(role: Role, dossier: DossierFormation) -> bool:
    return _is_formateur(role, dossier.organisme_id)


def can_assign(role: Role, dossier: DossierFormation) -> bool:
    return role.kind == RoleKind.BDT


def can_exempt(role: Role, dossier: DossierFormation) -> bool:
    """The organisme that receives the person, or BdT, reads the title."""
    return role.kind == RoleKind.BDT or _is_formateur(role, dossier.organisme_id)


def can_run(role: Role, session: SessionFormation) -> bool:
    """Edit, start, close or cancel a session, and keep the list of those enrolled."""
    return _is_formateur(role, session.organisme_id)


def can_record_results(role: Role, inscription: Inscription) -> bool:
    return can_run(role, inscription.session)


def can_revoke(role: Role, attestation: Attestation) -> bool:
    return role.kind == RoleKind.BDT or can_run(role, attestation.inscription.session)
