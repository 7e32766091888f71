"""The request of a visitor: steps, summary, confirmation by e-mail."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.access import public
from common.exceptions import RuleError, StaleFormError
from common.ratelimit import rate_limited
from comptes.enums import JetonPurpose
from comptes.exceptions import JetonError
from comptes.services import find_jeton
from structures import selectors, services
from structures.constants import ENGAGEMENT_VERSION, ENGAGEMENTS, REQUESTS, STEPS, WRITES
from structures.enums import StatutDemande
from structures.forms import STEP_FORMS, STEP_TITLES, EngagementForm, invalid_steps, step_data
from structures.models import DemandePoste

SESSION_KEY = "demande_poste"
require_form = require_http_methods(["GET", "HEAD", "POST"])


def _get_draft(request: HttpRequest) -> DemandePoste | None:
    """Return the draft this browser works on, until it is confirmed."""
    pk = request.session.get(SESSION_KEY)
    drafts = DemandePoste.objects.filter(status=StatutDemande.BROUILLON, structure=None)
    return drafts.filter(pk=pk).first() if pk else None


def _stepper(step: str) -> dict[str, object]:
    names = list(STEP_TITLES)
    rank = names.index(step)
    following = names[rank + 1 : rank + 2]
    return {
        "current_step_id": str(rank + 1),
        "current_step_title": STEP_TITLES[step],
        "next_step_title": STEP_TITLES[following[0]] if following else "",
        "total_steps": str(len(names)),
        "heading_tag": "h2",
    }


@public
@require_form
def start(request: HttpRequest) -> HttpResponse:
    """Present the request; a POST begins a new one, whatever draft this browser holds."""
    if request.method == "POST":
        request.session.pop(SESSION_KEY, None)
        return redirect("structures:step", step=STEPS[0])
    draft = _get_draft(request)
    missing = draft.missing_steps() if draft else []
    return render(request, "structures/start.html", {"draft": draft, "next_step": missing[0] if missing else ""})


@public
@require_form
@rate_limited("demander", **WRITES, posts_only=True)
def step(request: HttpRequest, step: str) -> HttpResponse:
    if step not in STEP_FORMS:
        raise Http404
    demande = _get_draft(request)
    missing = demande.missing_steps() if demande else list(STEPS)
    if missing and STEPS.index(missing[0]) < STEPS.index(step):
        return redirect("structures:step", step=missing[0])
    draft = demande.brouillon if demande else {}
    form = STEP_FORMS[step](request.POST if request.method == "POST" else None, draft=draft, initial=_initial(draft))
    if form.is_valid():
        save = services.save_identifiant if step == STEPS[0] else services.save_step
        try:
            demande = save(demande=demande, values=form.values(), before=draft)
        except StaleFormError:
            demande = _get_draft(request)
            draft = demande.brouillon if demande else {}
            form = STEP_FORMS[step](request.POST, draft=draft, initial=_initial(draft))
        except RuleError as error:
            form.add_rule_error(error)
        else:
            request.session[SESSION_KEY] = demande.pk
            missing = demande.missing_steps()
            following = STEPS[STEPS.index(step) + 1 : STEPS.index(step) + 2]
            if following and (missing or "modifier" not in request.GET):
                return redirect("structures:step", step=following[0])
            return redirect("structures:recap")
    rank = STEPS.index(step)
    return render(
        request,
        "structures/step.html",
        {
            "form": form,
            "stepper": _stepper(step),
            "title": STEP_TITLES[step],
            "step": step,
            "previous": STEPS[rank - 1] if rank else "",
            "verified": bool(draft.get("verifiee_at")),
            "unverified": step == "structure" and bool(draft.get("siret")) and not draft.get("verifiee_at"),
        },
    )


def _initial(draft: dict[str, object]) -> dict[str, object]:
    """What the step shows at first: what is kept, or nothing. The commune goes by its code."""
    return {**step_data(draft), "commune": draft.get("commune")} if draft else {}


@public
@require_form
@rate_limited("demander", **WRITES, posts_only=True)
def recap(request: HttpRequest) -> HttpResponse:
    """Everything to be read again, and the commitment to tick."""
    demande = _get_draft(request)
    if demande is None:
        return redirect("structures:start")
    wrong = invalid_steps(demande.brouillon)
    form = EngagementForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not wrong:
        try:
            services.submit_demande(demande=demande)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            return redirect("structures:sent")
    facts = selectors.draft_facts(demande.brouillon)
    sections = [(name, STEP_TITLES[name], facts[name], name in wrong) for name in STEPS]
    return render(
        request,
        "structures/recap.html",
        {
            "form": form,
            "stepper": _stepper("recapitulatif"),
            "sections": sections,
            "wrong": bool(wrong),
            "engagements": ENGAGEMENTS[ENGAGEMENT_VERSION],
            "version": ENGAGEMENT_VERSION,
        },
    )


@public
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    demande = _get_draft(request)
    if demande is None or not demande.engagement_at:
        return redirect("structures:start")
    return render(request, "structures/sent.html", {"email": demande.contact_email})


@public
@require_POST
@rate_limited("demander-message", **REQUESTS, posts_only=True)
def save_for_later(request: HttpRequest) -> HttpResponse:
    demande = _get_draft(request)
    if demande is None:
        return redirect("structures:start")
    try:
        services.send_resume_link(demande=demande)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "Votre demande est gardée. Un lien pour la reprendre est envoyé à l'adresse du contact."
        )
    return redirect("structures:start")


@public
@require_form
def resume(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows a button, so that a mail scanner opens nothing; the POST uses the link."""
    if request.method == "POST":
        try:
            demande = services.resume_demande(token=token)
        except JetonError:
            return _link_is_dead(request)
        request.session[SESSION_KEY] = demande.pk
        missing = demande.missing_steps()
        return redirect("structures:step", step=missing[0]) if missing else redirect("structures:recap")
    if find_jeton(purpose=JetonPurpose.REPRENDRE_DEMANDE, token=token) is None:
        return _link_is_dead(request)
    return render(request, "structures/resume.html")


@public
@require_form
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows what will be confirmed; the POST confirms."""
    if request.method == "POST":
        try:
            demande = services.confirm_demande(token=token)
        except JetonError:
            return _link_is_dead(request)
        request.session.pop(SESSION_KEY, None)
        refused = demande.status == StatutDemande.DOUBLON
        return redirect("structures:not_forwarded" if refused else "structures:confirmed")
    jeton = find_jeton(purpose=JetonPurpose.CONFIRMER_DEMANDE, token=token)
    drafts = DemandePoste.objects.filter(status=StatutDemande.BROUILLON, engagement_at__isnull=False)
    demande_or_none = drafts.filter(pk=jeton.objet_id, contact_email=jeton.email).first() if jeton else None
    if demande_or_none is None:
        return _link_is_dead(request)
    facts = selectors.draft_facts(demande_or_none.brouillon)
    sections = [(STEP_TITLES[name], facts[name]) for name in STEPS]
    return render(request, "structures/confirm.html", {"sections": sections})


@public
@require_safe
def confirmed(request: HttpRequest) -> HttpResponse:
    return render(request, "structures/confirmed.html")


@public
@require_safe
def not_forwarded(request: HttpRequest) -> HttpResponse:
    """The duplicate's page: it says nothing of who manages the structure."""
    return render(request, "structures/not_forwarded.html")


def _link_is_dead(request: HttpRequest) -> HttpResponse:
    return render(request, "structures/link_is_dead.html", status=410)
