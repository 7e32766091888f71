from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accompagnements.bilans import figures_of
from accompagnements.coordination import COORDINATION
from accompagnements.figures import FIGURES
from accompagnements.forms.statistiques import (
    StatistiquesForm,
)
from accompagnements.views.etiquettes import (
    NAMERS,
)
from common.exports import decided_csv_response
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest

# Everyone who answers for activity; a candidat and an organisme de formation have none.
READERS = (
    RoleKind.CONSEILLER, RoleKind.STRUCTURE, RoleKind.COORDINATEUR, RoleKind.PREFET, RoleKind.ANCT, RoleKind.BDT,
    RoleKind.HUB, RoleKind.GRAND_RESEAU,
)  # fmt: skip


@roles(*READERS)
@require_safe
def statistics(request: CompteRequest) -> HttpResponse:
    form = StatistiquesForm(request.GET or None, role=request.role)
    figures, context = figures_of(request.role, form)
    context |= {"form": form, "figures": figures, "query": request.GET.urlencode()}
    return render(
        request,
        "accompagnements/statistics.html",
        context | {"can_export": request.role.kind == RoleKind.CONSEILLER, "can_name": request.role.kind in NAMERS},
    )


@roles(*READERS)
@require_safe
def statistics_csv(request: CompteRequest, figure: str) -> HttpResponseBase:
    """The table of one figure, with the filters of the page."""
    if figure not in {*FIGURES, *COORDINATION}:
        raise Http404
    form = StatistiquesForm(request.GET or None, role=request.role)
    if form.is_bound and not form.is_valid():
        return redirect(f"{reverse('accompagnements:statistics')}?{request.GET.urlencode()}")
    figures, context = figures_of(request.role, form)
    lines = [one for one in [*figures.figures, *context.get("coordination", [])] if one.name == figure]
    name = f"statistiques-{figure}-{context['debut']:%Y%m%d}-{context['fin']:%Y%m%d}"
    header, rows = (lines[0].header, lines[0].lines) if lines else ([], [])
    return decided_csv_response(name, header, rows)
