from typing import Any

from django.core.management.base import BaseCommand

from territoires.services import load_territoires


class Command(BaseCommand):
    help = "Charge les régions, départements et communes (peut être relancée : n'écrit que ce qui change)."

    def handle(self, *args: Any, **options: Any) -> None:
        changes = load_territoires()
        self.stdout.write(
            f"Territoires : {changes.regions} régions, {changes.departements} départements, "
            f"{changes.communes} communes et {changes.anciens_noms} anciens noms écrits, "
            f"{changes.communes_disparues} communes disparues."
        )
