"""The file of one's activity, in the exchange vocabulary (STANDARDS §4): named and written as other tools read it."""

from collections.abc import Callable, Iterator
from functools import reduce
from operator import add
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import Expression, F, Func, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Replace

from accompagnements.enums import AGES, GENRES, STATUTS
from accompagnements.models import AccompagnementQuerySet, Etiquetage, Etiquette, Theme
from common.exports import SafeText
from common.tableurs import ROWS_MAX
from comptes.enums import RoleKind
from comptes.models import Role

Column = Expression | F | Subquery

TABLEUR_CHUNK = 2_000
GROUPS = {"genre": GENRES, "age": AGES, "statut": STATUTS}


class ThemeCodes(Func):
    """The codes of a row's themes, in their order, looked up in an array given once: a join costs three times more."""

    arg_joiner = ")[number] FROM unnest("
    template = "array_to_string(ARRAY(SELECT (%(expressions)s) number), '|')"
    output_field = TextField()


def _as_it_is(column: F) -> F:
    return column


def _words(role: Role, text: Callable[[F], Expression | F]) -> Subquery:
    """The names of a row's words, in the order the list shows them; a bar inside one would cut it in two.

    On their own rows a conseiller reads every word, those of a structure they left included; anyone else, those their
    role may see: the question is asked of the database once for the file, not once for each row.
    """
    links = Etiquetage.objects.filter(accompagnement=OuterRef("pk"))
    if role.kind != RoleKind.CONSEILLER:
        links = links.filter(etiquette__in=list(Etiquette.objects.visible_to(role).values_list("pk", flat=True)))
    name = Replace(text(F("etiquette__nom")), Value("|"), Value("/"))
    names = StringAgg(name, "|", order_by=("etiquette__cle", "pk"))
    return Subquery(links.order_by().values("accompagnement").annotate(noms=names).values("noms"))


def _columns(codes: list[str], words: Column, text: Callable[[F], Expression | F] = SafeText) -> dict[str, Column]:
    columns: dict[str, Column] = {
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
        "organisme": F("organisme__code"),
        "dispositifs": Func(F("dispositifs"), Value("|"), function="array_to_string", output_field=TextField()),
        "titre": text(F("titre")),
        "notes": text(F("notes")),
        "etiquettes": words,
    }


EXPORT_HEADER = list(_columns([], Value("")))


def export_rows(rows: AccompagnementQuerySet, role: Role) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the lines of the CSV, their cells in the order of `EXPORT_HEADER`, for PostgreSQL to write."""
    return rows.order_by("-date", "-pk").values_list(*_columns(_codes(), _words(role, SafeText)).values())


def tableur_rows(rows: AccompagnementQuerySet, role: Role) -> Iterator[tuple[Any, ...]]:
    """Yield the same lines for a spreadsheet: dates and numbers as such, texts as they are, a few at a time."""
    columns = _columns(_codes(), _words(role, _as_it_is), _as_it_is)
    return rows.order_by("-date", "-pk").values_list(*columns.values())[:ROWS_MAX].iterator(chunk_size=TABLEUR_CHUNK)


def _codes() -> list[str]:
    codes = dict(Theme.objects.values_list("pk", "code"))
    return [codes.get(number, "") for number in range(1, max(codes) + 1)]
