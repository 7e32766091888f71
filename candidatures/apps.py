from django.apps import AppConfig


class CandidaturesConfig(AppConfig):
    name = "candidatures"

    def ready(self) -> None:
        # The worker must know the messages and the actions, whichever module it imports first.
        from candidatures import emails, receivers, tasks  # noqa: F401, PLC0415
