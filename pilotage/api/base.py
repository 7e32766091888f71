"""What every address of the API owes: closed by default, counted, cached as it says, 304 when nothing changed."""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.enums import SCOPES_BY_ROLE, ScopeApi
from comptes.models import Role
from pilotage.api import throttles

EXPOSED = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After"
NOT_IN_304 = {"content-type", "content-length"}


class ApiView(APIView):
    """A view says who enters: `public = True`, or the scope each of its methods asks of the token."""

    public: ClassVar[bool] = False
    scopes: ClassVar[Mapping[str, ScopeApi]] = {}
    # Seconds a public answer may be kept by anyone. What a token reads is always asked again: 304 is cheap.
    max_age: ClassVar[int] = 300
    # Names of what the address may ask for; anything else is a mistake worth telling.
    query: ClassVar[frozenset[str]] = frozenset()
    quota: throttles.Quota | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)
        # Read by the access table (tests/test_access.py).
        opens = cls.scopes.get("GET")
        kinds = {kind for kind, scopes in SCOPES_BY_ROLE.items() if opens in scopes}
        view.allowed_roles = None if cls.public else frozenset(kinds)
        view.api_scopes = dict(cls.scopes)
        return view

    @property
    def role(self) -> Role:
        jeton: Any = self.request.auth
        role: Role = jeton.role
        return role

    def get_authenticators(self) -> list[Any]:
        return [] if self.public else super().get_authenticators()

    def perform_authentication(self, request: Request) -> None:
        """Count the call, whoever makes it and whether the token is good or not."""
        try:
            super().perform_authentication(request)
        finally:
            self.quota = throttles.count(request)
            if self.quota.is_exceeded:
                raise Throttled(wait=self.quota.left)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            self._check_query(request)

    def _check_query(self, request: Request) -> None:
        errors = {}
        for name, values in request.query_params.lists():
            if name not in self.query:
                errors[name] = ["Ce paramètre n'existe pas ici."]
            elif len(values) > 1:
                errors[name] = ["Ce paramètre ne se donne qu'une fois."]
            elif not values[0]:
                errors[name] = ["Ce paramètre est vide : retirez-le ou donnez-lui une valeur."]
        if errors:
            raise ValidationError(errors)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Say the methods, to browsers of other sites too where anyone may read; nothing of our code."""
        response = Response(status=204)
        if self.public:
            response["Access-Control-Allow-Methods"] = ", ".join(self.allowed_methods)
            response["Access-Control-Allow-Headers"] = "If-None-Match"
            response["Access-Control-Max-Age"] = "86400"
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.quota is not None:
            for name, value in self.quota.headers.items():
                response[name] = value
        good = response.status_code < 400
        if self.public:
            # Read-only and the same for everyone: any site may show it. What a token opens is for servers.
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = EXPOSED
            response["Cross-Origin-Resource-Policy"] = "cross-origin"
            response["Cache-Control"] = f"public, max-age={self.max_age}" if good else "no-store"
        else:
            response["Cache-Control"] = "private, no-cache" if good else "no-store"
            patch_vary_headers(response, ["Authorization"])
        return response

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: Any = super().dispatch(request, *args, **kwargs)
        if request.method in {"GET", "HEAD"} and response.status_code == 200:
            response.add_post_render_callback(partial(_conditional, request))
        return response


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Name what is answered by its content, and say nothing more to whoever has it already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    known = [one.removeprefix("W/") for one in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))]
    if etag not in known and "*" not in known:
        return response
    unchanged = HttpResponseNotModified()
    for name, value in response.headers.items():
        if name.lower() not in NOT_IN_304:
            unchanged[name] = value
    return unchanged
