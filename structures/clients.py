"""The public directory of companies (API Recherche d'entreprises)."""

from dataclasses import dataclass
from typing import Any

from common.outside import Service, dicts_of, text_of, value_at
from structures.enums import TypeStructure
from territoires.geocodage import whole_commune

# INSEE's catégories juridiques, longest prefix first.
CATEGORIES = (
    ("7210", TypeStructure.COMMUNE),
    ("7220", TypeStructure.DEPARTEMENT),
    ("7225", TypeStructure.COLLECTIVITE_OUTRE_MER),
    ("7230", TypeStructure.REGION),
    ("734", TypeStructure.EPCI),
    ("735", TypeStructure.EPCI),
    ("741", TypeStructure.GIP),
    ("73", TypeStructure.ETABLISSEMENT_PUBLIC),
    ("74", TypeStructure.ETABLISSEMENT_PUBLIC),
    ("92", TypeStructure.ASSOCIATION),
)
ANNUAIRE = Service("annuaire-entreprises", "ANNUAIRE_ENTREPRISES_URL")


@dataclass(frozen=True)
class Etablissement:
    siret: str
    nom: str
    adresse: str
    code_commune: str
    type: TypeStructure | None
    is_open: bool


def find_etablissement(siret: str) -> Etablissement | None:
    """Return what the directory knows of a SIRET, or None: not asked, away, or not listed there.

    Takes less than three seconds whatever the server does, and raises nothing.
    """
    return _read(ANNUAIRE.get("/search", {"q": siret, "page": "1", "per_page": "1"}), siret)


def _read(answer: Any, siret: str) -> Etablissement | None:
    """Find the établissement itself: the one of the head office is not the one that was asked for."""
    for company in dicts_of(value_at(answer, "results")):
        candidates = [
            *dicts_of(value_at(company, "matching_etablissements")), *dicts_of([value_at(company, "siege")]),
        ]  # fmt: skip
        for found in candidates:
            if value_at(found, "siret") == siret:
                return Etablissement(
                    siret=siret,
                    nom=text_of(value_at(company, "nom_complet") or value_at(company, "nom_raison_sociale"), 200),
                    adresse=text_of(value_at(found, "adresse"), 250),
                    code_commune=whole_commune(text_of(value_at(found, "commune"), 5)),
                    type=_type(company),
                    # Only a plain "F" closes: a missing or unknown state says nothing.
                    is_open=value_at(found, "etat_administratif") != "F",
                )
    return None


def _type(company: dict[str, Any]) -> TypeStructure | None:
    code = text_of(value_at(company, "nature_juridique"), 4)
    if kind := next((kind for prefix, kind in CATEGORIES if code.startswith(prefix)), None):
        return kind
    is_ess = value_at(value_at(company, "complements"), "est_ess") is True
    return TypeStructure.ENTREPRISE_ESS if is_ess else None
