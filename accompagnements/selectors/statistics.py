"""Figures of a scope and a period, exact at any moment: roll-ups where they are clean, raw rows where they are marked.

An answer is one statement's, so one snapshot: a worker that commits meanwhile is seen whole or not at all. Persons and
visits differ: anonymous participants are participations. Followed persons do not add up: `selectors.beneficiaires`
counts them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone

from accompagnements.constants import PREMIER_JOUR
from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.indicateurs import (
    COLONNES,
    COMPTES,
    DEPARTEMENT,
    DUREES,
    INDICATEURS,
    JOURS,
    LUES,
    MESURES,
    SOMMES,
    THEMES,
    unnested,
)
from accompagnements.models import (
    AccompagnementQuerySet,
    Groupe,
)
from accompagnements.selectors.entry import today_in
from common.queries import fetch_prepared
from comptes.enums import RoleKind
from comptes.models import Role
from structures.models import Structure
from territoires.models import Commune

MONTHS_SHOWN = 12
NOTHING = (0, 0, 0)
FRANCE = "FR"


class Ligne(NamedTuple):
    label: str
    accompagnements: int
    participations: int
    minutes: int


class Part(NamedTuple):
    label: str
    participations: int


class Compte(NamedTuple):
    label: str
    accompagnements: int


@dataclass(frozen=True)
class Statistiques:
    total: Ligne
    recurrents: int
    # Labels are "2026-09" and "2026-09-30": every month and every day of the period, to the last.
    par_mois: list[Ligne]
    par_jour: list[Ligne]
    par_type: list[Ligne]
    par_canal: list[Ligne]
    # An accompagnement about several themes is counted in each: these lines add up to more than the total.
    par_theme: list[Ligne]
    par_genre: list[Part]
    par_age: list[Part]
    par_statut: list[Part]
    par_duree: list[Compte]
    par_public: list[Compte]
    par_suite: list[Compte]
    par_orientation: list[Compte]
    par_dispositif: list[Compte]
    par_materiel: list[Compte]
    par_autonomie: list[Compte]
    par_niveau: list[Compte]


# Only names of ours are interpolated in what follows. Roll-ups, whatever their keys, are read in one shape: a month,
# the figures, the series of themes and of days.
_SHAPE = ", ".join(["mois", COLONNES, *THEMES, *JOURS])
_READ = ", ".join(f"a.{column}" for column in LUES)
_MONTH_OF = "date_trunc('month', a.date)::date AS mois"
# Of a month, so that integers hold it: beside wider ones, the sums of roll-ups would be of another, slower kind.
_MEASURED = ", ".join(f"({expression})::integer AS {name}" for name, expression in MESURES.items())
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in MESURES)
# A day fits in an integer, and there are hundreds: arrays of them are written and read faster than JSON.
_DAY_SUMS = ", ".join(f"sum({name})::integer AS {name}" for name in MESURES)
_DAY_ARRAYS = ", ".join(f"array_agg({name})" for name in MESURES)
_NAMES = ", ".join(MESURES)
_BY_THEME = "(SELECT mois, unnest(themes) AS cle, participants, duree FROM lignes)"


def _read(parts: str, lignes: str = "", also: str = "") -> str:
    """Return the statement of the figures.

    `parts`: where clean roll-ups are read; `lignes`: raw rows, with a month, if there may be any: making ready to count
    them takes a third of a month's read. `also`: a last column.
    """

    def raw(select: str) -> str:
        return f"UNION ALL {select}" if lignes else ""

    return f"""
        WITH {parts}
        {f"lignes AS MATERIALIZED ({lignes})," if lignes else ""}
        jours AS MATERIALIZED (
            SELECT mois, jour, {_DAY_SUMS} FROM (
                SELECT mois, mois + (cle - 1) AS jour, {_NAMES} FROM (SELECT mois, {unnested(JOURS)} FROM cumul) s
                {raw(f"SELECT mois, date, {_MEASURED} FROM lignes a GROUP BY mois, date")}
            ) j GROUP BY mois, jour
        ),
        themes AS (
            SELECT {unnested(THEMES)} FROM cumul
            {raw(f"SELECT cle, {_MEASURED} FROM {_BY_THEME} a GROUP BY mois, cle")}
        )
        SELECT {SOMMES},
            (SELECT json_agg(json_build_array(to_char(mois, 'YYYY-MM'), {_NAMES})) FROM
                (SELECT mois, {_SUMS} FROM jours GROUP BY mois) m),
            (SELECT ARRAY[array_agg(jour - DATE '0001-01-01' + 1), {_DAY_ARRAYS}] FROM jours),
            (SELECT json_agg(json_build_array(n.nom, {_NAMES})) FROM
                (SELECT cle, {_SUMS} FROM themes GROUP BY cle) t JOIN accompagnements_theme n ON n.id = t.cle)
            {also}
        FROM (SELECT {COLONNES} FROM cumul {raw(f"SELECT {COMPTES} FROM lignes a GROUP BY mois")}) tout
    """  # noqa: S608  # Names of ours, values as parameters.


_NO_CUMUL = f"cumul AS (SELECT {_SHAPE} FROM accompagnements_cumulconseiller WHERE false),"  # noqa: S608  # Names of ours, values as parameters.
_MARKED_MONTHS = """
    sales AS MATERIALIZED (
        SELECT DISTINCT conseiller_id, date_trunc('month', jour)::date AS mois FROM accompagnements_marquestatistique
        WHERE conseiller_id = ANY(%(conseillers)s::bigint[]) AND jour >= %(plein)s::date AND jour < %(fin_plein)s::date
    ),
"""
_MONTHS = f"""
    SELECT {_SHAPE} FROM accompagnements_cumulconseiller c
    WHERE conseiller_id = ANY(%(conseillers)s::bigint[]) AND mois >= %(plein)s::date AND mois < %(fin_plein)s::date
"""  # noqa: S608  # Names of ours, values as parameters.
# Most of the time nothing is marked. This reads nothing when something is, and says so.
OF_CLEAN_CONSEILLERS = _read(
    f"{_MARKED_MONTHS} cumul AS MATERIALIZED ({_MONTHS} AND NOT EXISTS (SELECT 1 FROM sales)),",  # noqa: S608  # As above.
    also=", EXISTS (SELECT 1 FROM sales)",
)
OF_CONSEILLERS = _read(
    f"""
    {_MARKED_MONTHS}
    cumul AS (
        {_MONTHS} AND NOT EXISTS (SELECT 1 FROM sales s WHERE s.conseiller_id = c.conseiller_id AND s.mois = c.mois)
    ),
    """,  # noqa: S608  # Names of ours, values as parameters.
    f"""
    SELECT {_MONTH_OF}, {_READ} FROM (
        SELECT conseiller_id, debut, fin FROM unnest(%(conseillers)s::bigint[]) AS conseillers (conseiller_id),
            unnest(%(debuts)s::date[], %(fins)s::date[]) AS bords (debut, fin)
        UNION ALL
        SELECT conseiller_id, mois, (mois + interval '1 month' - interval '1 day')::date FROM sales
    ) cles CROSS JOIN LATERAL (
        SELECT {_READ} FROM accompagnements_accompagnement a
        WHERE a.conseiller_id = cles.conseiller_id AND a.date BETWEEN cles.debut AND cles.fin
        OFFSET 0  -- Key by key through the index: the planner expects far more rows, and would read them all.
    ) a
    """,  # noqa: S608  # Names of ours, values as parameters.
)
# The same for periods of their own, one conseiller having several: those of members of a group.
OF_PERIODS = _read(
    f"""
    pleins AS (
        SELECT * FROM unnest(%(conseillers)s::bigint[], %(pleins)s::date[], %(fins_pleins)s::date[])
            AS periodes (conseiller_id, plein, fin_plein)
    ),
    sales AS MATERIALIZED (
        SELECT DISTINCT m.conseiller_id, date_trunc('month', m.jour)::date AS mois
        FROM accompagnements_marquestatistique m JOIN pleins p ON m.conseiller_id = p.conseiller_id
            AND m.jour >= p.plein AND m.jour < p.fin_plein
    ),
    cumul AS (
        SELECT {_SHAPE} FROM pleins p CROSS JOIN LATERAL (
            SELECT * FROM accompagnements_cumulconseiller
            WHERE conseiller_id = p.conseiller_id AND mois >= p.plein AND mois < p.fin_plein
        ) c WHERE NOT EXISTS (SELECT 1 FROM sales s WHERE s.conseiller_id = c.conseiller_id AND s.mois = c.mois)
    ),
    """,  # noqa: S608  # Names of ours, values as parameters.
    f"""
    SELECT {_MONTH_OF}, {_READ} FROM (
        SELECT * FROM unnest(%(conseillers_bords)s::bigint[], %(debuts)s::date[], %(fins)s::date[])
            AS bords (conseiller_id, debut, fin)
        UNION ALL
        SELECT conseiller_id, mois, (mois + interval '1 month' - interval '1 day')::date FROM sales
    ) cles CROSS JOIN LATERAL (
        SELECT {_READ} FROM accompagnements_accompagnement a
        WHERE a.conseiller_id = cles.conseiller_id AND a.date BETWEEN cles.debut AND cles.fin
        OFFSET 0  -- Key by key through the index, as above.
    ) a
    """,  # noqa: S608  # Names of ours, values as parameters.
)
_OF_DAY = [
    "date_trunc('month', t.jour)::date",
    *(f"t.{name}" for name in (*INDICATEURS, *THEMES)),
    "ARRAY[extract(day FROM t.jour)::smallint]",
    *(f"ARRAY[t.{name}]" for name in MESURES),
]
_MARKED_DAYS = f"""
    feuilles AS MATERIALIZED (
        SELECT code FROM territoires_departement
        WHERE %(territoire)s::text IN ('{FRANCE}', 'R' || region_id, 'D' || code)
            OR %(territoire)s::text LIKE 'C' || code || '%%'
    ),
    sales AS MATERIALIZED (
        SELECT DISTINCT departement_id AS departement, 'D' || departement_id AS territoire, jour
        FROM accompagnements_marquestatistique
        WHERE departement_id IN (SELECT code FROM feuilles) AND jour BETWEEN %(debut)s::date AND %(fin)s::date
    ),
"""  # noqa: S608  # Names of ours, values as parameters.
# As above.
OF_CLEAN_TERRITOIRE = _read(
    f"""
    {_MARKED_DAYS}
    cumul ({_SHAPE}) AS MATERIALIZED (
        SELECT {", ".join(_OF_DAY)} FROM accompagnements_cumulterritoire t
        WHERE t.territoire = %(territoire)s::text AND t.jour BETWEEN %(debut)s::date AND %(fin)s::date
            AND NOT EXISTS (SELECT 1 FROM sales)
    ),
    """,  # noqa: S608  # Names of ours, values as parameters.
    also=", EXISTS (SELECT 1 FROM sales)",
)
OF_TERRITOIRE = _read(
    f"""
    {_MARKED_DAYS}
    cumul ({_SHAPE}) AS (
        SELECT {", ".join(_OF_DAY)} FROM accompagnements_cumulterritoire t
        WHERE t.jour BETWEEN %(debut)s::date AND %(fin)s::date AND (
            t.territoire = %(territoire)s::text AND t.jour NOT IN (SELECT jour FROM sales)
        )
        UNION ALL
        SELECT {", ".join(_OF_DAY)} FROM (SELECT DISTINCT jour FROM sales) s CROSS JOIN LATERAL (
            SELECT * FROM accompagnements_cumulterritoire
            WHERE jour = s.jour AND territoire = ANY(ARRAY(SELECT 'D' || code FROM feuilles)) OFFSET 0
        ) t WHERE (t.territoire, t.jour) NOT IN (SELECT territoire, jour FROM sales)
    ),
    """,  # noqa: S608  # Names of ours, values as parameters.
    f"""
    SELECT {_MONTH_OF}, {_READ} FROM sales CROSS JOIN LATERAL (
        SELECT {_READ} FROM accompagnements_accompagnement a
        WHERE {DEPARTEMENT} = sales.departement AND a.date = sales.jour
            AND (%(territoire)s::text NOT LIKE 'C%%' OR a.commune_id = right(%(territoire)s::text, -1))
        OFFSET 0  -- Key by key, here too.
    ) a
    """,  # noqa: S608  # Names of ours, values as parameters.
)


def measure(rows: AccompagnementQuerySet, debut: date, fin: date, *, prepared: bool = False) -> Statistiques:
    """Count what these rows hold from `debut` to `fin`, both included, without roll-ups: a lieu, a theme, a canal.

    `prepared`: of rows always asked for in the same words, the server then plans the statement once a connection.
    """
    try:
        statement, parameters = read_raw(rows, debut, fin)
    except EmptyResultSet:  # A filter that keeps nothing.
        return measure_conseillers([], debut, fin)
    if prepared:
        return statistiques_of(fetch_prepared(statement, parameters)[0], debut, fin)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return statistiques_of(cursor.fetchone(), debut, fin)


def read_raw(rows: AccompagnementQuerySet, debut: date, fin: date) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that counts these rows, and its parameters."""
    sql, parameters = rows.filter(date__range=(debut, fin)).order_by().values(*LUES).query.sql_with_params()
    columns = ", ".join(LUES)
    lignes = f"SELECT {_MONTH_OF}, {_READ} FROM ({sql}) a ({columns})"  # noqa: S608  # Ours, and Django's.
    return _read(_NO_CUMUL, lignes), parameters


def measure_conseillers(conseillers: Iterable[int], debut: date, fin: date) -> Statistiques:
    """Figures of some conseillers: whole months from the roll-ups, the days at both ends from raw rows."""
    plein, fin_plein, bords = _whole_months(debut, fin)
    parameters = {
        "conseillers": list(conseillers),
        "plein": plein,
        "fin_plein": fin_plein,
        "debuts": [first for first, _ in bords],
        "fins": [last for _, last in bords],
    }
    if bords:
        return statistiques_of(fetch_prepared(OF_CONSEILLERS, parameters)[0], debut, fin)
    return statistiques_of(_fetch_clean(OF_CLEAN_CONSEILLERS, OF_CONSEILLERS, parameters), debut, fin)


def measure_periods(periods: Iterable[tuple[int, date, date]], debut: date, fin: date) -> Statistiques:
    """Figures of some conseillers, each over periods of their own within `debut` and `fin`, which never overlap.

    Whole months from the roll-ups, the days at the ends of each period from raw rows.
    """
    pleins: list[tuple[int, date, date]] = []
    bords: list[tuple[int, date, date]] = []
    for conseiller, first, last in periods:
        plein, fin_plein, ends = _whole_months(first, last)
        if plein < fin_plein:
            pleins.append((conseiller, plein, fin_plein))
        bords += [(conseiller, *end) for end in ends]
    names = ("conseillers", "pleins", "fins_pleins", "conseillers_bords", "debuts", "fins")
    columns = [*_columns_of(pleins), *_columns_of(bords)]
    return statistiques_of(fetch_prepared(OF_PERIODS, dict(zip(names, columns, strict=True)))[0], debut, fin)


def _columns_of(rows: list[tuple[int, date, date]]) -> list[list[Any]]:
    return [[row[rank] for row in rows] for rank in range(3)]


def measure_territoire(territoire: str, debut: date, fin: date) -> Statistiques:
    """Figures of what took place in a territory of `CumulTerritoire`: D44, R52, FR, C44109 for a large commune."""
    parameters = {"territoire": territoire, "debut": debut, "fin": fin}
    return statistiques_of(_fetch_clean(OF_CLEAN_TERRITOIRE, OF_TERRITOIRE, parameters), debut, fin)


def _fetch_clean(clean: str, exact: str, parameters: dict[str, Any]) -> Sequence[Any]:
    """Read roll-ups alone or, some of their keys being marked, with the raw rows of these."""
    *found, is_marked = fetch_prepared(clean, parameters)[0]
    return fetch_prepared(exact, parameters)[0] if is_marked else found


def _whole_months(debut: date, fin: date) -> tuple[date, date, list[tuple[date, date]]]:
    """Return the first day of the whole months, the first day after them, and the periods left at both ends."""
    after = fin + timedelta(days=1)
    plein = debut if debut.day == 1 else next_month(debut)
    fin_plein = after.replace(day=1)
    if plein >= fin_plein:
        return debut, debut, [(debut, fin)]
    ends = [(debut, plein - timedelta(days=1)), (fin_plein, fin)]
    return plein, fin_plein, [(first, last) for first, last in ends if first <= last]


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def statistiques_of(row: Any, debut: date, fin: date) -> Statistiques:
    """Put in shape what a statement of figures answers."""
    found, months, days, themes = row
    sums = dict(zip(INDICATEURS, (value or 0 for value in found), strict=True))
    return Statistiques(
        total=Ligne("Total", *(sums[name] for name in MESURES)),
        recurrents=sums["recurrents"],
        par_mois=list((_no_months(debut, fin) | {line[0]: Ligne._make(line) for line in months or ()}).values()),
        par_jour=_days(days, debut, fin),
        par_type=_measured(sums, "type", TypeAccompagnement),
        par_canal=_measured(sums, "canal", Canal),
        par_theme=sorted(map(Ligne._make, themes or ()), key=lambda line: (-line.accompagnements, line.label)),
        par_genre=_parts(sums, GENRES),
        par_age=_parts(sums, AGES),
        par_statut=_parts(sums, STATUTS),
        par_duree=[Compte(label, sums[name]) for name, (label, *_) in DUREES.items()],
        par_public=_counted(sums, "type_public", TypePublic),
        par_suite=_counted(sums, "suite", Suite, rest="Aucune suite prévue"),
        par_orientation=_counted(sums, "orientation", Orientation),
        par_dispositif=_counted(sums, "dispositif", Dispositif),
        par_materiel=_counted(sums, "materiel", Materiel),
        par_autonomie=_counted(sums, "autonomie", Autonomie, rest="Non communiqué"),
        par_niveau=_counted(sums, "niveau", NiveauAtelier),
    )


# The columns of each line of an enumeration, named once: a page would put together eighty names.
@cache
def _lines_of(column: str, choices: type[TextChoices]) -> list[tuple[str, Callable[[Any], tuple[int, int, int]]]]:
    return [(label, itemgetter(*(f"{column}_{value}_{name}" for name in MESURES))) for value, label in choices.choices]


@cache
def _columns_counted(column: str, choices: type[TextChoices]) -> list[tuple[str, str]]:
    return [(label, f"{column}_{value}") for value, label in choices.choices if value]


def _measured(sums: dict[str, int], column: str, choices: type[TextChoices]) -> list[Ligne]:
    return [Ligne(label, *measures(sums)) for label, measures in _lines_of(column, choices)]


def _counted(sums: dict[str, int], column: str, choices: type[TextChoices], *, rest: str = "") -> list[Compte]:
    """Return one line for each value. `rest`: the name of what has none."""
    lines = [Compte(label, sums[name]) for label, name in _columns_counted(column, choices)]
    known = sum(line.accompagnements for line in lines)
    return [*lines, Compte(rest, sums["accompagnements"] - known)] if rest else lines


def _parts(sums: dict[str, int], labels: dict[str, str]) -> list[Part]:
    parts = [Part(label, sums[column]) for column, label in labels.items()]
    known = sum(part.participations for part in parts)
    return [*parts, Part("Non communiqué", sums["participations"] - known)]


def _days(found: list[list[int]], debut: date, fin: date) -> list[Ligne]:
    """Return a line for every day, from the ordinals of those when something was done, and their measures."""
    lines, first = _no_days(debut, fin).copy(), debut.toordinal()
    for day, *measures in zip(*found, strict=True):
        lines[day - first] = Ligne(lines[day - first].label, *measures)
    return lines


# The same few periods are asked for all day long.
@lru_cache(maxsize=16)
def _no_days(debut: date, fin: date) -> list[Ligne]:
    """Return every day of the period, in order, as it is when nothing was done."""
    days = (date.fromordinal(number).isoformat() for number in range(debut.toordinal(), fin.toordinal() + 1))
    return [Ligne(day, *NOTHING) for day in days]


@lru_cache(maxsize=16)
def _no_months(debut: date, fin: date) -> dict[str, Ligne]:
    months = (f"{day:%Y-%m}" for day in months_between(debut, fin))
    return {month: Ligne(month, *NOTHING) for month in months}


def months_between(debut: date, fin: date) -> list[date]:
    """Return the first day of each month from one date to the other, the last month included."""
    first, last = (day.year * 12 + day.month - 1 for day in (debut, fin))
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1)]


def last_months(du: date | None, au: date | None, today: date) -> tuple[date, date]:
    """Return the period to show: what is asked for within the life of the programme, else the last 12 months."""
    fin = min(au or today, today)
    first = fin.year * 12 + fin.month - MONTHS_SHOWN
    return max(du or date(first // 12, first % 12 + 1, 1), PREMIER_JOUR), fin


def whole_months(debut: date, fin: date, today: date) -> tuple[date, date]:
    """Return the complete months the period touches, or the last one there was."""
    last = next_month(fin) - timedelta(days=1)
    if last > today:
        last = today.replace(day=1) - timedelta(days=1)
    return min(debut, last).replace(day=1), last


def period_before(debut: date, fin: date) -> tuple[date, date] | None:
    """Return the period as long just before: as many months when it is made of months, as many days otherwise.

    None: the programme had not begun.
    """
    last = debut - timedelta(days=1)
    if debut.day == 1 and (fin + timedelta(days=1)).day == 1:
        number = debut.year * 12 + debut.month - 1 - len(months_between(debut, fin))
        first = date(number // 12, number % 12 + 1, 1)
    else:
        first = debut - (fin - debut) - timedelta(days=1)
    return (first, last) if first >= PREMIER_JOUR else None


def today_for(role: Role) -> date:
    """Return today where this role works: in the commune of its structure, where its group is, else in Paris."""
    groupe = (
        Groupe.objects.visible_to(role).select_related("departement").first()
        if role.kind == RoleKind.COORDINATEUR
        else None
    )
    if groupe is not None:
        return timezone.localdate(timezone=ZoneInfo(groupe.departement.fuseau))
    conseiller_of = Structure.objects.filter(contrats__conseiller__compte=role.compte_id)
    member_of = Structure.objects.filter(membres__compte=role.compte_id)
    communes = Commune.objects.filter(structures__in=conseiller_of | member_of).select_related("departement")
    commune = communes.order_by("pk").first()
    return today_in(commune) if commune else timezone.localdate()
