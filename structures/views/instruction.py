"""The list of the requests, the page of one, and one page per act of its instruction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_safe
from django_filters.views import FilterView

from common.exceptions import RuleError
from common.forms import Form
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.models import Role
from structures import permissions, selectors, services
from structures.constants import ROWS_PER_PAGE
from structures.enums import STATUTS_DEMANDE_OUVERTS, Avis, Decision, StatutDemande
from structures.filters import DemandeFilter
from structures.forms import (
    AvisForm,
    ConfirmForm,
    ConventionForm,
    DecisionForm,
    MotifForm,
    SessionChoiceForm,
    SessionForm,
    show_version,
)
from structures.models import Convention, DecisionCoselec, DemandePoste, DemandePosteQuerySet

require_form = require_http_methods(["GET", "HEAD", "POST"])
READERS = (RoleKind.PREFET, RoleKind.ANCT, RoleKind.BDT, RoleKind.STRUCTURE)


@method_decorator(require_safe, name="dispatch")
class DemandeListView(FilterView):
    request: CompteRequest
    filterset_class = DemandeFilter
    template_name = "structures/demande_list.html"
    paginate_by = ROWS_PER_PAGE

    def get_queryset(self) -> DemandePosteQuerySet:
        return DemandePoste.objects.visible_to(self.request.role).submitted().for_list()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = selectors.demande_rows(context["page_obj"])
        return context | {"rows": rows, "count": context["paginator"].count}


demande_list = roles(*READERS)(DemandeListView.as_view())


@dataclass(frozen=True)
class Act:
    label: str
    url_name: str
    statuses: frozenset[StatutDemande]
    may: Callable[[Role, DemandePoste], bool]
    # It ends the request: never the main button.
    ends: bool = False


def _prepared_decision(demande: DemandePoste) -> DecisionCoselec | None:
    return next((d for d in demande.decisions.all() if d.validee_at is None), None)


def _unsigned_convention(demande: DemandePoste) -> Convention | None:
    return Convention.objects.filter(demande=demande, signee_at=None).first()


def _may_validate(role: Role, demande: DemandePoste) -> bool:
    decision = _prepared_decision(demande)
    return decision is not None and permissions.can_validate_decision(role, decision)


def _may_sign(role: Role, demande: DemandePoste) -> bool:
    convention = _unsigned_convention(demande)
    return convention is not None and permissions.can_sign_convention(role, convention)


S = StatutDemande
ACTS = [
    Act("Donner l'avis", "structures:give_avis", frozenset({S.DEPOSEE}), permissions.can_give_avis),
    Act("Inscrire à une session", "structures:schedule", frozenset({S.AVIS_RENDU}), permissions.can_schedule),
    Act("Valider la décision", "structures:validate_decision", frozenset({S.COSELEC}), _may_validate),
    Act(
        "Préparer la décision",
        "structures:prepare_decision",
        frozenset({S.COSELEC}),
        permissions.can_prepare_decision,
    ),
    Act("Signer la convention", "structures:sign_convention", frozenset({S.A_CONVENTIONNER}), _may_sign),
    Act(
        "Préparer la convention",
        "structures:prepare_convention",
        frozenset({S.A_CONVENTIONNER}),
        permissions.can_prepare_convention,
    ),
    Act(
        "Classer en doublon",
        "structures:mark_duplicate",
        frozenset({S.DEPOSEE, S.AVIS_RENDU}),
        permissions.can_mark_duplicate,
        ends=True,
    ),
    Act("Abandonner la demande", "structures:abandon", STATUTS_DEMANDE_OUVERTS, permissions.can_abandon, ends=True),
]


def _get_demande(request: CompteRequest, pk: int) -> DemandePoste:
    """Fetch a submitted request this role may read; for anyone else it does not exist."""
    readable = DemandePoste.objects.visible_to(request.role).submitted()
    return get_object_or_404(readable.for_page(), pk=pk)


@roles(*READERS)
@require_safe
def demande_detail(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    role = request.role
    acts = [
        {"label": act.label, "url": reverse(act.url_name, args=[demande.pk]), "ends": act.ends}
        for act in ACTS
        if demande.status in act.statuses and act.may(role, demande)
    ]
    return render(
        request,
        "structures/demande_detail.html",
        {
            "demande": demande,
            "badge": selectors.BADGES[S(demande.status)],
            "acts": acts,
            "facts": selectors.demande_facts(demande),
            "steps": selectors.timeline(demande),
            "avis": selectors.avis_rows(demande),
            "decisions": selectors.decision_rows(demande, role),
            "convention": selectors.convention_facts(demande, role),
            "history": selectors.history(demande, role),
            "second_person": _awaits_second_person(role, demande),
        },
    )


def _awaits_second_person(role: Role, demande: DemandePoste) -> bool:
    """This person prepared what someone else must now validate or sign."""
    prepared: DecisionCoselec | Convention | None = None
    if role.kind == RoleKind.ANCT and demande.status == S.COSELEC:
        prepared = _prepared_decision(demande)
    if role.kind == RoleKind.BDT and demande.status == S.A_CONVENTIONNER:
        prepared = _unsigned_convention(demande)
    return prepared is not None and prepared.preparee_par_id == role.compte_id


def _authorise(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


def _carry_out(
    request: CompteRequest,
    demande: DemandePoste,
    *,
    title: str,
    form: Form,
    act: Callable[[dict[str, Any]], object],
    done: str,
    submit: str,
    facts: list[selectors.Fact] | None = None,
) -> HttpResponse:
    """Show the form of an act, or do it and go back to the request. A refusal is shown with what was typed."""
    url_name = request.resolver_match.view_name if request.resolver_match else ""
    statuses = next(each.statuses for each in ACTS if each.url_name == url_name)
    if request.method != "POST" and demande.status not in statuses:
        messages.warning(
            request, f"Cette action n'est plus possible : la demande est à l'état « {demande.get_status_display()} »."
        )
        return redirect(demande)
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except RuleError as error:
            form.add_rule_error(error)
            show_version(form)
        else:
            messages.success(request, done)
            return redirect(demande)
    context = {
        "demande": demande,
        "title": title,
        "form": form,
        "submit": submit,
        "facts": facts if facts is not None else selectors.demande_facts(demande),
    }
    return render(request, "structures/act.html", context)


def _data(request: CompteRequest) -> Any:
    return request.POST if request.method == "POST" else None


@roles(RoleKind.PREFET)
@require_form
def give_avis(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_give_avis(request.role, demande))
    return _carry_out(
        request,
        demande,
        title="Avis de la préfecture",
        form=AvisForm(_data(request)),
        act=lambda data: services.give_avis(
            demande=demande, by=request.role, avis=Avis(data["avis"]), commentaire=data["commentaire"]
        ),
        done="Votre avis est enregistré. La demande est transmise au COSELEC.",
        submit="Rendre l'avis",
    )


@roles(RoleKind.ANCT)
@require_form
def schedule(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_schedule(request.role, demande))
    return _carry_out(
        request,
        demande,
        title="Inscrire à une session du COSELEC",
        form=SessionChoiceForm(_data(request)),
        act=lambda data: services.schedule_demande(demande=demande, by=request.role, session=data["session"]),
        done="La demande est inscrite à la session.",
        submit="Inscrire",
    )


@roles(RoleKind.ANCT)
@require_form
def prepare_decision(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_prepare_decision(request.role, demande))
    prepared = _prepared_decision(demande)
    initial: dict[str, Any] = {"postes": demande.postes_souhaites}
    if prepared is not None:
        postes = prepared.postes or demande.postes_souhaites
        initial = {"decision": prepared.decision, "postes": postes, "motif": prepared.motif}
    return _carry_out(
        request,
        demande,
        title="Préparer la décision du COSELEC",
        form=DecisionForm(_data(request), initial=initial),
        act=lambda data: services.prepare_decision(
            demande=demande,
            by=request.role,
            decision=Decision(data["decision"]),
            postes=data["postes"] or 0,
            motif=data["motif"],
        ),
        done="La décision est préparée. Une autre personne de l'ANCT doit la valider.",
        submit="Enregistrer",
    )


@roles(RoleKind.ANCT)
@require_form
def validate_decision(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    decision = _prepared_decision(demande)
    if decision is None:
        messages.error(request, "Aucune décision n'attend de validation pour cette demande.")
        return redirect(demande)
    _authorise(permissions.can_validate_decision(request.role, decision))
    return _carry_out(
        request,
        demande,
        title="Valider la décision du COSELEC",
        form=ConfirmForm(_data(request), initial={"read_at": decision.updated_at.isoformat()}),
        act=lambda data: services.validate_decision(demande=demande, by=request.role, read_at=data["read_at"]),
        done="La décision est validée. La structure en est informée.",
        submit="Valider la décision",
        facts=[
            selectors.Fact("Session", str(decision.session)),
            selectors.Fact("Décision", decision.get_decision_display()),
            selectors.Fact("Postes accordés", f"{decision.postes} sur {demande.postes_souhaites} demandé(s)"),
            selectors.Fact("Motif", decision.motif),
            selectors.Fact("Préparée par", str(decision.preparee_par)),
        ],
    )


@roles(RoleKind.BDT)
@require_form
def prepare_convention(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_prepare_convention(request.role, demande))
    prepared = _unsigned_convention(demande)
    today = timezone.localdate()
    debut = prepared.date_debut if prepared else max(demande.date_debut or today, today)
    return _carry_out(
        request,
        demande,
        title="Préparer la convention",
        form=ConventionForm(_data(request), initial={"date_debut": debut}),
        act=lambda data: services.prepare_convention(demande=demande, by=request.role, date_debut=data["date_debut"]),
        done="La convention est préparée. Une autre personne de la Banque des Territoires doit la signer.",
        submit="Enregistrer",
    )


@roles(RoleKind.BDT)
@require_form
def sign_convention(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    convention = _unsigned_convention(demande)
    if convention is None:
        messages.error(request, "Aucune convention n'attend de signature pour cette demande.")
        return redirect(demande)
    _authorise(permissions.can_sign_convention(request.role, convention))
    granted = services.granted_decision(demande)
    return _carry_out(
        request,
        demande,
        title="Signer la convention",
        form=ConfirmForm(_data(request), initial={"read_at": convention.updated_at.isoformat()}),
        act=lambda data: services.sign_convention(demande=demande, by=request.role, read_at=data["read_at"]),
        done="La convention est signée. Les postes sont ouverts et la structure est informée.",
        submit="Signer la convention",
        facts=[
            selectors.Fact("Structure", str(demande.structure)),
            *selectors.convention_facts(demande, request.role),
            selectors.Fact("Postes ouverts", str(granted.postes)),
            selectors.Fact("Préparée par", str(convention.preparee_par)),
        ],
    )


@roles(RoleKind.ANCT)
@require_form
def mark_duplicate(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_mark_duplicate(request.role, demande))
    return _carry_out(
        request,
        demande,
        title="Classer la demande en doublon",
        form=MotifForm(_data(request)),
        act=lambda data: services.mark_duplicate(demande=demande, by=request.role, motif=data["motif"]),
        done="La demande est classée en doublon.",
        submit="Classer en doublon",
    )


@roles(RoleKind.ANCT, RoleKind.STRUCTURE)
@require_form
def abandon(request: CompteRequest, pk: int) -> HttpResponse:
    demande = _get_demande(request, pk)
    _authorise(permissions.can_abandon(request.role, demande))
    return _carry_out(
        request,
        demande,
        title="Abandonner la demande",
        form=MotifForm(_data(request)),
        act=lambda data: services.abandon_demande(demande=demande, by=request.role, motif=data["motif"]),
        done="La demande est abandonnée.",
        submit="Abandonner la demande",
    )


@roles(RoleKind.ANCT)
@require_form
def session_list(request: CompteRequest) -> HttpResponse:
    """The sessions of the COSELEC, and the form that opens the next one."""
    form = SessionForm(_data(request))
    if form.is_valid():
        session = services.create_session(by=request.role, date=form.cleaned_data["date"])
        messages.success(request, f"La session n° {session.numero} est créée.")
        return redirect("structures:session_list")
    return render(request, "structures/session_list.html", {"form": form, "rows": selectors.session_rows()})
