"""Pages of a list by the place of their last row, never by a number.

No OFFSET and no COUNT over everything: the thousandth page costs what the first one does, and a row that comes or
goes meanwhile makes none appear twice or be missed. A cursor is signed together with its order: one that was cut,
invented or made for another order opens the first page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet

PER_PAGE = 20
Row = TypeVar("Row")
Place = list[Any]


@dataclass(frozen=True)
class CursorPage(Generic[Row]):
    """Some rows, and the cursors of their neighbours: empty where there is no page."""

    rows: list[Row]
    previous: str = ""
    following: str = ""

    @property
    def has_other_pages(self) -> bool:
        return bool(self.previous or self.following)


class Cursors:
    """Write and read places in one order. `name` tells orders apart: whatever decides who comes first belongs in it."""

    def __init__(self, name: str) -> None:
        self.signer = Signer(salt=f"common.pagination:{name}")

    def write(self, place: Sequence[Any], *, backward: bool) -> str:
        values = [value if isinstance(value, int | float | str) else str(value) for value in place]
        return self.signer.sign_object([backward, *values])

    def read(self, cursor: str | None) -> tuple[Place | None, bool]:
        """Return the place a page begins after, and whether it is read backwards; no place is the first page."""
        try:
            backward, *place = self.signer.unsign_object(cursor or "")
        except (BadSignature, ValueError):
            return None, False
        return place, backward

    def page(
        self,
        rows: list[Row],
        place_of: Callable[[Row], Sequence[Any]],
        *,
        place: Place | None,
        backward: bool,
        more: bool,
    ) -> CursorPage[Row]:
        """Wrap rows, in the order they are shown; `more`: others lie beyond them, in the direction of reading."""
        first, last = (place_of(rows[0]), place_of(rows[-1])) if rows else (place, place)
        has_previous = more if backward else place is not None
        has_following = backward or more
        return CursorPage(
            rows,
            previous=self.write(first, backward=True) if has_previous and first else "",
            following=self.write(last, backward=False) if has_following and last else "",
        )


Found = TypeVar("Found", bound=Model)


def paginate(
    rows: QuerySet[Found], *, order: Sequence[str], cursor: str | None, per_page: int = PER_PAGE
) -> CursorPage[Found]:
    """Return one page of `rows` sorted by `order`: names as `order_by` takes them, never null, the last one unique.

    A name that crosses a relation (`candidature__date_disponibilite`) needs that relation in `select_related`.
    """
    cursors = Cursors(",".join(order))
    place, backward = cursors.read(cursor)
    direction = [_reverse(name) for name in order] if backward else list(order)
    beyond = rows if place is None else rows.filter(_beyond(direction, place))
    found = list(beyond.order_by(*direction)[: per_page + 1])
    more = len(found) > per_page
    if backward and len(found) < per_page:
        # The rows before went away: what is left of them is the first page, shown whole.
        return paginate(rows, order=order, cursor=None, per_page=per_page)
    shown = found[:per_page][::-1] if backward else found[:per_page]
    return cursors.page(shown, lambda row: _place_of(row, order), place=place, backward=backward, more=more)


def _reverse(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _place_of(row: Any, order: Sequence[str]) -> Place:
    place = []
    for name in order:
        value = row
        for step in name.lstrip("-").split("__"):
            value = getattr(value, step)
        place.append(value)
    return place


def _beyond(order: Sequence[str], place: Place) -> Q:
    """Say « after this place » in this order, field by field. The first condition alone bounds the scan of an index."""
    beyond = Q()
    for name, value in zip(reversed(order), reversed(place), strict=True):
        field, strictly = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition = Q(**{f"{field}__{strictly}": value})
        beyond = condition | (Q(**{field: value}) & beyond) if beyond else condition
    first = order[0].lstrip("-")
    bound = "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": place[0]}) & beyond
