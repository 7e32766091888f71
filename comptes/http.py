from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from comptes.models import Compte, Role


class CompteRequest(HttpRequest):
    """A request behind the login wall, as `RoleMiddleware` leaves it."""

    user: Compte
    role: Role
    roles: list[Role]


def sign_in(request: HttpRequest, compte: Compte, *, redirect_url: str) -> HttpResponse:
    """Open the session of a person who has just proved an address by a link.

    The only way in beside the sign-in page: like it, it asks for the second factor of an account that has one.
    """
    record_authentication(request, compte, method="link")
    response: HttpResponse = perform_login(request, compte, email=compte.email, redirect_url=resolve_url(redirect_url))
    return response
