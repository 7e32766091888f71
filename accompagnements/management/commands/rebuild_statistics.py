from typing import Any

from django.core.management.base import BaseCommand

from accompagnements import cumuls


class Command(BaseCommand):
    help = (
        "Recalcule les cumuls de statistiques à côté, mois par mois, et remplace ceux qui diffèrent. Interrompue, la"
        " commande se relance : les mois déjà remplacés ne changent plus."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for month in cumuls.months_held():
            wrong = cumuls.check_month(month, repair=True)
            self.stdout.write(f"{month:%Y-%m} : {len(wrong)} cumuls remplacés")
