from datetime import date

from django.db import migrations

AUTONOMIE = "L'autonomie numérique"
QUOTIDIEN = "Les usages quotidiens"
CITOYEN = "Les usages citoyens et critiques"
DEMARCHES = "Les démarches administratives en ligne"

# The 19 thématiques and 11 démarches of the national exchange vocabulary, in the four families of the service
# offer (S4; S1 details the same). The vocabulary has no dates of its own: the whole programme speaks it.
SINCE = date(2020, 11, 17)
THEMES = [
    (1, "diagnostic_numerique", "Diagnostic numérique", AUTONOMIE),
    (2, "prendre_en_main_du_materiel", "Prendre en main du matériel", AUTONOMIE),
    (3, "maintenance_de_materiel", "Maintenance de matériel", AUTONOMIE),
    (4, "navigation_sur_internet", "Navigation sur internet", AUTONOMIE),
    (5, "email", "E-mail", AUTONOMIE),
    (6, "bureautique", "Bureautique", AUTONOMIE),
    (7, "gere_ses_contenus_numeriques", "Gérer ses contenus numériques", AUTONOMIE),
    (8, "sante", "Santé", QUOTIDIEN),
    (9, "banque_et_achats_en_ligne", "Banque et achats en ligne", QUOTIDIEN),
    (10, "insertion_professionnelle", "Insertion professionnelle", QUOTIDIEN),
    (11, "entrepreneuriat", "Entrepreneuriat", QUOTIDIEN),
    (12, "creer_avec_le_numerique", "Créer avec le numérique", QUOTIDIEN),
    (13, "reseaux_sociaux", "Réseaux sociaux", CITOYEN),
    (14, "securite_numerique", "Sécurité numérique", CITOYEN),
    (15, "parentalite", "Parentalité", CITOYEN),
    (16, "scolarite_et_numerique", "Scolarité et numérique", CITOYEN),
    (17, "culture_numerique", "Culture numérique", CITOYEN),
    (18, "intelligence_artificielle", "Intelligence artificielle", CITOYEN),
    (19, "aide_aux_demarches_administratives", "Aide aux démarches administratives", DEMARCHES),
    (20, "papiers_elections_citoyennete", "Papiers, élections, citoyenneté", DEMARCHES),
    (21, "famille_scolarite", "Famille, scolarité", DEMARCHES),
    (22, "social_sante", "Social, santé", DEMARCHES),
    (23, "travail_formation", "Travail, formation", DEMARCHES),
    (24, "logement", "Logement", DEMARCHES),
    (25, "transports_mobilite", "Transports, mobilité", DEMARCHES),
    (26, "argent_impots", "Argent, impôts", DEMARCHES),
    (27, "justice", "Justice", DEMARCHES),
    (28, "etrangers_europe", "Étrangers, Europe", DEMARCHES),
    (29, "loisirs_sports_culture", "Loisirs, sports, culture", DEMARCHES),
    (30, "associations", "Associations", DEMARCHES),
]
PARENT = 19


def load_themes(apps, schema_editor):
    theme = apps.get_model("accompagnements", "Theme")
    for pk, code, nom, famille in THEMES:
        parent = PARENT if pk > PARENT else None
        values = {"code": code, "nom": nom, "famille": famille, "ordre": pk, "parent_id": parent, "valide_du": SINCE}
        theme.objects.get_or_create(pk=pk, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("accompagnements", "0001_initial")]
    operations = [migrations.RunPython(load_themes, migrations.RunPython.noop)]
