"""What the pages and the file of coordination print: ready strings, so that templates compute nothing."""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypedDict

from django.db.models import F, Func, QuerySet, TextField
from django.utils.formats import date_format

from accompagnements.enums import Echelon, Objet, TypeCoordination
from accompagnements.figures import HIDDEN, Figure, hidden_cells
from accompagnements.models import Coordination, CoordinationQuerySet, CoordinationRevision
from accompagnements.presentation import Past, minutes_text, past_of
from accompagnements.selectors import LigneCoordination, Perimetre, measure_coordination
from accompagnements.services import coordination_label
from common.charts import bar_chart
from common.exports import SafeText
from common.numbers import number

# Name of a figure → its title, and what it counts by.
BY_TYPE = "coordination"
COORDINATION = {
    BY_TYPE: ("Activités de coordination, par type", "type"),
    "coordination-objet": ("Activités de coordination, selon leur but", "objet"),
}
TYPES = dict(TypeCoordination.choices)
OBJETS = dict(Objet.choices)
ECHELONS = dict(Echelon.choices)
COLUMNS = ("Activités", "Durée", "Participants", "Organismes")
HEADER = ("", "Activités", "Minutes", "Participants", "Organismes")


class Row(TypedDict):
    pk: int
    iso_date: str
    date: str
    type: str
    titre: str
    objet: str
    place: str
    duree: str
    # How many people came, or who the partners are.
    who: str
    which: str


def present_coordinations(rows: Iterable[Coordination]) -> list[Row]:
    return [
        Row(
            pk=one.pk,
            iso_date=one.date.isoformat(),
            date=f"{one.date:%d/%m/%Y}",
            type=TYPES[one.type],
            titre=one.titre,
            objet=OBJETS[one.objet],
            place=f"{one.commune.nom} ({ECHELONS[one.echelon].lower()})",
            duree=minutes_text(one.duree),
            who=who_of(one),
            which=f"du {one.date:%d/%m/%Y}, n° {one.pk}",
        )
        for one in rows
    ]


def who_of(coordination: Coordination) -> str:
    people = f"{number(coordination.participants)} participants" if coordination.participants > 1 else ""
    if coordination.participants == 1:
        people = "1 participant"
    return " ; ".join(filter(None, [people, ", ".join(coordination.organismes)]))


def coordination_details(coordination: Coordination) -> list[tuple[str, str]]:
    """Return what a row holds, in words; what was not filled in is left out."""
    one = coordination
    lines = [
        ("Titre", one.titre),
        ("Date", date_format(one.date, "j F Y")),
        ("Durée", minutes_text(one.duree)),
        ("Pour quoi faire", one.get_objet_display()),
        ("Où", str(one.commune)),
        ("Territoire concerné", one.get_echelon_display()),
        ("Participants", number(one.participants) if one.participants else ""),
        ("Nature du partenaire", one.get_partenaire_display() if one.partenaire else ""),
        ("Organismes", ", ".join(one.organismes)),
        ("Notes", one.notes),
    ]
    return [(name, text) for name, text in lines if text]


def coordination_history(coordination: Coordination) -> list[Past]:
    return past_of(CoordinationRevision.objects.filter(coordination_pk=coordination.pk), coordination_label)


def coordination_figures(perimetre: Perimetre, debut: date, fin: date) -> list[Figure]:
    """The section of the page of figures: pictures, tables, lines of files. A territory has numbers only."""
    rows = perimetre.coordination
    if rows is None:
        return []
    names = [*COORDINATION] if perimetre.is_own_coordination else [BY_TYPE]
    found = {name: measure_coordination(rows, debut, fin, by=COORDINATION[name][1]) for name in names}
    if not any(line.activites for line in found[BY_TYPE]):
        return []
    kind = "bars" if perimetre.is_own_coordination else "table"
    return [_figure(name, kind, lines, hides=not perimetre.is_own) for name, lines in found.items()]


def _figure(name: str, kind: str, lines: list[LigneCoordination], *, hides: bool) -> Figure:
    hidden = hidden_cells([line.activites for line in lines], hides=hides)
    rows: list[tuple[str, list[str]]] = []
    data: list[list[Any]] = []
    for rank, line in enumerate(lines):
        if rank in hidden:
            rows.append((line.label, [HIDDEN] * 4))
            data.append([line.label, *[HIDDEN] * 4])
        else:
            texts = [number(line.activites), minutes_text(line.minutes)]
            rows.append((line.label, [*texts, number(line.participants), number(line.organismes)]))
            data.append(list(line))
    shown = [(line.label, 0 if rank in hidden else line.activites) for rank, line in enumerate(lines)]
    chart = bar_chart(name, COORDINATION[name][0], shown)
    return Figure(chart, kind, COLUMNS, rows, HEADER, data)


class Joined(Func):
    """An array in one cell. Without parameters: `SafeText` writes it more than once."""

    template = "array_to_string(%(expressions)s, '|')"
    output_field = TextField()


def _columns() -> dict[str, Any]:
    return {
        "uuid": F("uuid"),
        "date": F("date"),
        "type": F("type"),
        "titre": SafeText(F("titre")),
        "duree_minutes": F("duree"),
        "commune_insee": F("commune"),
        "commune_nom": F("commune__nom"),
        "echelon": F("echelon"),
        "objet": F("objet"),
        "participants": F("participants"),
        "partenaire": F("partenaire"),
        "organismes": SafeText(Joined(F("organismes"))),
        "notes": SafeText(F("notes")),
    }


EXPORT_HEADER = list(_columns())


def export_rows(rows: CoordinationQuerySet) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the lines of the file, their cells in the order of `EXPORT_HEADER`, for PostgreSQL to write."""
    return rows.order_by("-date", "-pk").values_list(*_columns().values())
