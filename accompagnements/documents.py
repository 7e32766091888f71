"""The file of one's activity, in the exchange vocabulary (STANDARDS §4): named and written as other tools read it."""

from collections.abc import Callable, Iterator
from functools import reduce
from operator import add
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Expression, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast

from accompagnements.enums import AGES, GENRES, STATUTS
from accompagnements.models import AccompagnementQuerySet, Theme
from common.exports import SafeText
from common.tableurs import ROWS_MAX

TABLEUR_CHUNK = 2_000
GROUPS = {"genre": GENRES, "age": AGES, "statut": STATUTS}


class ThemeCodes(Func):
    """The codes of a row's themes, in their order, looked up in an array given once: a join costs three times more."""

    arg_joiner = ")[number] FROM unnest("
    template = "array_to_string(ARRAY(SELECT (%(expressions)s) number), '|')"
    output_field = TextField()


def _columns(codes: list[str], text: Callable[[F], Expression | F] = SafeText) -> dict[str, Expression | F]:
    columns: dict[str, Expression | F] = {
        "uuid": Cast(F("uuid"), TextField()),
        "date": F("date"),
        "type": F("type"),
        "duree_minutes": F("duree"),
        "canal": F("canal"),
        "lieu": text(F("lieu__nom")),
        "commune_insee": F("commune"),
        "commune_nom": F("commune__nom"),
        "participants": F("participants"),
        "recurrents": F("recurrents"),
    }
    for group, names in GROUPS.items():
        columns |= {name: F(name) for name in names}
        columns[f"{group}_non_communique"] = F("participants") - reduce(add, map(F, names))
    return columns | {
        "themes": ThemeCodes(Value(codes, output_field=ArrayField(TextField())), F("themes")),
        "type_public": F("type_public"),
        "materiel": Func(F("materiel"), Value("|"), function="array_to_string", output_field=TextField()),
        "autonomie": F("autonomie"),
        "niveau": F("niveau"),
        "suite": F("suite"),
        "orientation": F("orientation"),
        "titre": text(F("titre")),
        "notes": text(F("notes")),
    }


EXPORT_HEADER = list(_columns([]))


def export_rows(rows: AccompagnementQuerySet) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the lines of the CSV, their cells in the order of `EXPORT_HEADER`, for PostgreSQL to write."""
    return rows.order_by("-date", "-pk").values_list(*_columns(_codes()).values())


def tableur_rows(rows: AccompagnementQuerySet) -> Iterator[tuple[Any, ...]]:
    """Yield the same lines for a spreadsheet: dates and numbers as such, texts as they are, a few at a time."""
    columns = _columns(_codes(), text=lambda column: column)
    return rows.order_by("-date", "-pk").values_list(*columns.values())[:ROWS_MAX].iterator(chunk_size=TABLEUR_CHUNK)


def _codes() -> list[str]:
    codes = dict(Theme.objects.values_list("pk", "code"))
    return [codes.get(number, "") for number in range(1, max(codes) + 1)]
