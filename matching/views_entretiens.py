"""The pages of an interview. Whoever may read one but not act is refused; an act that came too late is said so."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.exceptions import RuleError
from common.forms import Form
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from matching import entretiens, permissions
from matching.agenda import calendar_file, say_hour
from matching.emails_entretiens import summary_of
from matching.enums import RESULTATS_PROVISOIRES, STATUTS_ENTRETIEN_OUVERTS, StatutEntretien, StatutMiseEnRelation
from matching.forms_entretiens import (
    CancelForm,
    CandidatResultForm,
    ChoiceForm,
    MoveForm,
    OffreForm,
    OthersForm,
    StructureResultForm,
    check_read,
)
from matching.models import Entretien, MiseEnRelation

_E = StatutEntretien
_M = StatutMiseEnRelation
SIDES = (RoleKind.STRUCTURE, RoleKind.CANDIDAT)
GET_AND_POST = ["GET", "HEAD", "POST"]


def _get_entretien(request: CompteRequest, pk: int) -> Entretien:
    """Fetch an interview this role may read; for anyone else it does not exist."""
    return get_object_or_404(Entretien.objects.visible_to(request.role).for_message(), pk=pk)


def _get_own(request: CompteRequest, pk: int, may: Callable[[Any, MiseEnRelation], bool]) -> Entretien:
    entretien = _get_entretien(request, pk)
    if not may(request.role, entretien.mise_en_relation):
        raise PermissionDenied
    return entretien


def _too_late(request: CompteRequest, mise: MiseEnRelation, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect("matching:detail", mise.pk)


def _run(
    request: CompteRequest, mise: MiseEnRelation, form: Form, act: Callable[[], object], done: str
) -> HttpResponse | None:
    """Carry out a form that is right, and go back to the page; None when it is to be shown (again)."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        act()
    except RuleError as error:
        form.add_rule_error(error)
        return None
    messages.success(request, done)
    return redirect("matching:detail", mise.pk)


# What each page is for, in its title, its breadcrumb and its heading.
TITLES = {
    "cancel": _("Annuler l’entretien"),
    "choose": _("Choisir un créneau"),
    "others": _("Demander d’autres créneaux"),
    "result": _("Noter le résultat"),
}


def _show(request: CompteRequest, template: str, mise: MiseEnRelation, form: Form, **context: Any) -> HttpResponse:
    is_person = permissions.is_candidat(request.role, mise)
    name = mise.structure.nom if is_person else mise.candidature.prenom
    context |= {"mise": mise, "form": form, "name": name, "is_person": is_person, "title": TITLES.get(template)}
    context |= {"back": reverse("matching:detail", args=[mise.pk]), "back_name": name}
    return render(request, f"matching/entretien_{template}.html", context)


def _hour(entretien: Entretien, *, is_person: bool) -> str:
    mise = entretien.mise_en_relation
    if entretien.debut is None:
        return ""
    return say_hour(entretien.debut, mise.structure.commune, mise.candidature.commune if is_person else None)


# --- The structure --------------------------------------------------------------------------------------------


@roles(RoleKind.STRUCTURE)
@require_http_methods(GET_AND_POST)
def offer(request: CompteRequest, pk: int) -> HttpResponse:
    rows = MiseEnRelation.objects.visible_to(request.role).select_related(
        "candidature__commune__departement", "structure__commune__departement"
    )
    mise = get_object_or_404(rows, pk=pk)
    if not permissions.can_offer(request.role, mise):
        raise PermissionDenied
    if request.method != "POST":
        if mise.status not in {_M.INTERESSEE, _M.ENTRETIEN}:
            return _too_late(request, mise, "Un entretien se propose une fois votre intérêt marqué, et pas au-delà.")
        if mise.entretiens.open().exists():
            return _too_late(request, mise, "Un entretien est déjà en cours d'organisation avec cette personne.")
    form = OffreForm(
        request.POST if request.method == "POST" else None,
        structure=mise.structure,
        telephone=mise.candidature.telephone,
    )
    done = "Vos créneaux sont proposés. La personne est prévenue, et vous le serez de sa réponse."
    answer = _run(
        request,
        mise,
        form,
        lambda: entretiens.offer(mise_en_relation=mise, offre=form.offre, by=request.role),
        done,
    )
    return answer or _show(request, "offer", mise, form, is_move=False)


@roles(RoleKind.STRUCTURE)
@require_http_methods(GET_AND_POST)
def move(request: CompteRequest, pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.can_offer)
    mise = entretien.mise_en_relation
    if request.method != "POST" and (entretien.status not in STATUTS_ENTRETIEN_OUVERTS or entretien.has_begun):
        return _too_late(request, mise, "Cet entretien ne peut plus être déplacé.")
    form_class = MoveForm if entretien.status == _E.CONFIRME else OffreForm
    fields = ["duree", "mode", "lien", "message"] + (["adresse"] if entretien.adresse else [])
    form = form_class(
        request.POST if request.method == "POST" else None,
        structure=mise.structure,
        telephone=mise.candidature.telephone,
        initial={name: getattr(entretien, name) for name in fields},
    )

    def act() -> object:
        motif = form.cleaned_data.get("motif", "")
        return entretiens.offer_again(entretien=entretien, offre=form.offre, by=request.role, motif=motif)

    done = "Vos nouveaux créneaux sont proposés à la place des précédents. La personne est prévenue."
    answer = _run(request, mise, form, act, done)
    hour = _hour(entretien, is_person=False) if entretien.status == _E.CONFIRME else ""
    return answer or _show(request, "offer", mise, form, is_move=True, hour=hour)


@roles(RoleKind.STRUCTURE)
@require_POST
def withdraw(request: CompteRequest, pk: int, creneau_pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.can_offer)
    creneau = get_object_or_404(entretien.creneaux, pk=creneau_pk)
    try:
        entretiens.withdraw_slot(creneau=creneau, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Ce créneau n'est plus proposé.")
    return redirect("matching:detail", entretien.mise_en_relation_id)


# --- The person -----------------------------------------------------------------------------------------------


@roles(RoleKind.CANDIDAT)
@require_http_methods(GET_AND_POST)
def choose(request: CompteRequest, pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.is_candidat)
    mise = entretien.mise_en_relation
    if entretien.status not in {_E.PROPOSE, _E.CONFIRME} or (
        request.method != "POST" and entretien.status != _E.PROPOSE
    ):
        return _too_late(request, mise, "Il n'y a plus de créneau à choisir : voyez où en est l'entretien.")
    slots = list(entretien.creneaux.to_come())
    if not slots:
        return _too_late(request, mise, "Les créneaux proposés sont passés : demandez-en d'autres à la structure.")
    form = ChoiceForm(
        request.POST if request.method == "POST" else None,
        creneaux=slots,
        place=mise.structure.commune,
        other=mise.candidature.commune,
    )

    def act() -> object:
        creneau = form.cleaned_data["creneau"]
        return entretiens.choose_slot(entretien=entretien, creneau_id=creneau, by=request.role)

    done = "L'entretien est confirmé. La structure est prévenue, et vous recevez un message avec l'heure et le lieu."
    return _run(request, mise, form, act, done) or _show(request, "choose", mise, form, entretien=entretien)


@roles(RoleKind.CANDIDAT)
@require_http_methods(GET_AND_POST)
def others(request: CompteRequest, pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.is_candidat)
    mise = entretien.mise_en_relation
    if request.method != "POST" and (entretien.status not in {_E.PROPOSE, _E.CONFIRME} or entretien.has_begun):
        return _too_late(request, mise, "Vous ne pouvez plus demander d'autres créneaux : voyez où en est l'entretien.")
    form = OthersForm(request.POST if request.method == "POST" else None, initial={"lu": entretien.status})

    def act() -> object:
        check_read(form, entretien)
        message = form.cleaned_data["message"]
        return entretiens.ask_other_slots(entretien=entretien, message=message, by=request.role)

    done = "Votre demande est transmise à la structure. Vous serez prévenu dès qu'elle propose d'autres créneaux."
    hour = _hour(entretien, is_person=True) if entretien.status == _E.CONFIRME else ""
    return _run(request, mise, form, act, done) or _show(request, "others", mise, form, hour=hour)


# --- Both sides -----------------------------------------------------------------------------------------------


@roles(*SIDES)
@require_http_methods(GET_AND_POST)
def cancel(request: CompteRequest, pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.can_decline)
    mise = entretien.mise_en_relation
    if request.method != "POST" and (entretien.status not in STATUTS_ENTRETIEN_OUVERTS or entretien.has_begun):
        return _too_late(request, mise, "Cet entretien ne peut plus être annulé.")
    form = CancelForm(request.POST if request.method == "POST" else None)

    def act() -> object:
        return entretiens.cancel(entretien=entretien, motif=form.cleaned_data["motif"], by=request.role)

    is_person = permissions.is_candidat(request.role, mise)
    hour = _hour(entretien, is_person=is_person) if entretien.status == _E.CONFIRME else ""
    done = "L'entretien est annulé. L'autre partie est prévenue."
    return _run(request, mise, form, act, done) or _show(request, "cancel", mise, form, hour=hour)


@roles(*SIDES)
@require_http_methods(GET_AND_POST)
def result(request: CompteRequest, pk: int) -> HttpResponse:
    entretien = _get_own(request, pk, permissions.can_decline)
    mise = entretien.mise_en_relation
    if not entretien.has_begun:
        return _too_late(request, mise, "Le résultat se note une fois l'heure de l'entretien venue.")
    is_person = permissions.is_candidat(request.role, mise)
    told = entretien.resultat_candidat if is_person else entretien.resultat_structure
    if request.method != "POST" and told not in RESULTATS_PROVISOIRES:
        return _too_late(request, mise, "Votre réponse est déjà notée : elle ne change plus ici.")
    data = request.POST if request.method == "POST" else None
    form = (CandidatResultForm if is_person else StructureResultForm)(data, initial={"resultat": told})
    record = entretiens.record_candidat if is_person else entretiens.record_structure

    def act() -> object:
        return record(entretien=entretien, by=request.role, **form.values)

    hour = _hour(entretien, is_person=is_person)
    return _run(request, mise, form, act, "Votre réponse est notée.") or _show(request, "result", mise, form, hour=hour)


@roles(*SIDES)
@require_safe
def ics(request: CompteRequest, pk: int) -> HttpResponse:
    """The interview as a file to keep in one's calendar."""
    entretien = _get_own(request, pk, permissions.can_decline)
    if entretien.status not in {_E.CONFIRME, _E.TERMINE}:
        raise Http404
    is_person = permissions.is_candidat(request.role, entretien.mise_en_relation)
    content = calendar_file(entretien, summary=summary_of(entretien, to_structure=not is_person))
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response.headers["Content-Disposition"] = 'attachment; filename="entretien.ics"'
    response.headers["Cache-Control"] = "no-store, private"
    return response
