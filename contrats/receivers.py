from typing import Any

from django.dispatch import receiver

from comptes.models import Compte
from contrats import services
from matching.models import MiseEnRelation
from matching.signals import mise_en_relation_closed


@receiver(mise_en_relation_closed)
def abandon_contrat(sender: object, mise_en_relation: MiseEnRelation, by: Compte | None = None, **kwargs: Any) -> None:
    services.abandon_for_mise_en_relation(mise_en_relation=mise_en_relation, by=by)
