from celery import shared_task
from django.utils import timezone

from pilotage import services


@shared_task
def remind_silent_conseillers() -> int:
    """Remind those who logged nothing for long, where it is a working hour."""
    return services.remind_silent_conseillers(now=timezone.now())


@shared_task
def send_weekly_digests() -> int:
    """Send last week in figures, where the first working day of the week has begun."""
    return services.send_weekly_digests(now=timezone.now())
