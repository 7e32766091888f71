from django.apps import AppConfig


class ContratsConfig(AppConfig):
    name = "contrats"

    def ready(self) -> None:
        from contrats import receivers  # noqa: F401, PLC0415  # Models must be loaded first.
