import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from accompagnements.models.activites import DepartementDe


class Migration(migrations.Migration):
    """Millions of rows in production: indexes are built beside the writers, before those they replace go."""

    atomic = False

    dependencies = [
        ("accompagnements", "0009_liens_de_partage"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="accompagnement",
            index=models.Index(DepartementDe("commune"), models.F("date"), name="accompagnement_par_dpt"),
        ),
        AddIndexConcurrently(
            model_name="accompagnement",
            index=models.Index(fields=["commune", "date"], name="accompagnement_par_commune"),
        ),
        AddIndexConcurrently(
            model_name="accompagnement",
            index=models.Index(
                condition=models.Q(("lieu__isnull", False)), fields=["lieu", "date"], name="accompagnement_par_lieu"
            ),
        ),
        migrations.AlterField(
            model_name="accompagnement",
            name="commune",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="territoires.commune",
                verbose_name="commune",
            ),
        ),
        migrations.AlterField(
            model_name="accompagnement",
            name="conseiller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="accompagnements",
                to="contrats.conseiller",
            ),
        ),
        migrations.AlterField(
            model_name="accompagnement",
            name="lieu",
            field=models.ForeignKey(
                blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="accompagnements", to="accompagnements.lieuactivite", verbose_name="lieu",
            ),
        ),
    ]
