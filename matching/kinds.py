"""What each message of this app is (`notifications.registry`)."""

from typing import Any

from comptes.enums import RoleKind
from notifications.enums import Categorie, Rythme
from notifications.registry import ALL_RHYTHMS, Kind, declare, sample

_CONTEXT: dict[str, Any] = {
    "prenom": "Camille",
    "structure": "Mairie de Nantes",
    "commune": "Nantes (44)",
    "motif": "Expérience insuffisante",
    "count": 2,
    "url": "https://conseiller.example/mises-en-relation/42/",
}
# What moves the procedure or shows contact data leaves always; the rest is news.
NEWS: dict[str, Any] = {"category": Categorie.INFORMATIVE, "rhythms": ALL_RHYTHMS}


def _for_candidat(event: str, label: str, when: str, **values: Any) -> Kind:
    lines = ["Mairie de Nantes, Nantes (44)", "Association Le Fil, Rezé (44)"]
    return Kind(
        name=f"matching.{event}",
        label=label,
        when=when,
        recipient="Le candidat",
        topic="Propositions de postes",
        roles=frozenset({RoleKind.CANDIDAT}),
        samples=(sample(f"matching/emails/{event}", **_CONTEXT, lines=lines),),
        **values,
    )


def _for_structure(event: str, label: str, when: str, **values: Any) -> Kind:
    """News of candidats: once a day, since a structure waits for several people."""
    lines = ["Camille, Nantes (44) – à 12 km", "Claude, Rezé (44) – à 15 km"]
    return Kind(
        name=f"matching.{event}",
        label=label,
        when=when,
        recipient="Les membres de la structure",
        topic="Candidats proposés",
        roles=frozenset({RoleKind.STRUCTURE}),
        samples=(sample(f"matching/emails/{event}", **_CONTEXT, lines=lines),),
        **({"default": Rythme.QUOTIDIEN} | values),
    )


_ENTRETIEN: dict[str, Any] = _CONTEXT | {
    "autre": "Mairie de Nantes",
    "objet": "Mairie de Nantes",
    "heure": "le lundi 7 décembre 2026 à 14 h 30 (heure de Nantes)",
    "creneaux": ["le lundi 7 décembre 2026 à 14 h 30 (heure de Nantes)"],
    "duree": 45,
    "lieu": "Par visioconférence",
    "lien": "https://visio.exemple.fr/salle-12",
    "message": "Venez avec vos questions sur le poste.",
    "motif": "Un autre rendez-vous ce jour-là.",
    "who": "other",
    "is_moved": False,
    "choose_url": "https://conseiller.example/entretiens/7/choisir/",
}
BOTH_SIDES = frozenset({RoleKind.CANDIDAT, RoleKind.STRUCTURE})
_AS_STRUCTURE = {"autre": "Camille", "objet": "un candidat", "to_structure": True}


def _of_entretien(event: str, label: str, when: str, *sides: bool) -> Kind:
    """About one interview: never stopped nor delayed, a chair would stay empty. `sides`: to the structure or not."""
    contexts = [_ENTRETIEN | (_AS_STRUCTURE if side else {"to_structure": False}) for side in sides]
    return Kind(
        name=f"matching.entretien_{event}",
        label=label,
        when=when,
        recipient="Le candidat, le membre de la structure qui reçoit",
        topic="Entretiens",
        roles=BOTH_SIDES,
        samples=tuple(sample(f"matching/emails/entretien_{event}", **context) for context in contexts),
    )


declare(
    _of_entretien("offered", "Créneaux proposés", "Quand une structure propose un entretien.", False),
    _of_entretien("others_asked", "D'autres créneaux demandés", "Quand aucune heure ne convient au candidat.", True),
    _of_entretien("confirmed", "Entretien confirmé", "Quand le candidat choisit une heure.", False, True),
    _of_entretien("moved", "Entretien déplacé", "Quand l'heure convenue ne tient plus.", False, True),
    _of_entretien("cancelled", "Entretien annulé", "Quand un entretien n'aura pas lieu.", False, True),
    _of_entretien("reminder", "Rappel d'un entretien", "La veille d'un entretien.", False, True),
    _for_candidat(
        "proposed", "Nouvelles propositions", "Quand votre candidature est proposée à des structures.", **NEWS
    ),
    _for_candidat(
        "interest",
        "Une structure s'intéresse à vous",
        "Quand une structure demande à vous rencontrer : elle voit alors vos coordonnées.",
    ),
    _for_candidat("retained", "Candidature retenue", "Quand une structure souhaite vous recruter."),
    _for_candidat(
        "declined_by_structure", "Réponses négatives", "Quand une structure ne retient pas votre candidature.", **NEWS
    ),
    _for_candidat(
        "expired_for_candidat", "Propositions sans suite", "Quand une proposition reste 30 jours sans réponse.", **NEWS
    ),
    _for_candidat(
        "cancelled_for_candidat", "Postes pourvus", "Quand un poste qui vous était proposé est pourvu.", **NEWS
    ),
    _for_structure(
        "new_candidats", "Personnes qui attendent une réponse", "Quand des candidats vous sont proposés.", **NEWS
    ),
    _for_structure("accepted", "Propositions acceptées", "Quand un candidat répond oui à votre intérêt.", **NEWS),
    _for_structure("declined_by_candidat", "Propositions déclinées", "Quand un candidat décline.", **NEWS),
    _for_structure("back", "Candidats qui changent d'avis", "Quand un candidat revient sur son refus.", **NEWS),
    _for_structure(
        "expired_for_structure", "Propositions sans suite", "Quand une proposition reste 30 jours sans réponse.", **NEWS
    ),
    _for_structure(
        "cancelled_for_structure", "Candidats indisponibles", "Quand un candidat n'est plus disponible.", **NEWS
    ),
)
