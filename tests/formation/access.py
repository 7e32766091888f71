from comptes.enums import RoleKind
from comptes.models import Role
from formation import tasks
from tests.access import Route, public
from tests.comptes.factories import RoleFactory
from tests.formation.factories import (
    AttestationFactory,
    DossierFormationFactory,
    FormateurFactory,
    InscriptionFactory,
    SessionFormationFactory,
)

ORGANISME, BDT, ANCT = RoleKind.ORGANISME_FORMATION, RoleKind.BDT, RoleKind.ANCT
READERS = frozenset({ORGANISME, BDT, ANCT})
FORMATEURS = frozenset({ORGANISME})
PROGRAMME = frozenset({BDT, ANCT})


def role_for(kind, organisme):
    """A role of `kind` that may read what belongs to `organisme`."""
    if kind == ORGANISME:
        compte = FormateurFactory(organisme=organisme).compte
        return Role.objects.get(compte=compte, kind=ORGANISME)
    return RoleFactory(kind=kind)


def dossier(kind):
    row = DossierFormationFactory()
    return role_for(kind, row.organisme), {"pk": row.pk}


def other_dossier():
    return {"pk": DossierFormationFactory().pk}


def session(kind):
    row = SessionFormationFactory(en_cours=True)
    return role_for(kind, row.organisme), {"pk": row.pk}


def other_session():
    return {"pk": SessionFormationFactory(en_cours=True).pk}


def inscription(kind):
    row = InscriptionFactory(terminee=True)
    return role_for(kind, row.session.organisme), {"pk": row.pk}


def other_inscription():
    return {"pk": InscriptionFactory(terminee=True).pk}


def rendered():
    row = AttestationFactory()
    tasks.render_attestation(attestation=row.pk)
    return row


def attestation(kind):
    row = rendered()
    if kind == RoleKind.CONSEILLER:
        compte = row.inscription.dossier.conseiller.compte
        return Role.objects.get(compte=compte, kind=RoleKind.CONSEILLER), {"pk": row.pk}
    return role_for(kind, row.inscription.session.organisme), {"pk": row.pk}


def other_attestation():
    return {"pk": rendered().pk}


ACCESS = {
    "formation:dossier_list": Route(roles=READERS),
    "formation:dossier_detail": Route(roles=READERS, mine=dossier, other=other_dossier, sees_all=PROGRAMME),
    "formation:dossier_grid": Route(roles=FORMATEURS, mine=dossier, other=other_dossier),
    "formation:dossier_decide": Route(roles=FORMATEURS, mine=dossier, other=other_dossier, status=405),
    "formation:dossier_assign": Route(
        roles=frozenset({BDT}), mine=dossier, other=other_dossier, sees_all=PROGRAMME, status=405
    ),
    "formation:dossier_exempt": Route(
        roles=frozenset({ORGANISME, BDT}), mine=dossier, other=other_dossier, sees_all=PROGRAMME
    ),
    "formation:dossier_enrol": Route(roles=FORMATEURS, mine=dossier, other=other_dossier, status=405),
    "formation:session_list": Route(roles=READERS),
    "formation:session_create": Route(roles=FORMATEURS),
    "formation:session_preview": Route(roles=FORMATEURS, status=405),
    "formation:session_detail": Route(roles=READERS, mine=session, other=other_session, sees_all=PROGRAMME),
    "formation:session_edit": Route(roles=FORMATEURS, mine=session, other=other_session),
    "formation:session_start": Route(roles=FORMATEURS, mine=session, other=other_session, status=405),
    "formation:session_cancel": Route(roles=FORMATEURS, mine=session, other=other_session),
    "formation:session_close": Route(roles=FORMATEURS, mine=session, other=other_session),
    "formation:inscription_withdraw": Route(roles=FORMATEURS, mine=inscription, other=other_inscription),
    "formation:inscription_results": Route(roles=FORMATEURS, mine=inscription, other=other_inscription),
    "formation:attestation_download": Route(
        roles=READERS | {RoleKind.CONSEILLER}, mine=attestation, other=other_attestation, sees_all=PROGRAMME
    ),
    "formation:attestation_revoke": Route(
        roles=frozenset({ORGANISME, BDT}), mine=attestation, other=other_attestation, sees_all=PROGRAMME
    ),
    "formation:mine": Route(roles=frozenset({RoleKind.CONSEILLER})),
    "formation:verify": public(),
    "formation:verify_code": public(status=404, code="INCONNU"),
}
