"""The CV, on its owner's side. A structure reads it through `matching`."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from candidatures import selectors, services
from candidatures.constants import CV_DEPOSITS
from candidatures.enums import STATUTS_MODIFIABLES
from candidatures.exceptions import CvUnavailableError
from candidatures.forms import CvForm
from candidatures.views.suivi import act, form_methods, get_own, own_page
from common.downloads import private_pdf
from common.exceptions import RuleError
from common.ratelimit import rate_limited
from comptes.http import CompteRequest


@own_page
@form_methods
@rate_limited("cv", **CV_DEPOSITS, posts_only=True)
def cv(request: CompteRequest) -> HttpResponse:
    candidature = get_own(request)
    posted = request.method == "POST"
    form = CvForm(request.POST if posted else None, request.FILES if posted else None)
    if form.is_bound and form.is_valid():
        try:
            services.deposit_cv(candidature=candidature, fichier=form.cleaned_data["fichier"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("Votre CV est reçu. Nous le vérifions, puis il rejoint votre candidature."))
            return redirect("candidatures:cv")
    context = {
        "form": form,
        "cv": selectors.describe_cv(candidature),
        "may_deposit": candidature.status in STATUTS_MODIFIABLES,
    }
    return render(request, "candidatures/cv.html", context)


@own_page
@require_GET
def download(request: CompteRequest) -> HttpResponse:
    candidature = get_own(request)
    try:
        file = services.open_cv(candidature=candidature, by=request.role)
    except CvUnavailableError as error:
        raise Http404 from error
    return private_pdf(file, name=selectors.cv_file_name(candidature))


@own_page
@require_POST
def renew(request: CompteRequest) -> HttpResponse:
    return act(request, services.renew_cv, _("Votre CV est gardé six mois de plus."), to="candidatures:cv")


@own_page
@require_POST
def remove(request: CompteRequest) -> HttpResponse:
    return act(request, services.remove_cv, _("Votre CV est effacé."), to="candidatures:cv")
