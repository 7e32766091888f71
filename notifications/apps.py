from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Know every message and what it is, in the web process as in the worker."""
        autodiscover_modules("emails", "kinds")
