"""Error pages, readable and in the design system."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.access import public
from common.problems import is_api, problem_response

RETRY_AFTER = 30  # seconds


def _error(request: HttpRequest, name: str, status: int) -> HttpResponse:
    """Render an error inside the full layout, or alone when the middleware had not run yet; for a program, in JSON."""
    if is_api(request):
        return problem_response(status)
    if not hasattr(request, "role"):
        return _error_alone(name, status)
    return render(request, f"errors/{name}.html", {"layout": "base.html"}, status=status)


def _error_alone(name: str, status: int) -> HttpResponse:
    return render(None, f"errors/{name}.html", {"layout": "errors/standalone.html"}, status=status)


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, "400", 400)


@public
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, "403", 403)


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, "404", 404)


@public
def too_many_requests(request: HttpRequest) -> HttpResponse:
    response = _error(request, "429", 429)
    response.headers["Retry-After"] = "300"
    return response


@public
def server_error(request: HttpRequest) -> HttpResponse:
    """Say that it is ours, or that the database is away; the layout may be what failed, so no context."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = problem_response(503) if is_api(request) else _error_alone("503", 503)
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
    return problem_response(500) if is_api(request) else _error_alone("500", 500)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, "403_csrf", 403)
