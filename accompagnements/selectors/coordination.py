"""Figures of the activities of coordination: a few thousand rows a year, counted as they are."""

from datetime import date
from typing import NamedTuple

from django.db.models import Count, Sum

from accompagnements.enums import Objet, TypeCoordination
from accompagnements.models import CoordinationQuerySet

CHOICES = {"type": TypeCoordination.choices, "objet": Objet.choices}


class LigneCoordination(NamedTuple):
    label: str
    activites: int
    minutes: int
    participants: int
    organismes: int


def measure_coordination(
    rows: CoordinationQuerySet, debut: date, fin: date, *, by: str = "type"
) -> list[LigneCoordination]:
    """Count by type, or by aim, what took place from `debut` to `fin`, both included: a line each, even of nothing."""
    sums = {name: Sum(name) for name in ("duree", "participants")}
    counted = rows.filter(date__range=(debut, fin)).order_by().values_list(by)
    counted = counted.annotate(Count("pk"), **sums, nombre_organismes=Sum("organismes__len"))
    found = {row[0]: row[1:] for row in counted}
    return [LigneCoordination(label, *found.get(kind, (0, 0, 0, 0))) for kind, label in CHOICES[by]]
