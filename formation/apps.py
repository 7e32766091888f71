from importlib import import_module

from django.apps import AppConfig


class FormationConfig(AppConfig):
    name = "formation"

    def ready(self) -> None:
        for module in ("emails", "receivers", "tasks"):
            import_module(f"formation.{module}")
