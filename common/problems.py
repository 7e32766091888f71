"""Errors of the API as RFC 9457 says them, in French. Pages have theirs in `common.views`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from common.emails import absolute_url

API_PREFIX = "/api/v1/"
CONTENT_TYPE = "application/problem+json"
# Where each is explained: the page of documentation, by its code.
DOCUMENTATION = "/api/#erreur-"


@dataclass(frozen=True)
class Kind:
    status: int
    code: str
    title: str
    detail: str


KINDS = {
    kind.status: kind
    for kind in (
        Kind(400, "demande-illisible", "Demande illisible", "La demande n'est pas de la forme attendue."),
        Kind(401, "jeton", "Jeton refusé", "Le jeton manque, ou il n'est plus valable."),
        Kind(403, "droit", "Droit insuffisant", "Ce jeton ne permet pas cette action."),
        Kind(404, "introuvable", "Introuvable", "Rien n'existe à cette adresse, ou rien que vous puissiez lire."),
        Kind(405, "methode", "Méthode refusée", "Cette adresse n'accepte pas cette méthode."),
        Kind(409, "deja-enregistre", "Déjà enregistré", "Cet identifiant a déjà servi, avec d'autres valeurs."),
        Kind(413, "trop-gros", "Demande trop grosse", "Le corps de la demande dépasse la taille admise."),
        Kind(415, "format", "Format refusé", "Le corps de la demande doit être du JSON (application/json)."),
        Kind(422, "regle", "Valeur refusée", "La demande se lit, mais une valeur n'est pas acceptée."),
        Kind(429, "trop-de-demandes", "Trop de demandes", "Attendez avant d'appeler de nouveau."),
        Kind(500, "panne", "Erreur du service", "L'erreur vient de nous. Réessayez plus tard."),
        Kind(503, "indisponible", "Service indisponible", "Le service revient bientôt : réessayez."),
    )
}


def problem(status: int, detail: str = "", errors: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the body of an error. `errors`: what is wrong, field by field."""
    kind = KINDS.get(status, KINDS[400])
    body: dict[str, Any] = {
        "type": absolute_url(f"{DOCUMENTATION}{kind.code}"),
        "title": kind.title,
        "status": status,
        "detail": detail or kind.detail,
    }
    return {**body, "erreurs": list(errors)} if errors else body


def is_api(request: HttpRequest | None) -> bool:
    return request is not None and request.path.startswith(API_PREFIX)


def problem_response(status: int) -> HttpResponse:
    return JsonResponse(problem(status), status=status, content_type=CONTENT_TYPE)
