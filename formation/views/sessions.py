from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from formation import permissions, selectors, services
from formation.calendrier import by_week
from formation.enums import StatutInscription, StatutSession
from formation.filters import SessionFilter
from formation.forms import BilanForm, MotifForm, SessionForm
from formation.models import Inscription, Organisme, SessionFormation
from formation.views.dossiers import PER_PAGE, READERS


@roles(*READERS)
@require_safe
def session_list(request: CompteRequest) -> HttpResponse:
    sessions = SessionFilter(request.GET, queryset=SessionFormation.objects.visible_to(request.role).for_list())
    page = Paginator(sessions.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": sessions,
        "page_obj": page,
        "rows": selectors.session_rows(page),
        "may_create": request.role.kind == RoleKind.ORGANISME_FORMATION,
    }
    return render(request, "formation/session_list.html", context)


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def session_create(request: CompteRequest) -> HttpResponse:
    initial = {"organisme": Organisme.objects.of_role(request.role).first()}
    form = SessionForm(request.POST or None, role=request.role, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            session = services.create_session(session=form.save(commit=False), by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("La session est ouverte aux inscriptions."))
            return redirect("formation:session_detail", pk=session.pk)
    return render(request, "formation/session_form.html", {"form": form, "session": None})


@roles(RoleKind.ORGANISME_FORMATION)
@require_POST
def session_preview(request: CompteRequest) -> HttpResponse:
    """Fill in the last day with the date the calendar gives, and show the calendar; nothing is kept."""
    data = request.POST.copy()
    data["date_fin"] = ""
    form = SessionForm(data, role=request.role)
    weeks = []
    if form.is_valid():
        try:
            session = services.complete_dates(form.save(commit=False))
        except RuleError as error:
            form.add_rule_error(error)
        else:
            data["date_fin"] = session.date_fin.isoformat()
            form = SessionForm(data, role=request.role)
            weeks = selectors.week_rows(by_week(services.session_days(session)))
    return render(request, "formation/session_form.html", {"form": form, "session": None, "weeks": weeks})


def _get_session(request: CompteRequest, pk: int) -> SessionFormation:
    return get_object_or_404(SessionFormation.objects.visible_to(request.role).for_list(), pk=pk)


def _get_own_session(request: CompteRequest, pk: int) -> SessionFormation:
    session = _get_session(request, pk)
    if not permissions.can_run(request.role, session):
        raise PermissionDenied
    return session


@roles(*READERS)
@require_safe
def session_detail(request: CompteRequest, pk: int) -> HttpResponse:
    session = _get_session(request, pk)
    may_run = permissions.can_run(request.role, session)
    context = {
        "session": session,
        "row": selectors.session_rows([session])[0],
        "inscriptions": selectors.inscription_rows(session),
        "weeks": selectors.week_rows(by_week(services.session_days(session))),
        "may_run": may_run,
        "may_revoke": may_run or request.role.kind == RoleKind.BDT,
        "may_edit": may_run and session.status in {StatutSession.OUVERTE, StatutSession.EN_COURS},
        "may_start": may_run and session.can_move_to(StatutSession.EN_COURS),
        "may_close": may_run and session.can_move_to(StatutSession.CLOSE),
        "may_cancel": may_run and session.can_move_to(StatutSession.ANNULEE),
        "transitions": session.transitions.select_related("by"),
        "statuts": dict(StatutSession.choices),
    }
    return render(request, "formation/session_detail.html", context)


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def session_edit(request: CompteRequest, pk: int) -> HttpResponse:
    session = _get_own_session(request, pk)
    form = SessionForm(request.POST or None, instance=session, role=request.role)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_session(session=form.save(commit=False), by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("La session est modifiée. Les personnes inscrites sont prévenues."))
            return redirect("formation:session_detail", pk=pk)
    return render(request, "formation/session_form.html", {"form": form, "session": session})


@roles(RoleKind.ORGANISME_FORMATION)
@require_POST
def session_start(request: CompteRequest, pk: int) -> HttpResponse:
    session = _get_own_session(request, pk)
    try:
        services.start_session(session=session, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("La session a commencé."))
    return redirect("formation:session_detail", pk=pk)


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: CompteRequest, pk: int) -> HttpResponse:
    session = _get_own_session(request, pk)
    form = MotifForm(request.POST or None, help_text=_("Envoyé aux personnes inscrites. 250 caractères au maximum."))
    if request.method == "POST" and form.is_valid():
        try:
            services.cancel_session(session=session, motif=form.cleaned_data["motif"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("La session est annulée, les personnes inscrites sont prévenues."))
            return redirect("formation:session_detail", pk=pk)
    return render(request, "formation/session_cancel.html", {"form": form, "session": session})


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def session_close(request: CompteRequest, pk: int) -> HttpResponse:
    session = _get_own_session(request, pk)
    inscriptions = session.inscriptions.filter(status=StatutInscription.EN_COURS).order_by("pk")
    data = request.POST if request.method == "POST" else None
    forms = [
        BilanForm(
            data,
            inscription=inscription,
            heures_max=session.parcours.heures,
            initial={"heures": session.parcours.heures},
        )
        for inscription in inscriptions.select_related("dossier__conseiller__compte")
    ]
    errors = []
    if request.method == "POST" and not any(form.errors for form in forms):
        try:
            attestations = services.close_session(
                session=session, bilans={form.inscription.pk: form.bilan for form in forms}, by=request.role
            )
        except RuleError as error:
            errors = [str(error)]
        else:
            messages.success(
                request, _("La session est close. Attestations en préparation : %(n)d.") % {"n": len(attestations)}
            )
            return redirect("formation:session_detail", pk=pk)
    invalid = bool(errors) or any(form.errors for form in forms)
    context = {"session": session, "forms": forms, "errors": errors, "invalid": invalid}
    return render(request, "formation/session_close.html", context)


def _get_inscription(request: CompteRequest, pk: int) -> Inscription:
    rows = Inscription.objects.visible_to(request.role).select_related(
        "session__parcours", "dossier__conseiller__compte"
    )
    inscription = get_object_or_404(rows, pk=pk)
    if not permissions.can_record_results(request.role, inscription):
        raise PermissionDenied
    return inscription


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def inscription_withdraw(request: CompteRequest, pk: int) -> HttpResponse:
    inscription = _get_inscription(request, pk)
    form = MotifForm(request.POST or None, help_text=_("Envoyé à la personne. 250 caractères au maximum."))
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_inscription(inscription=inscription, motif=form.cleaned_data["motif"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("La place est libérée, la personne est prévenue."))
            return redirect("formation:session_detail", pk=inscription.session_id)
    return render(request, "formation/inscription_withdraw.html", {"form": form, "inscription": inscription})


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def inscription_results(request: CompteRequest, pk: int) -> HttpResponse:
    """Correct the results once the session is closed: a new attestation replaces the one it revokes."""
    inscription = _get_inscription(request, pk)
    form = BilanForm(
        request.POST or None,
        inscription=inscription,
        heures_max=inscription.session.parcours.heures,
        initial={
            "heures": inscription.heures_realisees,
            "ccp1": inscription.ccp1,
            "pix": inscription.pix,
            "pix_score": inscription.pix_score,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_bilan(inscription=inscription, bilan=form.bilan, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("Les résultats sont corrigés, une nouvelle attestation est en préparation."))
            return redirect("formation:session_detail", pk=inscription.session_id)
    context = {"inscription": inscription, "form": form, "forms": [form]}
    return render(request, "formation/inscription_results.html", context)
