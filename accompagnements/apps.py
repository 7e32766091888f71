from importlib import import_module

from django.apps import AppConfig


class AccompagnementsConfig(AppConfig):
    name = "accompagnements"

    def ready(self) -> None:
        # What the outbox makes for this app.
        for module in ("production", "importation", "receivers"):
            import_module(f"accompagnements.{module}")
