from celery import shared_task
from django.utils import timezone

from contrats import services
from contrats.enums import StatutContrat
from contrats.models import Contrat


@shared_task
def start_contrats() -> int:
    """Note which validated contracts have reached their first day."""
    due = Contrat.objects.filter(status=StatutContrat.VALIDE, date_debut__lte=timezone.localdate())
    return sum(services.start_contrat(contrat=contrat) for contrat in due.order_by("pk"))
