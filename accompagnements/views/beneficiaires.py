"""The persons a conseiller follows. Their names are never in an address, nor in the title of a page."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements import services
from accompagnements.enums import MotifEffacement
from accompagnements.forms.beneficiaires import (
    BeneficiaireForm,
    CorrectionForm,
    EffacementForm,
    RechercheForm,
    initial_for_beneficiaire,
    initial_for_identite,
)
from accompagnements.models import Beneficiaire
from accompagnements.presentation import minutes_text
from accompagnements.selectors import FOUND_MAX, held_about, path_of, persons_found, today_in
from accompagnements.views.guards import get_beneficiaire, in_post
from common.exceptions import RuleError
from common.pagination import paginate
from common.phones import display_phone
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from contrats.models import Conseiller


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def list_beneficiaires(request: CompteRequest) -> HttpResponse:
    """Whom one follows. The name looked for travels in the body: addresses are written in logs."""
    form = RechercheForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound:
        found = list(persons_found(request.role, form.cleaned_data["q"])) if form.is_valid() else []
        context |= {"rows": [_row(one) for one in found], "is_search": True, "is_cut": len(found) == FOUND_MAX}
    else:
        rows = Beneficiaire.objects.visible_to(request.role).with_path()
        page = paginate(rows, order=["cle", "pk"], cursor=request.GET.get("page"))
        context |= {"rows": [_row(one) for one in page.rows], "page": page}
    return render(request, "accompagnements/beneficiaires/list.html", context)


def _row(one: Any) -> dict[str, Any]:
    return {
        "pk": one.pk,
        "nom": str(one),
        "age": one.age_text,
        "count": one.count,
        "last": date_format(one.last, "j F Y") if one.last else "",
    }


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
@in_post
def create_beneficiaire(request: CompteRequest, conseiller: Conseiller) -> HttpResponse:
    if request.method != "POST":
        today = today_in(conseiller.contrat.structure.commune)
        form = BeneficiaireForm(initial=initial_for_beneficiaire(today), conseiller=conseiller)
        return render(request, "accompagnements/beneficiaires/create.html", {"form": form})
    form = BeneficiaireForm(request.POST, conseiller=conseiller)
    if form.is_valid():
        try:
            beneficiaire = services.create_beneficiaire(
                conseiller=conseiller, uuid=form.typed_uuid, values=form.cleaned_data, by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"Vous suivez maintenant {beneficiaire}.")
            return redirect(beneficiaire)
    return render(request, "accompagnements/beneficiaires/create.html", {"form": form})


@roles(RoleKind.CONSEILLER)
@require_safe
def beneficiaire(request: CompteRequest, pk: int) -> HttpResponse:
    one = get_beneficiaire(request, pk)
    path = path_of(one)
    context = {
        "beneficiaire": one,
        "details": _details(one),
        "seances": path.seances,
        "total": minutes_text(path.minutes),
    }
    return render(request, "accompagnements/beneficiaires/detail.html", context)


def _details(one: Beneficiaire) -> list[tuple[str, str]]:
    lines = [
        ("Âge", one.age_text),
        ("Téléphone", display_phone(one.telephone)),
        ("Rappel", "Elle accepte d'être rappelée" if one.rappel else "Elle n'a pas accepté d'être rappelée"),
        ("Accord", f"Le {date_format(one.consent_at, 'j F Y')}. {one.get_consent_mode_display()}."),
        ("Phrase lue", f"« {one.consent_sentence} »"),
    ]
    return [(name, text) for name, text in lines if text]


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update_beneficiaire(request: CompteRequest, pk: int) -> HttpResponse:
    one = get_beneficiaire(request, pk)
    initial = initial_for_identite(one)
    form = CorrectionForm(
        request.POST if request.method == "POST" else None, initial=initial, conseiller=one.conseiller
    )
    if form.is_bound and form.is_valid():
        try:
            one = services.update_beneficiaire(beneficiaire=one, values=form.cleaned_data, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "La fiche est corrigée.")
            return redirect(one)
    return render(request, "accompagnements/beneficiaires/update.html", {"form": form, "beneficiaire": one})


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def erase_beneficiaire(request: CompteRequest, pk: int) -> HttpResponse:
    one = get_beneficiaire(request, pk)
    form = EffacementForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        motif = MotifEffacement(form.cleaned_data["motif"])
        try:
            services.erase_beneficiaire(beneficiaire=one, motif=motif, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "La fiche est effacée. Les accompagnements restent, anonymes.")
            return redirect("accompagnements:beneficiaires")
    context = {"form": form, "beneficiaire": one, "count": one.suivis.count()}
    return render(request, "accompagnements/beneficiaires/erase.html", context)


@roles(RoleKind.CONSEILLER)
@require_safe
def export_beneficiaire(request: CompteRequest, pk: int) -> HttpResponse:
    """Everything held about a person, to give it to them. The journal says it was read, by a number."""
    one = get_beneficiaire(request, pk)
    services.record_export(beneficiaire=one, by=request.role)
    response = JsonResponse(held_about(one), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="personne-suivie-{one.pk}.json"'
    return response
