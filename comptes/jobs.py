from celery import shared_task

from comptes.constants import APPELS_WINDOW, JETON_API_WARNING
from comptes.services import forget_appels, warn_of_expiring_jetons


@shared_task
def warn_of_expiring_tokens() -> int:
    return warn_of_expiring_jetons(within=JETON_API_WARNING)


@shared_task
def forget_callers() -> int:
    return forget_appels(seconds=APPELS_WINDOW)
