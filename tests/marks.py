import pytest
from django.db import connection, transaction

# For tests with threads, processes or a live server: real commits, tables emptied afterwards.
TRANSACTIONAL = pytest.mark.django_db(transaction=True)


def put_back_kept_rows():
    """Give the database the rows of migrations again when a test with real commits emptied every table.

    `tests/conftest.py` keeps them aside, and calls this before each test; what loads for a whole module calls it first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'kept' ORDER BY 1")
        tables = [table for (table,) in cursor.fetchall()]
        if not tables:
            return
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {tables[0]})")  # noqa: S608  # Names of ours, values as parameters.
        if cursor.fetchone()[0]:
            return
        with transaction.atomic():
            # Not as if they were new: no trigger, no order between tables.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                cursor.execute(f"INSERT INTO {table} SELECT * FROM kept.{table}")  # noqa: S608  # Names of ours, values as parameters.
            cursor.execute("SET LOCAL session_replication_role = origin")
