from datetime import date
from decimal import Decimal

from django.db import migrations

# SMIC brut mensuel pour 35 h (151,67 h), France hors Mayotte et collectivités qui fixent le leur.
SMIC = [
    (date(2021, 1, 1), "1554.58", "Décret n° 2020-1598 du 16 décembre 2020"),
    (date(2021, 10, 1), "1589.47", "Arrêté du 27 septembre 2021"),
    (date(2022, 1, 1), "1603.12", "Décret n° 2021-1741 du 22 décembre 2021"),
    (date(2022, 5, 1), "1645.58", "Arrêté du 19 avril 2022"),
    (date(2022, 8, 1), "1678.95", "Arrêté du 29 juillet 2022"),
    (date(2023, 1, 1), "1709.28", "Décret n° 2022-1608 du 22 décembre 2022"),
    (date(2023, 5, 1), "1747.20", "Arrêté du 26 avril 2023"),
    (date(2024, 1, 1), "1766.92", "Décret n° 2023-1216 du 20 décembre 2023"),
    (date(2024, 11, 1), "1801.80", "Décret n° 2024-951 du 23 octobre 2024"),
    (date(2026, 1, 1), "1823.03", "Décret n° 2025-1228 du 17 décembre 2025"),
]


def load_smic(apps, schema_editor):
    model = apps.get_model("contrats", "SmicMensuel")
    model.objects.bulk_create(
        model(valide_du=day, montant=Decimal(amount), source=source) for day, amount, source in SMIC
    )


class Migration(migrations.Migration):
    dependencies = [("contrats", "0001_initial")]

    operations = [migrations.RunPython(load_smic, migrations.RunPython.noop)]
