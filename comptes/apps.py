from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ComptesConfig(AppConfig):
    name = "comptes"

    def ready(self) -> None:
        import_module("comptes.emails")  # Registers its messages with the outbox.
        autodiscover_modules("donnees")  # The register of personal data.
