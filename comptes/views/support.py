"""Support's pages about e-mails: what the service sends, and what it sent to one address."""

from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp, csp_update
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.exceptions import RuleError
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.filters import LogFilter
from comptes.forms import LogSearchForm
from comptes.http import CompteRequest
from comptes.services import believe_address, send_message_again
from notifications.enums import ETATS_ECHEC, EtatEffet
from notifications.models import AdresseRefusee, Consultation, Effet
from notifications.previews import Preview, all_previews, find_preview
from notifications.registry import KINDS
from notifications.services import open_log

ROWS_PER_PAGE = 20


@roles(RoleKind.ANCT)
@require_safe
def message_list(request: CompteRequest) -> HttpResponse:
    return render(request, "comptes/support/message_list.html", {"topics": all_previews()})


def _preview_or_404(genre: str, numero: int) -> Preview:
    preview = find_preview(genre, numero)
    if preview is None:
        raise Http404
    return preview


# The frame of the HTML part, the only one of the site.
@csp_update({"frame-src": [SELF]})
@roles(RoleKind.ANCT)
@require_safe
def message_detail(request: CompteRequest, genre: str, numero: int) -> HttpResponse:
    """One message as its reader gets it, with values nobody has."""
    return render(request, "comptes/support/message_detail.html", {"preview": _preview_or_404(genre, numero)})


# A mail brings its styles and nothing else; what it links to does not open here.
@csp({"default-src": [NONE], "style-src": ["'unsafe-inline'"], "frame-ancestors": [SELF], "sandbox": True})
@xframe_options_sameorigin
@roles(RoleKind.ANCT)
@require_safe
def message_html(request: CompteRequest, genre: str, numero: int) -> HttpResponse:
    return HttpResponse(_preview_or_404(genre, numero).html)


@roles(RoleKind.ANCT)
@require_http_methods(["GET", "HEAD", "POST"])
def log_search(request: CompteRequest) -> HttpResponse:
    """Ask for an address by POST: no address in a URL, and the search is written down first."""
    form = LogSearchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        consultation = open_log(adresse=form.cleaned_data["adresse"], by=request.role)
        return redirect("comptes:log_detail", pk=consultation.pk)
    return render(request, "comptes/support/log_search.html", {"form": form})


def _get_consultation(request: CompteRequest, pk: int) -> Consultation:
    return get_object_or_404(Consultation.objects.visible_to(request.role), pk=pk)


@roles(RoleKind.ANCT)
@require_safe
def log_detail(request: CompteRequest, pk: int) -> HttpResponse:
    consultation = _get_consultation(request, pk)
    log = LogFilter(request.GET or None, queryset=Effet.objects.sent_to(consultation.adresse))
    page = Paginator(log.qs, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "consultation": consultation,
        "filter": log,
        "page_obj": page,
        "rows": [_row(effet) for effet in page],
        "refusal": AdresseRefusee.objects.filter(adresse=consultation.adresse).first(),
    }
    return render(request, "comptes/support/log_detail.html", context)


def _row(effet: Effet) -> dict[str, Any]:
    kind = KINDS.get(effet.genre)
    etat = effet.get_etat_display()
    if effet.etat == EtatEffet.FAIT:
        etat = _("Envoyé") if effet.message_id else _("Sans objet au moment de partir : rien n'est parti")
    return {
        "pk": effet.pk,
        "label": kind.label if kind else effet.genre,
        "objet": effet.objet,
        "etat": etat,
        "badge": "success" if effet.message_id else "error" if effet.etat in ETATS_ECHEC else "info",
        "written_at": effet.created_at,
        "done_at": effet.done_at,
        "essais": effet.essais,
        "answer": effet.reponse or effet.erreur,
        "message_id": effet.message_id,
        "digest": bool(effet.recapitulatif_id),
        "can_send_again": effet.etat in ETATS_ECHEC,
    }


@roles(RoleKind.ANCT)
@require_POST
def log_send_again(request: CompteRequest, pk: int, effet: int) -> HttpResponse:
    consultation = _get_consultation(request, pk)
    row = get_object_or_404(Effet.objects.sent_to(consultation.adresse), pk=effet)
    try:
        send_message_again(effet=row, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Le message est remis à envoyer."))
    return redirect("comptes:log_detail", pk=pk)


@roles(RoleKind.ANCT)
@require_POST
def log_lift(request: CompteRequest, pk: int) -> HttpResponse:
    consultation = _get_consultation(request, pk)
    try:
        believe_address(consultation=consultation, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Les messages sont de nouveau envoyés à cette adresse."))
    return redirect("comptes:log_detail", pk=pk)
