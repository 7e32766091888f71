"""Figures shown to people without an account, through an address that expires and can be taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompagnements import services
from accompagnements.figures import FIGURES, Lecture, read_statistics
from accompagnements.forms.partages import PartageForm
from accompagnements.forms.statistiques import StatistiquesForm
from accompagnements.models import LienPartage
from accompagnements.selectors import last_months, today_for, whole_months
from accompagnements.views.statistiques import READERS
from common.access import public
from common.emails import absolute_url
from common.exceptions import RuleError
from common.exports import decided_csv_response
from common.ratelimit import rate_limited
from comptes.access import roles
from comptes.enums import RoleKind
from comptes.http import CompteRequest
from comptes.models import Role

VISITS_A_MINUTE = 60
# What one calls one's own scope says nothing to a stranger, and a conseiller is not named to them.
OWN_WORDS = {
    RoleKind.CONSEILLER: "L'activité d'un conseiller numérique",
    RoleKind.STRUCTURE: "Les conseillers d'une structure",
    RoleKind.GRAND_RESEAU: "Les conseillers d'un réseau",
}


@roles(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: CompteRequest) -> HttpResponse:
    """Make an address for the figures one is looking at."""
    asked = StatistiquesForm(request.GET, role=request.role)
    if not asked.is_valid():
        # The page itself shows which filter is in error.
        return redirect(f"{reverse('accompagnements:statistics')}?{request.GET.urlencode()}")
    today = today_for(request.role)
    debut, fin = whole_months(*last_months(**asked.period, today=today), today)
    filtres = _frozen(asked)
    form = PartageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.create_lien(
                cle=data["cle"], nom=data["nom"], debut=debut, fin=fin, filtres=filtres,
                lifetime=timedelta(days=data["duree"]), by=request.role,
            )  # fmt: skip
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, "Le lien est créé : copiez son adresse ci-dessous.")
            return redirect("accompagnements:shared_list")
    summary = _summary(request.role, {**filtres, "du": debut.isoformat(), "au": fin.isoformat()})
    return render(request, "accompagnements/share.html", {"form": form, "summary": summary, "debut": debut, "fin": fin})


def _frozen(form: StatistiquesForm) -> dict[str, str]:
    """Return the filters as their address says them; a commune by the one name that is only its own."""
    kept = {name: form.cleaned_data.get(name) for name in form.fields if name not in {"du", "au"}}
    if kept.get("etiquette"):
        kept["etiquette"] = kept["etiquette"].pk
    return {name: getattr(value, "libelle", str(value)) for name, value in kept.items() if value}


def _summary(role: Role, asked: dict[str, str]) -> list[str]:
    """Return, in words, what a link shows. The scope comes first."""
    form = StatistiquesForm(asked, role=role)
    if not form.is_valid():
        return ["Ce lien ne montre plus rien : ce périmètre n'est plus le vôtre."]
    return [form.perimetre.label, *(f"{label} : {value}" for label, value in form.narrowing)]


@roles(*READERS)
@require_safe
def shared_list(request: CompteRequest) -> HttpResponse:
    liens = LienPartage.objects.visible_to(request.role).usable().order_by("-pk")
    liens = liens.select_related("role__compte", "role__departement", "role__region")
    rows = [
        {
            "pk": lien.pk,
            "nom": lien.nom,
            "url": _url(lien),
            "role": str(lien.role),
            "debut": lien.debut,
            "fin": lien.fin,
            "expires_at": lien.expires_at,
            "last_used_on": lien.last_used_on,
        }
        for lien in liens
    ]
    return render(request, "accompagnements/shared_list.html", {"rows": rows})


def _url(lien: LienPartage) -> str:
    token = services.token_of(lien)
    return absolute_url(reverse("accompagnements:shared", args=[token])) if token else ""


@roles(*READERS)
@require_POST
def shared_revoke(request: CompteRequest, pk: int) -> HttpResponse:
    lien = get_object_or_404(LienPartage.objects.visible_to(request.role), pk=pk)
    try:
        services.revoke_lien(lien=lien, by=request.role)
    except RuleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Le lien « {lien.nom} » est révoqué : il ne montre plus rien.")
    return redirect("accompagnements:shared_list")


def _read(token: str) -> tuple[LienPartage, Lecture]:
    """Return what an address shows, by the rights its author has now. A dead one is one that never was."""
    lien = services.find_lien(token)
    if lien is None:
        raise Http404
    form = StatistiquesForm(lien.asked, role=lien.role)
    if not form.is_valid():
        raise Http404
    narrowing = [f"{label} : {value}" for label, value in form.narrowing]
    label = ", ".join([_label(lien, form.perimetre.label), *narrowing])
    perimetre = replace(form.perimetre, is_own=False, label=label)
    today = today_for(lien.role)
    lien.note_use(today)
    return lien, read_statistics(perimetre, lien.debut, lien.fin, today=today)


def _label(lien: LienPartage, label: str) -> str:
    scope = lien.filtres.get("perimetre", "")
    kind = RoleKind(lien.role.kind)
    if scope.startswith("conseiller-"):
        return OWN_WORDS[RoleKind.CONSEILLER]
    return OWN_WORDS.get(kind, label) if not scope else label


def _discreet(response: HttpResponseBase) -> HttpResponseBase:
    """Keep the address out of search engines, and of the logs of whatever the reader opens next."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@public
@rate_limited("statistiques-partagees", amount=VISITS_A_MINUTE, seconds=60)
@cache_control(private=True, no_store=True)
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    lien, lecture = _read(token)
    context: dict[str, Any] = {"lien": lien, "token": token, "lecture": lecture, "figures": lecture.figures}
    return _discreet(render(request, "accompagnements/shared.html", context))


@public
@rate_limited("statistiques-partagees", amount=VISITS_A_MINUTE, seconds=60)
@cache_control(private=True, no_store=True)
@require_safe
def shared_csv(request: HttpRequest, token: str, figure: str) -> HttpResponseBase:
    """The table of one figure of the page, its small cells hidden too."""
    if figure not in FIGURES:
        raise Http404
    _, lecture = _read(token)
    found = [one for one in lecture.figures.figures if one.name == figure]
    header, lines = (found[0].header, found[0].lines) if found else ([], [])
    name = f"statistiques-{figure}-{lecture.debut:%Y%m%d}-{lecture.fin:%Y%m%d}"
    return _discreet(decided_csv_response(name, header, lines))
