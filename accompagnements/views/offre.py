from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompagnements.selectors import service_offer
from common.access import public


@public
@require_safe
def offer(request: HttpRequest) -> HttpResponse:
    """What a conseiller does, for everyone: the referential of themes, as it is today."""
    return render(request, "accompagnements/offre.html", {"familles": service_offer(timezone.localdate())})
