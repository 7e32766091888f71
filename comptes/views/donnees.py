"""What is held about oneself: a page that says it in words, the whole of it in a file, and a way to have it erased."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from common.exceptions import RuleError
from comptes.access import any_role
from comptes.effacement import erase_own_compte, obstacles, what_erasing_does
from comptes.forms import EffacementForm
from comptes.http import CompteRequest, can_prove_again, has_just_proved
from comptes.models import Compte
from comptes.registre import acts_of, counts_about, held_about


@any_role
@require_safe
def my_data(request: CompteRequest) -> HttpResponse:
    rows = [
        (str(one.model._meta.verbose_name_plural), count, one.finalite, one.conservation, one.effacement)
        for one, count in counts_about(request.user)
    ]
    return render(
        request, "comptes/my_data.html", {"rows": rows, "acts": sum(map(len, acts_of(request.user).values()))}
    )


@any_role
@require_safe
def export_my_data(request: CompteRequest) -> HttpResponse:
    response = JsonResponse(_export(request.user), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="mes-donnees.json"'
    return response


def _export(compte: Compte) -> dict[str, Any]:
    return {
        "exporte_le": timezone.now(),
        "donnees": [
            {
                "nature": str(one.model._meta.verbose_name_plural),
                "finalite": one.finalite,
                "conservation": one.conservation,
                "effacement": one.effacement,
                "colonnes": {field.attname: str(field.verbose_name) for field in one.exported_fields},
                "lignes": found,
            }
            for one, found in held_about(compte)
        ],
        "actes": acts_of(compte),
    }


@any_role
@require_http_methods(["GET", "HEAD", "POST"])
def erase_my_data(request: CompteRequest) -> HttpResponse:
    """Say what erasing does, and do it: to the owner only, who proves it again, and by a form they fill in."""
    if not has_just_proved(request):
        if request.method == "POST":  # Nothing of it is kept aside: the page is read again before it is sent.
            return redirect("comptes:erase_my_data")
        if can_prove_again(request.user):
            raise ReauthenticationRequired
        return render(request, "comptes/sign_in_again.html")
    form = EffacementForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            erase_own_compte(compte=request.user, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            logout(request)
            messages.success(
                request, _("Votre compte est effacé. Un message le confirme à l'adresse qui était la vôtre.")
            )
            response = redirect(get_adapter(request).get_logout_redirect_url(request))
            # The pages and the entries kept on this device for want of a network go too.
            response["Clear-Site-Data"] = '"storage"'
            return response
    erased, kept = what_erasing_does(request.user)
    context = {"form": form, "erased": erased, "kept": kept, "obstacles": obstacles(request.user)}
    return render(request, "comptes/erase_my_data.html", context)
