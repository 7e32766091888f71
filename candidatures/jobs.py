import logging

from celery import shared_task
from django.conf import settings

from candidatures import effacement, services
from candidatures.models import Candidature
from common.exceptions import RuleError

logger = logging.getLogger(__name__)


@shared_task
def remind_silent_candidats() -> int:
    rows = list(Candidature.objects.to_remind())
    for candidature in rows:
        services.remind_candidature(candidature=candidature)
    return len(rows)


@shared_task
def expire_silent_candidatures() -> int:
    """End those whose owner did not answer the reminder, and those nobody confirmed."""
    expired = 0
    for candidature in [*Candidature.objects.to_expire(), *Candidature.objects.never_confirmed()]:
        try:
            services.expire_candidature(candidature=candidature)
        except RuleError:  # It moved since the list was read.
            continue
        expired += 1
    return expired


@shared_task
def activate_adults() -> int:
    """Activate what waited for the representative of someone who came of age since."""
    activated = 0
    for candidature in Candidature.objects.of_age_without_consent():
        try:
            activated += services.activate_adult(candidature=candidature)
        except RuleError:  # Another candidature of the same address became active first.
            continue
    return activated


@shared_task
def delete_abandoned_drafts() -> int:
    return services.delete_abandoned_drafts()


@shared_task
def delete_old_cvs() -> int:
    """Erase what nobody renewed; while purges are dry runs, only say how many there are."""
    dry_run: bool = settings.PURGE_DRY_RUN
    count = services.delete_old_cvs(dry_run=dry_run)
    logger.info("cv: %s %s", count, "would be erased (PURGE_DRY_RUN)" if dry_run else "erased")
    return count


@shared_task
def erase_old_candidatures() -> int:
    """Forget who applied 24 months after their last sign; while purges are dry runs, only say how many there are."""
    dry_run: bool = settings.PURGE_DRY_RUN
    count = effacement.erase_old_candidatures(dry_run=dry_run)
    logger.info("candidatures: %s %s", count, "would be erased (PURGE_DRY_RUN)" if dry_run else "erased")
    return count


@shared_task
def check_waiting_cvs() -> int:
    return services.check_waiting_cvs()


@shared_task
def delete_orphan_cv_files() -> int:
    return services.delete_orphan_cv_files()
