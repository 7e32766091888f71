from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements import services
from accompagnements.enums import TypeAccompagnement
from accompagnements.filters import ListeFilter
from accompagnements.forms.raccourcis import NomForm
from accompagnements.models import FiltreEnregistre, ModeleAtelier, Nomme
from accompagnements.views.guards import get_changeable
from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest


@roles(RoleKind.CONSEILLER)
@require_safe
def named(request: CompteRequest) -> HttpResponse:
    """What this person named: the filters of the list, the models of ateliers."""
    context = {
        "filtres": FiltreEnregistre.objects.visible_to(request.role).order_by("nom"),
        "modeles": ModeleAtelier.objects.visible_to(request.role).order_by("nom"),
    }
    return render(request, "accompagnements/named.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def create_filtre(request: CompteRequest) -> HttpResponse:
    accompagnements = ListeFilter(request.GET or None, role=request.role)
    if not accompagnements.address:
        messages.info(request, "Choisissez d'abord les filtres à enregistrer.")
        return redirect("accompagnements:list")

    def save(nom: str) -> Nomme:
        return services.save_filtre(nom=nom, requete=accompagnements.address, by=request.role)

    return _ask_name(request, save, title="Enregistrer ces filtres", details=accompagnements.summary)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def create_modele(request: CompteRequest, pk: int) -> HttpResponse:
    accompagnement = get_changeable(request, pk)
    if accompagnement.type != TypeAccompagnement.ATELIER:
        raise PermissionDenied

    def save(nom: str) -> Nomme:
        return services.save_modele(accompagnement=accompagnement, nom=nom, by=request.role)

    return _ask_name(request, save, title="Garder cet atelier comme modèle", nom=accompagnement.titre[:60])


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update_filtre(request: CompteRequest, pk: int) -> HttpResponse:
    return _rename(request, get_object_or_404(FiltreEnregistre.objects.visible_to(request.role), pk=pk))


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update_modele(request: CompteRequest, pk: int) -> HttpResponse:
    return _rename(request, get_object_or_404(ModeleAtelier.objects.visible_to(request.role), pk=pk))


def _rename(request: CompteRequest, row: Nomme) -> HttpResponse:
    """Rename what was named, or remove it: nothing is lost but a name and what it stood for."""
    if request.method == "POST" and "supprimer" in request.POST:
        row.delete()
        messages.success(request, f"« {row.nom} » est supprimé.")
        return redirect("accompagnements:named")

    def save(nom: str) -> Nomme:
        return services.rename(row=row, nom=nom)

    return _ask_name(request, save, title=f"Renommer « {row.nom} »", nom=row.nom, is_removable=True)


def _ask_name(
    request: CompteRequest, save: Callable[[str], Nomme], *, title: str, nom: str = "", **context: Any
) -> HttpResponse:
    form = NomForm(request.POST if request.method == "POST" else None, initial={"nom": nom})
    if request.method == "POST" and form.is_valid():
        try:
            row = save(form.cleaned_data["nom"])
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"« {row.nom} » est enregistré.")
            return redirect("accompagnements:named")
    return render(request, "accompagnements/name_form.html", {"form": form, "title": title, **context})
