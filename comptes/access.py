"""Who may enter a view: a view is closed until it is opened by `common.access.public` or `roles(...)`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from comptes.enums import RoleKind

View = Callable[..., HttpResponseBase]


def roles(*kinds: RoleKind) -> Callable[[View], View]:
    """Let in the accounts whose current role is one of `kinds`; anyone else gets a 403 page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            role = getattr(request, "role", None)
            if role is None or role.kind not in kinds:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wrapper.allowed_roles = frozenset(kinds)  # type: ignore[attr-defined]
        return wrapper

    return decorate


def any_role(view: View) -> View:
    """Let in every signed-in account, whatever its role."""
    view.allowed_roles = frozenset(RoleKind)  # type: ignore[attr-defined]
    return view
