from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accompagnements.jobs import refresh_statistics
from comptes.models import Compte
from pilotage.demo.loader import SEED, load_demo


class Command(BaseCommand):
    help = "Charge la démonstration : mêmes graine et jour, mêmes données. Jamais en production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="ne rien faire si la base a déjà des comptes")
        parser.add_argument("--seed", type=int, default=SEED)

    def handle(self, *, if_empty: bool, seed: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Cette base n'est pas celle d'une démonstration (DEMO=False).")
        if Compte.objects.exists():
            if if_empty:
                return
            raise CommandError("La base a déjà des comptes.")
        load_demo(day=timezone.localdate(), seed=seed)
        # The first page someone opens, the home page, reads the roll-ups: not in a minute, now.
        refresh_statistics()
        self.stdout.write(self.style.SUCCESS("Démonstration chargée."))
