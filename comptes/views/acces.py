from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from common.access import public
from common.exceptions import RuleError
from comptes.access import any_role
from comptes.enums import JetonPurpose
from comptes.exceptions import JetonError
from comptes.forms import AcceptInvitationForm
from comptes.http import CompteRequest, sign_in
from comptes.middleware import SESSION_KEY
from comptes.models import Compte, Role
from comptes.services import accept_invitation as accept, find_jeton


@any_role
@require_POST
def switch_role(request: CompteRequest) -> HttpResponse:
    """Act under another of one's roles. Someone else's looks like one that does not exist."""
    chosen = request.POST.get("role", "")
    role = Role.objects.active().filter(compte=request.user, pk=int(chosen) if chosen.isdecimal() else 0).first()
    if role is None:
        messages.error(request, _("Ce rôle n'est pas disponible."))
    else:
        request.session[SESSION_KEY] = role.pk
        messages.success(request, _("Vous agissez maintenant comme\u00a0: %(role)s.") % {"role": role})
    return redirect(settings.LOGIN_REDIRECT_URL)


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Welcome an invited person. Opening the link uses nothing: mail scanners do it first."""
    jeton = find_jeton(purpose=JetonPurpose.INVITATION, token=token)
    if jeton is None:
        return render(request, "comptes/invitation_invalid.html", status=404)
    compte = Compte.objects.filter(email=jeton.email).first()
    initial = {"prenom": compte.prenom, "nom": compte.nom} if compte else {}
    form = AcceptInvitationForm(request.POST or None, initial=initial)
    if compte and compte.has_usable_password():
        del form.fields["password"]
    if form.is_valid():
        try:
            compte = accept(token=token, **form.cleaned_data)
        except JetonError:
            return render(request, "comptes/invitation_invalid.html", status=404)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            return sign_in(request, compte, redirect_url=settings.LOGIN_REDIRECT_URL)
    return render(request, "comptes/invitation.html", {"form": form, "email": jeton.email})
