from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accompagnements import cumuls


class Command(BaseCommand):
    help = "Compare les cumuls de statistiques aux accompagnements ; échoue en nommant les clés qui diffèrent."

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [key for month in cumuls.months_held() for key in cumuls.check_month(month, repair=False)]
        for key in wrong:
            self.stderr.write(key)
        if wrong:
            raise CommandError(f"{len(wrong)} cumuls diffèrent : lancez rebuild_statistics.")
        self.stdout.write("Les cumuls sont exacts.")
