"""Who calls: a token in the `Authorization` header, and nothing else. A session opens nothing here."""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from comptes.models import Compte, JetonApi
from comptes.services import find_jeton_api

TOKEN_MAX = 100


class JetonAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Compte, JetonApi] | None:
        """Find the live token. Unknown, expired, revoked, or of a role withdrawn: one answer for all."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if not header:
            return None
        jeton = find_jeton_api(token) if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_MAX else None
        if jeton is None:
            raise AuthenticationFailed("Ce jeton n'est pas valable : inconnu, expiré ou révoqué.")
        jeton.note_use(timezone.localdate())
        return jeton.role.compte, jeton

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """The token opens what this method of the view asks for. A view that asks for nothing is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.public:
            return True
        if not isinstance(request.auth, JetonApi):
            raise NotAuthenticated("Donnez un jeton dans l'en-tête Authorization.")
        method = "GET" if request.method in {"HEAD", "OPTIONS"} else str(request.method)
        scope = view.scopes.get(method)
        # A method the view does not have is a 405; one it has and forgot to name a scope for is closed.
        return request.auth.allows(scope) if scope else not hasattr(view, method.lower())
