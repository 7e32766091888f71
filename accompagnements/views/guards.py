"""Who comes in, and which rows exist for them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from accompagnements import permissions
from accompagnements.models import Accompagnement, Beneficiaire
from accompagnements.selectors import (
    contract_periods,
    get_conseiller,
    today_for,
)
from comptes.http import CompteRequest

ConseillerView = Callable[..., HttpResponse]


def in_post(view: ConseillerView) -> Callable[..., HttpResponse]:
    """Give the view its conseiller; say why, instead, to someone whose contract has not started."""

    @wraps(view)
    def wrapper(request: CompteRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        conseiller = get_conseiller(request.role)
        periods = contract_periods(conseiller) if conseiller else []
        today = today_for(request.role)
        if conseiller is None or not any(period.debut <= today for period in periods):
            return render(request, "accompagnements/not_in_post.html", {"debut": periods[0].debut if periods else None})
        return view(request, *args, conseiller=conseiller, **kwargs)

    return wrapper


def get_accompagnement(request: CompteRequest, pk: int) -> Accompagnement:
    """Fetch an accompagnement this role may read; for anyone else it does not exist."""
    readable = Accompagnement.objects.visible_to(request.role)
    return get_object_or_404(readable.select_related("conseiller", "lieu", "commune__departement"), pk=pk)


def get_changeable(request: CompteRequest, pk: int) -> Accompagnement:
    accompagnement = get_accompagnement(request, pk)
    if not permissions.can_change(request.role, accompagnement):
        raise PermissionDenied
    return accompagnement


def get_beneficiaire(request: CompteRequest, pk: int) -> Beneficiaire:
    """Fetch a person this conseiller follows; for anyone else there is no such person."""
    readable = Beneficiaire.objects.visible_to(request.role)
    return get_object_or_404(
        readable.select_related("conseiller__compte", "conseiller__contrat__structure__commune__departement"), pk=pk
    )
