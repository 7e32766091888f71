"""Every refusal as a problem (RFC 9457): 400 what cannot be read, 422 what can and is not accepted."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from accompagnements.exceptions import AlreadyRecordedError
from common.exceptions import RuleError
from common.problems import CONTENT_TYPE, problem

# What these say is in English, or about our code.
OUR_OWN_WORDS = (exceptions.MethodNotAllowed, exceptions.UnsupportedMediaType, exceptions.Throttled)


class RefusedError(Exception):
    """Values that read well and are not accepted: field → sentences."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__()
        self.errors = errors


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer what is refused; anything else is ours, and goes on to the page of failures."""
    if isinstance(error, AlreadyRecordedError):
        return _respond(409, str(error))
    if isinstance(error, RuleError):
        return _respond(422, str(error), [{"champ": error.field, "message": str(error)}])
    if isinstance(error, RefusedError):
        return _respond(422, "", list(_flat(error.errors)))
    if isinstance(error, exceptions.ValidationError):
        return _respond(400, "", list(_flat(error.detail)))
    if isinstance(error, Http404):
        return _respond(404)
    if isinstance(error, PermissionDenied):
        return _respond(403, str(error))
    if not isinstance(error, exceptions.APIException):
        return None
    detail = "" if isinstance(error, OUR_OWN_WORDS) or type(error).__name__ == "TooLarge" else str(error.detail)
    if isinstance(error, exceptions.PermissionDenied):
        detail = ""
    response = _respond(error.status_code, detail)
    if isinstance(error, exceptions.Throttled):
        response["Retry-After"] = str(int(getattr(error, "wait", 0) or 0))
    if error.status_code == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def _respond(status: int, detail: str = "", errors: list[dict[str, Any]] | None = None) -> Response:
    return Response(problem(status, detail, errors or ()), status=status, content_type=CONTENT_TYPE)


def _flat(detail: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield each sentence with the dotted name of what it is about; null for the whole."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name in {"non_field_errors", "__all__"} else str(name)
            yield from _flat(inner, ".".join(filter(None, (path, own))))
    elif isinstance(detail, list):
        for rank, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _flat(inner, f"{path}.{rank}" if nested else path)
    else:
        yield {"champ": path or None, "message": str(detail)}
