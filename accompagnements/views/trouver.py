"""« Trouver un conseiller près de chez vous »: open to everyone, keeps nothing of who asks."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements.forms.lieux import AdresseForm, PositionForm, TrouverForm
from accompagnements.presentation_lieux import map_of, present_found, present_public
from accompagnements.selectors import Ici, find_lieux, from_commune, from_point, locate, public_lieux
from common.access import public
from common.ratelimit import rate_limited

UNANSWERED = "Le service d'adresses ne répond pas. Ajoutez le code postal à votre adresse, ou cherchez par commune."
UNKNOWN = "Cette adresse est introuvable. Vérifiez la rue, ajoutez le code postal, ou cherchez par commune."


# Searches around an address, each asks the geocoder, that a whole media library may send from one line.
ADDRESSES = {"amount": 300, "seconds": 600}


@public
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("trouver", **ADDRESSES, posts_only=True)
def find(request: HttpRequest) -> HttpResponse:
    """The public lieux nearest to a commune (GET), or to an address or a position (POST: in no address, in no log)."""
    if request.method == "POST":
        return _find_around(request)
    form = TrouverForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "address": AdresseForm()}
    if form.is_bound and form.is_valid() and (commune := form.cleaned_data["commune"]):
        context |= _found(form, from_commune(commune), request.GET.get("page"))
    return render(request, "accompagnements/lieux/find.html", context)


def _find_around(request: HttpRequest) -> HttpResponse:
    form, typed = TrouverForm(request.POST), request.POST
    context: dict[str, Any] = {"form": form, "address": AdresseForm()}
    ici: Ici | None = None
    if "adresse" in typed:
        address = AdresseForm(typed)
        context["address"] = address
        if address.is_valid():
            situation = locate(address.cleaned_data["adresse"])
            ici = situation.ici
            context |= {"situation": situation, "autour": situation.label}
            if ici is None and not situation.choices:
                address.add_error("adresse", UNANSWERED if situation.is_away else UNKNOWN)
    else:
        position = PositionForm(typed)
        if position.is_valid():
            ici = from_point(position.cleaned_data["latitude"], position.cleaned_data["longitude"])
            context["autour"] = position.cleaned_data["autour"]
        context["is_lost"] = ici is None
    if ici is not None:
        # What the page keeps for its next pages is what was read: rounded.
        here = {"latitude": ici.latitude, "longitude": ici.longitude, "autour": context["autour"]}
        context["position"] = PositionForm(initial=here)
        if form.is_valid():
            context |= _found(form, ici, typed.get("page"))
    return render(request, "accompagnements/lieux/find.html", context)


def _found(form: TrouverForm, ici: Ici, cursor: str | None) -> dict[str, Any]:
    page = find_lieux(
        ici,
        now=timezone.now(),
        cursor=cursor,
        acces=form.cleaned_data["acces"],
        service=form.cleaned_data["service"],
        open_now=form.cleaned_data["ouvert"],
    )
    picture = map_of(ici, page.rows)
    return {"ici": ici, "page": page, "map": picture, "rows": present_found(page.rows, picture)}


@public
@require_safe
def lieu(request: HttpRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    one = public_lieux().with_hours(now).filter(pk=pk).first()
    if one is None:
        # A page others link to: a duplicate leads to what it became.
        return redirect(get_object_or_404(public_lieux().filter(doublons=pk)), permanent=True)
    return render(request, "accompagnements/lieux/public.html", {"lieu": one, "shown": present_public(one, now)})
