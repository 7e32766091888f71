"""The tokens a person made for the tools that call the API in their name."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import SCOPES_BY_ROLE
from comptes.forms import SCOPE_WORDS, JetonApiForm
from comptes.http import CompteRequest
from comptes.models import JetonApi
from comptes.services import create_jeton_api, revoke_jeton_api


@sensitive_variables("token")
@roles(*SCOPES_BY_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def jeton_api_list(request: CompteRequest) -> HttpResponse:
    """One's tokens, and the form that makes another: the only page where one is ever seen in clear."""
    form = JetonApiForm(request.POST if request.method == "POST" else None, role=request.role)
    token = ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            _jeton, token = create_jeton_api(
                nom=data["nom"],
                scopes=data["scopes"],
                lifetime=timedelta(days=data["duree"]),
                graine=data["graine"],
                by=request.role,
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            form = JetonApiForm(role=request.role)
    jetons = JetonApi.objects.visible_to(request.role).filter(revoked_at=None, expires_at__gt=timezone.now())
    rows = [_row(jeton) for jeton in jetons.select_related("role__departement", "role__region").order_by("-pk")]
    return render(request, "comptes/api/list.html", {"form": form, "token": token, "rows": rows})


def _row(jeton: JetonApi) -> dict[str, object]:
    return {
        "pk": jeton.pk,
        "nom": jeton.nom,
        "prefixe": jeton.prefixe,
        "role": str(jeton.role),
        "is_ended": jeton.role.ended_at is not None,
        "scopes": [SCOPE_WORDS[scope] for scope in SCOPE_WORDS if scope in jeton.scopes],
        "expires_at": jeton.expires_at,
        "last_used_on": jeton.last_used_on,
    }


@roles(*SCOPES_BY_ROLE)
@require_POST
def jeton_api_revoke(request: CompteRequest, pk: int) -> HttpResponse:
    jeton = get_object_or_404(JetonApi.objects.visible_to(request.role), pk=pk)
    try:
        revoke_jeton_api(jeton=jeton, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Le jeton « %(nom)s » est révoqué : il n'ouvre plus rien.") % {"nom": jeton.nom})
    return redirect("comptes:jeton_api_list")
