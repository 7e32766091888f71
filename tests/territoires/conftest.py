import pytest
from django.db import connection

from territoires.models import AncienNom, Commune, Departement, Region
from territoires.services import load_territoires


@pytest.fixture(scope="module")
def referentiel(django_db_setup, django_db_blocker):
    """The real referential, loaded once for a module and removed after it."""
    with django_db_blocker.unblock():
        yield load_territoires()
        with connection.cursor() as cursor:
            for model in (AncienNom, Commune, Departement, Region):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608  # Names of ours, values as parameters.
