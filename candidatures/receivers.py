from typing import Any

from django.db.models import F
from django.dispatch import receiver

from candidatures.models import Candidature
from common.exceptions import RuleError
from comptes.models import Compte
from comptes.signals import compte_leaving
from territoires.signals import communes_moved


@receiver(communes_moved)
def refresh_positions(sender: object, codes: list[str], **kwargs: Any) -> None:
    """Writing the commune again, even as it is, makes the trigger copy its new position."""
    Candidature.objects.filter(commune__in=codes).update(commune=F("commune"))


@receiver(compte_leaving)
def refuse_while_a_candidature_lives(sender: object, compte: Compte, **kwargs: Any) -> None:
    """A structure may be answering it, or a contract may run on it: its owner ends it first."""
    if Candidature.objects.living().filter(compte=compte).exists():
        raise RuleError("Une candidature est en cours : la personne la retire, ou son contrat se termine, d'abord.")
