import logging

from celery import shared_task
from django.conf import settings

from comptes import services
from comptes.constants import APPELS_WINDOW, JETON_API_WARNING

logger = logging.getLogger(__name__)


@shared_task
def warn_of_expiring_tokens() -> int:
    return services.warn_of_expiring_jetons(within=JETON_API_WARNING)


@shared_task
def forget_callers() -> int:
    return services.forget_appels(seconds=APPELS_WINDOW)


@shared_task
def delete_old_tokens() -> int:
    """Delete the tokens that ended twelve months ago; while purges are dry runs, only say how many there are."""
    dry_run: bool = settings.PURGE_DRY_RUN
    count = services.delete_old_jetons(dry_run=dry_run)
    logger.info("tokens: %s %s", count, "would be deleted (PURGE_DRY_RUN)" if dry_run else "deleted")
    return count
