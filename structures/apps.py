from importlib import import_module

from django.apps import AppConfig


class StructuresConfig(AppConfig):
    name = "structures"

    def ready(self) -> None:
        import_module("structures.receivers")
        # What the outbox can do for this app.
        import_module("structures.emails")
        import_module("structures.tasks")
