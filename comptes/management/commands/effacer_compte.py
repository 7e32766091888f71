from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.exceptions import RuleError
from common.fields import normalize_email
from comptes.effacement import erase_compte
from comptes.models import Compte


class Command(BaseCommand):
    help = "Efface un compte à la demande de la personne. Sans --confirmer, dit seulement ce qui serait touché."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("adresse")
        parser.add_argument("--confirmer", action="store_true", help="effacer pour de bon")

    def handle(self, *args: Any, adresse: str, confirmer: bool, **options: Any) -> None:
        compte = Compte.objects.filter(email=normalize_email(adresse)).first()
        if compte is None:
            raise CommandError("Aucun compte à cette adresse.")
        try:
            counts = erase_compte(compte=compte, by=None, dry_run=not confirmer)
        except RuleError as error:
            raise CommandError(str(error)) from error
        for label, count in counts.items():
            self.stdout.write(f"{label} : {count}")
        self.stdout.write("Effacé." if confirmer else "Rien n'est effacé : ajoutez --confirmer.")
