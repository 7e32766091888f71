from comptes.enums import RoleKind
from tests.access import Route
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ContratFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory

READERS = frozenset({RoleKind.STRUCTURE, RoleKind.BDT, RoleKind.ANCT, RoleKind.CANDIDAT, RoleKind.CONSEILLER})
SEE_ALL = frozenset({RoleKind.ANCT, RoleKind.BDT})


def my_contrat(kind):
    contrat = ContratFactory(transmis=True)
    match kind:
        case RoleKind.STRUCTURE:
            role = member_role(contrat.structure)
        case RoleKind.CANDIDAT:
            role = contrat.candidature.compte.roles.get(kind=kind)
        case RoleKind.CONSEILLER:
            role = RoleFactory(compte=contrat.candidature.compte, kind=kind)
        case _:
            role = RoleFactory(kind=kind)
    return role, {"pk": contrat.pk}


def my_retenue(kind):
    mise = MiseEnRelationFactory(retenue=True, structure=PosteFactory().structure)
    return member_role(mise.structure), {"pk": mise.pk}


def other_contrat():
    return {"pk": ContratFactory(transmis=True).pk}


def act(kind):
    return Route(
        roles=frozenset({kind}),
        mine=my_contrat,
        other=other_contrat,
        sees_all=SEE_ALL,
        status=405,
    )


ACCESS = {
    "contrats:list": Route(roles=READERS),
    "contrats:detail": Route(roles=READERS, mine=my_contrat, other=other_contrat, sees_all=SEE_ALL),
    "contrats:prepare": Route(
        roles=frozenset({RoleKind.STRUCTURE}),
        mine=my_retenue,
        other=lambda: {"pk": MiseEnRelationFactory(retenue=True).pk},
    ),
    "contrats:transmit": act(RoleKind.STRUCTURE),
    "contrats:abandon": act(RoleKind.STRUCTURE),
    "contrats:validate": act(RoleKind.BDT),
    "contrats:send_back": Route(
        roles=frozenset({RoleKind.BDT}), mine=my_contrat, other=other_contrat, sees_all=SEE_ALL
    ),
}
