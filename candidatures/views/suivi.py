"""The page of the person (`/ma-candidature/…`)."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from candidatures import permissions, selectors, services
from candidatures.documents import export_candidatures
from candidatures.enums import STATUTS_MODIFIABLES, Etape, StatutCandidature
from candidatures.forms import EDIT_FORMS, WithdrawForm
from candidatures.models import Candidature
from candidatures.views.depot import removed_experience
from common.exceptions import RuleError, StaleFormError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest

own_page = roles(RoleKind.CANDIDAT, RoleKind.CONSEILLER)
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def _own_or_none(request: CompteRequest) -> Candidature | None:
    return selectors.current_candidature(request.role)


def get_own(request: CompteRequest) -> Candidature:
    candidature = _own_or_none(request)
    if candidature is None:
        raise Http404
    if not permissions.can_edit(request.role, candidature):
        raise PermissionDenied
    return candidature


@own_page
@require_safe
def detail(request: CompteRequest) -> HttpResponse:
    candidature = _own_or_none(request)
    if candidature is None:
        return render(request, "candidatures/none.html")
    return render(
        request,
        "candidatures/detail.html",
        {
            "candidature": candidature,
            "next_sentence": selectors.what_happens_next(candidature),
            "timeline": selectors.timeline(candidature),
            "sections": selectors.summary(candidature),
            "cv": selectors.describe_cv(candidature),
            "badge": selectors.BADGES[StatutCandidature(candidature.status)],
            "may_edit": candidature.status in STATUTS_MODIFIABLES,
            "may_edit_representant": candidature.waits_for_representant,
            "may_pause": candidature.can_move_to(StatutCandidature.EN_PAUSE),
            "may_resume": candidature.status == StatutCandidature.EN_PAUSE,
            "may_withdraw": candidature.can_move_to(StatutCandidature.RETIREE),
            "may_apply_again": candidature.status in {StatutCandidature.RETIREE, StatutCandidature.EXPIREE},
        },
    )


@own_page
@form_methods
def edit(request: CompteRequest, etape: str) -> HttpResponse:
    candidature = get_own(request)
    if etape not in candidature.etapes:
        raise Http404
    etape = Etape(etape)
    form = EDIT_FORMS[etape](request.POST if request.method == "POST" else None, instance=candidature)
    removed = removed_experience(request)
    if form.is_bound and (form.is_valid() or removed is not None):
        try:
            services.update_candidature(
                candidature=candidature,
                etape=etape,
                values=form.values(),
                by=request.role,
                before=form.before,
                experience=form.experience(),
                remove=removed,
            )
        except StaleFormError:
            form = EDIT_FORMS[etape](request.POST, instance=get_own(request))
        except RuleError as error:
            form.add_rule_error(error)
        else:
            if form.is_valid():
                messages.success(request, _("Vos modifications sont enregistrées."))
                stays = "ajouter" in request.GET or removed is not None
                return redirect("candidatures:edit", etape) if stays else redirect("candidatures:detail")
    context = {
        "form": form,
        "etape": etape,
        "experiences": selectors.list_experiences(candidature) if etape == Etape.EXPERIENCE else None,
    }
    return render(request, "candidatures/edit.html", context)


def act(
    request: CompteRequest, service: Callable[..., object], success: str, *, to: str = "candidatures:detail"
) -> HttpResponse:
    """Do one thing to the person's own candidature and come back to its page."""
    try:
        service(candidature=get_own(request), by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, success)
    return redirect(to)


@own_page
@require_POST
def pause(request: CompteRequest) -> HttpResponse:
    success = _("Votre candidature est en pause : elle n'est plus proposée aux structures.")
    return act(request, services.pause_candidature, success)


@own_page
@require_POST
def unpause(request: CompteRequest) -> HttpResponse:
    success = _("Votre candidature est de nouveau proposée aux structures.")
    return act(request, services.resume_candidature, success)


@own_page
@require_POST
def renew(request: CompteRequest) -> HttpResponse:
    success = _("Merci : votre candidature reste ouverte pour un an.")
    return act(request, services.renew_candidature, success)


@own_page
@require_POST
def ask_consent(request: CompteRequest) -> HttpResponse:
    success = _("La demande d'accord vient d'être renvoyée à votre représentant légal.")
    return act(request, services.resend_consent_request, success)


@own_page
@form_methods
def withdraw(request: CompteRequest) -> HttpResponse:
    candidature = _own_or_none(request)
    if candidature is None or not candidature.can_move_to(StatutCandidature.RETIREE):
        return redirect("candidatures:detail")
    if not permissions.can_withdraw(request.role, candidature):
        raise PermissionDenied
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            services.withdraw_candidature(candidature=candidature, motif=form.cleaned_data["motif"], by=request.role)
        except RuleError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Votre candidature est retirée."))
        return redirect("candidatures:detail")
    return render(request, "candidatures/withdraw.html", {"form": form})


@own_page
@require_safe
def export(request: CompteRequest) -> HttpResponse:
    """Everything we hold about the person's candidatures, as a file."""
    response = JsonResponse(export_candidatures(request.user), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="ma-candidature.json"'
    return response
