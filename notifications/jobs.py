from celery import shared_task
from django.conf import settings

from notifications import tasks
from notifications.services import purge_log


@shared_task
def sweep() -> int:
    """Send what a dead broker or worker left behind."""
    return tasks.drain()


@shared_task
def purge() -> dict[str, int]:
    """Count what the mail log no longer needs; delete it where PURGE_FOR_REAL says so."""
    return purge_log(for_real=settings.PURGE_FOR_REAL)
