"""Lieux to find: those anyone may see, the nearest first, and those that look like one being added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from accompagnements.constants import PASSAGES_SHOWN, RECHERCHE_KM
from accompagnements.enums_lieux import AccesLieu
from accompagnements.horaires import Etat
from accompagnements.models import LieuActivite, LieuActiviteQuerySet, Passage
from accompagnements.selectors.entry import today_in
from common.pagination import PER_PAGE, CursorPage, Cursors
from common.queries import fetch_prepared
from contrats.enums import STATUTS_EN_POSTE
from contrats.models import Conseiller
from territoires.distance import distance_km
from territoires.geocodage import Adresse, geocode
from territoires.keys import search_key
from territoires.models import Commune
from territoires.selectors import commune_of_address

# « Ouvert maintenant » is known once a place is read: so many are, a page, whatever is found.
OPEN_READ = 300
# Lieux of one commune compared with a new one: Paris has fewer.
COMPARED = 1000
CLOSE = 0.8
PROPOSED = 5


def public_lieux() -> LieuActiviteQuerySet:
    """What anyone may know: open to the public, not archived, with a conseiller in post. Nothing of the conseillers."""
    return LieuActivite.objects.public().select_related("commune__departement").order_by("pk")


def lieux_of(conseiller: Conseiller) -> LieuActiviteQuerySet:
    return LieuActivite.objects.filter(conseillers=conseiller).order_by("nom", "pk")


def lieux_for_entry(conseiller: Conseiller, kept: int | None = None) -> LieuActiviteQuerySet:
    """Return the lieux to choose from, and the one already on the row being changed, even left since."""
    own = Conseiller.lieux.through.objects.filter(conseiller=conseiller).values("lieuactivite")
    lieux = LieuActivite.objects.filter(Q(pk__in=own) | Q(pk=kept))
    return lieux.select_related("commune__departement").order_by("nom", "pk")


# --- Near someone ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ici:
    """Where one looks from: a commune, or a point in it, in degrees and in the plane of its zone."""

    commune: Commune
    latitude: float
    longitude: float
    x: float
    y: float
    is_point: bool = False


def from_commune(commune: Commune) -> Ici:
    return Ici(commune, commune.latitude, commune.longitude, commune.x, commune.y)


def from_point(latitude: float, longitude: float) -> Ici | None:
    """Place a point by the nearest town hall; None when it is in no commune of ours."""
    around = Commune.objects.active().filter(
        latitude__range=(latitude - 1, latitude + 1), longitude__range=(longitude - 1.5, longitude + 1.5)
    )
    point = Ici(Commune(), latitude, longitude, 0, 0)
    nearest = min(
        around.values_list("pk", "latitude", "longitude"),
        key=lambda row: (row[1] - latitude) ** 2 + ((row[2] - longitude) * 0.7) ** 2,
        default=None,
    )
    if nearest is None:
        return None
    commune = Commune.objects.select_related("departement").get(pk=nearest[0])
    if distance_km(commune, point) > RECHERCHE_KM:
        return None
    [(x, y)] = fetch_prepared(
        "SELECT p[0], p[1] FROM position_dans_commune(%s::varchar, %s::float8, %s::float8) p",
        [commune.pk, longitude, latitude],
    )
    return Ici(commune, latitude, longitude, x, y, is_point=True)


@dataclass(frozen=True)
class Situation:
    """Where an address is: a place, or the addresses to choose from. Neither: it is unknown, or nobody answers."""

    ici: Ici | None = None
    label: str = ""
    choices: Sequence[Adresse] = ()
    is_away: bool = False


def locate(text: str) -> Situation:
    """Place an address: itself, to about 100 m, else the commune it names."""
    found = geocode(text)
    if found and len(found) > 1:
        return Situation(choices=found)
    if found and (ici := from_point(round(found[0].latitude, 3), round(found[0].longitude, 3))):
        return Situation(ici, found[0].label)
    commune = commune_of_address(text)
    return Situation(from_commune(commune) if commune else None, is_away=found is None)


@dataclass(frozen=True)
class Trouve:
    """A lieu near someone: where it stands or, for one that moves, its next passage in one commune."""

    km: float
    lieu: LieuActivite
    passage: Passage | None
    etat: Etat
    x: float
    y: float

    @property
    def commune(self) -> Commune:
        return self.passage.commune if self.passage else self.lieu.commune


Place = tuple[float, int, int]
STATUTS = ", ".join(f"'{statut}'" for statut in sorted(STATUTS_EN_POSTE))
# What `LieuActivite.objects.public()` says. Only names of ours are interpolated in what follows.
PUBLIC = f"""
    l.archived_at IS NULL AND l.acces <> '{AccesLieu.PRIVE}' AND EXISTS (
        SELECT 1 FROM accompagnements_lieuactivite_conseillers r
        JOIN contrats_conseiller c ON c.id = r.conseiller_id JOIN contrats_contrat k ON k.id = c.contrat_id
        WHERE r.lieuactivite_id = l.id AND k.status IN ({STATUTS})
    )
    AND (%(acces)s = '' OR l.acces = %(acces)s) AND (%(service)s = '' OR %(service)s = ANY(l.services))
"""  # noqa: S608  # Names of ours, values as parameters.
# Both halves begin by the index of their positions; the nearest fixed places come out of theirs in order.
SEARCH = f"""
    SELECT km, lieu, passage, x, y FROM (
        (
            SELECT l.position <-> point(%(x)s, %(y)s) AS km, l.id AS lieu, 0::bigint AS passage,
                l.position[0] AS x, l.position[1] AS y
            FROM accompagnements_lieuactivite l
            WHERE l.position <@ circle(point(%(x)s, %(y)s), {RECHERCHE_KM}) AND NOT l.itinerant AND {PUBLIC}
                AND (l.position <-> point(%(x)s, %(y)s), l.id, 0) {{beyond}} (%(km)s, %(lieu)s, %(passage)s)
            ORDER BY l.position <-> point(%(x)s, %(y)s) {{order}}, l.id {{order}} LIMIT %(limit)s
        )
        UNION ALL
        SELECT * FROM (
            SELECT DISTINCT ON (t.lieu_id, t.commune_id) t.position <-> point(%(x)s, %(y)s) AS km, t.lieu_id, t.id,
                t.position[0], t.position[1]
            FROM accompagnements_passage t JOIN accompagnements_lieuactivite l ON l.id = t.lieu_id
            WHERE t.position <@ circle(point(%(x)s, %(y)s), {RECHERCHE_KM}) AND l.itinerant AND {PUBLIC}
                AND (t.date > %(today)s::date OR t.date = %(today)s::date AND t.fin > %(hour)s::time)
                AND t.date <= %(last)s::date
            ORDER BY t.lieu_id, t.commune_id, t.date, t.debut
        ) moving
    ) found (km, lieu, passage, x, y)
    WHERE (km, lieu, passage) {{beyond}} (%(km)s, %(lieu)s, %(passage)s)
    ORDER BY km {{order}}, lieu {{order}}, passage {{order}} LIMIT %(limit)s
"""  # noqa: S608  # Names of ours, values as parameters.
FORWARD = SEARCH.format(beyond=">", order="ASC")
BACKWARD = SEARCH.format(beyond="<", order="DESC")


def find_lieux(
    ici: Ici, *, now: datetime, cursor: str | None = None, acces: str = "", service: str = "", open_now: bool = False
) -> CursorPage[Trouve]:
    """Return a page of the public lieux nearest to someone, in a number of queries that never changes."""
    cursors = Cursors(f"lieux:{ici.commune.pk}:{acces}:{service}:{open_now}")
    place, backward = cursors.read(cursor)
    parameters = {
        "x": ici.x, "y": ici.y, "acces": acces, "service": service,
        **dict(zip(("km", "lieu", "passage"), place or (-1.0, 0, 0), strict=True)),
        "today": today_in(ici.commune), "hour": _hour_in(ici.commune, now),
        "last": today_in(ici.commune) + PASSAGES_SHOWN,
        "limit": OPEN_READ if open_now else PER_PAGE + 1,
    }  # fmt: skip
    read = fetch_prepared(BACKWARD if backward else FORWARD, parameters)
    found = [one for one in _load(ici, read, now) if one[1].etat.is_open or not open_now]
    page = found[:PER_PAGE]
    more = len(found) > PER_PAGE or (open_now and len(read) == OPEN_READ)
    if backward and not more and len(page) < PER_PAGE:
        return find_lieux(ici, now=now, acces=acces, service=service, open_now=open_now)
    nearest: Sequence[Any] = page[0][0] if page else place or []
    farthest: Sequence[Any] = page[-1][0] if page else []
    if more and len(found) <= PER_PAGE:
        # Few were open among those read: the next page begins after the last one read.
        farthest = read[-1][:3]
    shown = [trouve for _, trouve in page]
    if backward:
        previous = cursors.write(farthest, backward=True) if more else ""
        return CursorPage(shown[::-1], previous=previous, following=cursors.write(nearest, backward=False))
    return CursorPage(
        shown,
        previous=cursors.write(nearest, backward=True) if place else "",
        following=cursors.write(farthest, backward=False) if more else "",
    )


def _hour_in(commune: Commune, now: datetime) -> str:
    return now.astimezone(ZoneInfo(commune.fuseau)).time().isoformat()


def _load(ici: Ici, read: Sequence[tuple[Any, ...]], now: datetime) -> list[tuple[Place, Trouve]]:
    lieux = LieuActivite.objects.with_hours(now).in_bulk({row[1] for row in read})
    found = []
    for km, lieu_pk, passage_pk, x, y in read:
        lieu = lieux[lieu_pk]
        passage = next((one for one in lieu.passages.all() if one.pk == passage_pk), None)
        at = passage.commune if passage else Ici(lieu.commune, *lieu.point, 0, 0)
        etat = passage.etat(now) if passage else lieu.etat(now)
        found.append(((km, lieu_pk, passage_pk), Trouve(distance_km(ici, at), lieu, passage, etat, x, y)))
    return found


# --- Duplicates -----------------------------------------------------------------------------------------------


def similar_lieux(
    *, nom: str, adresse: str, siret: str, commune: Commune, conseiller: Conseiller
) -> list[LieuActivite]:
    """Return the lieux a new one may be: same commune, and the same SIRET, a close name or the same address."""
    own = set(lieux_of(conseiller).values_list("pk", flat=True))
    others = LieuActivite.objects.active().filter(commune=commune).select_related("commune__departement")
    scored = [
        (score, -lieu.pk, lieu)
        for lieu in others.order_by("-pk")[:COMPARED]
        if (score := _likeness(lieu, nom, adresse, siret)) >= CLOSE and lieu.pk not in own
    ]
    return [lieu for _, _, lieu in sorted(scored, reverse=True, key=lambda one: one[:2])[:PROPOSED]]


def _likeness(lieu: LieuActivite, nom: str, adresse: str, siret: str) -> float:
    if siret and lieu.siret == siret:
        return 1
    names = _ratio(lieu.nom, nom)
    return max(names, _ratio(lieu.adresse, adresse) if names > CLOSE / 2 else 0)


def _ratio(a: str, b: str) -> float:
    a, b = search_key(a), search_key(b)
    if not a or not b:
        return 0
    if min(a, b, key=len) in max(a, b, key=len) and min(len(a), len(b)) >= 5:
        return 1
    return SequenceMatcher(None, a, b, autojunk=False).ratio()
