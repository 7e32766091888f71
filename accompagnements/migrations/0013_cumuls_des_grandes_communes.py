from django.db import migrations, models

from territoires.constants import GRANDES_COMMUNES

# Marked keys are read from raw rows, and counted by the worker: nothing is missing meanwhile.
MARK = """
    INSERT INTO accompagnements_marquestatistique (conseiller_id, departement_id, jour)
    SELECT DISTINCT a.conseiller_id, c.departement_id, a.date
    FROM accompagnements_accompagnement a JOIN territoires_commune c ON c.code = a.commune_id WHERE c.code = ANY(%s)
"""
# A roll-up written over again stays in its page, and its indexes know nothing of it, if the page has room for both.
ROOM = """
    ALTER TABLE accompagnements_cumulconseiller SET (fillfactor = 80);
    ALTER TABLE accompagnements_cumulterritoire SET (fillfactor = 80);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accompagnements', '0012_etiquettes_des_modeles'),
        ('territoires', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='cumulterritoire',
            name='territoire',
            field=models.CharField(max_length=6, verbose_name='territoire'),
        ),
        migrations.RunSQL(ROOM, ROOM.replace("SET (fillfactor = 80)", "RESET (fillfactor)")),
        migrations.RunSQL(
            [(MARK, [list(GRANDES_COMMUNES)])],
            "DELETE FROM accompagnements_cumulterritoire WHERE territoire LIKE 'C%'",
        ),
    ]
