from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements import permissions, services
from accompagnements.documents import EXPORT_HEADER, export_rows
from accompagnements.enums import TypeAccompagnement
from accompagnements.exceptions import StaleError
from accompagnements.filters import ListeFilter
from accompagnements.forms.activites import (
    AccompagnementForm,
    DeleteForm,
    initial_for_change,
    initial_for_copy,
    initial_for_modele,
    initial_for_new,
)
from accompagnements.models import FiltreEnregistre, ModeleAtelier
from accompagnements.presentation import details_of, history_of, links_of, present_list
from accompagnements.selectors import (
    device_mark,
    today_in,
)
from accompagnements.views.guards import get_accompagnement, get_changeable, in_post
from common.exceptions import RuleError
from common.exports import csv_response
from common.pagination import paginate
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from contrats.models import Conseiller


@roles(RoleKind.CONSEILLER)
@require_safe
def list_accompagnements(request: CompteRequest) -> HttpResponse:
    accompagnements = ListeFilter(request.GET or None, role=request.role)
    page = paginate(accompagnements.rows, order=["-date", "-pk"], cursor=request.GET.get("page"))
    context = {
        "filter": accompagnements,
        "is_filtered": accompagnements.is_used,
        "appareil": device_mark(request.role),
        "saved": FiltreEnregistre.objects.visible_to(request.role).order_by("nom"),
        "page": page,
        "rows": present_list(page.rows),
    }
    return render(request, "accompagnements/list.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
@in_post
def create(request: CompteRequest, conseiller: Conseiller) -> HttpResponse:
    today = today_in(conseiller.contrat.structure.commune)
    if not permissions.can_log(request.role, conseiller):
        raise PermissionDenied
    if request.method != "POST":
        if modele := _asked_modele(request):
            initial = initial_for_modele(modele, conseiller, today)
        else:
            asked = {"kind": "type", "lieu": "lieu", "personne": "personne"}
            given = {name: request.GET.get(parameter, "") for name, parameter in asked.items()}
            initial = initial_for_new(conseiller, today, **given)
        return _render_entry(request, AccompagnementForm(initial=initial, conseiller=conseiller, today=today))
    form = AccompagnementForm(request.POST, conseiller=conseiller, today=today)
    if form.is_valid():
        try:
            accompagnement = services.create_accompagnement(
                conseiller=conseiller, uuid=form.typed_uuid, values=form.values, by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"{accompagnement} enregistré.")
            return redirect("accompagnements:list")
    return _render_entry(request, form)


@roles(RoleKind.CONSEILLER)
@require_safe
@in_post
def duplicate(request: CompteRequest, pk: int, conseiller: Conseiller) -> HttpResponse:
    """Open a new entry filled like this one: nothing is written until it is saved."""
    model = get_changeable(request, pk)
    today = today_in(conseiller.contrat.structure.commune)
    initial = initial_for_copy(model, today)
    return _render_entry(request, AccompagnementForm(initial=initial, conseiller=conseiller, today=today))


def _render_entry(request: CompteRequest, form: AccompagnementForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "accompagnement": form.accompagnement}
    if form.accompagnement is None:
        context["appareil"] = device_mark(request.role)
        context["modeles"] = ModeleAtelier.objects.visible_to(request.role).order_by("nom")
    return render(request, "accompagnements/form.html", context)


def _asked_modele(request: CompteRequest) -> ModeleAtelier | None:
    asked = request.GET.get("modele", "")
    modeles = ModeleAtelier.objects.visible_to(request.role).select_related("lieu", "commune__departement")
    return modeles.filter(pk=asked[:18]).first() if asked.isdecimal() else None


@roles(RoleKind.CONSEILLER)
@require_safe
def detail(request: CompteRequest, pk: int) -> HttpResponse:
    accompagnement = get_accompagnement(request, pk)
    context = {
        "accompagnement": accompagnement,
        "details": [*details_of(accompagnement), *links_of(accompagnement)],
        "history": history_of(accompagnement),
        "can_change": permissions.can_change(request.role, accompagnement),
        "is_atelier": accompagnement.type == TypeAccompagnement.ATELIER,
    }
    return render(request, "accompagnements/detail.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update(request: CompteRequest, pk: int) -> HttpResponse:
    accompagnement = get_changeable(request, pk)
    given: dict[str, Any] = {
        "conseiller": accompagnement.conseiller,
        "today": today_in(accompagnement.commune),
        "accompagnement": accompagnement,
    }
    if request.method != "POST":
        return _render_entry(request, AccompagnementForm(initial=initial_for_change(accompagnement), **given))
    form = AccompagnementForm(request.POST, **given)
    if form.is_valid():
        try:
            services.update_accompagnement(
                accompagnement=accompagnement,
                values=form.values,
                version=form.cleaned_data["version"],
                reason=form.cleaned_data.get("reason", ""),
                by=request.role,
            )
        except RuleError as error:
            form.add_rule_error(error)
            if isinstance(error, StaleError):
                # What was typed is kept, and the next save is made knowing what it replaces.
                accompagnement.refresh_from_db()
                form.data = form.data.copy()
                form.data["version"] = accompagnement.version
        else:
            messages.success(request, f"{accompagnement} modifié.")
            return redirect(accompagnement)
    return _render_entry(request, form)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: CompteRequest, pk: int) -> HttpResponse:
    accompagnement = get_changeable(request, pk)
    form = DeleteForm(request.POST if request.method == "POST" else None, accompagnement=accompagnement)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_accompagnement(
                accompagnement=accompagnement, reason=form.cleaned_data["reason"], by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"{accompagnement} supprimé.")
            return redirect("accompagnements:list")
    details = [*details_of(accompagnement), *links_of(accompagnement)]
    context = {"form": form, "accompagnement": accompagnement, "details": details}
    return render(request, "accompagnements/delete.html", context)


@roles(RoleKind.CONSEILLER)
@require_safe
def export(request: CompteRequest) -> HttpResponseBase:
    accompagnements = ListeFilter(request.GET or None, role=request.role)
    if accompagnements.is_bound and not accompagnements.is_valid():
        # Nothing to download: the list shows which filter is in error.
        return redirect(f"{reverse('accompagnements:list')}?{request.GET.urlencode()}")
    return csv_response("accompagnements", EXPORT_HEADER, export_rows(accompagnements.rows, request.role))
