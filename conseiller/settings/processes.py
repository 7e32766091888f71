"""The processes tests start for real: like production they queue, send and wait; like tests they share a database."""

from conseiller.settings.test import *

CELERY_TASK_ALWAYS_EAGER = False
MEDIA_ROOT = Path(env.str("MEDIA_ROOT"))
EMAIL_BACKEND = "notifications.backends.SmtpBackend"
