from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import formats
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.models import Role
from contrats import permissions, services
from contrats.conditions import format_euros
from contrats.enums import StatutContrat
from contrats.filters import ContratFilter
from contrats.forms import ContratForm, SendBackForm, initial_of
from contrats.models import Contrat
from matching.enums import StatutMiseEnRelation
from matching.models import MiseEnRelation
from structures.models import Poste

_S = StatutContrat
_M = StatutMiseEnRelation
PER_PAGE = 20
READERS = (RoleKind.STRUCTURE, RoleKind.BDT, RoleKind.ANCT, RoleKind.CANDIDAT, RoleKind.CONSEILLER)
BADGES = {_S.TRANSMIS: "new", _S.VALIDE: "success", _S.EN_COURS: "success", _S.ROMPU: "warning"}
READY_FOR_CONTRACT = frozenset({_M.INTERESSEE, _M.ENTRETIEN, _M.RETENUE, _M.CONTRAT})


@dataclass(frozen=True)
class Row:
    url: str
    numero: str
    person: str
    structure: str
    type: str
    dates: str
    status: str
    badge_type: str


def _row(contrat: Contrat) -> Row:
    return Row(
        url=reverse("contrats:detail", args=[contrat.pk]),
        numero=f"n° {contrat.pk}",
        person=f"{contrat.candidature.prenom} {contrat.candidature.nom}",
        structure=contrat.structure.nom,
        type=contrat.get_type_display(),
        dates=_dates(contrat),
        status=contrat.get_status_display(),
        badge_type=BADGES.get(_S(contrat.status), ""),
    )


def _dates(contrat: Contrat) -> str:
    start = formats.date_format(contrat.date_debut, "j F Y")
    if contrat.date_fin is None:
        return f"à partir du {start}"
    return f"du {start} au {formats.date_format(contrat.date_fin, 'j F Y')}"


def _get_contrat(request: CompteRequest, pk: int) -> Contrat:
    """Fetch a contract this role may read; for anyone else it does not exist."""
    rows = Contrat.objects.visible_to(request.role).select_related(
        "candidature", "structure__commune", "poste", "mise_en_relation"
    )
    return get_object_or_404(rows, pk=pk)


@roles(*READERS)
@require_safe
def contrat_list(request: CompteRequest) -> HttpResponse:
    # What waits for the reader comes first.
    waiting = Case(When(status=_S.TRANSMIS, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = Contrat.objects.visible_to(request.role).select_related("candidature", "structure")
    filtered = ContratFilter(request.GET, queryset=rows.order_by(waiting, "-created_at", "pk"))
    if request.role.kind in {RoleKind.CANDIDAT, RoleKind.CONSEILLER}:
        del filtered.form.fields["structure"]
    page = Paginator(filtered.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": filtered,
        "page_obj": page,
        "rows": [_row(contrat) for contrat in page],
        "is_filtered": bool(request.GET),
    }
    return render(request, "contrats/list.html", context)


@roles(*READERS)
@require_safe
def detail(request: CompteRequest, pk: int) -> HttpResponse:
    contrat = _get_contrat(request, pk)
    sent_back = contrat.transitions.filter(from_status=_S.TRANSMIS, to_status=_S.PREPARE).last()
    context = {
        "contrat": contrat,
        "row": _row(contrat),
        "salaire": format_euros(contrat.salaire_brut_mensuel),
        "poste": f"{contrat.poste.get_type_display()}, n° {contrat.poste_id}",
        "sent_back": sent_back.reason if sent_back and contrat.status == _S.PREPARE else "",
        "can": _acts(request.role, contrat),
        "same_person": contrat.status == _S.TRANSMIS
        and request.role.kind == RoleKind.BDT
        and not permissions.can_validate(request.role, contrat),
    }
    return render(request, "contrats/detail.html", context)


def _acts(role: Role, contrat: Contrat) -> dict[str, bool]:
    mine = permissions.can_transmit(role, contrat)
    return {
        "edit": mine and contrat.status == _S.PREPARE,
        "transmit": mine and contrat.status == _S.PREPARE,
        "abandon": mine and contrat.can_move_to(_S.ABANDONNE),
        "send_back": permissions.can_send_back(role, contrat) and contrat.status == _S.TRANSMIS,
        "validate": permissions.can_validate(role, contrat) and contrat.status == _S.TRANSMIS,
    }


# --- The structure --------------------------------------------------------------------------------------------


@roles(RoleKind.STRUCTURE)
@require_http_methods(["GET", "HEAD", "POST"])
def prepare(request: CompteRequest, pk: int) -> HttpResponse:
    rows = MiseEnRelation.objects.visible_to(request.role).select_related("candidature", "structure")
    mise = get_object_or_404(rows, pk=pk)
    if not permissions.can_prepare(request.role, mise):
        raise PermissionDenied
    if mise.status not in READY_FOR_CONTRACT:
        messages.error(request, "Marquez d'abord votre intérêt pour cette personne, puis retenez-la.")
        return redirect("matching:detail", mise.pk)
    contrat = Contrat.objects.filter(mise_en_relation=mise, status__in=[_S.PREPARE, _S.TRANSMIS]).first()
    if contrat is not None and contrat.status == _S.TRANSMIS:
        messages.error(request, "Ce contrat est déjà transmis : il ne se modifie plus.")
        return redirect("contrats:detail", contrat.pk)
    postes = (
        Poste.objects.visible_to(request.role).vacant().filter(structure=mise.structure).order_by("date_debut", "pk")
    )
    form = ContratForm(
        request.POST or None,
        initial=initial_of(contrat) if contrat else None,
        postes=postes.select_related("structure__commune__departement", "convention"),
        is_private=mise.structure.is_private,
    )
    if request.method == "POST" and form.is_valid():
        try:
            contrat = services.prepare_contrat(
                mise_en_relation=mise, poste=form.cleaned_data["poste"], conditions=form.conditions, by=request.role
            )
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "Le contrat est enregistré. Relisez-le, puis transmettez-le.")
            return redirect("contrats:detail", contrat.pk)
    context = {"form": form, "mise": mise, "person": f"{mise.candidature.prenom} {mise.candidature.nom}"}
    return render(request, "contrats/prepare.html", context)


@roles(RoleKind.STRUCTURE)
@require_POST
def transmit(request: CompteRequest, pk: int) -> HttpResponse:
    contrat = _get_contrat(request, pk)
    if not permissions.can_transmit(request.role, contrat):
        raise PermissionDenied
    done = "Le contrat est transmis à la Banque des Territoires, qui le valide ou vous le renvoie."
    return _act(request, contrat, services.transmit_contrat, done)


@roles(RoleKind.STRUCTURE)
@require_POST
def abandon(request: CompteRequest, pk: int) -> HttpResponse:
    contrat = _get_contrat(request, pk)
    if not permissions.can_abandon(request.role, contrat):
        raise PermissionDenied
    return _act(request, contrat, services.abandon_contrat, "Le contrat est abandonné.")


def _act(request: CompteRequest, contrat: Contrat, act: Callable[..., Any], done: str) -> HttpResponse:
    try:
        act(contrat=contrat, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("contrats:detail", contrat.pk)


# --- Banque des Territoires -----------------------------------------------------------------------------------


@roles(RoleKind.BDT)
@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: CompteRequest, pk: int) -> HttpResponse:
    contrat = _get_contrat(request, pk)
    if not permissions.can_send_back(request.role, contrat):
        raise PermissionDenied
    form = SendBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.send_back_contrat(contrat=contrat, reason=form.cleaned_data["reason"], by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "Le contrat est renvoyé à la structure.")
            return redirect("contrats:list")
    return render(request, "contrats/send_back.html", {"form": form, "contrat": contrat})


@roles(RoleKind.BDT)
@require_POST
def validate(request: CompteRequest, pk: int) -> HttpResponse:
    contrat = _get_contrat(request, pk)
    if not permissions.can_validate(request.role, contrat):
        raise PermissionDenied
    done = "Le contrat est validé : le poste est pourvu et la personne est conseiller numérique."
    return _act(request, contrat, services.validate_contrat, done)
