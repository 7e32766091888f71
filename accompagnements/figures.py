"""The page of figures: ready strings, one picture, one table and one file for each breakdown.

Outside one's own scope, a cell under five is hidden, with the next smallest when its value could be had by difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.formats import date_format

from accompagnements.presentation import minutes_text
from accompagnements.selectors import Compte, Ligne, Part, Perimetre, Statistiques, period_before, whole_months
from common.charts import Chart, bar_chart, column_chart, line_chart
from common.numbers import number

SMALL = 5
DAYS_DRAWN = 400
# Of a longer period yet, every second week, or third: the page keeps its weight.
DAYS_BY_WEEK = 1100
HIDDEN = "masqué"
ACTIVITY = ("Accompagnements", "Participations", "Durée")
ACTIVITY_DATA = ("Accompagnements", "Participations", "Minutes")
PUBLIC_NOTE = "Participations : une personne venue deux fois compte deux fois."
WORDS_NOTE = "Un accompagnement avec plusieurs étiquettes compte dans chacune, un autre dans aucune."
THEMES_NOTE = "Un accompagnement sur plusieurs thèmes compte dans chacun."


@dataclass(frozen=True)
class Figure:
    """A picture, the table behind it, and the lines of its file."""

    chart: Chart
    kind: str
    columns: Sequence[str]
    rows: list[tuple[str, list[str]]]
    header: Sequence[str]
    lines: list[list[Any]]
    note: str = ""

    @property
    def name(self) -> str:
        return self.chart.id


@dataclass(frozen=True)
class Figures:
    # Label, value, and how it has changed since the period before.
    totals: list[tuple[str, str, str]]
    figures: list[Figure]
    is_empty: bool
    # Too few to say anything of them.
    is_hidden: bool = False


@dataclass(frozen=True)
class Lecture:
    """A scope over a period: what was counted, and what may be shown of it."""

    perimetre: Perimetre
    debut: date
    fin: date
    before: tuple[date, date] | None
    found: Statistiques
    past: Statistiques | None
    figures: Figures

    @property
    def hides(self) -> bool:
        return not self.perimetre.is_own


def read_statistics(perimetre: Perimetre, debut: date, fin: date, *, today: date) -> Lecture:
    if not perimetre.is_own:
        # Day by day, the difference of two totals would say what their small cells hide.
        debut, fin = whole_months(debut, fin, today)
    before = period_before(debut, fin)
    found = perimetre.measure(debut, fin)
    past = perimetre.measure(*before) if before else None
    figures = present_statistics(found, past, hides=not perimetre.is_own)
    return Lecture(perimetre, debut, fin, before, found, past, figures)


def hidden_cells(values: Sequence[int], *, hides: bool) -> set[int]:
    """Return the ranks of the cells to hide. Those left out can be had from the total: never one alone, nor several
    that add up to less than five."""
    hidden = {rank for rank, value in enumerate(values) if 0 < value < SMALL} if hides else set()
    others = sorted((value, rank) for rank, value in enumerate(values) if value >= SMALL)
    while hidden and others and (len(hidden) == 1 or sum(values[rank] for rank in hidden) < SMALL):
        hidden.add(others.pop(0)[1])
    return hidden


def with_links(
    figures: Figures, persons: int, before: int | None, words: list[Ligne], *, hides: bool, hides_persons: bool
) -> Figures:
    """Add what roll-ups do not hold: how many persons were followed, each once, and the words they were ranged by."""
    if figures.is_hidden or figures.is_empty:
        return figures
    label = "Personnes suivies"
    if hides_persons and 0 < persons < SMALL:
        total = (label, HIDDEN, "")
    else:
        total = (label, number(persons), _evolution(persons, before, number, hides=hides_persons))
    totals = [*figures.totals[:3], total, *figures.totals[3:]]
    shown = [_activity("etiquette", "Accompagnements par étiquette", words, hides, WORDS_NOTE)] if words else []
    return replace(figures, totals=totals, figures=[*figures.figures, *shown])


def present_statistics(found: Statistiques, before: Statistiques | None = None, *, hides: bool = False) -> Figures:
    """`before`: the figures of the period before. `hides`: the scope is not one's own."""
    total = found.total
    if hides and 0 < total.accompagnements < SMALL:
        return Figures([], [], is_empty=False, is_hidden=True)
    if before and hides and before.total.accompagnements < SMALL:
        before = None
    lines: list[tuple[str, Callable[[Statistiques], int], Callable[[int], str]]] = [
        ("Accompagnements", lambda one: one.total.accompagnements, number),
        ("Participations", lambda one: one.total.participations, number),
        ("dont personnes déjà venues", lambda one: one.recurrents, number),
        ("Heures d'accompagnement", lambda one: one.total.minutes, minutes_text),
    ]
    totals = []
    for label, value_of, text in lines:
        value = value_of(found)
        if hides and 0 < value < SMALL:
            totals.append((label, HIDDEN, ""))
        else:
            past = value_of(before) if before else None
            totals.append((label, text(value), _evolution(value, past, text, hides=hides)))
    figures = [
        _months(found.par_mois, hides),
        _days(found.par_jour, hides),
        _activity("type", "Accompagnements par type", found.par_type, hides),
        _activity("theme", "Accompagnements par thème", found.par_theme, hides, THEMES_NOTE),
        _activity("canal", "Accompagnements par lieu", found.par_canal, hides),
        _counted("duree", "Accompagnements par durée", found.par_duree, hides),
        _public("age", "Participations par âge", found.par_age, hides),
        _public("genre", "Participations par genre", found.par_genre, hides),
        _public("statut", "Participations par situation", found.par_statut, hides),
        _counted("public", "Accompagnements par public", found.par_public, hides),
        _counted("suite", "Suites données", found.par_suite, hides),
        _counted("orientation", "Orientations vers un autre organisme", found.par_orientation, hides),
        _counted("dispositif", "Dispositifs mobilisés", found.par_dispositif, hides),
        _counted("materiel", "Matériel utilisé", found.par_materiel, hides),
        _counted("autonomie", "Autonomie", found.par_autonomie, hides),
        _counted("niveau", "Niveau des ateliers", found.par_niveau, hides),
    ]
    return Figures(totals, figures, is_empty=not total.accompagnements)


FIGURES = frozenset({
    "mois", "jours", "type", "theme", "canal", "duree", "age", "genre", "statut", "public", "suite", "orientation",
    "dispositif", "materiel", "autonomie", "niveau", "etiquette",
})  # fmt: skip


def _evolution(value: int, past: int | None, text: Callable[[int], str], *, hides: bool) -> str:
    if past is None or (hides and 0 < past < SMALL):
        return ""
    if not past:
        return f"{text(0)} sur la période précédente"
    change = round((value - past) * 100 / past)
    return f"{change:+d} % (période précédente : {text(past)})".replace("-", "−")


def _months(lines: list[Ligne], hides: bool) -> Figure:
    months = [date.fromisoformat(f"{line.label}-01") for line in lines]
    named = [line._replace(label=date_format(month, "F Y")) for month, line in zip(months, lines, strict=True)]
    rows, data, values = _activity_cells(named, hides)
    shown = [(f"{month:%m/%y}", value) for month, value in zip(months, values, strict=True)]
    chart = column_chart("mois", "Accompagnements par mois", shown)
    data = [[line.label, *cells[1:]] for line, cells in zip(lines, data, strict=True)]
    return Figure(chart, "columns", ACTIVITY, rows, ("Mois", *ACTIVITY_DATA), data)


def _days(lines: list[Ligne], hides: bool) -> Figure:
    """Draw every day, the table having a line a month; of a long period every week, so that years fit in a page.

    The file has every day, whatever the period.
    """
    _, data, values = _activity_cells(lines, hides)
    header = ("Jour", *ACTIVITY_DATA)
    if len(lines) > DAYS_DRAWN:
        return _weeks(lines, hides, header, data)
    title = "Accompagnements par jour"
    chart = line_chart("jours", title, [_in_french(line.label) for line in lines], values)
    months: dict[str, list[str]] = {}
    first = int(lines[0].label[8:]) if lines else 1
    for line, cells in zip(lines, data, strict=True):
        days = months.setdefault(line.label[:7], [""] * (first - 1) if not months else [])
        days.append(str(cells[1]) if cells[1] != HIDDEN else "·")
    width = max((len(days) for days in months.values()), default=0)
    rows = [(f"{month[5:]}/{month[:4]}", days + [""] * (width - len(days))) for month, days in months.items()]
    note = "· : nombre masqué." if any(cells[1] == HIDDEN for cells in data) else ""
    return Figure(chart, "line", [str(day) for day in range(1, width + 1)], rows, header, data, note)


def _in_french(day: str) -> str:
    """The file keeps ISO dates; a person reads 22/11/2026."""
    return "/".join(reversed(day.split("-")))


def _weeks(lines: list[Ligne], hides: bool, header: Sequence[str], data: list[list[Any]]) -> Figure:
    step = 7 * (1 + len(lines) // DAYS_BY_WEEK)
    groups = [lines[start : start + step] for start in range(0, len(lines), step)]
    labels = [_in_french(group[0].label) for group in groups]
    counts = [sum(line.accompagnements for line in group) for group in groups]
    hidden = hidden_cells(counts, hides=hides)
    drawn = [0 if rank in hidden else value for rank, value in enumerate(counts)]
    title = "Accompagnements par semaine" if step == 7 else f"Accompagnements par période de {step} jours"
    chart = line_chart("jours", title, labels, drawn)
    rows = [
        (label, [HIDDEN if rank in hidden else number(value)])
        for rank, (label, value) in enumerate(zip(labels, counts, strict=True))
    ]
    note = f"Chaque ligne commence ce jour-là et en couvre {step}. Le fichier donne chaque jour."
    return Figure(chart, "line", ("Accompagnements",), rows, header, data, note)


def _activity(name: str, title: str, lines: list[Ligne], hides: bool, note: str = "") -> Figure:
    rows, data, values = _activity_cells(lines, hides)
    chart = bar_chart(name, title, list(zip([line.label for line in lines], values, strict=True)))
    return Figure(chart, "bars", ACTIVITY, rows, ("", *ACTIVITY_DATA), data, note)


def _activity_cells(lines: list[Ligne], hides: bool) -> tuple[list[Any], list[list[Any]], list[int]]:
    """Return the rows of the table, those of the file, and what is drawn: nothing for what is hidden."""
    hidden = hidden_cells([line.accompagnements for line in lines], hides=hides)
    rows: list[Any] = []
    data: list[list[Any]] = []
    for rank, line in enumerate(lines):
        if rank in hidden:
            rows.append((line.label, [HIDDEN] * 3))
            data.append([line.label, HIDDEN, HIDDEN, HIDDEN])
        else:
            texts = [number(line.accompagnements), number(line.participations), minutes_text(line.minutes)]
            rows.append((line.label, texts))
            data.append(list(line))
    return rows, data, [0 if rank in hidden else line.accompagnements for rank, line in enumerate(lines)]


def _public(name: str, title: str, parts: list[Part], hides: bool) -> Figure:
    return _simple(
        name, title, [(part.label, part.participations) for part in parts], hides, "Participations", PUBLIC_NOTE
    )


def _counted(name: str, title: str, counts: list[Compte], hides: bool) -> Figure:
    return _simple(name, title, [(one.label, one.accompagnements) for one in counts], hides, "Accompagnements")


def _simple(name: str, title: str, pairs: list[tuple[str, int]], hides: bool, column: str, note: str = "") -> Figure:
    hidden = hidden_cells([value for _, value in pairs], hides=hides)
    rows = [(label, [HIDDEN if rank in hidden else number(value)]) for rank, (label, value) in enumerate(pairs)]
    data = [[label, HIDDEN if rank in hidden else value] for rank, (label, value) in enumerate(pairs)]
    shown = [(label, 0 if rank in hidden else value) for rank, (label, value) in enumerate(pairs)]
    return Figure(bar_chart(name, title, shown), "bars", (column,), rows, ("", column), data, note)
