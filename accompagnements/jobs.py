import logging
import time

from celery import shared_task
from django.conf import settings

from accompagnements import cumuls, services

logger = logging.getLogger(__name__)

# Well under the time limit of a task: what is left is the next one's.
BUDGET = 120.0  # seconds
# Of lieux asked of the geocoder at once: it takes fifty a second from everyone at our address.
PLACES_A_RUN = 200


@shared_task
def refresh_statistics() -> int:
    """Count again, each minute, every key that is marked, a batch a transaction; return how many marks are gone.

    Nothing wakes it sooner: figures are exact meanwhile, and counting the entries of a minute together costs a tenth
    of counting them one by one. Twice at once: the second finds the first at work and leaves.
    """
    deadline = time.monotonic() + BUDGET
    done = 0
    while time.monotonic() < deadline and (count := cumuls.refresh_some()):
        done += count
    return done


@shared_task
def rebuild_statistics() -> int:
    """Count every month aside each night and put right what differs: there should never be anything to put right."""
    wrong = [key for month in cumuls.months_held() for key in cumuls.check_month(month, repair=True)]
    if wrong:
        logger.error("statistics were wrong for %s keys: %s", len(wrong), wrong[:20])
    return len(wrong)


@shared_task
def remove_old_livraisons() -> int:
    """Erase the files nobody asked to keep: each can be asked for again, nothing is lost."""
    return services.remove_old_livraisons()


@shared_task
def close_forgotten_imports() -> int:
    return services.close_forgotten_imports()


@shared_task
def read_waiting_imports() -> int:
    return services.read_waiting_imports()


@shared_task
def place_lieux() -> int:
    """Ask again for the lieux the geocoder gave no answer about: it was away, or nobody had told us of it."""
    return services.place_waiting_lieux(PLACES_A_RUN) if settings.GEOCODAGE_URL else 0


@shared_task
def erase_old_beneficiaires() -> int:
    """Erase the followed persons nobody has seen for 24 months; while purges are dry runs, only say how many."""
    dry_run: bool = settings.PURGE_DRY_RUN
    count = services.erase_old_beneficiaires(dry_run=dry_run)
    logger.info("followed persons: %s %s", count, "would be erased (PURGE_DRY_RUN)" if dry_run else "erased")
    return count


@shared_task
def delete_old_liens() -> int:
    """Delete the shared links that ended twelve months ago; while purges are dry runs, only say how many."""
    dry_run: bool = settings.PURGE_DRY_RUN
    count = services.delete_old_liens(dry_run=dry_run)
    logger.info("shared links: %s %s", count, "would be deleted (PURGE_DRY_RUN)" if dry_run else "deleted")
    return count
