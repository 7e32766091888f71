from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from structures import services, tasks
from structures.constants import VERIFICATION_LIFETIME, VERIFICATIONS_PER_RUN
from structures.models import DemandePoste, Structure


@shared_task
def pass_on_late_demandes() -> int:
    """Send to the COSELEC the files whose préfet did not answer in time."""
    late = DemandePoste.objects.late_for_avis().order_by("deposee_at")
    return sum(services.pass_on_without_avis(demande=demande) for demande in late)


@shared_task
def verify_structures() -> None:
    """Ask the directory again about recent structures it could not vouch for, a few at a time, in any order."""
    recent = Q(created_at__gte=timezone.now() - VERIFICATION_LIFETIME)
    waiting = Structure.objects.filter(recent, verifiee_at=None, siret__isnull=False)
    for pk in waiting.order_by("?").values_list("pk", flat=True)[:VERIFICATIONS_PER_RUN]:
        tasks.verify_structure(structure=pk)


@shared_task
def delete_stale_drafts() -> int:
    return services.delete_stale_drafts()
