"""The programme in figures, for everyone: read from the roll-ups, complete months only, small cells hidden.

What a territory counts is what took place there. Numbers of conseillers and of structures are those of posts, which
are public; what is hidden is the activity, where it is too small to say nothing of anyone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count
from django.utils.formats import date_format

from accompagnements.constants import PREMIER_JOUR
from accompagnements.figures import ACTIVITY, ACTIVITY_DATA, HIDDEN, SMALL, Figure, hidden_cells
from accompagnements.presentation import minutes_text
from accompagnements.selectors import months_between
from common.charts import bar_chart, column_chart
from common.dates import today_in
from common.numbers import number
from contrats.models import Conseiller
from structures.models import Convention
from territoires.maps import DepartementMap, departement_map
from territoires.models import Departement

LIFETIME = 600  # seconds
MONTHS = 12
Activity = tuple[int, int, int]
NOTHING: Activity = (0, 0, 0)
MEASURES = "sum(accompagnements), sum(participations), sum(minutes)"
SINCE_LAUNCH = f"SELECT {MEASURES} FROM accompagnements_cumulterritoire WHERE territoire = 'FR' AND jour <= %s"  # noqa: S608  # Names of ours, values as parameters.
BY_MONTH = f"""
    SELECT date_trunc('month', jour)::date, {MEASURES} FROM accompagnements_cumulterritoire
    WHERE territoire = 'FR' AND jour BETWEEN %s AND %s GROUP BY 1
"""  # noqa: S608  # Names of ours, values as parameters.
BY_TERRITORY = f"""
    SELECT territoire, {MEASURES} FROM accompagnements_cumulterritoire
    WHERE territoire <> 'FR' AND jour BETWEEN %s AND %s GROUP BY 1
"""  # noqa: S608  # Names of ours, values as parameters.


@dataclass
class Territoire:
    """A région with its départements, or a collectivité d'outre-mer, which belongs to no région."""

    code: str
    nom: str
    conseillers: int = 0
    structures: int = 0
    activity: Activity = NOTHING
    is_hidden: bool = False
    departements: list["Territoire"] = field(default_factory=list)


@dataclass
class Chiffres:
    # The last day of the last complete month, and the first of the twelve that are told.
    debut: date
    fin: date
    conseillers: int
    structures: int
    regions: int
    total: Activity
    months: list[tuple[date, Activity]]
    territoires: list[Territoire]


def last_complete_month(today: date) -> date:
    return today.replace(day=1) - timedelta(days=1)


def chiffres() -> Chiffres:
    """Return the figures of the programme, counted at most every ten minutes."""
    fin = last_complete_month(today_in())
    key = f"pilotage:chiffres:{fin:%Y-%m}"
    found: Chiffres | None = cache.get(key)
    if found is None:
        found = count(fin)
        cache.set(key, found, LIFETIME)
    return found


def count(fin: date) -> Chiffres:
    first = fin.year * 12 + fin.month - MONTHS
    debut = date(first // 12, first % 12 + 1, 1)
    months = {month: tuple(map(int, values)) for month, *values in _fetch(BY_MONTH, debut, fin)}
    places = {code: tuple(map(int, values)) for code, *values in _fetch(BY_TERRITORY, debut, fin)}
    (total,) = _fetch(SINCE_LAUNCH, fin)
    territoires = _territoires(places)
    hide(territoires)
    in_post = [one for one in territoires if one.conseillers and one.code.startswith("R")]
    return Chiffres(
        debut=debut,
        fin=fin,
        conseillers=sum(one.conseillers for one in territoires),
        structures=sum(one.structures for one in territoires),
        regions=len(in_post),
        total=_activity(int(value or 0) for value in total),
        months=[(month, _activity(months.get(month, NOTHING))) for month in months_between(debut, fin)],
        territoires=territoires,
    )


def _fetch(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _activity(values: Any) -> Activity:
    accompagnements, participations, minutes = values
    return accompagnements, participations, minutes


def _territoires(places: dict[str, Any]) -> list[Territoire]:
    """Return the régions and the collectivités that have something to show, in the order of their names."""
    conseillers = _by_departement(Conseiller.objects.in_post(), "contrat__structure__commune__departement", "pk")
    signed = Convention.objects.filter(signee_at__isnull=False)
    structures = _by_departement(signed, "structure__commune__departement", "structure")
    regions: dict[str, Territoire] = {}
    alone = []
    for row in Departement.objects.select_related("region").order_by("code"):
        code = f"D{row.code}"
        one = Territoire(code, str(row), conseillers[row.code], structures[row.code], places.get(code, NOTHING))
        if row.region is None:
            alone.append(one)
            continue
        name = f"R{row.region.code}"
        region = regions.setdefault(name, Territoire(name, str(row.region), activity=places.get(name, NOTHING)))
        region.conseillers += one.conseillers
        region.structures += one.structures
        region.departements.append(one)
    found = [one for one in (*regions.values(), *alone) if one.conseillers or one.structures or any(one.activity)]
    return sorted(found, key=lambda one: one.nom)


def _by_departement(rows: Any, place: str, counted: str) -> dict[str, int]:
    found = rows.order_by().values_list(place).annotate(Count(counted, distinct=True))
    return defaultdict(int, dict(found))


def hide(territoires: Sequence[Territoire]) -> None:
    """Hide small activities, and what would give them away: a région's départements add up to it, régions to France."""
    _hide_among(territoires)
    for region in territoires:
        if region.is_hidden:
            for one in region.departements:
                one.is_hidden = any(one.activity)
        else:
            _hide_among(region.departements)


def _hide_among(territoires: Sequence[Territoire]) -> None:
    for rank in hidden_cells([one.activity[0] for one in territoires], hides=True):
        territoires[rank].is_hidden = True


def key_figures(found: Chiffres) -> list[tuple[str, str]]:
    accompagnements, participations, minutes = found.total
    is_small = 0 < accompagnements < SMALL
    return [
        ("Conseillers en poste", number(found.conseillers)),
        ("Structures d'accueil", number(found.structures)),
        ("Accompagnements", HIDDEN if is_small else number(accompagnements)),
        ("Participations", HIDDEN if is_small else number(participations)),
        ("Heures d'accompagnement", HIDDEN if is_small else number(minutes // 60)),
    ]


def months_figure(found: Chiffres) -> Figure:
    hidden = hidden_cells([activity[0] for _, activity in found.months], hides=True)
    rows: list[tuple[str, list[str]]] = []
    lines: list[list[Any]] = []
    shown = []
    for rank, (month, activity) in enumerate(found.months):
        rows.append((date_format(month, "F Y"), _texts(activity, rank in hidden)))
        lines.append([f"{month:%Y-%m}", *_cells(activity, rank in hidden)])
        shown.append((f"{month:%m/%y}", 0 if rank in hidden else activity[0]))
    chart = column_chart("mois", "Accompagnements par mois", shown)
    return Figure(chart, "columns", ACTIVITY, rows, ("Mois", *ACTIVITY_DATA), lines)


def _texts(activity: Activity, is_hidden: bool) -> list[str]:
    if is_hidden:
        return [HIDDEN] * 3
    return [number(activity[0]), number(activity[1]), minutes_text(activity[2])]


def _cells(activity: Activity, is_hidden: bool) -> list[Any]:
    return [HIDDEN] * 3 if is_hidden else list(activity)


def regions_figure(found: Chiffres) -> Figure:
    """The picture of the régions, the largest first; the table behind it, and the file, have the départements too."""
    shown = [(one.nom, 0 if one.is_hidden else one.activity[0]) for one in found.territoires]
    chart = bar_chart("territoires", "Accompagnements par région", sorted(shown, key=lambda pair: -pair[1]))
    header = ("Code", "Territoire", "Conseillers en poste", "Structures", *ACTIVITY_DATA)
    lines = [
        [one.code, one.nom, one.conseillers, one.structures, *_cells(one.activity, one.is_hidden)]
        for region in found.territoires
        for one in (region, *region.departements)
    ]
    columns = ("Conseillers en poste", "Structures", *ACTIVITY)
    return Figure(chart, "bars", columns, [(one.nom, _row(one)) for one in found.territoires], header, lines)


def _row(one: Territoire) -> list[str]:
    return [number(one.conseillers), number(one.structures), *_texts(one.activity, one.is_hidden)]


def departement_rows(found: Chiffres) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Return, région by région, the rows of its départements."""
    return [
        (region.nom, [(one.nom, _row(one)) for one in region.departements])
        for region in found.territoires
        if region.departements
    ]


def map_of(found: Chiffres) -> DepartementMap:
    """Colour the départements by their accompagnements, those hidden in the table apart."""
    shown = [one for region in found.territoires for one in region.departements or [region]]
    values = {one.code.removeprefix("D"): None if one.is_hidden else one.activity[0] for one in shown}
    return departement_map("Accompagnements par département", values)


FIGURES = {"mois": months_figure, "territoires": regions_figure}
SINCE = PREMIER_JOUR
