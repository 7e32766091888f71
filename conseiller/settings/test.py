"""Real PostgreSQL and Redis, taken from the environment or started for the occasion."""

import os
import tempfile

from scripts.services import ensure_test_services

os.environ.update(ensure_test_services())

from conseiller.settings.base import *  # The environment must be ready before it is read.

SECRET_KEY = "test-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DEMO = True
# One connection a thread, closed with it: tests create and drop databases.
DATABASES["default"]["OPTIONS"].pop("pool")
# Already migrated, for `make test`; without one, each process of the tests migrates its own.
DATABASES["default"]["TEST"] = {"NAME": "test_conseiller", "TEMPLATE": os.environ.get("TEST_TEMPLATE")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="conseiller-media-"))
CLAMAV_URL = ""
ANTIVIRUS_REQUIRED = False
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
