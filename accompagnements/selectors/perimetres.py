"""Of whom figures are shown: what a role answers for, to the unit, and any territory, its small cells hidden."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from django.utils.text import slugify

from accompagnements.models import (
    Accompagnement,
    AccompagnementQuerySet,
    Appartenance,
    Coordination,
    CoordinationQuerySet,
    Groupe,
    LieuActivite,
)
from accompagnements.selectors.groupes import measure_groupe, own_groupe, rows_of_groupe
from accompagnements.selectors.statistics import (
    FRANCE,
    Statistiques,
    measure,
    measure_conseillers,
    measure_territoire,
)
from comptes.enums import STAFF_ROLES, RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from structures.models import Structure
from territoires.constants import GRANDES_COMMUNES
from territoires.models import Commune, Departement, Region

OWN = ""
OWN_LABELS = {
    RoleKind.CONSEILLER: "Mon activité",
    RoleKind.STRUCTURE: "Les conseillers de ma structure",
    RoleKind.GRAND_RESEAU: "Les conseillers de mon réseau",
}


@dataclass(frozen=True)
class Perimetre:
    label: str
    # What someone answers for is shown as it is; elsewhere, fewer than five are nobody's business.
    is_own: bool
    measure: Callable[[date, date], Statistiques]
    # The raw rows, to narrow the scope to what roll-ups do not hold apart.
    rows: AccompagnementQuerySet
    # The code of the territory, if it is one.
    territoire: str = ""
    # The activities of coordination that belong to it, where there may be any.
    coordination: CoordinationQuerySet | None = None
    # They are those of the person who looks, not of a territory.
    is_own_coordination: bool = False


def narrowed(perimetre: Perimetre, filters: Mapping[str, Any]) -> Perimetre:
    """Return the scope reduced to some rows (a commune, a type, a theme, a canal), counted from them.

    A large commune within a territory has roll-ups of its own.
    """
    if not filters:
        return perimetre
    rows = perimetre.rows.filter(**filters)
    measured = partial(measure, rows)
    if filters.keys() == {"commune"} and _holds_large(perimetre.territoire, filters["commune"]):
        measured = partial(measure_territoire, f"C{filters['commune'].pk}")
    return Perimetre(perimetre.label, perimetre.is_own, measured, rows)


def _holds_large(territoire: str, commune: Commune) -> bool:
    departement = commune.departement
    around = {FRANCE, f"R{departement.region_id}", f"D{departement.pk}"}
    return commune.pk in GRANDES_COMMUNES and territoire in around


def find_perimetre(role: Role, code: str) -> Perimetre | None:
    """Return the scope named by a code of the address: one's own, `FR`, `R52`, `D44`, `structure-3`, `conseiller-7`,
    `lieu-12`, `groupe-4`, `reseau-emmaus-connect`. None: it does not exist, or is not for this role to name."""
    if code == OWN:
        return own_perimetre(role)
    kind, _, key = code.partition("-")
    if kind == "reseau":
        reseau = _reseaux(role).get(key)
        return _of_reseau(reseau, reseau) if reseau else None
    if key.isascii() and key.isdigit() and len(key) < 19:
        return _of_row(role, kind, int(key))
    return _of_territoire(role, code)


def own_perimetre(role: Role) -> Perimetre:
    groupe = own_groupe(role)
    if groupe is not None:
        return _of_groupe(role, groupe)
    territoire = own_territoire(role)
    if territoire:
        found = _of_territoire(role, territoire)
        if found is not None:
            own = Coordination.objects.visible_to(role)
            is_coordinateur = role.kind == RoleKind.COORDINATEUR
            return replace(found, coordination=own, is_own_coordination=True) if is_coordinateur else found
    label = OWN_LABELS.get(RoleKind(role.kind), "Mon périmètre")
    if role.kind == RoleKind.GRAND_RESEAU and role.reseau:
        return _of_reseau(label, role.reseau)
    return _of_conseillers(label, Conseiller.objects.visible_to(role).values_list("pk", flat=True))


def own_territoire(role: Role) -> str:
    """Return the territory a role answers for, if it is one."""
    if role.kind in STAFF_ROLES:
        return FRANCE
    if role.kind == RoleKind.PREFET and role.departement_id:
        return f"D{role.departement_id}"
    if role.kind in {RoleKind.PREFET, RoleKind.HUB, RoleKind.COORDINATEUR} and role.region_id:
        return f"R{role.region_id}"
    return ""


def _of_groupe(role: Role, groupe: Groupe) -> Perimetre:
    """What the members did while they were members, and what the coordinateur did."""
    return Perimetre(
        str(groupe), True, partial(measure_groupe, groupe.pk), rows_of_groupe(groupe.pk),
        coordination=Coordination.objects.visible_to(role).filter(coordinateur=groupe.coordinateur_id),
        is_own_coordination=role.kind == RoleKind.COORDINATEUR,
    )  # fmt: skip


def _of_conseillers(label: str, conseillers: Any) -> Perimetre:
    pks = sorted(set(conseillers))
    rows = Accompagnement.objects.filter(conseiller__in=pks)
    return Perimetre(label, True, partial(measure_conseillers, pks), rows)


def _of_reseau(label: str, reseau: str) -> Perimetre:
    conseillers = Conseiller.objects.filter(contrat__structure__reseau=reseau)
    return _of_conseillers(label, conseillers.values_list("pk", flat=True))


def _reseaux(role: Role) -> dict[str, str]:
    """Return the national networks this role may name: what the address says of each, and its name."""
    if role.kind not in STAFF_ROLES:
        return {}
    names = Structure.objects.exclude(reseau="").order_by("reseau").values_list("reseau", flat=True)
    return {slugify(name): name for name in names.distinct()}


def _of_row(role: Role, kind: str, pk: int) -> Perimetre | None:
    """Return the scope of a row this role may read: figures are then its own to see."""
    if kind == "conseiller" and (groupe := own_groupe(role)):
        # A member, or someone who was one: the days of their membership only.
        held = Appartenance.objects.accepted().filter(groupe=groupe, conseiller=pk)
        member = held.select_related("conseiller__compte").first()
        measured = partial(measure_groupe, groupe.pk, conseillers=[pk])
        rows = rows_of_groupe(groupe.pk).filter(conseiller=pk)
        return Perimetre(str(member.conseiller), True, measured, rows) if member else None
    if kind == "conseiller":
        conseiller = Conseiller.objects.visible_to(role).select_related("compte").filter(pk=pk).first()
        return _of_conseillers(str(conseiller), [conseiller.pk]) if conseiller else None
    if kind == "structure" and role.kind != RoleKind.CONSEILLER:
        structure = Structure.objects.visible_to(role).filter(pk=pk).first()
        conseillers = Conseiller.objects.filter(contrat__structure=pk).values_list("pk", flat=True)
        return _of_conseillers(str(structure), conseillers) if structure else None
    if kind == "groupe":
        followed = Groupe.objects.visible_to(role).filter(pk=pk).first()
        return _of_groupe(role, followed) if followed else None
    if kind == "lieu":
        lieu = LieuActivite.objects.visible_to(role).filter(pk=pk).first()
        # A conseiller answers for what they did there, not for what colleagues did.
        rows = Accompagnement.objects.visible_to(role).filter(lieu=pk)
        return Perimetre(str(lieu), True, partial(measure, rows, prepared=True), rows) if lieu else None
    return None


def _of_territoire(role: Role, code: str) -> Perimetre | None:
    own = own_territoire(role)
    if code == FRANCE:
        rows = Accompagnement.objects.order_by()
        return Perimetre(
            "France entière", own == FRANCE, partial(measure_territoire, code), rows, territoire=code,
            coordination=Coordination.objects.order_by(),
        )  # fmt: skip
    place: Departement | Region | None
    if code[:1] == "D":
        place = Departement.objects.filter(pk=code[1:4]).first()
        parents = {code, f"R{place.region_id}", FRANCE} if place else set()
        there = {"commune__departement": code[1:]}
    else:
        place = Region.objects.filter(pk=code[1:4]).first() if code[:1] == "R" else None
        parents = {code, FRANCE}
        there = {"commune__departement__region": code[1:]}
    if place is None or place.pk != code[1:]:
        return None
    return Perimetre(
        str(place), own in parents, partial(measure_territoire, code), Accompagnement.objects.filter(**there),
        territoire=code, coordination=Coordination.objects.filter(**there),
    )  # fmt: skip


def perimetre_choices(role: Role) -> list[tuple[str, Any]]:
    """Return what the list of scopes offers: one's own first, then what belongs to it, then every territory."""
    own = own_perimetre(role)
    choices: list[tuple[str, Any]] = [(OWN, own.label)]
    if role.kind == RoleKind.CONSEILLER:
        lieux = LieuActivite.objects.visible_to(role).order_by("nom")
        _add(choices, "Mes lieux d'activité", [(f"lieu-{lieu.pk}", str(lieu)) for lieu in lieux])
    if groupe := own_groupe(role):
        held = Conseiller.objects.filter(appartenances__in=Appartenance.objects.accepted().filter(groupe=groupe))
        members = sorted((str(one), f"conseiller-{one.pk}") for one in held.select_related("compte").distinct())
        _add(choices, "Un conseiller", [(code, name) for name, code in members])
    if role.kind == RoleKind.STRUCTURE:
        mine = Conseiller.objects.visible_to(role).select_related("compte").distinct()
        conseillers = sorted((str(one), f"conseiller-{one.pk}") for one in mine)
        _add(choices, "Un conseiller", [(code, name) for name, code in conseillers])
    if own_territoire(role) != FRANCE:
        choices.append((FRANCE, "France entière"))
    _add(choices, "Réseaux nationaux", [(f"reseau-{key}", name) for key, name in _reseaux(role).items()])
    _add(choices, "Régions", [(f"R{one.pk}", str(one)) for one in Region.objects.all()])
    _add(choices, "Départements", [(f"D{one.pk}", str(one)) for one in Departement.objects.all()])
    return choices


def _add(choices: list[tuple[str, Any]], name: str, group: list[tuple[str, str]]) -> None:
    if group:
        choices.append((name, group))
