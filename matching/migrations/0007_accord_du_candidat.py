from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matching", "0006_poids_pix")]

    operations = [
        # No default: the table is not rewritten. The check reads it once.
        migrations.AddField(
            "miseenrelation",
            "acceptee_at",
            models.DateTimeField("intérêt accepté le", null=True, blank=True),
        ),
        migrations.AddConstraint(
            "miseenrelation",
            models.CheckConstraint(
                condition=models.Q(acceptee_at=None)
                | models.Q(status__in=["contrat", "entretien", "interessee", "recrutee", "retenue"]),
                name="mise_en_relation_accord_a_un_interet",
                violation_error_message="Il n'y a d'accord que tant que la structure est intéressée.",
            ),
        ),
    ]
