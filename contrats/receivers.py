from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from comptes.models import Compte
from comptes.signals import compte_leaving
from contrats import services
from contrats.enums import STATUTS_ENGAGES
from contrats.models import Contrat
from matching.models import MiseEnRelation
from matching.signals import mise_en_relation_closed


@receiver(mise_en_relation_closed)
def abandon_contrat(sender: object, mise_en_relation: MiseEnRelation, by: Compte | None = None, **kwargs: Any) -> None:
    services.abandon_for_mise_en_relation(mise_en_relation=mise_en_relation, by=by)


@receiver(compte_leaving)
def contrat_that_runs(sender: object, compte: Compte, **kwargs: Any) -> str | None:
    """The State pays for the post, and the employer answers for it: it ends first, by its status or by its date."""
    engaged = Contrat.objects.filter(candidature__compte=compte, status__in=sorted(STATUTS_ENGAGES))
    runs = engaged.filter(Q(date_fin=None) | Q(date_fin__gte=timezone.localdate()))
    contrat = runs.order_by("pk").first()
    if contrat is None:
        return None
    until = f", jusqu'au {contrat.date_fin:%d/%m/%Y}" if contrat.date_fin else ""
    return f"Un contrat de travail est en cours{until} : il doit d'abord prendre fin."
