import ipaddress
import socket

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests.browser import browser_context, chromium, page  # noqa: F401  # Fixtures.
from tests.marks import empty_tables

# A machine that pauses is not a bug: durations are what `make bench` measures.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("drawn", **PATIENT)
hypothesis.settings.register_profile("check", **PATIENT, derandomize=True)
hypothesis.settings.load_profile("drawn")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Keep aside the rows that migrations load (themes, paths, minimum wage, weights), for `empty_tables`."""
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS kept")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608  # Names of ours, values as parameters.
            if cursor.fetchone()[0] and not table.startswith(("django_", "auth_")):
                cursor.execute(f"CREATE TABLE IF NOT EXISTS kept.{table} AS TABLE public.{table}")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # A thread of the live server may outlive the last page by an instant, and the database can't be dropped then.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _database(db):
    """Every test has the database; the rules live there."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Nothing leaves the machine: a test that calls outside fails instead of being slow or lucky."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The journeys first: minutes long each, they would otherwise be what one process still does at the end."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)
