from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompagnements import permissions, services
from accompagnements.enums import IMPORTS_A_SUIVRE, StatutImport
from accompagnements.forms.imports import ColonnesForm, ConfirmForm, ImportForm, MotsForm
from accompagnements.models import ImportActivite
from accompagnements.presentation import present_import
from accompagnements.views.guards import in_post
from accompagnements.vocabulaires import propose_columns
from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from contrats.models import Conseiller


def _get(request: CompteRequest, pk: int) -> ImportActivite:
    rows = ImportActivite.objects.visible_to(request.role)
    return get_object_or_404(rows.select_related("conseiller__contrat__structure__commune", "erreurs"), pk=pk)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
@in_post
def create_import(request: CompteRequest, conseiller: Conseiller) -> HttpResponse:
    if not permissions.can_log(request.role, conseiller):
        raise PermissionDenied
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["fichier"]
        try:
            row = services.deposit_import(conseiller=conseiller, fichier=file, nom=file.name, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            return redirect(row)
    return render(request, "accompagnements/import_form.html", {"form": form})


@roles(RoleKind.CONSEILLER)
@require_safe
def detail(request: CompteRequest, pk: int) -> HttpResponse:
    """Where an import is, and what to do next."""
    row = _get(request, pk)
    return _render(request, row, ConfirmForm(importation=row))


def _render(request: CompteRequest, row: ImportActivite, form: ConfirmForm) -> HttpResponse:
    context = {"importation": present_import(row), "form": form}
    return render(request, "accompagnements/import.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: CompteRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    if row.status not in IMPORTS_A_SUIVRE:
        return redirect(row)
    given: dict[str, Any] = {
        "importation": row,
        "proposed": propose_columns(row.entetes),
        "full": "toutes" in request.GET,
    }
    form = ColonnesForm(request.POST, **given) if request.method == "POST" else ColonnesForm(**given)
    if request.method == "POST" and form.is_valid():
        _try(request, services.choose_columns, row, colonnes=form.colonnes)
        return redirect(row)
    context = {"importation": present_import(row), "form": form, "full": given["full"]}
    return render(request, "accompagnements/import_colonnes.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: CompteRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    if row.status != StatutImport.A_PRECISER:
        return redirect(row)
    form = MotsForm(request.POST, importation=row) if request.method == "POST" else MotsForm(importation=row)
    if request.method == "POST" and form.is_valid():
        _try(request, services.explain_words, row, mots=form.mots)
        return redirect(row)
    return render(request, "accompagnements/import_mots.html", {"importation": present_import(row), "form": form})


@roles(RoleKind.CONSEILLER)
@require_POST
def confirm(request: CompteRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    form = ConfirmForm(request.POST, importation=row)
    if row.status == StatutImport.VERIFIE and not form.is_valid():
        return _render(request, row, form)
    _try(request, services.confirm_import, row)
    return redirect(row)


@roles(RoleKind.CONSEILLER)
@require_POST
def abandon(request: CompteRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    if _try(request, services.abandon_import, row):
        messages.success(request, "L'import est abandonné, et le fichier effacé.")
    return redirect("accompagnements:livraisons")


@roles(RoleKind.CONSEILLER)
@require_POST
def undo(request: CompteRequest, pk: int) -> HttpResponse:
    row = _get(request, pk)
    _try(request, services.ask_undo, row)
    return redirect(row)


def _try(request: CompteRequest, service: Any, row: ImportActivite, **values: Any) -> bool:
    """Call a service, and say its refusal: the page of the import then shows where it really is."""
    try:
        service(importation=row, by=request.role, **values)
    except RuleError as error:
        messages.error(request, str(error))
        return False
    return True
