from typing import Any

from django.dispatch import receiver

from accompagnements.models import Appartenance, Groupe
from common.dates import today_in
from comptes.models import Compte
from comptes.signals import compte_leaving


@receiver(compte_leaving)
def group_that_is_led(sender: object, compte: Compte, **kwargs: Any) -> str | None:
    """A group outlives who leads it: ANCT gives it to somebody first."""
    groupe = Groupe.objects.filter(coordinateur=compte).select_related("departement").first()
    if groupe is None:
        return None
    today = today_in(groupe.departement.fuseau)
    if not Appartenance.objects.accepted().on(today).filter(groupe=groupe).exists():
        return None
    return f"Le groupe « {groupe} » a des conseillers : l'ANCT doit d'abord le confier à quelqu'un d'autre."
