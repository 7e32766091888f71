from typing import Any

from django.core.management.base import BaseCommand

from comptes.demo import DEMO_ACCOUNTS, DEMO_PASSWORD, demo_email, refuse_outside_demo


class Command(BaseCommand):
    help = "Affiche les comptes de la démonstration : rôle, adresse, mot de passe."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_outside_demo()
        for name, kind in DEMO_ACCOUNTS.items():
            self.stdout.write(f"{kind.label:<24} {demo_email(name):<42} {DEMO_PASSWORD}")
        self.stdout.write("Codes du moment, pour le second facteur : make accounts")
