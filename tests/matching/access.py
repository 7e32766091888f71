from comptes.enums import RoleKind
from matching.models import Creneau
from tests.access import Route
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.comptes.factories import RoleFactory
from tests.matching.factories import EntretienFactory, MiseEnRelationFactory
from tests.structures.factories import MembreFactory, PosteFactory, StructureFactory

READERS = frozenset({RoleKind.STRUCTURE, RoleKind.ANCT, RoleKind.BDT})
SEE_ALL = frozenset({RoleKind.ANCT, RoleKind.BDT})
BOTH_SIDES = frozenset({RoleKind.STRUCTURE, RoleKind.CANDIDAT})
ABSENT_STRUCTURE = {"structure_pk": 999_999_999}
ABSENT_PERSON = {"reference": "00000000-0000-4000-8000-000000000000"}


def member_role(structure):
    return MembreFactory(structure=structure).compte.roles.get(kind=RoleKind.STRUCTURE)


def my_structure(kind):
    structure = PosteFactory().structure
    role = member_role(structure) if kind == RoleKind.STRUCTURE else RoleFactory(kind=kind)
    return role, {"structure_pk": structure.pk}


def someone_compatible(kind):
    role, kwargs = my_structure(kind)
    return role, {**kwargs, "reference": CandidatureFactory().reference}


def my_mise(kind):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure)
    match kind:
        case RoleKind.STRUCTURE:
            role = member_role(mise.structure)
        case RoleKind.CANDIDAT:
            role = mise.candidature.compte.roles.get(kind=kind)
        case RoleKind.CONSEILLER:
            role = RoleFactory(compte=mise.candidature.compte, kind=kind)
        case _:
            role = RoleFactory(kind=kind)
    return role, {"pk": mise.pk}


def other_structure():
    return {"structure_pk": StructureFactory().pk}


def other_mise():
    return {"pk": MiseEnRelationFactory().pk}


def my_cv(kind):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True)
    CVFactory(candidature=mise.candidature, propre=True)
    return member_role(mise.structure), {"pk": mise.pk}


def my_open_mise(kind):
    """One where an interview may be offered."""
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True)
    return member_role(mise.structure), {"pk": mise.pk}


def my_entretien(**state):
    """Build an interview in a state, for the member who offered it or for the person."""

    def mine(kind):
        entretien = EntretienFactory(**state)
        person = entretien.mise_en_relation.candidature.compte
        compte = person if kind == RoleKind.CANDIDAT else entretien.propose_par
        return compte.roles.get(kind=kind), {"pk": entretien.pk}

    return mine


def my_slot(kind):
    role, kwargs = my_entretien()(kind)
    return role, {**kwargs, "creneau_pk": Creneau.objects.filter(entretien=kwargs["pk"]).first().pk}


def other_entretien():
    return {"pk": EntretienFactory(confirme=True).pk}


def other_slot():
    slot = EntretienFactory().creneaux.first()
    return {"pk": slot.entretien_id, "creneau_pk": slot.pk}


def act(roles):
    return Route(roles=frozenset(roles), mine=my_mise, other=other_mise, status=405)


ACCESS = {
    "matching:candidat_list": Route(
        roles=READERS, mine=my_structure, other=other_structure, sees_all=SEE_ALL, absent=ABSENT_STRUCTURE
    ),
    "matching:attentes": Route(
        roles=frozenset({RoleKind.STRUCTURE}), mine=my_structure, other=other_structure, absent=ABSENT_STRUCTURE
    ),
    "matching:export": Route(
        roles=READERS, mine=my_structure, other=other_structure, sees_all=SEE_ALL, absent=ABSENT_STRUCTURE
    ),
    "matching:compare": Route(
        roles=READERS, mine=my_structure, other=other_structure, sees_all=SEE_ALL, absent=ABSENT_STRUCTURE
    ),
    "matching:decline_several": Route(
        roles=frozenset({RoleKind.STRUCTURE}), mine=my_structure, other=other_structure, absent=ABSENT_STRUCTURE
    ),
    "matching:explore": Route(
        roles=READERS, mine=my_structure, other=other_structure, sees_all=SEE_ALL, absent=ABSENT_STRUCTURE
    ),
    "matching:explore_detail": Route(
        roles=READERS,
        mine=someone_compatible,
        other=lambda: {**other_structure(), **ABSENT_PERSON},
        sees_all=SEE_ALL,
        absent={**ABSENT_STRUCTURE, **ABSENT_PERSON},
    ),
    "matching:explore_interest": Route(
        roles=frozenset({RoleKind.STRUCTURE}),
        mine=someone_compatible,
        other=lambda: {**other_structure(), **ABSENT_PERSON},
        status=405,
        absent={**ABSENT_STRUCTURE, **ABSENT_PERSON},
    ),
    "matching:proposition_list": Route(roles=frozenset({RoleKind.CANDIDAT})),
    "matching:detail": Route(
        roles=READERS | {RoleKind.CANDIDAT, RoleKind.CONSEILLER}, mine=my_mise, other=other_mise, sees_all=SEE_ALL
    ),
    "matching:accept": act({RoleKind.CANDIDAT}),
    "matching:interest": act({RoleKind.STRUCTURE}),
    "matching:interview": Route(roles=frozenset({RoleKind.STRUCTURE}), mine=my_open_mise, other=other_mise),
    "matching:retain": act({RoleKind.STRUCTURE}),
    "matching:decline": Route(roles=BOTH_SIDES, mine=my_mise, other=other_mise),
    "matching:undo": act(BOTH_SIDES),
    "matching:cv": Route(roles=frozenset({RoleKind.STRUCTURE}), mine=my_cv, other=other_mise),
    "matching:entretien_choose": Route(
        roles=frozenset({RoleKind.CANDIDAT}), mine=my_entretien(), other=other_entretien
    ),
    "matching:entretien_others": Route(
        roles=frozenset({RoleKind.CANDIDAT}), mine=my_entretien(), other=other_entretien
    ),
    "matching:entretien_move": Route(
        roles=frozenset({RoleKind.STRUCTURE}), mine=my_entretien(confirme=True), other=other_entretien
    ),
    "matching:entretien_withdraw": Route(
        roles=frozenset({RoleKind.STRUCTURE}),
        mine=my_slot,
        other=other_slot,
        status=405,
        absent={"pk": 999_999_999, "creneau_pk": 999_999_999},
    ),
    "matching:entretien_cancel": Route(roles=BOTH_SIDES, mine=my_entretien(confirme=True), other=other_entretien),
    "matching:entretien_result": Route(roles=BOTH_SIDES, mine=my_entretien(passe=True), other=other_entretien),
    "matching:entretien_ics": Route(roles=BOTH_SIDES, mine=my_entretien(confirme=True), other=other_entretien),
}
