import uuid

from comptes.enums import SCOPES_BY_ROLE, RoleKind, ScopeApi
from comptes.models import Invitation
from tests.access import EVERYONE, Route, public
from tests.accompagnements.factories import AccompagnementFactory, EnPosteFactory
from tests.comptes.factories import RoleFactory
from tests.structures.factories import MembreFactory


def invitation_of(membre):
    return Invitation.objects.create(
        email="collegue@exemple.fr", kind=RoleKind.STRUCTURE, objet_id=membre.structure_id, invited_by=membre.compte
    )


def my_invitation(kind):
    membre = MembreFactory()
    return membre.compte.roles.get(), {"pk": invitation_of(membre).pk}


READ, WRITE, FIGURES = ScopeApi.ACCOMPAGNEMENTS_READ, ScopeApi.ACCOMPAGNEMENTS_WRITE, ScopeApi.STATISTIQUES_READ
STAFF = frozenset({RoleKind.ANCT, RoleKind.BDT})


def holders(scope):
    return frozenset(kind for kind, scopes in SCOPES_BY_ROLE.items() if scope in scopes)


def my_entry(kind):
    conseiller = EnPosteFactory()
    kwargs = {"uuid": AccompagnementFactory(conseiller=conseiller).uuid}
    if kind == RoleKind.STRUCTURE:
        return MembreFactory(structure=conseiller.contrat.structure).compte.roles.get(), kwargs
    return conseiller.compte.roles.get(kind=kind) if kind == RoleKind.CONSEILLER else RoleFactory(kind=kind), kwargs


ACCESS = {
    "api:accompagnement_list": Route(roles=holders(READ), scopes={"GET": READ, "POST": WRITE}),
    "api:accompagnement_detail": Route(
        roles=holders(READ),
        scopes={"GET": READ},
        mine=my_entry,
        other=lambda: {"uuid": AccompagnementFactory().uuid},
        sees_all=STAFF,
        absent={"uuid": uuid.UUID(int=1)},
    ),
    "api:statistiques": Route(roles=holders(FIGURES), scopes={"GET": FIGURES}),
    "api:lieu_list": public(),
    "api:lieu_detail": public(status=404, pk=999_999_999),
    "api:theme_list": public(),
    "api:organisme_list": public(),
    "api:territoire_list": public(),
    "api:openapi": public(),
    "api:nowhere": public(status=404, path="nulle-part/"),
    "api:documentation": public(),
    "api:console": public(),
    "pilotage:home": public(),
    "pilotage:chiffres": public(),
    "pilotage:chiffres_csv": public(figure="mois"),
    "pilotage:espace": Route(roles=EVERYONE),
    "pilotage:team": Route(roles=frozenset({RoleKind.STRUCTURE})),
    "pilotage:cancel_invitation": Route(
        roles=frozenset({RoleKind.STRUCTURE}),
        mine=my_invitation,
        other=lambda: {"pk": invitation_of(MembreFactory()).pk},
        status=405,
    ),
    "pilotage:groupe": Route(roles=frozenset({RoleKind.COORDINATEUR})),
    # No group yet: told so on its page.
    "pilotage:groupe_csv": Route(roles=frozenset({RoleKind.COORDINATEUR}), status=302),
    "pilotage:conseillers": Route(roles=frozenset({RoleKind.STRUCTURE})),
    "pilotage:conseillers_csv": Route(roles=frozenset({RoleKind.STRUCTURE})),
    "pilotage:structures": Route(roles=frozenset({RoleKind.HUB, RoleKind.GRAND_RESEAU})),
    "pilotage:structures_csv": Route(roles=frozenset({RoleKind.HUB, RoleKind.GRAND_RESEAU})),
    "pilotage:sitemap": public(),
    "pilotage:legal_notice": public(),
    "pilotage:personal_data": public(),
    "pilotage:accessibility": public(),
    "pilotage:cookies": public(),
    "pilotage:open_data": public(),
    "pilotage:open_data_file": public(slug="lieux.csv"),
    "pilotage:alive": public(),
    "pilotage:ready": public(),
}
