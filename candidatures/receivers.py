from typing import Any

from django.db.models import F
from django.dispatch import receiver

from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from comptes.models import Compte
from comptes.signals import compte_leaving
from territoires.signals import communes_moved


@receiver(communes_moved)
def refresh_positions(sender: object, codes: list[str], **kwargs: Any) -> None:
    """Writing the commune again, even as it is, makes the trigger copy its new position."""
    Candidature.objects.filter(commune__in=codes).update(commune=F("commune"))


@receiver(compte_leaving)
def candidature_that_lives(sender: object, compte: Compte, **kwargs: Any) -> str | None:
    """A structure may be answering it: its owner ends it first. One that led to a contract is the contract's matter."""
    living = Candidature.objects.living().exclude(status=StatutCandidature.RECRUTEE)
    if living.filter(compte=compte).exists():
        return "Une candidature est en cours : il faut d'abord la retirer."
    return None
