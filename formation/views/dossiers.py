from typing import Any

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
from formation.enums import Competence, StatutDossier, StatutInscription
from formation.filters import DossierFilter
from formation.forms import DecisionForm, ExemptionForm, GrilleForm, InscriptionForm, OrganismeForm
from formation.models import Attestation, DossierFormation

PER_PAGE = 20
READERS = (RoleKind.ORGANISME_FORMATION, RoleKind.BDT, RoleKind.ANCT)


@roles(*READERS)
@require_safe
def dossier_list(request: CompteRequest) -> HttpResponse:
    visible = DossierFormation.objects.visible_to(request.role).for_list()
    dossiers = DossierFilter(request.GET, queryset=visible)
    page = Paginator(dossiers.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {"filter": dossiers, "page_obj": page, "rows": selectors.dossier_rows(page)}
    return render(request, "formation/dossier_list.html", context)


def _get_dossier(request: CompteRequest, pk: int) -> DossierFormation:
    return get_object_or_404(DossierFormation.objects.visible_to(request.role).for_list(), pk=pk)


@roles(*READERS)
@require_safe
def dossier_detail(request: CompteRequest, pk: int) -> HttpResponse:
    return _render_dossier(request, _get_dossier(request, pk))


def _render_dossier(
    request: CompteRequest,
    dossier: DossierFormation,
    *,
    organisme_form: OrganismeForm | None = None,
    inscription_form: InscriptionForm | None = None,
) -> HttpResponse:
    waiting = dossier.status == StatutDossier.A_POSITIONNER
    inscriptions = dossier.inscriptions.select_related("session__commune", "session__organisme").order_by("-pk")
    enrolled = any(inscription.status == StatutInscription.CONFIRMEE for inscription in inscriptions)
    may_position = waiting or (dossier.status == StatutDossier.POSITIONNE and not enrolled)
    if inscription_form is None and dossier.status == StatutDossier.POSITIONNE and not enrolled:
        inscription_form = InscriptionForm(dossier=dossier)
    may_exempt = waiting or dossier.lacks_proof
    context: dict[str, Any] = {
        "dossier": dossier,
        "row": selectors.dossier_rows([dossier])[0],
        "positionnements": _positionnement_rows(dossier),
        "inscriptions": [
            {
                "url": inscription.session_id,
                "dates": f"{inscription.session.date_debut:%d/%m/%Y} – {inscription.session.date_fin:%d/%m/%Y}",
                "lieu": selectors.session_place(inscription.session),
                "statut": inscription.get_status_display(),
                "resultats": selectors.results_in_words(inscription),
            }
            for inscription in inscriptions
        ],
        "attestations": selectors.attestation_rows(
            Attestation.objects.visible_to(request.role).filter(inscription__dossier=dossier).order_by("-pk")
        ),
        "transitions": dossier.transitions.select_related("by"),
        "statuts": dict(StatutDossier.choices),
        "may_position": may_position and permissions.can_position(request.role, dossier),
        "may_exempt": may_exempt and permissions.can_exempt(request.role, dossier),
        "inscription_form": inscription_form if permissions.can_enrol(request.role, dossier) else None,
    }
    if waiting and permissions.can_assign(request.role, dossier):
        context["organisme_form"] = organisme_form or OrganismeForm(initial={"organisme": dossier.organisme_id})
    return render(request, "formation/dossier_detail.html", context)


def _positionnement_rows(dossier: DossierFormation) -> list[dict[str, Any]]:
    rows = dossier.positionnements.select_related("recommande", "decide", "by").order_by("-pk")
    return [
        {
            "at": row.at,
            "by": str(row.by),
            "explication": row.explication,
            "recommande": str(row.recommande),
            "decide": str(row.decide),
            "motif": row.motif,
            "grille": grid_rows(row.grille),
        }
        for row in rows
    ]


def grid_rows(grille: dict[Any, int]) -> list[tuple[str, str]]:
    return [(competence.label, f"{grille[competence]} / 3") for competence in Competence if competence in grille]


@roles(RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_grid(request: CompteRequest, pk: int) -> HttpResponse:
    """Fill in the grid; sending it shows the recommendation and keeps nothing yet."""
    dossier = _get_dossier(request, pk)
    if not permissions.can_position(request.role, dossier):
        raise PermissionDenied
    form = GrilleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _render_decision(request, dossier, form)
    return render(request, "formation/dossier_grid.html", {"dossier": dossier, "form": form})


def _render_decision(
    request: CompteRequest, dossier: DossierFormation, grid: GrilleForm, *, form: DecisionForm | None = None
) -> HttpResponse:
    try:
        recommande, recommandation = services.recommend_parcours(dossier=dossier, grille=grid.grille)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("formation:dossier_detail", pk=dossier.pk)
    parcours = services.valid_parcours(dossier)
    initial = {competence.value: int(niveau) for competence, niveau in grid.grille.items()}
    context = {
        "dossier": dossier,
        "recommande": recommande,
        "recommandation": recommandation,
        "grille": grid_rows(dict(grid.grille)),
        "form": form or DecisionForm(initial={**initial, "decide": recommande.pk}, parcours=parcours),
    }
    return render(request, "formation/dossier_decide.html", context)


@roles(RoleKind.ORGANISME_FORMATION)
@require_POST
def dossier_decide(request: CompteRequest, pk: int) -> HttpResponse:
    dossier = _get_dossier(request, pk)
    if not permissions.can_position(request.role, dossier):
        raise PermissionDenied
    grid = GrilleForm(request.POST)
    if not grid.is_valid():
        return render(request, "formation/dossier_grid.html", {"dossier": dossier, "form": grid})
    form = DecisionForm(request.POST, parcours=services.valid_parcours(dossier))
    if not form.is_valid():
        return _render_decision(request, dossier, grid, form=form)
    data = form.cleaned_data
    try:
        services.position_dossier(
            dossier=dossier, grille=form.grille, decide=data["decide"], motif=data["motif"], by=request.role
        )
    except RuleError as error:
        form.add_rule_error(error)
        return _render_decision(request, dossier, grid, form=form)
    messages.success(request, _("Le parcours est assigné. Vous pouvez inscrire cette personne à une session."))
    return redirect("formation:dossier_detail", pk=dossier.pk)


@roles(RoleKind.BDT)
@require_POST
def dossier_assign(request: CompteRequest, pk: int) -> HttpResponse:
    dossier = _get_dossier(request, pk)
    if not permissions.can_assign(request.role, dossier):
        raise PermissionDenied
    form = OrganismeForm(request.POST)
    if form.is_valid():
        try:
            services.assign_organisme(dossier=dossier, organisme=form.cleaned_data["organisme"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("Le dossier est confié à cet organisme, ses formateurs sont prévenus."))
            return redirect("formation:dossier_detail", pk=dossier.pk)
    return _render_dossier(request, dossier, organisme_form=form)


@roles(RoleKind.BDT, RoleKind.ORGANISME_FORMATION)
@require_http_methods(["GET", "HEAD", "POST"])
def dossier_exempt(request: CompteRequest, pk: int) -> HttpResponse:
    dossier = _get_dossier(request, pk)
    if not permissions.can_exempt(request.role, dossier):
        raise PermissionDenied
    form = ExemptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.exempt_dossier(
                dossier=dossier, numero=data["numero"], date_obtention=data["date_obtention"], by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("L’exemption est enregistrée avec sa preuve."))
            return redirect("formation:dossier_detail", pk=dossier.pk)
    return render(request, "formation/dossier_exempt.html", {"dossier": dossier, "form": form})


@roles(RoleKind.ORGANISME_FORMATION)
@require_POST
def dossier_enrol(request: CompteRequest, pk: int) -> HttpResponse:
    dossier = _get_dossier(request, pk)
    if not permissions.can_enrol(request.role, dossier):
        raise PermissionDenied
    form = InscriptionForm(request.POST, dossier=dossier)
    if form.is_valid():
        try:
            services.enrol(session=form.cleaned_data["session"], dossier=dossier, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("L’inscription est confirmée, la convocation part par e-mail."))
            return redirect("formation:dossier_detail", pk=dossier.pk)
    return _render_dossier(request, dossier, inscription_form=form)
