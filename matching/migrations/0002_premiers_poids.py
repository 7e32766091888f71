from datetime import date

from django.db import migrations

# Great circle on the mean Earth (R = 6371.0088 km), for the recheck and for display. Latitudes then longitudes.
CREATE_DISTANCE = """
CREATE FUNCTION cn_distance_km(lat_a float8, lon_a float8, lat_b float8, lon_b float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT 2 * 6371.0088 * asin(least(1, sqrt(
        power(sin(radians(lat_b - lat_a) / 2), 2)
        + cos(radians(lat_a)) * cos(radians(lat_b)) * power(sin(radians(lon_b - lon_a) / 2), 2)
    )))
$$;
"""


def add_first_weights(apps, schema_editor):
    """Valid from the start of the programme (plan de relance, 17 November 2020)."""
    apps.get_model("matching", "PoidsMatching").objects.create(valide_du=date(2020, 11, 17))


class Migration(migrations.Migration):
    dependencies = [("matching", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_DISTANCE, "DROP FUNCTION cn_distance_km(float8, float8, float8, float8)"),
        migrations.RunPython(add_first_weights, migrations.RunPython.noop),
    ]
