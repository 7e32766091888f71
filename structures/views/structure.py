"""The page of a structure, and its contact."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from structures import permissions, selectors, services
from structures.forms import StructureContactForm, show_version
from structures.models import DemandePoste, Structure


def _get_structure(request: CompteRequest, pk: int) -> Structure:
    readable = Structure.objects.visible_to(request.role)
    return get_object_or_404(readable.select_related("commune__departement"), pk=pk)


@roles(RoleKind.STRUCTURE, RoleKind.PREFET, RoleKind.ANCT, RoleKind.BDT)
@require_safe
def detail(request: CompteRequest, pk: int) -> HttpResponse:
    structure = _get_structure(request, pk)
    demandes = DemandePoste.objects.visible_to(request.role).submitted().filter(structure=structure)
    return render(
        request,
        "structures/detail.html",
        {
            "structure": structure,
            "can_edit": permissions.can_edit_structure(request.role, structure),
            "facts": selectors.structure_facts(structure),
            "contact": selectors.contact_facts(structure),
            "postes": selectors.poste_rows(structure),
            "demandes": selectors.demande_rows(demandes.for_list()),
            "conventions": selectors.convention_rows(structure),
            "membres": selectors.membre_rows(structure),
        },
    )


@roles(RoleKind.STRUCTURE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_contact(request: CompteRequest, pk: int) -> HttpResponse:
    structure = _get_structure(request, pk)
    if not permissions.can_edit_structure(request.role, structure):
        raise PermissionDenied
    form = StructureContactForm(request.POST if request.method == "POST" else None, structure=structure)
    if form.is_valid():
        try:
            services.update_contact(
                structure=structure, by=request.role, read_at=form.cleaned_data["read_at"], values=form.values()
            )
        except RuleError as error:
            form.add_rule_error(error)
            show_version(form)
        else:
            messages.success(request, "Les coordonnées sont enregistrées.")
            return redirect(structure)
    return render(request, "structures/edit_contact.html", {"structure": structure, "form": form})
