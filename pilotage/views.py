from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_cookie

from accompagnements.models import Appartenance
from accompagnements.presentation import minutes_text
from accompagnements.selectors import today_for
from common.access import public
from common.exceptions import RuleError
from common.exports import BYTE_ORDER_MARK, decided_csv_response, write_line
from common.numbers import number
from common.pagination import paginate
from comptes.access import View, any_role, roles
from comptes.enums import SCOPES_BY_ROLE, RoleKind
from comptes.http import CompteRequest
from comptes.models import Role
from comptes.services import cancel_invitation as cancel, invite
from pilotage.chiffres import (
    FIGURES,
    LIFETIME as FIGURES_LIFETIME,
    SINCE,
    chiffres as figures_of_programme,
    departement_rows,
    key_figures,
    last_complete_month,
    map_of,
    months_figure,
    regions_figure,
)
from pilotage.constants import SILENCE
from pilotage.forms import InviteColleagueForm, SuiviForm
from pilotage.navigation import entries_for, links
from pilotage.selectors import (
    entry_doors,
    espace_cards,
    national_figures,
    observed_structures,
    team_invitations,
    team_members,
    with_activity,
)
from pilotage.suivi import HEADER, Suivi, chosen, follow_structure, lines, present, suivi_of

ROWS_PER_PAGE = 20


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pilotage/home.html", {"figures": national_figures(), "doors": entry_doors()})


# Signed in, nothing is kept (`common.middleware`); for everyone else, an answer unchanged is not sent twice.
@public
@require_safe
@conditional_page
@vary_on_cookie
def chiffres(request: HttpRequest) -> HttpResponse:
    """The programme in figures."""
    found = figures_of_programme()
    context = {
        "found": found,
        "since": SINCE,
        "totals": key_figures(found),
        "months": months_figure(found),
        "regions": regions_figure(found),
        "map": map_of(found),
        "departements": departement_rows(found),
    }
    return _kept(request, render(request, "pilotage/chiffres.html", context))


@public
@require_safe
@conditional_page
@vary_on_cookie
def chiffres_csv(request: HttpRequest, figure: str) -> HttpResponse:
    if figure not in FIGURES:
        raise Http404
    found = figures_of_programme()
    table = FIGURES[figure](found)
    content = BYTE_ORDER_MARK + "".join(map(write_line, [table.header, *table.lines]))
    name = f"conseiller-numerique-{figure}-{found.fin:%Y%m}"
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return _kept(request, response)


def _kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if not request.user.is_authenticated:
        patch_cache_control(response, public=True, max_age=FIGURES_LIFETIME)
    return response


@public
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    role = getattr(request, "role", None)
    sections = [("Pour tout le monde", links(entries_for(None)))]
    if role is not None:
        sections.append((str(role), links(entries_for(role.kind))))
    return render(request, "pilotage/sitemap.html", {"sections": sections})


def _page(template: str) -> View:
    """Build the view of a page that only says something."""

    @public
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        return render(request, template)

    return view


legal_notice = _page("pilotage/legal_notice.html")
personal_data = _page("pilotage/personal_data.html")
accessibility = _page("pilotage/accessibility.html")
cookies = _page("pilotage/cookies.html")


@any_role
@require_safe
def espace(request: CompteRequest) -> HttpResponse:
    role: Role | None = request.role  # None: the account has lost its last one.
    cards = espace_cards(role) if role else []
    may_call_api = role is not None and role.kind in SCOPES_BY_ROLE
    staff = request.user.is_superuser or (role is not None and role.is_staff_role)
    return render(request, "pilotage/espace.html", {"cards": cards, "staff": staff, "may_call_api": may_call_api})


@roles(RoleKind.STRUCTURE)
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: CompteRequest) -> HttpResponse:
    """The members of one's structures, and the colleagues invited to them."""
    form = InviteColleagueForm(request.POST or None, role=request.role)
    if request.method == "POST" and form.is_valid():
        structure = form.cleaned_data["structure"]
        email = form.cleaned_data["email"]
        try:
            invite(email=email, kind=RoleKind.STRUCTURE, objet_id=structure.pk, by=request.role)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("L'invitation est envoyée à %(email)s.") % {"email": email})
            return redirect("pilotage:team")
    page = Paginator(team_invitations(request.role), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "members": [(membre.compte, membre.structure) for membre in team_members(request.role)],
        "page_obj": page,
        "invitations": [(row.pk, row.email, row.created_at, row.state) for row in page],
    }
    return render(request, "pilotage/team.html", context)


@roles(RoleKind.STRUCTURE)
@require_POST
def cancel_invitation(request: CompteRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(team_invitations(request.role), pk=pk)
    try:
        cancel(invitation=invitation, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("L'invitation est annulée : son lien ne sert plus."))
    return redirect("pilotage:team")


@roles(RoleKind.COORDINATEUR)
@require_safe
def groupe(request: CompteRequest) -> HttpResponse:
    """The members of one's group: who logs, who stopped, who is in training."""
    suivi = suivi_of(request.role)
    if suivi is None:
        return render(request, "pilotage/groupe_none.html")
    waiting = Appartenance.objects.visible_to(request.role).pending().select_related("conseiller__compte")
    held = Appartenance.objects.visible_to(request.role).accepted().on(suivi.today)
    context = {
        "title": str(suivi.groupe),
        "waiting": [(row.pk, str(row.conseiller), row.debut) for row in waiting.order_by("pk")],
        "periods": dict(held.values_list("conseiller", "pk")),
    }
    return _suivi(request, suivi, "pilotage/groupe.html", context)


@roles(RoleKind.COORDINATEUR)
@require_safe
def groupe_csv(request: CompteRequest) -> HttpResponseBase:
    suivi = suivi_of(request.role)
    return redirect("pilotage:groupe") if suivi is None else _suivi_csv(request, suivi, "groupe")


@roles(RoleKind.STRUCTURE)
@require_safe
def conseillers(request: CompteRequest) -> HttpResponse:
    """The conseillers in post in one's structures."""
    suivi = follow_structure(request.role, today_for(request.role))
    return _suivi(request, suivi, "pilotage/conseillers.html", {})


@roles(RoleKind.STRUCTURE)
@require_safe
def conseillers_csv(request: CompteRequest) -> HttpResponseBase:
    return _suivi_csv(request, follow_structure(request.role, today_for(request.role)), "conseillers")


@roles(RoleKind.HUB, RoleKind.GRAND_RESEAU)
@require_safe
def structures(request: CompteRequest) -> HttpResponse:
    """The structures a hub or a network looks at, with what their conseillers did in the last complete month."""
    fin = last_complete_month(today_for(request.role))
    rows: Any = with_activity(observed_structures(request.role), fin.replace(day=1))
    page = paginate(rows, order=["nom", "pk"], cursor=request.GET.get("page"))
    shown = [
        (
            row.nom,
            str(row.commune),
            *map(number, (row.en_poste, row.mois_accompagnements, row.mois_participations)),
            minutes_text(row.mois_minutes),
        )
        for row in page.rows
    ]
    return render(request, "pilotage/structures.html", {"rows": shown, "page": page, "fin": fin})


@roles(RoleKind.HUB, RoleKind.GRAND_RESEAU)
@require_safe
def structures_csv(request: CompteRequest) -> HttpResponseBase:
    fin = last_complete_month(today_for(request.role))
    rows: Any = with_activity(observed_structures(request.role), fin.replace(day=1)).order_by("nom", "pk")
    header = ("Structure", "Commune", "Conseillers en poste", "Accompagnements", "Participations", "Minutes")
    found = (
        (row.nom, str(row.commune), row.en_poste, row.mois_accompagnements, row.mois_participations, row.mois_minutes)
        for row in rows
    )
    return decided_csv_response(f"structures-{fin:%Y%m}", header, found)


def _suivi(request: CompteRequest, suivi: Suivi, template: str, context: dict[str, Any]) -> HttpResponse:
    form = SuiviForm(request.GET or None)
    page = paginate(chosen(suivi, form.etat_chosen), order=form.order, cursor=request.GET.get("page"))
    periods = context.get("periods", {})
    rows = present(page.rows, suivi)
    context |= {
        "form": form,
        "page": page,
        "rows": [(row, periods.get(row["pk"])) for row in rows],
        "count": suivi.rows.count(),
        "stopped": suivi.stopped().count(),
        "in_training": suivi.in_training().count(),
        "silence": SILENCE,
        "is_narrowed": bool(form.etat_chosen),
    }
    return render(request, template, context)


def _suivi_csv(request: CompteRequest, suivi: Suivi, name: str) -> HttpResponseBase:
    form = SuiviForm(request.GET or None)
    rows = chosen(suivi, form.etat_chosen).order_by(*form.order)
    return decided_csv_response(f"{name}-{suivi.today:%Y%m%d}", HEADER, lines(rows, suivi))


@public
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers: nothing more, so that a dead database restarts no web process."""
    return JsonResponse({"statut": "vivant"})


@public
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process may receive visitors: the database answers and is migrated. Redis may be away."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"statut": "base de données injoignable"}, status=503)
    if pending:
        return JsonResponse({"statut": "migrations en attente"}, status=503)
    return JsonResponse({"statut": "pret"})
