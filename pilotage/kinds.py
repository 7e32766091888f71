"""What each message of this app is (`notifications.registry`), and where coordinateurs live."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from accompagnements.models import Groupe
from comptes.enums import RoleKind
from notifications.enums import Categorie
from notifications.registry import ALL_RHYTHMS, Kind, declare, sample, time_zones
from pilotage.emails import GROUP_WEEK, SILENCE, WEEK

_CONTEXT: dict[str, Any] = {
    "prenom": "Camille",
    "days": 15,
    "debut": date(2026, 11, 16),
    "fin": date(2026, 11, 22),
    "accompagnements": "23",
    "participations": "61",
    "duree": "19 h 30",
    "members": 12,
    "active": 10,
    "stopped": ["Dominique Petit", "Sacha Martin"],
    "others": 3,
    "url": "https://conseiller.example/accompagnements/",
}


@time_zones
def where_groups_are(adresses: Iterable[str]) -> Mapping[str, str]:
    rows = Groupe.objects.filter(coordinateur__email__in=adresses)
    return dict(rows.values_list("coordinateur__email", "departement__fuseau"))


def _kind(name: str, label: str, when: str, recipient: str, role: RoleKind, *variants: dict[str, Any]) -> Kind:
    return Kind(
        name=name,
        label=label,
        when=when,
        recipient=recipient,
        topic="Accompagnements",
        roles=frozenset({role}),
        category=Categorie.INFORMATIVE,
        rhythms=ALL_RHYTHMS,
        samples=tuple(sample(name.replace(".", "/emails/"), **_CONTEXT | variant) for variant in variants or ({},)),
    )


declare(
    _kind(
        SILENCE,
        "Rien de noté depuis longtemps",
        "Après dix jours ouvrés sans accompagnement noté, puis une dernière fois après trente.",
        "Le conseiller en poste",
        RoleKind.CONSEILLER,
    ),
    _kind(
        WEEK,
        "Votre semaine en chiffres",
        "Le premier jour ouvré de la semaine, si des accompagnements ont été notés la semaine d'avant.",
        "Le conseiller en poste",
        RoleKind.CONSEILLER,
    ),
    _kind(
        GROUP_WEEK,
        "La semaine de votre groupe",
        "Le premier jour ouvré de la semaine.",
        "Le coordinateur du groupe",
        RoleKind.COORDINATEUR,
        {},
        {"stopped": [], "others": 0},
    ),
)
