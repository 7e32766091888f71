from comptes.enums import SCOPES_BY_ROLE, RoleKind
from notifications.models import Consultation, Effet
from tests.access import EVERYONE, Route, public
from tests.comptes.factories import JetonApiFactory, RoleFactory
from tests.territoires.factories import DepartementFactory

ANCT = frozenset({RoleKind.ANCT})


def _look(role):
    return Consultation.objects.create(adresse="lea@exemple.fr", compte=role.compte, role=role.kind)


def my_look(kind):
    role = RoleFactory(kind=kind)
    return role, {"pk": _look(role).pk}


def others_look():
    return {"pk": _look(RoleFactory(kind=RoleKind.ANCT)).pk}


def _message():
    return Effet.objects.create(cle=f"access:{Effet.objects.count()}", genre="x", destinataire="lea@exemple.fr").pk


def my_failure(kind):
    role, kwargs = my_look(kind)
    return role, kwargs | {"effet": _message()}


def my_token(kind):
    role = RoleFactory(kind=kind, **({"departement": DepartementFactory()} if kind == RoleKind.PREFET else {}))
    return role, {"pk": JetonApiFactory(role=role).pk}


CALLERS = frozenset(SCOPES_BY_ROLE)
ACCESS = {
    "comptes:jeton_api_list": Route(roles=CALLERS),
    "comptes:jeton_api_revoke": Route(
        roles=CALLERS, mine=my_token, other=lambda: {"pk": JetonApiFactory().pk}, status=405
    ),
    "comptes:switch_role": Route(roles=EVERYONE, status=405),
    # A token that names nothing: the page that says so. With one, see test_invitations.py.
    "comptes:accept_invitation": public(status=404, token="inconnu"),
    "comptes:notifications": Route(roles=EVERYONE),
    "comptes:my_data": Route(roles=EVERYONE),
    "comptes:export_my_data": Route(roles=EVERYONE),
    # The password is asked first. See test_erase_my_data.py.
    "comptes:erase_my_data": Route(roles=EVERYONE, status=302),
    "comptes:message_list": Route(roles=ANCT),
    "comptes:message_detail": Route(
        roles=ANCT,
        mine=lambda kind: (RoleFactory(kind=kind), {"genre": "comptes.invitation", "numero": 1}),
        sees_all=ANCT,
        absent={"genre": "comptes.invitation", "numero": 2},
    ),
    "comptes:message_html": Route(
        roles=ANCT,
        mine=lambda kind: (RoleFactory(kind=kind), {"genre": "comptes.invitation", "numero": 1}),
        sees_all=ANCT,
        absent={"genre": "inconnu", "numero": 1},
    ),
    "comptes:log_search": Route(roles=ANCT),
    "comptes:log_detail": Route(roles=ANCT, mine=my_look, other=others_look),
    "comptes:log_send_again": Route(
        roles=ANCT,
        mine=my_failure,
        other=lambda: others_look() | {"effet": _message()},
        status=405,
        absent={"pk": 999_999_999, "effet": 1},
    ),
    "comptes:log_lift": Route(roles=ANCT, mine=my_look, other=others_look, status=405),
}
