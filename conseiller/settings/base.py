"""Valid for production; `dev`, `test` and `production` hold only differences."""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels

from conseiller.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY", default="")
# Older keys still accepted when reading what was signed or sealed before a rotation.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
# Absolute address of the site, for links in e-mails and QR codes.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SITE_NAME = "Conseiller numérique"
# Written in front of every e-mail subject outside production.
ENVIRONMENT_LABEL = env.str("ENVIRONMENT_LABEL", default="")
# True only where the demo accounts exist: their second factor can then be printed by a command.
DEMO = False

INSTALLED_APPS = [
    "conseiller.apps.ConseillerAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "dsfr",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "rest_framework",
    "widget_tweaks",
    "common",
    "notifications",
    "territoires",
    "comptes",
    "structures",
    "candidatures",
    "matching",
    "contrats",
    "formation",
    "accompagnements",
    "pilotage",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Around everything that may fail, so that error pages carry the headers too.
    "csp.middleware.CSPMiddleware",
    "common.middleware.ResponseHeadersMiddleware",
    "common.middleware.HostileInputMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "comptes.middleware.RoleMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "conseiller.urls"
WSGI_APPLICATION = "conseiller.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.context_processors.site",
                "pilotage.context_processors.layout",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///conseiller")}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "max_size": env.int("DATABASE_POOL", default=8),
}
# For `common.queries` alone: Django's own cursors never prepare. A pooler by transaction must follow such statements.
# Planning or compiling a wide one takes longer than running it. Memory for the 100 000 rows of a large commune, which
# would otherwise be read twice and written aside.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5
DATABASES["default"]["OPTIONS"].setdefault(
    "options", "-c jit=off -c plan_cache_mode=force_generic_plan -c work_mem=16MB"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database, so that a dead Redis stops nothing a person is doing (docs/adr/0006).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "common_cache",
    }
}

# --- Accounts -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "comptes.Compte"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        # CNIL, deliberation 2022-100: 12 characters when nothing else restricts the attempts.
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "pilotage:espace"
ACCOUNT_ADAPTER = "comptes.adapters.CompteAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # Accounts are only created by a link already received by e-mail.
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "comptes.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Conseiller numérique"
MFA_TOTP_TOLERANCE = 1  # A code typed as the next one appears; `comptes.forms` refuses it a second time.
# Every account was born from a link received at its address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_FORMS = {
    "login": "comptes.forms.LoginForm",
    "request_login_code": "comptes.forms.RequestLoginCodeForm",
    "confirm_login_code": "comptes.forms.ConfirmLoginCodeForm",
    "reset_password": "comptes.forms.ResetPasswordForm",
    "reset_password_from_key": "comptes.forms.ResetPasswordKeyForm",
    "change_password": "comptes.forms.ChangePasswordForm",
    "set_password": "comptes.forms.SetPasswordForm",
    "reauthenticate": "comptes.forms.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "comptes.forms.AuthenticateForm",
    "reauthenticate": "comptes.forms.MfaReauthenticateForm",
    "activate_totp": "comptes.forms.ActivateTOTPForm",
    "deactivate_totp": "comptes.forms.DeactivateTOTPForm",
    "generate_recovery_codes": "comptes.forms.GenerateRecoveryCodesForm",
}
PASSWORD_RESET_TIMEOUT = 4 * 3600  # seconds
# Proxies in front of us whose X-Forwarded-For is believed, for the rate limits.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)

# --- Language and time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True

# --- Files ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Private: nothing below is ever served by a URL, only through a view that checks who asks.
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
STORAGES = {
    "default": {
        "BACKEND": "common.storage.PrivateFileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "common.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- Design system --------------------------------------------------------------------------------------
DSFR_USE_INTEGRITY_CHECKSUMS = False  # Hashed file names rewrite the CSS: its digest would never match.
DSFR_CONTENT_IS_SAFE = False
DSFR_MARK_OPTIONAL_FIELDS = True
MESSAGE_TAGS = {
    message_levels.DEBUG: "info",
    message_levels.INFO: "info",
    message_levels.SUCCESS: "success",
    message_levels.WARNING: "warning",
    message_levels.ERROR: "error",
}

# --- Jobs -----------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "global_keyprefix": env.str("REDIS_PREFIX", default="cn:"),
    # Without it a publication insists for six seconds on a broker that is away.
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # The sweeper catches up: a person never waits for the broker.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = env.str("BEAT_SCHEDULE_FILE", default=str(BASE_DIR / "var" / "celerybeat"))

# How long a relay keeps the effects it took; a killed one's come back after that.
OUTBOX_LEASE_SECONDS = env.int("OUTBOX_LEASE_SECONDS", default=60)
# The monthly purge of the mail log only counts until this is set (docs/exploitation.md).
PURGE_FOR_REAL = env.bool("PURGE_FOR_REAL", default=False)

# --- E-mail ---------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://127.0.0.1:1025")
vars().update(EMAIL_CONFIG)
if EMAIL_CONFIG["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_BACKEND = "notifications.backends.SmtpBackend"  # Django's, which also keeps the provider's answer.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Conseiller numérique <ne-pas-repondre@conseiller.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="support@conseiller.example")

# --- Received files -------------------------------------------------------------------------------------
# Of any form; each has its own limit below. The proxy refuses 42 MB, the body included.
UPLOAD_MAX_SIZE = 40_000_000
FILE_UPLOAD_HANDLERS = [
    "common.uploads.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# clamd: unix:///run/clamav/clamd.ctl or tcp://clamav:3310. Nothing received is shown before it answered.
CLAMAV_URL = env.str("CLAMAV_URL", default="")
ANTIVIRUS_REQUIRED = True
# The jobs that erase for ever count and say what they would do, until someone has read it and decided.
PURGE_DRY_RUN = env.bool("PURGE_DRY_RUN", default=True)

# --- Outside services -----------------------------------------------------------------------------------
# Base address of the public directory of companies; empty means: do not call, the form goes on by hand.
ANNUAIRE_ENTREPRISES_URL = env.str("ANNUAIRE_ENTREPRISES_URL", default="")
# That of the State's geocoder (Géoplateforme); empty: an address is placed at its commune.
GEOCODAGE_URL = env.str("GEOCODAGE_URL", default="")

# --- API ------------------------------------------------------------------------------------------------
# Closed by default: a view that says neither `public` nor its scopes opens to no token.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["pilotage.api.authentication.JetonAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["pilotage.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["pilotage.api.parsers.SmallJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "pilotage.api.parsers.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "pilotage.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "API de Conseiller numérique",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,  # Ours are in English, for developers of the service.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["pilotage.api.schema.complete"],
}

# --- Security -------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "common.views.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400

# --- Logs -----------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "common.logs.json_formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Its messages hold the whole request, addresses and query strings included.
        "django.server": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # One line for each step of each document.
        "weasyprint.progress": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}
