"""What happens elsewhere and concerns matching; and the outbox's actions, which call services."""

from typing import Any

from django.dispatch import receiver

from candidatures.models import Candidature
from candidatures.signals import candidature_changed, candidature_closed, candidature_opened
from comptes.models import Compte
from matching import entretiens, services
from matching.exceptions import RunUnderWayError
from matching.models import EssaiPoids, MiseEnRelation
from matching.signals import mise_en_relation_closed
from notifications.registry import action
from structures.models import Structure
from structures.signals import postes_opened


@receiver(postes_opened)
def propose_to_structure(sender: object, structure: Structure, **kwargs: Any) -> None:
    services.queue_proposals(structure_id=structure.pk)


@receiver([candidature_opened, candidature_changed])
def propose_candidature(sender: object, candidature: Candidature, **kwargs: Any) -> None:
    """A change of place or date only adds: proposals already made stay made."""
    services.queue_proposals(candidature_id=candidature.pk)


@receiver(candidature_closed)
def cancel_candidature(sender: object, candidature: Candidature, **kwargs: Any) -> None:
    services.cancel_for_candidature(
        candidature=candidature, by=None, reason=f"candidature : {candidature.get_status_display().lower()}"
    )


@receiver(mise_en_relation_closed)
def cancel_entretiens(
    sender: object, mise_en_relation: MiseEnRelation, by: Compte | None = None, **kwargs: Any
) -> None:
    entretiens.cancel_for_mise(mise_en_relation=mise_en_relation, by=by)


@action("matching.propose_structure")
def propose_structure_action(structure: int) -> None:
    services.propose_for_structure(structure_id=structure)


@action("matching.propose_candidature")
def propose_candidature_action(candidature: int) -> None:
    services.propose_for_candidature(candidature_id=candidature)


@action("matching.settle_structure")
def settle_structure_action(structure: int) -> None:
    services.settle_structure(structure_id=structure)


@action("matching.run")
def run_action() -> None:
    # Another run under way may have read the weights before they changed.
    if services.run_matching() is None:
        raise RunUnderWayError


@action("matching.try_poids")
def try_poids_action(essai: int) -> None:
    services.try_poids(essai=EssaiPoids.objects.get(pk=essai))
