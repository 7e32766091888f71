"""What coordinateurs log: list, entry, change, file."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements import permissions, services
from accompagnements.coordination import (
    EXPORT_HEADER,
    coordination_details,
    coordination_history,
    export_rows,
    present_coordinations,
)
from accompagnements.exceptions import StaleError
from accompagnements.filters import CoordinationFilter
from accompagnements.forms.activites import DeleteForm
from accompagnements.forms.coordination import (
    CoordinationForm,
    initial_for_coordination,
    initial_for_new_coordination,
)
from accompagnements.models import Coordination
from accompagnements.selectors import own_groupe
from common.dates import FUSEAU_PAR_DEFAUT, today_in
from common.exceptions import RuleError
from common.exports import csv_response
from common.pagination import paginate
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest


@roles(RoleKind.COORDINATEUR)
@require_safe
def list_coordinations(request: CompteRequest) -> HttpResponse:
    coordinations = CoordinationFilter(request.GET or None, role=request.role)
    page = paginate(coordinations.rows, order=["-date", "-pk"], cursor=request.GET.get("page"))
    context = {
        "filter": coordinations,
        "is_filtered": coordinations.is_used,
        "page": page,
        "rows": present_coordinations(page.rows),
    }
    return render(request, "accompagnements/coordination_list.html", context)


@roles(RoleKind.COORDINATEUR)
@require_http_methods(["GET", "HEAD", "POST"])
def create_coordination(request: CompteRequest) -> HttpResponse:
    if request.method != "POST":
        last = Coordination.objects.visible_to(request.role).order_by("-pk").select_related("commune").first()
        groupe = own_groupe(request.role)
        today = today_in(groupe.departement.fuseau if groupe else FUSEAU_PAR_DEFAUT)
        initial = initial_for_new_coordination(last, today, request.GET.get("type", ""))
        return _render_entry(request, CoordinationForm(initial=initial))
    form = CoordinationForm(request.POST)
    if form.is_valid():
        try:
            coordination = services.create_coordination(
                coordinateur=request.role.compte, uuid=form.typed_uuid, values=form.values, by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"{coordination} : c'est enregistré.")
            return redirect("accompagnements:coordination_list")
    return _render_entry(request, form)


def _render_entry(request: CompteRequest, form: CoordinationForm) -> HttpResponse:
    context = {"form": form, "coordination": form.coordination}
    return render(request, "accompagnements/coordination_form.html", context)


def _get(request: CompteRequest, pk: int) -> Coordination:
    """Fetch an activity this role may read; for anyone else it does not exist."""
    rows = Coordination.objects.visible_to(request.role).select_related("commune__departement", "coordinateur")
    return get_object_or_404(rows, pk=pk)


def _get_changeable(request: CompteRequest, pk: int) -> Coordination:
    coordination = _get(request, pk)
    if not permissions.can_coordinate(request.role, coordination):
        raise PermissionDenied
    return coordination


@roles(RoleKind.COORDINATEUR)
@require_safe
def coordination_detail(request: CompteRequest, pk: int) -> HttpResponse:
    coordination = _get(request, pk)
    context = {
        "coordination": coordination,
        "details": coordination_details(coordination),
        "history": coordination_history(coordination),
    }
    return render(request, "accompagnements/coordination_detail.html", context)


@roles(RoleKind.COORDINATEUR)
@require_http_methods(["GET", "HEAD", "POST"])
def update_coordination(request: CompteRequest, pk: int) -> HttpResponse:
    coordination = _get_changeable(request, pk)
    if request.method != "POST":
        initial = initial_for_coordination(coordination)
        return _render_entry(request, CoordinationForm(initial=initial, coordination=coordination))
    form = CoordinationForm(request.POST, coordination=coordination)
    if form.is_valid():
        try:
            services.update_coordination(
                coordination=coordination,
                values=form.values,
                version=form.cleaned_data["version"],
                reason=form.cleaned_data.get("reason", ""),
                by=request.role,
            )
        except RuleError as error:
            form.add_rule_error(error)
            if isinstance(error, StaleError):
                # What was typed is kept, and the next save is made knowing what it replaces.
                coordination.refresh_from_db()
                data: Any = form.data.copy()
                data["version"] = coordination.version
                form.data = data
        else:
            messages.success(request, f"{coordination} : c'est modifié.")
            return redirect(coordination)
    return _render_entry(request, form)


@roles(RoleKind.COORDINATEUR)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_coordination(request: CompteRequest, pk: int) -> HttpResponse:
    coordination = _get_changeable(request, pk)
    form = DeleteForm(request.POST if request.method == "POST" else None, accompagnement=coordination)
    form.fields["reason"].error_messages["required"] = "Dites pourquoi vous supprimez cette activité."
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_coordination(coordination=coordination, reason=form.cleaned_data["reason"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"{coordination} : c'est supprimé.")
            return redirect("accompagnements:coordination_list")
    context = {"form": form, "coordination": coordination, "details": coordination_details(coordination)}
    return render(request, "accompagnements/coordination_delete.html", context)


@roles(RoleKind.COORDINATEUR)
@require_safe
def export_coordinations(request: CompteRequest) -> HttpResponseBase:
    coordinations = CoordinationFilter(request.GET or None, role=request.role)
    if coordinations.is_bound and not coordinations.is_valid():
        # Nothing to download: the list shows which filter is in error.
        return redirect(f"{reverse('accompagnements:coordination_list')}?{request.GET.urlencode()}")
    return csv_response("coordination", EXPORT_HEADER, export_rows(coordinations.rows))
