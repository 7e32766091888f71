from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from notifications.services import purge_log


class Command(BaseCommand):
    help = "Supprime du journal des envois ce qui a plus de douze mois. Sans --confirmer, compte seulement."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--confirmer", action="store_true", help="supprimer pour de bon")

    def handle(self, *args: Any, confirmer: bool, **options: Any) -> None:
        counts = purge_log(for_real=confirmer)
        verb = "supprimés" if confirmer else "à supprimer (rien n'est supprimé sans --confirmer)"
        self.stdout.write(", ".join(f"{count} {name}" for name, count in counts.items()) + f" {verb}.")
