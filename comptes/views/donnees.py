"""What is held about oneself: a page that says it in words, and the whole of it in a file."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.access import any_role
from comptes.http import CompteRequest
from comptes.models import Compte
from comptes.registre import acts_of, counts_about, held_about


@any_role
@require_safe
def my_data(request: CompteRequest) -> HttpResponse:
    rows = [
        (str(one.model._meta.verbose_name_plural), count, one.finalite, one.conservation, one.effacement)
        for one, count in counts_about(request.user)
    ]
    return render(
        request, "comptes/my_data.html", {"rows": rows, "acts": sum(map(len, acts_of(request.user).values()))}
    )


@any_role
@require_safe
def export_my_data(request: CompteRequest) -> HttpResponse:
    response = JsonResponse(_export(request.user), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = 'attachment; filename="mes-donnees.json"'
    return response


def _export(compte: Compte) -> dict[str, Any]:
    return {
        "exporte_le": timezone.now(),
        "donnees": [
            {
                "nature": str(one.model._meta.verbose_name_plural),
                "finalite": one.finalite,
                "conservation": one.conservation,
                "effacement": one.effacement,
                "colonnes": {field.attname: str(field.verbose_name) for field in one.exported_fields},
                "lignes": found,
            }
            for one, found in held_about(compte)
        ],
        "actes": acts_of(compte),
    }
