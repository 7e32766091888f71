from comptes.enums import RoleKind
from tests.access import Route, public
from tests.accompagnements.factories import (
    AccompagnementFactory,
    AppartenanceFactory,
    BeneficiaireFactory,
    CoordinateurFactory,
    CoordinationFactory,
    EnPosteFactory,
    EtiquetteFactory,
    ExceptionFactory,
    FiltreEnregistreFactory,
    ImportActiviteFactory,
    LienPartageFactory,
    LieuActiviteFactory,
    LivraisonFactory,
    ModeleAtelierFactory,
    PassageFactory,
)
from tests.comptes.factories import RoleFactory
from tests.structures.factories import MembreFactory
from tests.territoires.factories import DepartementFactory

# Everyone but those who have no activity to answer for; figures of others have their small cells hidden.
READERS = frozenset(RoleKind) - {RoleKind.CANDIDAT, RoleKind.ORGANISME_FORMATION}
COORDINATEUR = frozenset({RoleKind.COORDINATEUR})
CONSEILLER = frozenset({RoleKind.CONSEILLER})
NAMERS = frozenset({RoleKind.CONSEILLER, RoleKind.STRUCTURE, RoleKind.COORDINATEUR})


def mine(kind, **values):
    conseiller = EnPosteFactory()
    return conseiller.compte.roles.get(kind=kind), {"pk": AccompagnementFactory(conseiller=conseiller, **values).pk}


def one_figure(kind):
    return RoleFactory(kind=kind, **({"departement": DepartementFactory()} if kind == RoleKind.PREFET else {})), {
        "figure": "mois"
    }


def my_link(kind):
    role, _ = one_figure(kind)
    return role, {"pk": LienPartageFactory(role=role).pk}


def other(**values):
    return {"pk": AccompagnementFactory(**values).pk}


def named(factory):
    def build(kind):
        compte = EnPosteFactory().compte
        return compte.roles.get(kind=kind), {"pk": factory(compte=compte).pk}

    return build


def followed():
    def mine(kind):
        conseiller = EnPosteFactory()
        return conseiller.compte.roles.get(kind=kind), {"pk": BeneficiaireFactory(conseiller=conseiller).pk}

    return Route(roles=CONSEILLER, mine=mine, other=lambda: {"pk": BeneficiaireFactory().pk})


def word(kind):
    if kind == RoleKind.CONSEILLER:
        role = EnPosteFactory().compte.roles.get(kind=kind)
        return role, {"pk": EtiquetteFactory(compte=role.compte).pk}
    if kind == RoleKind.STRUCTURE:
        membre = MembreFactory()
        return membre.compte.roles.get(kind=kind), {"pk": EtiquetteFactory(structure=membre.structure).pk}
    departement = DepartementFactory()
    return RoleFactory(kind=kind, departement=departement), {"pk": EtiquetteFactory(departement=departement).pk}


def one():
    return Route(roles=CONSEILLER, mine=mine, other=other)


def received(*, status=200):
    """A file of past activity, of who dropped it only."""

    def build(kind):
        conseiller = EnPosteFactory()
        return conseiller.compte.roles.get(kind=kind), {"pk": ImportActiviteFactory(conseiller=conseiller).pk}

    return Route(roles=CONSEILLER, mine=build, other=lambda: {"pk": ImportActiviteFactory().pk}, status=status)


def asked(*, ready=False, status=200):
    """A file, of who asked for it only."""

    def build(kind):
        role, _ = one_figure(kind)
        return role, {"pk": LivraisonFactory(role=role, ready=ready).pk}

    return Route(roles=READERS, mine=build, other=lambda: {"pk": LivraisonFactory(ready=ready).pk}, status=status)


def my_coordination(kind):
    role = CoordinateurFactory()
    return role, {"pk": CoordinationFactory(coordinateur=role.compte).pk}


def one_coordination():
    return Route(roles=COORDINATEUR, mine=my_coordination, other=lambda: {"pk": CoordinationFactory().pk})


def my_appartenance(kind):
    row = AppartenanceFactory()
    return row.groupe.coordinateur.roles.get(kind=kind), {"pk": row.pk}


def my_lieu(kind):
    conseiller = EnPosteFactory()
    return conseiller.compte.roles.get(kind=kind), {"pk": LieuActiviteFactory(conseiller=conseiller).pk}


def of_my_lieu(factory):
    def build(kind):
        role, kwargs = my_lieu(kind)
        return role, {"pk": factory(lieu_id=kwargs["pk"]).pk}

    return build


def lieu():
    return Route(
        roles=CONSEILLER, mine=my_lieu, other=lambda: {"pk": LieuActiviteFactory(conseiller=EnPosteFactory()).pk}
    )


ACCESS = {
    "accompagnements:list": Route(roles=CONSEILLER),
    "accompagnements:create": Route(roles=CONSEILLER),
    "accompagnements:statistics": Route(roles=READERS),
    "accompagnements:statistics_csv": Route(
        roles=READERS, mine=one_figure, sees_all=READERS, absent={"figure": "absente"}
    ),
    "accompagnements:share": Route(roles=READERS),
    "accompagnements:shared_list": Route(roles=READERS),
    "accompagnements:shared_revoke": Route(
        roles=READERS, mine=my_link, other=lambda: {"pk": LienPartageFactory().pk}, status=405
    ),
    # A token that names nothing; with one, see test_shared.py.
    "accompagnements:shared": public(status=404, token="inconnu"),
    "accompagnements:shared_csv": public(status=404, token="inconnu", figure="mois"),
    "accompagnements:export": Route(roles=CONSEILLER),
    "accompagnements:create_import": Route(roles=CONSEILLER),
    "accompagnements:import": received(),
    "accompagnements:import_columns": received(),
    # No word to explain yet: back to the import.
    "accompagnements:import_words": received(status=302),
    "accompagnements:confirm_import": received(status=405),
    "accompagnements:abandon_import": received(status=405),
    "accompagnements:undo_import": received(status=405),
    "accompagnements:create_bilan": Route(roles=READERS, status=405),
    "accompagnements:create_tableur": Route(roles=CONSEILLER, status=405),
    "accompagnements:livraisons": Route(roles=READERS),
    "accompagnements:livraison": asked(),
    "accompagnements:download_livraison": asked(ready=True),
    "accompagnements:remove_livraison": asked(status=405),
    "accompagnements:service_worker": public(),
    "accompagnements:manifest": public(),
    "accompagnements:device_state": Route(roles=CONSEILLER),
    "accompagnements:send": Route(roles=CONSEILLER, status=405),
    "accompagnements:named": Route(roles=CONSEILLER),
    # Nothing to save without a filter in the address: back to the list.
    "accompagnements:create_filtre": Route(roles=CONSEILLER, status=302),
    "accompagnements:update_filtre": Route(
        roles=CONSEILLER, mine=named(FiltreEnregistreFactory), other=lambda: {"pk": FiltreEnregistreFactory().pk}
    ),
    "accompagnements:update_modele": Route(
        roles=CONSEILLER, mine=named(ModeleAtelierFactory), other=lambda: {"pk": ModeleAtelierFactory().pk}
    ),
    "accompagnements:create_modele": Route(
        roles=CONSEILLER, mine=lambda kind: mine(kind, atelier=True), other=lambda: other(atelier=True)
    ),
    "accompagnements:create_lieu": Route(roles=CONSEILLER),
    "accompagnements:lieux": Route(roles=CONSEILLER),
    "accompagnements:manage_lieu": lieu(),
    "accompagnements:update_lieu": lieu(),
    "accompagnements:update_horaires": lieu(),
    "accompagnements:add_exception": lieu(),
    "accompagnements:add_passage": lieu(),
    "accompagnements:leave_lieu": lieu(),
    # Any open place may be shared; an archived one is no place any more.
    "accompagnements:join_lieu": Route(roles=CONSEILLER, mine=my_lieu, sees_all=CONSEILLER, status=405),
    "accompagnements:remove_exception": Route(
        roles=CONSEILLER, mine=of_my_lieu(ExceptionFactory), other=lambda: {"pk": ExceptionFactory().pk}, status=405
    ),
    "accompagnements:remove_passage": Route(
        roles=CONSEILLER, mine=of_my_lieu(PassageFactory), other=lambda: {"pk": PassageFactory().pk}, status=405
    ),
    "accompagnements:find": public(),
    "accompagnements:lieu": public(status=404, pk=999_999_999),
    "accompagnements:offer": public(),
    "accompagnements:beneficiaires": Route(roles=CONSEILLER),
    "accompagnements:create_beneficiaire": Route(roles=CONSEILLER),
    "accompagnements:beneficiaire": followed(),
    "accompagnements:update_beneficiaire": followed(),
    "accompagnements:erase_beneficiaire": followed(),
    "accompagnements:export_beneficiaire": followed(),
    "accompagnements:etiquettes": Route(roles=NAMERS),
    # One of the country is everyone's to use, and no role's to change here.
    "accompagnements:update_etiquette": Route(roles=NAMERS, mine=word, other=lambda: {"pk": EtiquetteFactory().pk}),
    "accompagnements:detail": one(),
    "accompagnements:update": one(),
    "accompagnements:duplicate": one(),
    "accompagnements:delete": one(),
    "accompagnements:coordination_list": Route(roles=COORDINATEUR),
    "accompagnements:coordination_create": Route(roles=COORDINATEUR),
    "accompagnements:coordination_export": Route(roles=COORDINATEUR),
    "accompagnements:coordination_detail": one_coordination(),
    "accompagnements:coordination_update": one_coordination(),
    "accompagnements:coordination_delete": one_coordination(),
    # Whoever has no group yet is told so on the page of the group.
    "accompagnements:groupe_propose": Route(roles=COORDINATEUR, status=302),
    "accompagnements:groupe_end": Route(
        roles=COORDINATEUR, mine=my_appartenance, other=lambda: {"pk": AppartenanceFactory().pk}
    ),
}
