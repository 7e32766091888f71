from comptes.enums import RoleKind
from tests.access import Route, public
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory

# Nobody's row is reached by these routes but the account's own: they carry no key.
OWN = frozenset({RoleKind.CANDIDAT, RoleKind.CONSEILLER})


def with_own_candidature(kind):
    compte = CandidatureFactory().compte
    role = compte.roles.get() if kind == RoleKind.CANDIDAT else RoleFactory(compte=compte, kind=kind)
    return role, {"etape": "lieu"}


ACCESS = {
    "candidatures:start": public(),
    "candidatures:step": public(etape="identite"),
    "candidatures:summary": public(status=302),
    "candidatures:sent": public(status=302),
    "candidatures:resend": public(status=405),
    "candidatures:correct": public(status=405),
    "candidatures:discard": public(status=302),
    "candidatures:ask_resume_link": public(),
    "candidatures:resume": public(status=410, token="inconnu"),
    "candidatures:confirm": public(status=410, token="inconnu"),
    "candidatures:consent": public(status=410, token="inconnu"),
    "candidatures:consented": public(),
    "candidatures:refuse_consent": public(status=405, token="inconnu"),
    "candidatures:refused": public(),
    "candidatures:detail": Route(roles=OWN),
    "candidatures:edit": Route(roles=OWN, mine=with_own_candidature, sees_all=OWN, absent={"etape": "inconnue"}),
    "candidatures:pause": Route(roles=OWN, status=405),
    "candidatures:unpause": Route(roles=OWN, status=405),
    "candidatures:renew": Route(roles=OWN, status=405),
    "candidatures:ask_consent": Route(roles=OWN, status=405),
    "candidatures:withdraw": Route(roles=OWN, status=302),
    "candidatures:cv": Route(roles=OWN, status=404),
    "candidatures:cv_download": Route(roles=OWN, status=404),
    "candidatures:cv_renew": Route(roles=OWN, status=405),
    "candidatures:cv_remove": Route(roles=OWN, status=405),
    "candidatures:export": Route(roles=OWN),
}
