"""Which views anyone may enter. What signed-in people may enter is in `comptes.access`."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_not_required

View = TypeVar("View", bound=Callable)


def public(view: View) -> View:
    """Open a view to everyone; the access table lists each of them."""
    view = login_not_required(view)
    view.allowed_roles = None  # type: ignore[attr-defined]
    return view
