"""Everyone compatible with a structure, page by page from the nearest.

People who would go anywhere in France are compatible with every structure: a page never sorts them all. It reads the
nearest from the index, keeps those who answer the filters, and reads farther only when they are too few.
"""

from collections.abc import Iterator

from django.db.models import QuerySet

from candidatures.models import Candidature
from common.pagination import PER_PAGE, CursorPage, Cursors
from matching.selectors import Besoin, Voisin, nearest_candidatures
from territoires.models import Commune

FIRST_READ = 100
# Each time they are too few: five steps from the first hundred to everyone.
GROWTH = 4
TOWNS_READ = 20
Rank = tuple[float, str]


def explore_page(
    rows: QuerySet[Candidature],
    *,
    besoin: Besoin,
    cursor: str | None,
    within_km: float | None = None,
    per_page: int = PER_PAGE,
) -> CursorPage[Candidature]:
    """Return one page of `rows`, candidatures compatible with `besoin`, by true distance then stable hash.

    `within_km`: a limit that `rows` already has, told here to stop reading beyond it.
    """
    cursors = Cursors(f"explore:{besoin.structure}")
    place, backward = cursors.read(cursor)
    start = tuple(place) if place else None
    chunks = _before(besoin, start) if backward and start else _after(besoin, start, within_km)
    found: list[Voisin] = []
    for chunk in chunks:
        kept = set(rows.filter(pk__in=[voisin.id for voisin in chunk]).values_list("pk", flat=True))
        found += [voisin for voisin in chunk if voisin.id in kept]
        if len(found) > per_page:
            break
    if backward and len(found) < per_page:
        return explore_page(rows, besoin=besoin, cursor=None, within_km=within_km, per_page=per_page)
    ranks = {voisin.id: _rank(voisin) for voisin in found[:per_page]}
    people = sorted(rows.filter(pk__in=ranks), key=lambda candidature: ranks[candidature.pk])
    more = len(found) > per_page
    return cursors.page(people, lambda candidature: ranks[candidature.pk], place=place, backward=backward, more=more)


def _rank(voisin: Voisin) -> Rank:
    return voisin.distance_km, voisin.tie


def _after(besoin: Besoin, start: Rank | None, within_km: float | None) -> Iterator[list[Voisin]]:
    """Read from the nearest, farther and farther; give each time those not given yet, beyond `start`."""
    limit, given = FIRST_READ, 0
    while True:
        voisins = nearest_candidatures(besoin, limit=limit)
        ahead = [voisin for voisin in voisins if start is None or _rank(voisin) > start]
        yield ahead[given:]
        if len(voisins) < limit or (within_km is not None and voisins[-1].distance_km > within_km):
            return
        limit, given = limit * GROWTH, len(ahead)


def _before(besoin: Besoin, start: Rank) -> Iterator[list[Voisin]]:
    """Give those before `start`, the nearest to it first."""
    limit = FIRST_READ
    voisins = nearest_candidatures(besoin, limit=limit)
    while len(voisins) == limit and _rank(voisins[-1]) < start:
        limit *= GROWTH
        voisins = nearest_candidatures(besoin, limit=limit)
    behind = [voisin for voisin in voisins if _rank(voisin) < start][::-1]
    for i in range(0, len(behind), FIRST_READ):
        yield behind[i : i + FIRST_READ]


# --- Around a structure ---------------------------------------------------------------------------------------


def largest_towns(here: Commune, *, within_km: float) -> list[tuple[str, float, float]]:
    """Return the names and places of the largest communes around one, itself included, for a map to be read by."""
    rows = Commune.objects.active().filter(
        zone=here.zone,
        x__range=(here.x - within_km, here.x + within_km),
        y__range=(here.y - within_km, here.y + within_km),
    )
    return list(rows.order_by("-population", "code").values_list("nom", "x", "y")[:TOWNS_READ])
