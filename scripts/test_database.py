"""Make the database that each process of the tests copies (`TEST_TEMPLATE`): migrations are applied once for all."""

import django
from django.db import connection

if __name__ == "__main__":
    django.setup()
    print(connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False))
