from celery import shared_task
from django.utils import timezone

from matching import entretiens, selectors, services
from matching.constants import ANSWER_DELAY
from matching.models import Entretien


@shared_task
def run() -> int:
    """Settle what the incremental proposals left. A run already under way is left alone."""
    result = services.run_matching()
    return result.proposees if result else 0


@shared_task
def expire_unanswered() -> int:
    """Close what nobody answered in thirty days."""
    before = timezone.now() - ANSWER_DELAY
    return sum(services.expire(mise_en_relation=mise, before=before) for mise in selectors.unanswered_since(before))


@shared_task
def remind_entretiens() -> int:
    """Ask for the reminders of the interviews of the day to come. Run late, it still does; run twice, nothing more."""
    return sum(entretiens.remind(entretien=entretien) for entretien in Entretien.objects.to_remind())
