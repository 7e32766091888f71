"""Who may act on a structure, its requests and its posts. When an act is possible is the business of the models."""

from comptes.enums import RoleKind
from comptes.models import Role
from structures.models import Convention, DecisionCoselec, DemandePoste, Membre, Structure


def is_member(role: Role, structure: Structure | None) -> bool:
    return (
        role.kind == RoleKind.STRUCTURE
        and structure is not None
        and Membre.objects.filter(structure=structure, compte=role.compte_id).exists()
    )


def can_edit_structure(role: Role, structure: Structure) -> bool:
    """Its managers keep its contact up to date."""
    return is_member(role, structure)


def can_give_avis(role: Role, demande: DemandePoste) -> bool:
    """The préfecture of the département, or of its région."""
    if role.kind != RoleKind.PREFET or demande.structure is None:
        return False
    departement = demande.structure.commune.departement
    if role.departement_id:
        return role.departement_id == departement.pk
    return role.region_id == departement.region_id


def can_schedule(role: Role, demande: DemandePoste) -> bool:
    return role.kind == RoleKind.ANCT


def can_prepare_decision(role: Role, demande: DemandePoste) -> bool:
    return role.kind == RoleKind.ANCT


def can_validate_decision(role: Role, decision: DecisionCoselec) -> bool:
    """Someone of the ANCT, but not the person who prepared it."""
    return role.kind == RoleKind.ANCT and decision.preparee_par_id != role.compte_id


def can_prepare_convention(role: Role, demande: DemandePoste) -> bool:
    return role.kind == RoleKind.BDT


def can_sign_convention(role: Role, convention: Convention) -> bool:
    """Someone of the Banque des Territoires, but not the person who prepared it."""
    return role.kind == RoleKind.BDT and convention.preparee_par_id != role.compte_id


def can_mark_duplicate(role: Role, demande: DemandePoste) -> bool:
    return role.kind == RoleKind.ANCT


def can_abandon(role: Role, demande: DemandePoste) -> bool:
    """The structure gives its request up; the ANCT closes one nobody follows any more."""
    return role.kind == RoleKind.ANCT or is_member(role, demande.structure)
