"""Who is in a group: its coordinateur proposes and lets go, ANCT accepts in the administration. The page of the group
is `pilotage:groupe`, which knows about training too."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accompagnements import permissions, services
from accompagnements.forms.groupes import EndForm, ProposeForm
from accompagnements.models import Appartenance
from accompagnements.selectors import own_groupe
from common.dates import today_in
from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest


@roles(RoleKind.COORDINATEUR)
@require_http_methods(["GET", "HEAD", "POST"])
def propose_appartenance(request: CompteRequest) -> HttpResponse:
    groupe = own_groupe(request.role)
    if groupe is None:
        messages.info(request, "L'ANCT ouvre votre groupe : demandez-le-lui d'abord.")
        return redirect("pilotage:groupe")
    if not permissions.can_propose(request.role, groupe):
        raise PermissionDenied
    today = today_in(groupe.departement.fuseau)
    form = ProposeForm(request.POST if request.method == "POST" else None, groupe=groupe, initial={"debut": today})
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_appartenance(groupe=groupe, by=request.role, **form.cleaned_data)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "Votre proposition attend l'accord de l'ANCT.")
            return redirect("pilotage:groupe")
    return render(request, "accompagnements/groupe_propose.html", {"form": form, "groupe": groupe})


@roles(RoleKind.COORDINATEUR)
@require_http_methods(["GET", "HEAD", "POST"])
def end_appartenance(request: CompteRequest, pk: int) -> HttpResponse:
    rows = Appartenance.objects.visible_to(request.role)
    row = get_object_or_404(rows.select_related("groupe__departement", "conseiller__compte"), pk=pk)
    if not permissions.can_propose(request.role, row.groupe):
        raise PermissionDenied
    today = today_in(row.groupe.departement.fuseau)
    form = EndForm(request.POST if request.method == "POST" else None, initial={"fin": today})
    if not row.is_accepted:
        del form.fields["fin"]
    if request.method == "POST" and form.is_valid():
        try:
            services.end_appartenance(appartenance=row, fin=form.cleaned_data.get("fin", today), by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, f"{row.conseiller} : votre groupe est à jour.")
            return redirect("pilotage:groupe")
    return render(request, "accompagnements/groupe_end.html", {"form": form, "row": row})
