"""Who is told when a request moves."""

from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Role
from notifications.services import queue_effet
from structures.models import DemandePoste, Structure


def lock_demande(demande: DemandePoste) -> DemandePoste:
    """Read a request again, alone: what the caller holds may be stale."""
    return DemandePoste.objects.select_for_update(of=("self",)).get(pk=demande.pk)


def structure_of(demande: DemandePoste) -> Structure:
    """Return the structure of a submitted request; only a draft has none."""
    if demande.structure is None:
        raise RuleError("Cette demande n'est pas encore déposée.")
    return demande.structure


def tell_members(demande: DemandePoste) -> None:
    """Tell the structure about the move just made, and what comes next."""
    transition = demande.transitions.latest("pk")
    for compte_id, email in active_members(demande):
        queue_effet(
            "structures.demande_advanced",
            cle=f"structures.demande_advanced:{transition.pk}:{compte_id}",
            destinataire=email,
            transition=transition.pk,
            compte=compte_id,
        )


def active_members(demande: DemandePoste) -> list[tuple[int, str]]:
    """Return the account and address of each manager of the structure."""
    membres = structure_of(demande).membres.filter(compte__is_active=True)
    return list(membres.values_list("compte_id", "compte__email"))


def tell_prefecture(demande: DemandePoste) -> None:
    """Tell the préfecture of the département that a file awaits it; that of the région when there is none."""
    departement = structure_of(demande).commune.departement
    prefets = Role.objects.active().filter(kind=RoleKind.PREFET, compte__is_active=True).select_related("compte")
    roles = prefets.filter(departement=departement)
    if not roles and departement.region_id:
        roles = prefets.filter(region=departement.region_id)
    for role in roles:
        queue_effet(
            "structures.demande_to_instruct",
            cle=f"structures.demande_to_instruct:{demande.pk}:{role.compte_id}",
            destinataire=role.compte.email,
            demande=demande.pk,
            compte=role.compte_id,
        )
