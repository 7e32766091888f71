from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "SITE_NAME": settings.SITE_NAME,
        "ENVIRONMENT_LABEL": settings.ENVIRONMENT_LABEL,
        "CONTACT_EMAIL": settings.CONTACT_EMAIL,
    }
