from typing import Any

from django.http import HttpRequest

from pilotage.navigation import entries_for, links


def layout(request: HttpRequest) -> dict[str, Any]:
    """What the header prints. It must also serve error pages, reached before the middleware has run."""
    role = getattr(request, "role", None)
    kind = role.kind if role else None
    return {
        "current_role": role,
        "other_roles": [other for other in getattr(request, "roles", ()) if other != role],
        "navigation": links(entries_for(kind), request.path),
    }
