"""The vocabulary of the access tables: one `ACCESS` dictionary per app, in `tests/<app>/access.py`.

`tests/test_access.py` walks the URLconf and fails on a route without a line here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from comptes.enums import RoleKind

EVERYONE = frozenset(RoleKind)


@dataclass(frozen=True)
class Route:
    """Who may enter a route, and which rows they may reach.

    `roles`: who may enter (None: everyone, signed in or not).
    `mine(kind)`: builds a row the role may read; returns (Role, url kwargs). Needed when the URL has arguments.
    `other()`: builds a row of somebody else; returns url kwargs: the same answer as an absent one, 404.
    `sees_all`: the kinds for which no row is somebody else's.
    `status`: what a GET answers to whoever may enter and read (405 for a POST-only route).
    `absent`: url kwargs that name no row.
    """

    roles: frozenset[RoleKind] | None = None
    mine: Callable[[RoleKind], tuple[Any, dict[str, Any]]] | None = None
    other: Callable[[], dict[str, Any]] | None = None
    sees_all: frozenset[RoleKind] = field(default_factory=frozenset)
    status: int = 200
    absent: dict[str, Any] = field(default_factory=lambda: {"pk": 999_999_999})
    # An address of the API: what each method asks of a token. A session opens none of them.
    scopes: dict[str, str] = field(default_factory=dict)


def public(status: int = 200, **kwargs: Any) -> Route:
    """Open to everyone. With arguments, `kwargs` are those of a URL that answers `status` without any row."""
    return Route(mine=(lambda kind: (None, kwargs)) if kwargs else None, status=status)
