from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from comptes.models import Compte, Role

GetResponse = Callable[[HttpRequest], HttpResponse]

SESSION_KEY = "role"
# Where someone without a second factor may go: to set one up, or out.
WITHOUT_SECOND_FACTOR = frozenset(
    {
        "account_logout",
        "account_reauthenticate",
        "comptes:switch_role",
        "mfa_activate_totp",
        "mfa_reauthenticate",
    }
)


class RoleMiddleware:
    """Set `request.role`, the current right; send to its set-up whoever needs a second factor and has none."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.role, request.roles = None, []  # type: ignore[attr-defined]
        if isinstance(request.user, Compte):
            request.roles = active_roles(request.user)  # type: ignore[attr-defined]
            request.role = current_role(request, request.roles)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        compte = request.user
        if not isinstance(compte, Compte) or not getattr(view, "login_required", True):
            return None
        # The account's strongest role decides: switching to a weaker one is not a way around.
        roles: list[Role] = request.roles  # type: ignore[attr-defined]
        if not (compte.is_staff or compte.is_superuser or any(role.needs_second_factor for role in roles)):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in WITHOUT_SECOND_FACTOR or is_mfa_enabled(compte):
            return None
        return redirect("mfa_activate_totp")


def active_roles(compte: Compte) -> list[Role]:
    roles = list(compte.roles.active().select_related("departement", "region"))
    for role in roles:
        role.compte = compte
    return roles


def current_role(request: HttpRequest, roles: list[Role]) -> Role | None:
    """Return the role chosen in this session, else the last one granted; None when the account has none left.

    The last one: whoever has just been recruited is a conseiller from the next page on, without choosing.
    """
    chosen = request.session.get(SESSION_KEY)
    return next((role for role in roles if role.pk == chosen), roles[-1] if roles else None)
