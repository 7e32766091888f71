from comptes.enums import RoleKind
from tests.access import Route, public
from tests.comptes.factories import RoleFactory
from tests.structures.factories import (
    ConventionFactory,
    DecisionCoselecFactory,
    DemandePosteFactory,
    MembreFactory,
    StructureFactory,
)
from tests.territoires.factories import CommuneFactory, DepartementFactory

READERS = frozenset({RoleKind.PREFET, RoleKind.ANCT, RoleKind.BDT, RoleKind.STRUCTURE})
NATIONAL = frozenset({RoleKind.ANCT, RoleKind.BDT})


def role_for(kind, structure):
    """A role that reads this structure of Nantes."""
    if kind == RoleKind.STRUCTURE:
        return MembreFactory(structure=structure).compte.roles.get()
    if kind == RoleKind.PREFET:
        return RoleFactory(kind=kind, departement=DepartementFactory())
    return RoleFactory(kind=kind)


def demande(**traits):
    def mine(kind):
        row = DemandePosteFactory(**traits)
        return role_for(kind, row.structure), {"pk": row.pk}

    return mine


def demande_to_validate(kind):
    row = DecisionCoselecFactory().demande
    return role_for(kind, row.structure), {"pk": row.pk}


def demande_to_sign(kind):
    row = DecisionCoselecFactory(demande=DemandePosteFactory(a_conventionner=True), validee=True).demande
    ConventionFactory(demande=row, structure=row.structure, signee_par=None, signee_at=None)
    return role_for(kind, row.structure), {"pk": row.pk}


def demande_elsewhere():
    """A request of Paris: out of the territory of the préfet, and of another structure."""
    return {"pk": DemandePosteFactory(structure__commune=CommuneFactory(paris=True)).pk}


def structure(kind):
    row = StructureFactory()
    return role_for(kind, row), {"pk": row.pk}


def structure_elsewhere():
    return {"pk": StructureFactory(commune=CommuneFactory(paris=True)).pk}


def act(*kinds, mine):
    return Route(roles=frozenset(kinds), mine=mine, other=demande_elsewhere, sees_all=NATIONAL & frozenset(kinds))


ACCESS = {
    "structures:start": public(),
    "structures:step": public(step="identifiant"),
    "structures:recap": public(302),
    "structures:save_for_later": public(405),
    "structures:sent": public(302),
    "structures:resume": public(410, token="inconnu"),
    "structures:confirm": public(410, token="inconnu"),
    "structures:confirmed": public(),
    "structures:not_forwarded": public(),
    "structures:demande_list": Route(roles=READERS),
    "structures:demande_detail": Route(roles=READERS, mine=demande(), other=demande_elsewhere, sees_all=NATIONAL),
    "structures:give_avis": act(RoleKind.PREFET, mine=demande()),
    "structures:schedule": act(RoleKind.ANCT, mine=demande(avis_rendu=True)),
    "structures:prepare_decision": act(RoleKind.ANCT, mine=demande(coselec=True)),
    "structures:validate_decision": act(RoleKind.ANCT, mine=demande_to_validate),
    "structures:prepare_convention": act(RoleKind.BDT, mine=demande(a_conventionner=True)),
    "structures:sign_convention": act(RoleKind.BDT, mine=demande_to_sign),
    "structures:mark_duplicate": act(RoleKind.ANCT, mine=demande()),
    "structures:abandon": act(RoleKind.ANCT, RoleKind.STRUCTURE, mine=demande()),
    "structures:session_list": Route(roles=frozenset({RoleKind.ANCT})),
    "structures:detail": Route(roles=READERS, mine=structure, other=structure_elsewhere, sees_all=NATIONAL),
    "structures:edit_contact": Route(roles=frozenset({RoleKind.STRUCTURE}), mine=structure, other=structure_elsewhere),
}
