"""The OpenAPI 3.1 document: who enters, what every answer carries, and how much may be asked."""

from functools import lru_cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator

from comptes.constants import APPELS_BY_ADDRESS, APPELS_BY_JETON, APPELS_WINDOW
from comptes.enums import ScopeApi
from pilotage.api.vocabulaire import NON_COMMUNIQUE

SCHEME = "jeton"
DESCRIPTION = f"""Lire et enregistrer les accompagnements, lire les statistiques et les référentiels.

**Jeton.** `Authorization: Bearer cn_…`, créé dans le service, page « Accès à l'API », par un rôle : le jeton lit ce que
ce rôle lit. Jamais dans une adresse. Les lieux, thèmes et territoires se lisent sans jeton, depuis tout site (CORS).

**Limites.** {APPELS_BY_JETON} demandes par jeton et {APPELS_BY_ADDRESS} par adresse IP, toutes les {APPELS_WINDOW}
secondes : `RateLimit` et `RateLimit-Policy` disent où vous en êtes ; au-delà, 429 et `Retry-After`.

**Cache.** Chaque lecture porte un `ETag` : renvoyez-le dans `If-None-Match`, la réponse est 304 si rien n'a changé.

**Erreurs.** `application/problem+json` (RFC 9457), en français : 400 ce qui ne se lit pas, 422 ce qui se lit et n'est
pas accepté.

**Dates** au format AAAA-MM-JJ, là où la chose se passe ; instants au format ISO 8601 avec fuseau. Encodage UTF-8."""
HEADERS = {
    "RateLimit": "La limite la plus proche : ce qu'il en reste, et dans combien de secondes elle recommence.",
    "RateLimit-Policy": "Cette limite : combien de demandes, en combien de secondes.",
}


class JetonScheme(OpenApiAuthenticationExtension):
    target_class = "pilotage.api.authentication.JetonAuthentication"
    name = SCHEME

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        scopes = "\n".join(f"- `{scope.value}` : {scope.label.lower()}" for scope in ScopeApi)
        return {
            "type": "http",
            "scheme": "bearer",
            "description": f"Un jeton de la page « Accès à l'API ». Ses droits :\n\n{scopes}",
        }

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        scope = auto_schema.view.scopes.get(auto_schema.method)
        return {SCHEME: [scope.value] if scope else []}


class CountsShape(OpenApiSerializerFieldExtension):
    target_class = "pilotage.api.fields.CountsField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        codes = list(self.target.columns)
        if direction == "response":
            codes.append(NON_COMMUNIQUE)
        shape: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {code: {"type": "integer", "minimum": 0, "maximum": 1000} for code in codes},
        }
        return {**shape, "required": codes} if direction == "response" else shape


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add what is the same for every operation."""
    result["info"] |= {
        "description": DESCRIPTION,
        "license": {"name": "Licence Ouverte 2.0", "identifier": "etalab-2.0"},
    }
    result["servers"] = [{"url": "/", "description": "Ce service"}]
    for methods in result["paths"].values():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                response["headers"] = _headers(method, status, needs_token="security" in operation)
            if method == "get":
                operation["responses"]["304"] = {
                    "description": "Rien n'a changé depuis l'ETag donné dans If-None-Match.",
                    "headers": _headers(method, "304", needs_token=False),
                }
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
        for shape in component["properties"].values():
            for one in (shape, shape.get("items", {})):
                one.pop("x-spec-enum-id", None)  # The generator's own note.
    return result


def _headers(method: str, status: str, *, needs_token: bool) -> dict[str, Any]:
    found = {name: _header(text) for name, text in HEADERS.items()}
    if method == "get" and status in {"200", "304"}:
        found["ETag"] = _header("Nom de ce contenu.")
    if status == "201":
        found["Location"] = _header("Adresse de l'accompagnement.")
    if status == "429":
        found["Retry-After"] = {
            "description": "Secondes à attendre.", "required": True, "schema": {"type": "integer", "minimum": 0},
        }  # fmt: skip
    if status == "401":
        found["WWW-Authenticate"] = _header("Le schéma attendu.")
    return found


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string"}}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Build the document once for each process: it depends on the code alone."""
    # Pages of other applications of the site are not part of it.
    found: dict[str, Any] = SchemaGenerator(urlconf="pilotage.api.v1").get_schema(request=None, public=True)
    return found
