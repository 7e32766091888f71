"""The application of a visitor (`/candidater/…`)."""

import re
import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from candidatures import selectors, services
from candidatures.constants import REQUESTS, WRITES
from candidatures.enums import Etape, StatutCandidature
from candidatures.exceptions import IncompleteCandidatureError
from candidatures.forms import STEP_FORMS, ResumeLinkForm
from candidatures.models import Candidature
from common.access import public
from common.exceptions import RuleError, StaleFormError, TransitionError
from common.ratelimit import rate_limited
from comptes.models import Compte

SESSION_KEY = "brouillon"
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def _get_draft(request: HttpRequest) -> Candidature | None:
    """Return what this browser is writing, or has sent and not confirmed."""
    key = request.session.get(SESSION_KEY)
    if key is None:
        return None
    return Candidature.objects.unconfirmed().filter(draft_key=key).select_related("commune__departement").first()


def _new_candidature(request: HttpRequest) -> Candidature:
    """Return a blank row, filled with what the account of a signed-in person already says."""
    if isinstance(request.user, Compte):
        return Candidature(prenom=request.user.prenom, nom=request.user.nom, email=request.user.email)
    return Candidature()


def next_url(candidature: Candidature, etape: Etape | None = None) -> str:
    """Return the step after `etape`, or the first that lacks something; the summary once nothing does."""
    missing = candidature.missing_steps()
    if not missing:
        # The last mandatory step leads to the optional one, unless it holds something already.
        if etape == Etape.DISPONIBILITE and not candidature.tells_experience:
            return reverse("candidatures:step", args=[Etape.EXPERIENCE])
        return reverse("candidatures:summary")
    following = candidature.etapes[candidature.etapes.index(etape) + 1 :] if etape in candidature.etapes else missing
    return reverse("candidatures:step", args=[following[0]]) if following else reverse("candidatures:summary")


@public
@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    draft = _get_draft(request)
    return render(
        request,
        "candidatures/start.html",
        {
            "draft": draft,
            "resume_url": _draft_url(draft) if draft else "",
            "first_url": reverse("candidatures:step", args=[Etape.IDENTITE]),
        },
    )


def _draft_url(draft: Candidature) -> str:
    return next_url(draft) if draft.status == StatutCandidature.BROUILLON else reverse("candidatures:sent")


@public
@never_cache
@form_methods
@rate_limited("candidater", **WRITES, posts_only=True)
def step(request: HttpRequest, etape: str) -> HttpResponse:
    if etape not in STEP_FORMS:
        raise Http404
    etape = Etape(etape)
    draft = _get_draft(request)
    if draft is None and etape != Etape.IDENTITE:
        messages.info(request, _("Commencez par votre identité, ou reprenez votre brouillon avec un lien."))
        return redirect("candidatures:start")
    if draft is not None and draft.status != StatutCandidature.BROUILLON:
        return redirect("candidatures:sent")
    candidature = draft or _new_candidature(request)
    etapes = [*candidature.etapes]
    if etape not in etapes:
        return redirect(next_url(candidature))
    previous = etapes[etapes.index(etape) - 1] if etape != etapes[0] else None
    form = STEP_FORMS[etape](request.POST if request.method == "POST" else None, instance=candidature)
    draft_key = draft.draft_key if draft else _new_key(request)
    going_back, removed = previous is not None and "retour" in request.GET, removed_experience(request)
    if form.is_bound and (form.is_valid() or going_back or removed is not None):
        try:
            saved = services.save_draft(
                draft_key=draft_key,
                values=form.values(),
                before=form.before,
                experience=form.experience(),
                remove=removed,
            )
        except StaleFormError:
            form = STEP_FORMS[etape](request.POST, instance=_get_draft(request))
        except TransitionError as error:
            messages.error(request, str(error))
            return redirect("candidatures:start")
        except RuleError as error:
            form.add_rule_error(error)
        else:
            request.session[SESSION_KEY] = str(saved.draft_key)
            if going_back:
                return redirect("candidatures:step", previous)
            if form.is_valid():
                stays = "ajouter" in request.GET or removed is not None
                return redirect("candidatures:step", etape) if stays else redirect(next_url(saved, etape))
    return render(
        request,
        "candidatures/step.html",
        {
            "form": form,
            "draft": draft,
            "experiences": selectors.list_experiences(draft) if draft and etape == Etape.EXPERIENCE else None,
            "new_key": None if draft else draft_key,
            "previous": previous,
            "stepper": _stepper(etape, etapes),
        },
    )


def removed_experience(request: HttpRequest) -> int | None:
    """Return the experience a « Retirer » button names."""
    text = request.GET.get("retirer", "")
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _new_key(request: HttpRequest) -> uuid.UUID:
    """Return the key the first form came with, or a new one for the form about to be shown."""
    try:
        return uuid.UUID(request.POST.get("brouillon", ""))
    except ValueError:
        return uuid.uuid4()


def _stepper(etape: Etape | None, etapes: list[Etape]) -> dict[str, object]:
    titles = [one.label for one in etapes] + [_("Récapitulatif et envoi")]
    position = etapes.index(etape) if etape else len(etapes)
    return {
        "current_step_id": str(position + 1),
        "current_step_title": titles[position],
        "next_step_title": titles[position + 1] if position + 1 < len(titles) else "",
        "total_steps": str(len(titles)),
        "heading_tag": "h2",
    }


@public
@never_cache
@form_methods
@rate_limited("candidater", **WRITES, posts_only=True)
def summary(request: HttpRequest) -> HttpResponse:
    """Show every answer; POST sends the application."""
    draft = _get_draft(request)
    if draft is None:
        return redirect("candidatures:start")
    error = ""
    if request.method == "POST":
        try:
            services.submit_candidature(candidature=draft)
        except IncompleteCandidatureError:
            pass  # The page says what is missing, step by step.
        except RuleError as refusal:
            error = str(refusal)
        else:
            return redirect("candidatures:sent")
    elif draft.status != StatutCandidature.BROUILLON:
        return redirect("candidatures:sent")
    sections = selectors.summary(draft)
    return render(
        request,
        "candidatures/summary.html",
        {
            "draft": draft,
            "sections": sections,
            "problems": [section for section in sections if section.problem],
            "error": error,
            "previous": draft.etapes[-1],
            "stepper": _stepper(None, draft.etapes),
        },
    )


@public
@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Tell the visitor to open their mailbox: the same page whether or not the address is known to us."""
    draft = _get_draft(request)
    if draft is None or draft.status != StatutCandidature.A_CONFIRMER:
        return redirect("candidatures:start")
    return render(request, "candidatures/sent.html", {"draft": draft})


@public
@require_POST
@rate_limited("candidater-message", **REQUESTS, posts_only=True)
def resend(request: HttpRequest) -> HttpResponse:
    draft = _get_draft(request)
    if draft is None:
        return redirect("candidatures:start")
    try:
        services.resend_confirmation(candidature=draft)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Un nouveau message vient de partir."))
    return redirect("candidatures:sent")


@public
@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """Open the form again, before the address is confirmed."""
    draft = _get_draft(request)
    if draft is None:
        return redirect("candidatures:start")
    try:
        services.correct_candidature(candidature=draft)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("candidatures:start")
    return redirect("candidatures:summary")


@public
@never_cache
@form_methods
def discard(request: HttpRequest) -> HttpResponse:
    """Erase what this browser is writing: a computer may be shared."""
    draft = _get_draft(request)
    if draft is None:
        return redirect("candidatures:start")
    if request.method != "POST":
        return render(request, "candidatures/discard.html", {"back_url": _draft_url(draft)})
    try:
        services.discard_draft(draft=draft)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Votre brouillon est effacé."))
    request.session.pop(SESSION_KEY, None)
    return redirect("candidatures:start")


@public
@never_cache
@form_methods
@rate_limited("candidater-message", **REQUESTS, posts_only=True)
def ask_resume_link(request: HttpRequest) -> HttpResponse:
    draft = _get_draft(request)
    initial = {"email": draft.email} if draft else None
    form = ResumeLinkForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        services.send_resume_link(email=form.cleaned_data["email"])
        messages.success(
            request,
            _("Si un brouillon existe pour cette adresse, un lien vient de lui être envoyé. Il est valable 7 jours."),
        )
        return redirect("candidatures:start")
    return render(
        request,
        "candidatures/ask_resume_link.html",
        {"form": form, "back_url": _draft_url(draft) if draft else reverse("candidatures:start")},
    )
