from importlib import import_module

from django.db import migrations

DISTANCE = import_module("matching.migrations.0002_premiers_poids").CREATE_DISTANCE
VOISINS = import_module("matching.migrations.0003_voisins").Migration.operations

# STRICT kept the planner from writing the formula into the query (`least` is not strict): a call a row.
WITHOUT_STRICT = DISTANCE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(" STRICT AS", " AS")


class Migration(migrations.Migration):
    """The neighbours are found by prepared queries, which the functions only wrapped (matching/selectors.py)."""

    dependencies = [
        ("matching", "0008_proposition_par_l_anct"),
        ("candidatures", "0006_coordonnees"),
        ("structures", "0002_coordonnees"),
    ]

    operations = [
        migrations.RunSQL(WITHOUT_STRICT, DISTANCE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
        *(migrations.RunSQL(operation.reverse_sql, operation.sql) for operation in VOISINS),
    ]
