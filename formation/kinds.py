"""What each message of this app is (`notifications.registry`)."""

from datetime import date
from typing import Any

from comptes.enums import RoleKind
from notifications.enums import Rythme
from notifications.registry import Kind, declare, sample

_CONTEXT: dict[str, Any] = {
    "formateur": "Dominique",
    "prenom": "Camille",
    "structure": "Mairie de Nantes",
    "commune": "Nantes",
    "organisme": "École du numérique",
    "parcours": "Parcours de 105 heures",
    "date_debut": date(2026, 12, 1),
    "date_fin": date(2027, 2, 26),
    "jour_structure": "vendredi",
    "lieu": "12 rue de Strasbourg",
    "motif": "Le nombre d'inscrits est insuffisant.",
    "titre": "Attestation de formation",
    "numero": "CN-2026-000042",
    "url": "https://conseiller.example/ma-formation/",
    "verifier": "https://conseiller.example/verifier/",
}


def _kind(event: str, label: str, when: str, *variants: dict[str, Any], **values: Any) -> Kind:
    template = f"formation/emails/{event}"
    return Kind(
        name=f"formation.{event}",
        label=label,
        when=when,
        topic="Formation",
        samples=tuple(sample(template, **_CONTEXT | variant) for variant in variants or ({},)),
        **({"recipient": "Le conseiller", "roles": frozenset({RoleKind.CONSEILLER})} | values),
    )


declare(
    _kind(
        "dossier_opened",
        "Conseiller à positionner",
        "Quand un dossier de formation est confié à l'organisme.",
        recipient="Les formateurs de l'organisme",
        roles=frozenset({RoleKind.ORGANISME_FORMATION}),
        rhythms=(Rythme.IMMEDIAT, Rythme.QUOTIDIEN),
    ),
    _kind("session_convocation", "Convocation à une formation", "Quand l'inscription à une session est confirmée."),
    _kind(
        "session_cancelled",
        "Session annulée",
        "Quand une session est annulée, ou que la personne en est retirée.",
        {"annulee": True},
        {"annulee": False},
    ),
    _kind("attestation_ready", "Attestation prête", "Quand une attestation peut être téléchargée."),
)
