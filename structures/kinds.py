"""What each message of this app is (`notifications.registry`), and where its readers live."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from comptes.enums import RoleKind
from notifications.enums import Rythme
from notifications.registry import Kind, declare, sample, time_zones
from structures.constants import CONTRACT_DELAY_LABEL, SELECTION_DELAY_LABEL
from structures.models import Membre

TOPIC = "Demandes de postes"
STRUCTURE = frozenset({RoleKind.STRUCTURE})
_CONTEXT: dict[str, Any] = {
    "demande": {
        "pk": 42,
        "structure": {"nom": "Mairie de Nantes", "commune": {"nom": "Nantes"}},
        "postes_souhaites": 2,
        "avis_before": date(2026, 12, 22),
        "contact_email": "accueil@exemple.fr",
    },
    "avis_before": date(2026, 12, 22),
    "date": date(2026, 11, 22),
    "reason": "Avis favorable",
    "selection_delay": SELECTION_DELAY_LABEL,
    "contract_delay": CONTRACT_DELAY_LABEL,
    "nom": "Mairie de Nantes",
    "prenom": "Dominique",
    "url": "https://conseiller.example/demandes/42/",
}


@time_zones
def where_members_work(adresses: Iterable[str]) -> Mapping[str, str]:
    rows = Membre.objects.filter(compte__email__in=adresses).select_related("compte", "structure__commune__departement")
    return {row.compte.email: row.structure.commune.fuseau for row in rows}


def _kind(event: str, label: str, when: str, recipient: str, *templates: str, **values: Any) -> Kind:
    return Kind(
        name=f"structures.{event}",
        label=label,
        when=when,
        recipient=recipient,
        topic=TOPIC,
        samples=tuple(sample(f"structures/emails/{template}", **_CONTEXT) for template in templates or (event,)),
        **({"roles": STRUCTURE} | values),
    )


declare(
    _kind(
        "demande_to_confirm",
        "Confirmer une demande de poste",
        "Quand une demande vient d'être remplie.",
        "La personne qui l'a remplie",
    ),
    _kind(
        "demande_to_resume",
        "Reprendre une demande de poste",
        "Quand quelqu'un demande à continuer sa demande plus tard ou ailleurs.",
        "La personne qui l'a commencée",
    ),
    _kind(
        "demande_to_instruct",
        "Une demande de poste attend un avis",
        "Quand une demande est déposée dans le territoire de la préfecture.",
        "La préfecture",
        roles=frozenset({RoleKind.PREFET}),
        rhythms=(Rythme.IMMEDIAT, Rythme.QUOTIDIEN),
    ),
    _kind(
        "demande_advanced",
        "Avancement d'une demande de poste",
        "À chaque étape de l'instruction : avis, comité de sélection, décision, convention.",
        "Les membres de la structure",
        "demande_deposee",
        "demande_avis_rendu",
        "demande_coselec",
        "demande_examen_complementaire",
        "demande_a_conventionner",
        "demande_conventionnee",
        "demande_refusee",
        "demande_abandonnee",
        "demande_doublon",
    ),
    _kind(
        "duplicate_refused",
        "Une autre personne demande un poste pour la structure",
        "Quand une demande est déposée pour une structure qui a déjà des membres.",
        "Les membres de la structure",
    ),
)
