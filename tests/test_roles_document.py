"""docs/roles.md is the access table, printed. `UPDATE_DOCS=1 pytest tests/test_roles_document.py` writes it again."""

import os
from pathlib import Path

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from comptes.enums import RoleKind
from tests.test_access import ACCESS

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "roles.md"
INTRODUCTION = """# Who may enter what

Printed from the access tables (`tests/<app>/access.py`) that `tests/test_access.py` checks on every route: do not edit.

- `✓` enters; `own` enters and reads only the rows that `visible_to(role)` gives: any other row answers like an absent
  one, 404; `·` gets a 403 page, and a visitor is sent to the sign-in page.
- A role needs a second factor unless it is `candidat` or `conseiller`.
- Addresses of the API (`api:`) open to a token of the role with the scope of the method, never to a session.
- Signing in, passwords and the second factor: `comptes/allauth_urls.py`. The administration opens for `anct` and `bdt`.
"""


def addresses(resolver, prefix="", namespace=""):
    for entry in resolver.url_patterns:
        address = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from addresses(entry, address, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", f"/{address}"


def cell(route, kind):
    if route.roles is None:
        return "✓"
    if kind is None or kind not in route.roles:
        return "·"
    return "own" if route.mine and kind not in route.sees_all else "✓"


def render():
    paths = dict(addresses(get_resolver()))
    names = ["visitor", *RoleKind.values]
    lines = [INTRODUCTION, f"| Route | Address | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for name, route in sorted(ACCESS.items()):
        cells = [cell(route, kind) for kind in (None, *RoleKind)]
        lines.append(f"| `{name}` | `{paths[name]}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_roles_document_is_the_access_table():
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(render())
    assert DOCUMENT.read_text() == render(), "UPDATE_DOCS=1 pytest tests/test_roles_document.py"
