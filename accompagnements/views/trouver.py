"""« Trouver un conseiller près de chez vous »: open to everyone, keeps nothing of who asks."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompagnements.forms.lieux import PositionForm, TrouverForm
from accompagnements.presentation_lieux import map_of, present_found, present_public
from accompagnements.selectors import Ici, find_lieux, from_commune, from_point, public_lieux
from common.access import public


@public
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """The public lieux nearest to a commune (GET) or to a position (POST: it is in no address and no log)."""
    by_position = request.method == "POST"
    typed = request.POST if by_position else request.GET
    form = TrouverForm(typed or None)
    context: dict[str, Any] = {"form": form, "by_position": by_position}
    position = PositionForm(typed if by_position else None)
    ici: Ici | None = None
    if by_position and position.is_valid():
        ici = from_point(position.cleaned_data["latitude"], position.cleaned_data["longitude"])
    if by_position:
        # What the page keeps for its next pages is what was read: rounded.
        rounded = {"latitude": ici.latitude, "longitude": ici.longitude} if ici else None
        context |= {"position": PositionForm(initial=rounded), "is_lost": ici is None}
    elif form.is_bound and form.is_valid() and (commune := form.cleaned_data["commune"]):
        ici = from_commune(commune)
    if ici is not None and form.is_valid():
        page = find_lieux(
            ici,
            now=timezone.now(),
            cursor=typed.get("page"),
            acces=form.cleaned_data["acces"],
            service=form.cleaned_data["service"],
            open_now=form.cleaned_data["ouvert"],
        )
        picture = map_of(ici, page.rows)
        context |= {"ici": ici, "page": page, "map": picture, "rows": present_found(page.rows, picture)}
    return render(request, "accompagnements/lieux/find.html", context)


@public
@require_safe
def lieu(request: HttpRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    one = public_lieux().with_hours(now).filter(pk=pk).first()
    if one is None:
        # A page others link to: a duplicate leads to what it became.
        return redirect(get_object_or_404(public_lieux().filter(doublons=pk)), permanent=True)
    return render(request, "accompagnements/lieux/public.html", {"lieu": one, "shown": present_public(one, now)})
