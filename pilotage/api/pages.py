"""The documentation, as a page anyone reads, and as a console for those who write programs."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from common.access import public
from common.problems import KINDS
from comptes.constants import APPELS_BY_ADDRESS, APPELS_BY_JETON
from comptes.enums import ScopeApi
from pilotage.api.docs import EXEMPLE
from pilotage.api.fields import BIGINT_MAX
from pilotage.api.parsers import BODY_MAX
from pilotage.api.schema import SCHEME, document


@public
@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    """What the OpenAPI document says, in words: the page cannot say otherwise."""
    context = {
        "sections": _sections(),
        "scopes": [(scope.value, scope.label) for scope in ScopeApi],
        "errors": list(KINDS.values()),
        "limits": (APPELS_BY_JETON, APPELS_BY_ADDRESS),
        "body_max": BODY_MAX // 1024,
        "example": json.dumps(EXEMPLE, ensure_ascii=False, indent=2),
    }
    return render(request, "pilotage/api/documentation.html", context)


def _sections() -> list[tuple[str, list[dict[str, Any]]]]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for address, methods in document()["paths"].items():
        for method, operation in methods.items():
            scopes = [scope for one in operation.get("security", []) for scope in one.get(SCHEME, [])]
            sections.setdefault(operation["tags"][0], []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "address": address,
                    "summary": operation["summary"],
                    "description": _words(operation.get("description", "")),
                    "body": _body(operation),
                    "scope": scopes[0] if scopes else "",
                    "parameters": [_parameter(one) for one in operation.get("parameters", [])],
                }
            )
    return list(sections.items())


def _parameter(parameter: dict[str, Any]) -> dict[str, str]:
    schema = parameter["schema"]
    values = schema.get("enum") or []
    return {
        "name": parameter["name"],
        "description": _words(parameter.get("description", "")),
        "values": ", ".join(values) or {"date": "date"}.get(schema.get("format", ""), ""),
    }


def _body(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of what is sent, those one must give first."""
    if "requestBody" not in operation:
        return []
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    shape = document()["components"]["schemas"][reference.rpartition("/")[2]]
    fields = [
        {
            "name": name,
            "is_required": name in shape["required"],
            "values": ", ".join(_values(field)),
            "description": _words(field.get("description", "")),
        }
        for name, field in shape["properties"].items()
    ]
    return sorted(fields, key=lambda field: not field["is_required"])


def _values(field: dict[str, Any]) -> list[str]:
    known = field.get("enum") or field.get("items", {}).get("enum") or list(field.get("properties", {}))
    if not known and "minimum" in field and field["maximum"] < BIGINT_MAX:
        return [f"de {field['minimum']} à {field['maximum']}"]
    return [value for value in known if value]


def _words(text: str) -> SafeString:
    """Show what stands between backquotes as code."""
    shown = [format_html("<code>{}</code>", part) if rank % 2 else part for rank, part in enumerate(text.split("`"))]
    return format_html_join("", "{}", ((part,) for part in shown))


@public
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """Swagger UI from our own files. Its accessible equivalent is the page of documentation."""
    response = render(request, "pilotage/api/console.html")
    response.headers["X-Robots-Tag"] = "noindex"
    return response
