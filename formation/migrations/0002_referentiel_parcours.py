from datetime import date

from django.db import migrations

S2 = "Quatre parcours de 105, 280, 350 ou 420 heures selon le niveau initial (présentation du dispositif, 2021)"
S4 = "Parcours de 70 à 315 heures selon le niveau de compétences initial (présentation du dispositif, 2024)"
# hours, name, first day, source; none has a last day: docs/adr/0011.
PARCOURS = [
    (70, "Parcours de perfectionnement", date(2024, 1, 1), S4),
    (105, "Parcours court", date(2021, 1, 1), S2),
    (280, "Parcours intermédiaire", date(2021, 1, 1), S2),
    (315, "Parcours renforcé", date(2024, 1, 1), S4),
    (350, "Parcours long", date(2021, 1, 1), S2),
    (420, "Parcours complet", date(2021, 1, 1), S2),
]


def load(apps, schema_editor):
    referentiel = apps.get_model("formation", "ReferentielParcours")
    for heures, intitule, valide_du, source in PARCOURS:
        referentiel.objects.get_or_create(
            heures=heures, valide_du=valide_du, defaults={"intitule": intitule, "source": source}
        )


class Migration(migrations.Migration):
    dependencies = [("formation", "0001_initial")]

    # Going back drops the table.
    operations = [migrations.RunPython(load, migrations.RunPython.noop, elidable=False)]
