from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompagnements import permissions, services
from accompagnements.constants import LIEUX_MAX
from accompagnements.forms.lieux import (
    DistinctForm,
    ExceptionForm,
    HorairesForm,
    LieuDetailsForm,
    LieuForm,
    PassageForm,
    initial_details,
    initial_horaires,
)
from accompagnements.models import ExceptionHoraires, LieuActivite, Passage
from accompagnements.presentation_lieux import present_mine, present_own
from accompagnements.selectors import get_conseiller, lieux_of, similar_lieux, today_in
from accompagnements.views.guards import in_post
from common.exceptions import RuleError
from common.forms import Form
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from contrats.models import Conseiller


@roles(RoleKind.CONSEILLER)
@require_safe
def list_lieux(request: CompteRequest) -> HttpResponse:
    conseiller = get_conseiller(request.role)
    now = timezone.now()
    lieux = lieux_of(conseiller).with_hours(now) if conseiller else []
    context = {"rows": present_mine(lieux, now), "most": LIEUX_MAX}
    return render(request, "accompagnements/lieux/list.html", context)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
@in_post
def create_lieu(request: CompteRequest, conseiller: Conseiller) -> HttpResponse:
    """Add a place. What looks like it is proposed first: several conseillers share one place."""
    typed = request.POST if request.method == "POST" else None
    form = LieuForm(typed, initial={"commune": conseiller.contrat.structure.commune})
    similar: list[LieuActivite] = []
    distinct = DistinctForm(typed if typed and "distinct_asked" in typed else None)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("nom", "adresse", "siret", "commune")}
        similar = similar_lieux(**values, conseiller=conseiller)
        if not similar or distinct.is_valid():
            try:
                lieu = services.create_lieu(conseiller=conseiller, **form.cleaned_data, by=request.role)
            except RuleError as error:
                form.add_rule_error(error)
            else:
                messages.success(
                    request, f"{lieu} est ajouté à vos lieux d'activité. Complétez ses horaires dans « Mes lieux »."
                )
                return redirect(f"{reverse('accompagnements:create')}?lieu={lieu.pk}")
    context = {"form": form, "similar": similar, "distinct": distinct, "most": LIEUX_MAX}
    return render(request, "accompagnements/lieu_form.html", context)


@roles(RoleKind.CONSEILLER)
@require_POST
def join_lieu(request: CompteRequest, pk: int) -> HttpResponse:
    """« C'est celui-ci »: any open place may be shared."""
    lieu = get_object_or_404(LieuActivite.objects.active(), pk=pk)
    conseiller = get_conseiller(request.role)
    if conseiller is None:
        raise PermissionDenied
    try:
        services.join_lieu(lieu=lieu, conseiller=conseiller, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("accompagnements:lieux")
    messages.success(request, f"{lieu} est maintenant aussi l'un de vos lieux.")
    return redirect("accompagnements:manage_lieu", pk=lieu.pk)


def _get_own(request: CompteRequest, pk: int) -> LieuActivite:
    """Fetch a lieu this conseiller may describe; for anyone else it does not exist."""
    readable = LieuActivite.objects.visible_to(request.role).with_hours(timezone.now())
    lieu = get_object_or_404(readable, pk=pk)
    if not permissions.can_manage_lieu(request.role, lieu):
        raise PermissionDenied
    return lieu


@roles(RoleKind.CONSEILLER)
@require_safe
def manage_lieu(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    context = {"lieu": lieu, "shown": present_own(lieu, timezone.now())}
    return render(request, "accompagnements/lieux/manage.html", context)


def _save(request: CompteRequest, lieu: LieuActivite, form: Form, template: str, done: str, save: Any) -> HttpResponse:
    """Show a form on a lieu, or save what it holds and go back to the lieu."""
    if request.method == "POST" and form.is_valid():
        try:
            save(form)
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, done)
            return redirect("accompagnements:manage_lieu", pk=lieu.pk)
    return render(request, template, {"lieu": lieu, "form": form})


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update_lieu(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    form = LieuDetailsForm(request.POST if request.method == "POST" else None, initial=initial_details(lieu))

    def save(form: LieuDetailsForm) -> None:
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        services.update_lieu(lieu=lieu, values=values, by=request.role)

    return _save(request, lieu, form, "accompagnements/lieux/update.html", f"{lieu} est modifié.", save)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def update_horaires(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    form = HorairesForm(request.POST if request.method == "POST" else None, initial=initial_horaires(lieu))

    def save(form: HorairesForm) -> None:
        services.update_lieu(lieu=lieu, values={"horaires": form.cleaned_data["horaires"]}, by=request.role)

    done = f"Les horaires de {lieu} sont enregistrés."
    return _save(request, lieu, form, "accompagnements/lieux/horaires.html", done, save)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def add_exception(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    form = ExceptionForm(request.POST if request.method == "POST" else None, today=today_in(lieu.commune))

    def save(form: ExceptionForm) -> None:
        services.add_exception(lieu=lieu, values=form.values, by=request.role)

    done = "Ces jours sont enregistrés : le public les voit dès maintenant."
    return _save(request, lieu, form, "accompagnements/lieux/exception.html", done, save)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def add_passage(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    form = PassageForm(
        request.POST if request.method == "POST" else None,
        today=today_in(lieu.commune),
        initial={"commune": lieu.commune},
    )

    def save(form: PassageForm) -> None:
        services.add_passage(lieu=lieu, values=form.cleaned_data, by=request.role)

    return _save(request, lieu, form, "accompagnements/lieux/passage.html", "Ce passage est annoncé.", save)


@roles(RoleKind.CONSEILLER)
@require_POST
def remove_exception(request: CompteRequest, pk: int) -> HttpResponse:
    rows = ExceptionHoraires.objects.filter(lieu__in=LieuActivite.objects.visible_to(request.role).active())
    return _remove(request, get_object_or_404(rows.select_related("lieu"), pk=pk))


@roles(RoleKind.CONSEILLER)
@require_POST
def remove_passage(request: CompteRequest, pk: int) -> HttpResponse:
    rows = Passage.objects.filter(lieu__in=LieuActivite.objects.visible_to(request.role).active())
    return _remove(request, get_object_or_404(rows.select_related("lieu", "commune"), pk=pk))


def _remove(request: CompteRequest, row: ExceptionHoraires | Passage) -> HttpResponse:
    services.remove_from_lieu(row=row, by=request.role)
    messages.success(request, f"Supprimé : {row}.")
    return redirect("accompagnements:manage_lieu", pk=row.lieu_id)


@roles(RoleKind.CONSEILLER)
@require_http_methods(["GET", "HEAD", "POST"])
def leave_lieu(request: CompteRequest, pk: int) -> HttpResponse:
    lieu = _get_own(request, pk)
    conseiller = get_conseiller(request.role)
    if request.method == "POST" and conseiller is not None:
        services.leave_lieu(lieu=lieu, conseiller=conseiller, by=request.role)
        messages.success(request, f"{lieu} n'est plus l'un de vos lieux.")
        return redirect("accompagnements:lieux")
    others = lieu.conseillers.exclude(compte=request.role.compte_id).count()
    return render(request, "accompagnements/lieux/leave.html", {"lieu": lieu, "others": others})
