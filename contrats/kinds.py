"""What each message of this app is (`notifications.registry`): decisions on a contract, which always leave."""

from comptes.enums import RoleKind
from notifications.registry import Kind, declare, sample

_CONTEXT = {
    "numero": 42,
    "structure": "Mairie de Nantes",
    "prenom": "Camille",
    "type": "CDD",
    "debut": "1 décembre 2026",
    "motif": "La date de début précède la signature.",
    "url": "https://conseiller.example/contrats/42/",
}
PERSON = frozenset({RoleKind.CANDIDAT, RoleKind.CONSEILLER})
STRUCTURE = frozenset({RoleKind.STRUCTURE})


def _kind(event: str, label: str, when: str, recipient: str, roles: frozenset[str]) -> Kind:
    return Kind(
        name=f"contrats.{event}",
        label=label,
        when=when,
        recipient=recipient,
        topic="Contrats",
        roles=roles,
        samples=(sample(f"contrats/emails/{event}", **_CONTEXT),),
    )


declare(
    _kind(
        "transmitted",
        "Contrat à valider",
        "Quand une structure transmet un contrat.",
        "La Banque des Territoires",
        frozenset({RoleKind.BDT}),
    ),
    _kind(
        "transmitted_to_person",
        "Contrat transmis",
        "Quand la structure transmet votre contrat.",
        "La personne recrutée",
        PERSON,
    ),
    _kind(
        "sent_back",
        "Contrat à corriger",
        "Quand la Banque des Territoires renvoie un contrat.",
        "Les membres de la structure",
        STRUCTURE,
    ),
    _kind(
        "validated",
        "Contrat validé",
        "Quand la Banque des Territoires valide un contrat.",
        "Les membres de la structure",
        STRUCTURE,
    ),
    _kind("recruited", "Recrutement", "Quand votre contrat est validé.", "La personne recrutée", PERSON),
    _kind(
        "abandoned",
        "Contrat abandonné",
        "Quand un contrat est abandonné.",
        "Les membres de la structure",
        STRUCTURE,
    ),
    _kind(
        "abandoned_for_person",
        "Votre contrat est abandonné",
        "Quand la structure renonce à votre contrat.",
        "La personne concernée",
        PERSON,
    ),
)
