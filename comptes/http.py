import time

from allauth.account import app_settings as account_settings
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate, get_reauthentication_flows
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


def can_prove_again(compte: Compte) -> bool:
    """Say whether the account has something to ask its owner again: a password, or a second factor."""
    return bool(get_reauthentication_flows(compte))


def has_just_proved(request: CompteRequest) -> bool:
    """Say whether the person proved a moment ago, in this session, that the account is theirs.

    By their password or their second factor, asked again; who has neither, by the code or the link they signed in with.
    """
    if can_prove_again(request.user):
        return bool(did_recently_reauthenticate(request))
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < account_settings.REAUTHENTICATION_TIMEOUT
