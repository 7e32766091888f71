"""The settings of production on a database of its own, created on the spot beside the demo's."""

import warnings

import psycopg

from conseiller.settings.dev import *

NAME = "conseiller_bench"


def create_database() -> None:
    options = DATABASES["default"]["OPTIONS"]
    host = options.get("host") or DATABASES["default"]["HOST"]
    with psycopg.connect(host=host, user=DATABASES["default"]["USER"], dbname="postgres", autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            admin.execute(f"CREATE DATABASE {NAME}")


create_database()
DATABASES["default"]["NAME"] = NAME
DATABASES["default"]["OPTIONS"].pop("pool")
# What the test client meets outside a test: no collected static files, a form library that announces its next version.
warnings.filterwarnings("ignore", category=UserWarning)
LOG_LEVEL = "WARNING"
LOGGING["root"]["level"] = LOG_LEVEL
