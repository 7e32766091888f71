"""What the OpenAPI document says of each operation, beside what the serializers say by themselves."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from pilotage.api.filters import AUCUNE, CANAUX, PER_PAGE, PER_PAGE_MAX, SUITES
from pilotage.api.serializers import (
    AccompagnementSerializer,
    LieuSerializer,
    OrganismeSerializer,
    ProblemeSerializer,
    StatistiquesSerializer,
    TerritoireSerializer,
    ThemeSerializer,
    list_of,
    page_of,
)
from pilotage.api.vocabulaire import TYPES

PROBLEM = "application/problem+json"
WORDS = {
    400: "Demande illisible : un paramètre ou un champ n'est pas de la forme attendue.",
    401: "Jeton absent, inconnu, expiré, révoqué, ou d'un rôle retiré.",
    403: "Le jeton ne donne pas ce droit.",
    404: "Rien à cette adresse, ou rien que ce jeton puisse lire.",
    409: "Cet identifiant a déjà servi, avec d'autres valeurs.",
    413: "Le corps dépasse 32 ko.",
    415: "Le corps n'est pas du JSON.",
    422: "La demande se lit, mais une valeur n'est pas acceptée ; `erreurs` dit lesquelles.",
    429: "Trop de demandes : attendez le nombre de secondes de `Retry-After`.",
}
EXEMPLE = {
    "uuid": "7f1f3f0e-0d6c-4c62-9a53-2d2c0f6a1b4e",
    "type": "collectif",
    "date": "2026-11-18",
    "duree": 90,
    "canal": "domicile",
    "commune": "44109",
    "participants": 8,
    "recurrents": 3,
    "genres": {"feminin": 5, "masculin": 3},
    "tranches_age": {"soixante_dix_plus": 6},
    "statuts": {"retraite": 7},
    "themes": ["email", "navigation_sur_internet"],
    "materiel": ["tablette"],
    "niveau": "debutant",
    "titre": "Découvrir la tablette",
}


def _responses(good: dict[int, Any], *refused: int) -> dict[Any, Any]:
    problems = {
        (status, PROBLEM): OpenApiResponse(ProblemeSerializer, description=WORDS[status]) for status in (*refused, 429)
    }
    return {**good, **problems}


def _text(name: str, description: str, *, pattern: str = "", enum: Any = None, example: str = "") -> OpenApiParameter:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if pattern:
        schema["pattern"] = pattern
    if enum:
        schema = {"type": "string", "enum": list(enum)}
    return OpenApiParameter(
        name, schema, description=description, examples=[OpenApiExample(name, example)] if example else []
    )


def _date(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATE, description=description)


def _number(name: str, description: str, *, largest: int = 10**18 - 1) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 1, "maximum": largest}, description=description)


DU = _date("du", "Premier jour compris.")
AU = _date("au", "Dernier jour compris.")
TYPE = _text("type", "Type d'accompagnement.", enum=TYPES)
CANAL = _text("canal", "Où cela s'est passé.", enum=CANAUX)
THEME = _text("theme", "Code d'un thème : voyez `/themes/`.", pattern="^[a-z0-9_]{1,60}$", example="email")
COMMUNE = _text("commune", "Code INSEE d'une commune.", pattern="^[0-9AB]{5}$", example="44109")
CURSEUR = _text("curseur", "Place dans la liste : celle des adresses `suivant` et `precedent`, rien d'autre.")
TAILLE = _number("taille", f"Lignes par page, {PER_PAGE} sinon.", largest=PER_PAGE_MAX)

hidden = extend_schema(exclude=True)
accompagnement_list = extend_schema(
    operation_id="accompagnements_lister",
    summary="Lister les accompagnements de son périmètre",
    description="Les plus récents d'abord : ceux d'un conseiller, ou ceux des conseillers d'une structure.",
    tags=["accompagnements"],
    parameters=[
        DU, AU, TYPE, CANAL, THEME, COMMUNE,
        _text("suite", f"Suite donnée, ou `{AUCUNE}`.", enum=SUITES),
        _number("lieu", "Numéro d'un lieu d'activité."),
        _number("conseiller", "Numéro d'un conseiller."),
        CURSEUR, TAILLE,
    ],
    responses=_responses({200: page_of(AccompagnementSerializer, "PageAccompagnements")}, 400, 401, 403, 422),
)  # fmt: skip
accompagnement_create = extend_schema(
    operation_id="accompagnements_enregistrer",
    summary="Enregistrer un accompagnement",
    description=(
        "Par le jeton d'un conseiller, avec les règles de la page de saisie. Le même `uuid`, envoyé de nouveau avec "
        "les mêmes valeurs, ne crée rien et répond 200 ; avec d'autres, 409."
    ),
    tags=["accompagnements"],
    request=AccompagnementSerializer,
    examples=[OpenApiExample("Un atelier", EXEMPLE, request_only=True)],
    responses=_responses(
        {
            201: OpenApiResponse(AccompagnementSerializer, description="Enregistré."),
            200: OpenApiResponse(AccompagnementSerializer, description="Il l'était déjà, avec ces valeurs."),
        },
        400, 401, 403, 409, 413, 415, 422,
    ),
)  # fmt: skip
accompagnement_detail = extend_schema(
    operation_id="accompagnements_lire",
    summary="Lire un accompagnement",
    tags=["accompagnements"],
    parameters=[OpenApiParameter("uuid", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Son identifiant.")],
    responses=_responses({200: AccompagnementSerializer}, 400, 401, 403, 404),
)
statistiques = extend_schema(
    operation_id="statistiques_lire",
    summary="Lire les statistiques d'un périmètre",
    description=(
        "Les chiffres de la page « Statistiques ». Hors de son propre périmètre : mois complets seulement, nombres "
        "inférieurs à 5 masqués (`null`), avec ceux qui permettraient de les retrouver. Sans période : les douze "
        "derniers mois."
    ),
    tags=["statistiques"],
    parameters=[
        _text(
            "perimetre",
            "`FR`, `R52`, `D44` (voyez `/territoires/`), `structure-3`, `conseiller-7`, `lieu-12`, `groupe-4`, "
            "`reseau-emmaus-connect`. Sans lui : celui du rôle.",
            pattern="^[A-Za-z0-9-]{1,80}$",
            example="FR",
        ),
        DU, AU, TYPE, CANAL, THEME, COMMUNE,
    ],
    responses=_responses({200: StatistiquesSerializer}, 400, 401, 403, 422),
)  # fmt: skip
lieu_list = extend_schema(
    operation_id="lieux_lister",
    summary="Lister les lieux d'activité",
    description="Où des conseillers en poste reçoivent. Sans jeton, depuis tout site.",
    tags=["lieux"],
    parameters=[
        _text("departement", "Code d'un département.", pattern="^[0-9AB]{2,3}$", example="44"),
        COMMUNE, CURSEUR, TAILLE,
    ],
    responses=_responses({200: page_of(LieuSerializer, "PageLieux")}, 400, 422),
)  # fmt: skip
lieu_detail = extend_schema(
    operation_id="lieux_lire",
    summary="Lire un lieu d'activité",
    tags=["lieux"],
    parameters=[
        OpenApiParameter("id", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, description="Son numéro.")
    ],
    responses=_responses({200: LieuSerializer}, 400, 404),
)
theme_list = extend_schema(
    operation_id="themes_lister",
    summary="Lister les thèmes du référentiel",
    tags=["référentiels"],
    responses=_responses({200: list_of(ThemeSerializer, "ListeThemes")}, 400),
)
organisme_list = extend_schema(
    operation_id="organismes_lister",
    summary="Lister les organismes d'orientation",
    tags=["référentiels"],
    responses=_responses({200: list_of(OrganismeSerializer, "ListeOrganismes")}, 400),
)
territoire_list = extend_schema(
    operation_id="territoires_lister",
    summary="Lister le pays, les régions et les départements",
    tags=["référentiels"],
    responses=_responses({200: list_of(TerritoireSerializer, "ListeTerritoires")}, 400),
)
