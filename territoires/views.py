from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.access import public
from territoires.selectors import search_communes


@public
@require_safe
@cache_control(public=True, max_age=86_400)
def communes(request: HttpRequest) -> JsonResponse:
    """Suggest communes to the field that is being typed in. The answer depends on the query alone."""
    return JsonResponse(
        {
            "communes": [
                {
                    "code": found.commune.code,
                    "libelle": found.commune.libelle,
                    "departement": found.commune.departement.nom,
                    "ancien_nom": found.ancien_nom,
                }
                for found in search_communes(request.GET.get("q", "").replace("\x00", ""))
            ]
        }
    )
