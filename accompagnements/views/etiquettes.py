from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accompagnements import services
from accompagnements.forms.etiquettes import EtiquetteForm, RenommerForm, ReunirForm
from accompagnements.models import Etiquette
from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest

# ANCT names those of the country and of the départements in the administration.
NAMERS = (RoleKind.CONSEILLER, RoleKind.STRUCTURE, RoleKind.COORDINATEUR)


@roles(*NAMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def list_etiquettes(request: CompteRequest) -> HttpResponse:
    """The words this role names, and the form of a new one."""
    form = EtiquetteForm(request.POST if request.method == "POST" else None, role=request.role)
    if form.is_bound and not form.owners:
        raise PermissionDenied
    if form.is_bound and form.is_valid():
        try:
            etiquette = services.create_etiquette(nom=form.cleaned_data["nom"], owner=form.owner, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"L'étiquette « {etiquette} » est créée.")
            return redirect("accompagnements:etiquettes")
    managed = Etiquette.objects.filter(pk__in=Etiquette.objects.managed_by(request.role).values("pk"))
    rows = managed.select_related("structure", "departement").annotate(count=Count("etiquetages"))
    shared = Etiquette.objects.visible_to(request.role).exclude(pk__in=managed)
    context = {
        "form": form if form.owners else None,
        "rows": [(one.pk, one.nom, _owner(one), one.count) for one in rows.order_by("cle", "pk")],
        "others": [(one.nom, one.get_portee_display()) for one in shared.order_by("cle", "pk")],
    }
    return render(request, "accompagnements/etiquettes/list.html", context)


def _owner(etiquette: Etiquette) -> str:
    return str(etiquette.structure or etiquette.departement or "")


@roles(*NAMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def update_etiquette(request: CompteRequest, pk: int) -> HttpResponse:
    """Rename a word, put it together with another, or remove it."""
    found = Etiquette.objects.managed_by(request.role).values("pk")
    etiquette = get_object_or_404(Etiquette.objects.filter(pk__in=found), pk=pk)
    acts: dict[str, Callable[[CompteRequest, Etiquette, Any], None]] = {
        "renommer": _rename,
        "reunir": _merge,
        "supprimer": _remove,
    }
    asked = next((name for name in acts if name in request.POST), "")
    rename = RenommerForm(request.POST if asked == "renommer" else None, initial={"nom": etiquette.nom})
    merge = ReunirForm(request.POST if asked == "reunir" else None, etiquette=etiquette, role=request.role)
    form: Any = {"renommer": rename, "reunir": merge}.get(asked)
    if asked and (form is None or form.is_valid()):
        try:
            acts[asked](request, etiquette, form)
        except RuleError as error:
            if form is None:
                messages.error(request, str(error))
            else:
                form.add_rule_error(error)
        else:
            return redirect("accompagnements:etiquettes")
    context = {
        "etiquette": Etiquette.objects.filter(pk=pk).first() or etiquette,
        "rename": rename,
        "merge": merge if merge.fields["vers"].queryset.exists() else None,
        "errors": form,
        "count": etiquette.etiquetages.count(),
    }
    return render(request, "accompagnements/etiquettes/update.html", context)


def _rename(request: CompteRequest, etiquette: Etiquette, form: RenommerForm) -> None:
    services.rename_etiquette(etiquette=etiquette, nom=form.cleaned_data["nom"])
    messages.success(request, f"L'étiquette s'appelle maintenant « {etiquette} ».")


def _merge(request: CompteRequest, etiquette: Etiquette, form: ReunirForm) -> None:
    into = form.cleaned_data["vers"]
    services.merge_etiquettes(etiquette=etiquette, into=into, by=request.role)
    messages.success(request, f"« {etiquette} » est réunie avec « {into} ».")


def _remove(request: CompteRequest, etiquette: Etiquette, form: None) -> None:
    services.remove_etiquette(etiquette=etiquette, by=request.role)
    messages.success(request, f"L'étiquette « {etiquette} » est supprimée.")
