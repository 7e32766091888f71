from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def antivirus_is_configured(**kwargs: Any) -> list[CheckMessage]:
    """Where one is required, a site without antivirus would keep every file it receives waiting for ever."""
    if settings.CLAMAV_URL or not settings.ANTIVIRUS_REQUIRED:
        return []
    return [Error("CLAMAV_URL is empty: no received file can be scanned.", id="common.E001")]
