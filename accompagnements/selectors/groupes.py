"""Groups with dated membership: each conseiller's activity counts on the days they were a member, and on no other."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from accompagnements.models import Accompagnement, AccompagnementQuerySet, Appartenance, Groupe
from accompagnements.selectors.statistics import Statistiques, measure_periods
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller


class Presence(NamedTuple):
    """The days of one conseiller in a group, first and last included."""

    conseiller: int
    debut: date
    fin: date


def own_groupe(role: Role) -> Groupe | None:
    if role.kind != RoleKind.COORDINATEUR:
        return None
    return Groupe.objects.visible_to(role).select_related("departement__region").first()


def presences(groupe: int, debut: date, fin: date) -> list[Presence]:
    """Return the periods of accepted membership, cut to what is asked for. One conseiller's never overlap."""
    rows = Appartenance.objects.accepted().filter(groupe=groupe).within(debut, fin)
    return [
        Presence(conseiller, max(first, debut), min(last or fin, fin))
        for conseiller, first, last in rows.order_by("pk").values_list("conseiller", "debut", "fin")
    ]


def measure_groupe(groupe: int, debut: date, fin: date, conseillers: Sequence[int] | None = None) -> Statistiques:
    """Figures of a group, or of some of its members, each counted while a member."""
    found = presences(groupe, debut, fin)
    kept = [one for one in found if conseillers is None or one.conseiller in conseillers]
    return measure_periods(kept, debut, fin)


def rows_of_groupe(groupe: int) -> AccompagnementQuerySet:
    """The raw rows, to narrow the figures to what roll-ups do not hold apart."""
    members = Appartenance.objects.accepted().filter(groupe=groupe)
    then = members.filter(
        Q(fin=None) | Q(fin__gte=OuterRef("date")), conseiller=OuterRef("conseiller"), debut__lte=OuterRef("date")
    )
    return Accompagnement.objects.filter(Exists(then), conseiller__in=members.values("conseiller"))


def proposable(groupe: Groupe) -> QuerySet[Conseiller]:
    """The conseillers in post around a group that are not in it, to be proposed."""
    departement = groupe.departement
    place = Q(contrat__structure__commune__departement=departement)
    if departement.region_id:
        place = Q(contrat__structure__commune__departement__region=departement.region_id)
    held = Appartenance.objects.filter(groupe=groupe, fin=None).values("conseiller")
    rows = Conseiller.objects.in_post().filter(place).exclude(pk__in=held)
    return rows.select_related("compte", "contrat__structure__commune").order_by("compte__nom", "compte__prenom", "pk")
