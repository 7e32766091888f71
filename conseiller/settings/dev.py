"""The demo and the developer's machine: no HTTPS, demo accounts, a secret that is not one."""

import os

from scripts.services import ensure_dev_services

os.environ.update(ensure_dev_services())

from conseiller.settings.base import *  # The environment must be ready before it is read.

SECRET_KEY = env.str("SECRET_KEY", default="demo-only-never-in-production-0123456789abcdefghijklmnopqrstuvwxyz")
DEBUG = env.bool("DEBUG", default=False)
DEMO = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ENVIRONMENT_LABEL = env.str("ENVIRONMENT_LABEL", default="Démonstration")
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media")))
ANTIVIRUS_REQUIRED = False  # What no antivirus saw says so on every page.
# Served straight from the folders: nothing to collect before the demo.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
