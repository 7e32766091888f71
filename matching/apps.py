from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"

    def ready(self) -> None:
        from matching import receivers  # noqa: F401, PLC0415  # Models must be loaded first.
