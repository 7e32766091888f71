"""Links received by e-mail: a GET shows a button, whoever opens it; the POST does the thing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from candidatures import permissions, selectors, services
from candidatures.exceptions import CandidatureExistsError
from candidatures.models import Candidature
from candidatures.views.depot import SESSION_KEY, next_url
from common.access import public
from common.exceptions import RuleError
from comptes.enums import JetonPurpose
from comptes.exceptions import JetonError
from comptes.http import sign_in
from comptes.services import find_jeton

form_methods = require_http_methods(["GET", "HEAD", "POST"])


def _dead_link(request: HttpRequest, error: RuleError) -> HttpResponse:
    exists = isinstance(error, CandidatureExistsError)
    return render(
        request,
        "candidatures/dead_link.html",
        {"error": str(error), "exists": exists},
        status=409 if exists else 410,
    )


@public
@never_cache
@form_methods
def resume(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        if find_jeton(purpose=JetonPurpose.REPRENDRE_CANDIDATURE, token=token) is None:
            return _dead_link(request, JetonError())
        return render(request, "candidatures/resume.html")
    try:
        draft = services.resume_draft(token=token)
    except RuleError as error:
        return _dead_link(request, error)
    request.session[SESSION_KEY] = str(draft.draft_key)
    messages.success(request, _("Vous pouvez continuer votre candidature."))
    return redirect(next_url(draft))


@public
@never_cache
@form_methods
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        if find_jeton(purpose=JetonPurpose.CONFIRMER_CANDIDATURE, token=token) is None:
            return _dead_link(request, JetonError())
        return render(request, "candidatures/confirm.html")
    try:
        candidature = services.confirm_candidature(token=token)
    except JetonError as error:
        # The second of two clicks finds the work done.
        return redirect("candidatures:detail") if selectors.was_confirmed_by(token) else _dead_link(request, error)
    except RuleError as error:
        return _dead_link(request, error)
    request.session.pop(SESSION_KEY, None)
    messages.success(request, _("Votre adresse est confirmée, votre candidature est enregistrée."))
    if candidature.compte and request.user.is_anonymous and permissions.can_sign_in_by_link(candidature.compte):
        return sign_in(request, candidature.compte, redirect_url="candidatures:detail")
    # Whoever is not signed in is asked to be, with their password and second factor.
    return redirect("pilotage:espace")


@public
@never_cache
@form_methods
def consent(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        jeton = find_jeton(purpose=JetonPurpose.CONSENTIR_REPRESENTANT, token=token)
        candidature = Candidature.objects.filter(pk=jeton.objet_id).first() if jeton else None
        if jeton is None or candidature is None or candidature.representant_email != jeton.email:
            return _dead_link(request, JetonError())
        return render(request, "candidatures/consent.html", {"candidature": candidature, "token": token})
    try:
        services.consent_representant(token=token)
    except RuleError as error:
        return _dead_link(request, error)
    return redirect("candidatures:consented")


@public
@require_safe
def consented(request: HttpRequest) -> HttpResponse:
    return render(request, "candidatures/consented.html")


@public
@never_cache
@require_POST
def refuse_consent(request: HttpRequest, token: str) -> HttpResponse:
    try:
        services.refuse_representant(token=token)
    except RuleError as error:
        return _dead_link(request, error)
    return redirect("candidatures:refused")


@public
@require_safe
def refused(request: HttpRequest) -> HttpResponse:
    return render(request, "candidatures/refused.html")
