import datetime
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


# What each theme is about, for everyone (S1 and S4): the public page of the service offer says it.
PHRASES = {
    1: "Faire le point sur ce que vous savez faire, et choisir ensemble par où commencer.",
    2: "Allumer, brancher, régler et utiliser un ordinateur, une tablette ou un téléphone.",
    3: "Entretenir votre appareil, le mettre à jour et régler les petites pannes.",
    4: "Chercher sur internet, ouvrir une page, y revenir et s'y retrouver.",
    5: "Créer une adresse, écrire, recevoir, ranger vos messages et y joindre un document.",
    6: "Écrire une lettre, remplir un tableau, enregistrer et imprimer un document.",
    7: "Ranger, garder et partager vos photos, vos vidéos et vos documents.",
    8: "Prendre rendez-vous chez un médecin, consulter à distance, suivre vos remboursements.",
    9: "Consulter votre compte en banque, payer et acheter en ligne sans risque.",
    10: "Faire votre CV, chercher un emploi ou une formation, et vous faire connaître.",
    11: "Faire connaître votre activité, vendre et tenir vos démarches d'entreprise en ligne.",
    12: "Retoucher une photo, monter une vidéo, imprimer en 3D, programmer.",
    13: "Découvrir les réseaux sociaux, appeler vos proches en vidéo et régler qui voit quoi.",
    14: "Choisir de bons mots de passe, reconnaître une arnaque, protéger vos données personnelles.",
    15: "Accompagner les écrans de vos enfants et adolescents, et repérer les excès.",
    16: "Suivre la scolarité de vos enfants et utiliser les outils de leur école.",
    17: "Vérifier une information, comprendre comment fonctionne le numérique et ce qu'il coûte à la planète.",
    18: "Comprendre ce que fait une intelligence artificielle, l'essayer et garder un œil critique.",
    19: "Trouver le bon service et remplir votre démarche vous-même, avec quelqu'un à côté de vous.",
    20: "Carte d'identité, passeport, carte grise, inscription sur les listes électorales.",
    21: "Allocations familiales, garde d'enfants, inscription à l'école ou à la cantine.",
    22: "Assurance maladie, complémentaire santé, aides sociales.",
    23: "Inscription et déclarations de demandeur d'emploi, droits à la formation.",
    24: "Demande de logement social, aides au logement, factures d'énergie.",
    25: "Permis, cartes de transport, déplacements près de chez vous.",
    26: "Déclaration de revenus, paiement des impôts, retraite.",
    27: "Aide juridictionnelle, amendes, suivi d'une affaire.",
    28: "Titre de séjour, naturalisation, démarches entre pays européens.",
    29: "Inscriptions et réservations, sorties et activités près de chez vous.",
    30: "Créer une association, déclarer ses changements, demander une subvention.",
}


def say_themes(apps, schema_editor):
    theme = apps.get_model("accompagnements", "Theme")
    for pk, phrase in PHRASES.items():
        theme.objects.filter(pk=pk, phrase="").update(phrase=phrase)


class Migration(migrations.Migration):

    dependencies = [
        ('accompagnements', '0005_lieux'),
        ('contrats', '0002_smic'),
        ('structures', '0001_initial'),
        ('territoires', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Beneficiaire',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='créé le')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='modifié le')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='identifiant')),
                ('prenom', models.CharField(max_length=40, verbose_name='prénom ou surnom')),
                ('initiale', models.CharField(blank=True, max_length=1, verbose_name='initiale du nom')),
                ('cle', models.CharField(editable=False, max_length=90, verbose_name='nom cherché')),
                ('annee_naissance', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='année de naissance')),
                ('tranche_age', models.CharField(blank=True, choices=[('age_moins_de_douze', 'Moins de 12 ans'), ('age_douze_dix_huit', '12–17 ans'), ('age_dix_huit_vingt_quatre', '18–24 ans'), ('age_vingt_cinq_trente_neuf', '25–39 ans'), ('age_quarante_cinquante_neuf', '40–59 ans'), ('age_soixante_soixante_neuf', '60–69 ans'), ('age_soixante_dix_plus', '70 ans et plus')], max_length=30, verbose_name="tranche d'âge")),
                ('rappel', models.BooleanField(default=False, verbose_name="accepte d'être rappelée")),
                ('telephone', models.CharField(blank=True, help_text='E.164', max_length=16, verbose_name='téléphone')),
                ('consent_at', models.DateField(verbose_name='accord donné le')),
                ('consent_mode', models.CharField(choices=[('oral', 'De vive voix, après lecture de la phrase'), ('ecrit', 'Par écrit'), ('representant', 'Par son représentant légal (avant 15 ans, ou sous tutelle)')], max_length=12, verbose_name='accord donné')),
                ('consent_version', models.PositiveSmallIntegerField(verbose_name="phrase de l'accord")),
            ],
            options={
                'verbose_name': 'personne suivie',
                'verbose_name_plural': 'personnes suivies',
            },
        ),
        migrations.CreateModel(
            name='Etiquetage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'étiquetage',
            },
        ),
        migrations.CreateModel(
            name='Etiquette',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='créé le')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='modifié le')),
                ('nom', models.CharField(max_length=40, verbose_name='nom')),
                ('cle', models.CharField(editable=False, max_length=90, verbose_name='nom comparé')),
                ('portee', models.CharField(choices=[('personnelle', 'Personnelle'), ('structure', 'Structure'), ('departement', 'Département'), ('nationale', 'Nationale')], max_length=12, verbose_name='portée')),
            ],
            options={
                'verbose_name': 'étiquette',
            },
        ),
        migrations.CreateModel(
            name='Suivi',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'suivi',
            },
        ),
        migrations.AddField(
            model_name='theme',
            name='phrase',
            field=models.CharField(default='', help_text='une phrase simple, pour tout le monde', max_length=250, verbose_name="ce que l'on y apprend"),
        ),
        migrations.AlterField(
            model_name='theme',
            name='famille',
            field=models.CharField(choices=[("L'autonomie numérique", "L'autonomie numérique"), ('Les usages quotidiens', 'Les usages quotidiens'), ('Les usages citoyens et critiques', 'Les usages citoyens et critiques'), ('Les démarches administratives en ligne', 'Les démarches administratives en ligne')], max_length=80, verbose_name='famille'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accompagnement',
            trigger=pgtrigger.compiler.Trigger(name='suivis_within_participants', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."participants" < (OLD."participants") OR OLD."conseiller_id" IS DISTINCT FROM (NEW."conseiller_id"))', declare='DECLARE suivis INTEGER;', func="\n                    SELECT count(*) INTO suivis FROM accompagnements_suivi WHERE accompagnement_id = NEW.id;\n                    IF suivis > NEW.participants OR (suivis > 0 AND NEW.conseiller_id <> OLD.conseiller_id) THEN\n                        RAISE EXCEPTION 'more persons than participants'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_participants';\n                    END IF;\n                    RETURN NULL;\n                ", hash='02ff1fd1fc4763a70c873573b7d7bc479a4180d6', operation='UPDATE OF "participants", "conseiller_id"', pgid='pgtrigger_suivis_within_participants_5fc1f', table='accompagnements_accompagnement', when='AFTER')),
        ),
        migrations.AddField(
            model_name='beneficiaire',
            name='conseiller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='beneficiaires', to='contrats.conseiller', verbose_name='conseiller'),
        ),
        migrations.AddField(
            model_name='etiquetage',
            name='accompagnement',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='etiquetages', to='accompagnements.accompagnement'),
        ),
        migrations.AddField(
            model_name='etiquette',
            name='accompagnements',
            field=models.ManyToManyField(related_name='etiquettes', through='accompagnements.Etiquetage', to='accompagnements.accompagnement'),
        ),
        migrations.AddField(
            model_name='etiquette',
            name='compte',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='compte'),
        ),
        migrations.AddField(
            model_name='etiquette',
            name='departement',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='territoires.departement', verbose_name='département'),
        ),
        migrations.AddField(
            model_name='etiquette',
            name='structure',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='structures.structure', verbose_name='structure'),
        ),
        migrations.AddField(
            model_name='etiquetage',
            name='etiquette',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='etiquetages', to='accompagnements.etiquette'),
        ),
        migrations.AddField(
            model_name='suivi',
            name='accompagnement',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='suivis', to='accompagnements.accompagnement'),
        ),
        migrations.AddField(
            model_name='suivi',
            name='beneficiaire',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suivis', to='accompagnements.beneficiaire'),
        ),
        migrations.AddField(
            model_name='beneficiaire',
            name='accompagnements',
            field=models.ManyToManyField(related_name='beneficiaires', through='accompagnements.Suivi', to='accompagnements.accompagnement'),
        ),
        migrations.AddConstraint(
            model_name='etiquette',
            constraint=models.UniqueConstraint(fields=('cle', 'portee', 'compte', 'structure', 'departement'), name='etiquette_unique', nulls_distinct=False, violation_error_message='Cette étiquette existe déjà.'),
        ),
        migrations.AddConstraint(
            model_name='etiquette',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('compte__isnull', False), ('departement', None), ('portee', 'personnelle'), ('structure', None)), models.Q(('compte', None), ('departement', None), ('portee', 'structure'), ('structure__isnull', False)), models.Q(('compte', None), ('departement__isnull', False), ('portee', 'departement'), ('structure', None)), models.Q(('compte', None), ('departement', None), ('portee', 'nationale'), ('structure', None)), _connector='OR'), name='etiquette_portee', violation_error_message='Dites de qui est cette étiquette.'),
        ),
        migrations.AddConstraint(
            model_name='etiquette',
            constraint=models.CheckConstraint(condition=models.Q(('cle', ''), _negated=True), name='etiquette_nommee', violation_error_message='Une étiquette a au moins une lettre ou un chiffre.'),
        ),
        migrations.AddIndex(
            model_name='etiquetage',
            index=models.Index(fields=['etiquette', 'accompagnement'], name='etiquetage_par_etiquette'),
        ),
        migrations.AddConstraint(
            model_name='etiquetage',
            constraint=models.UniqueConstraint(fields=('accompagnement', 'etiquette'), name='etiquetage_une_fois', violation_error_message='Cette étiquette est choisie deux fois.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='etiquetage',
            trigger=pgtrigger.compiler.Trigger(name='few_and_one_s_own', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE auteur BIGINT; proprietaire BIGINT;', func="\n                    SELECT c.compte_id INTO auteur FROM accompagnements_accompagnement a\n                        JOIN contrats_conseiller c ON c.id = a.conseiller_id\n                        WHERE a.id = NEW.accompagnement_id FOR NO KEY UPDATE OF a;\n                    SELECT compte_id INTO proprietaire FROM accompagnements_etiquette WHERE id = NEW.etiquette_id;\n                    IF proprietaire <> auteur THEN\n                        RAISE EXCEPTION 'a personal word of somebody else'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'etiquetage_de_son_auteur';\n                    END IF;\n                    IF 10 < (\n                        SELECT count(*) FROM accompagnements_etiquetage WHERE accompagnement_id = NEW.accompagnement_id\n                    ) THEN\n                        RAISE EXCEPTION 'too many words'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'etiquetage_peu';\n                    END IF;\n                    RETURN NULL;\n                ", hash='59b8f25a7f818c2c43d0c701991e1389fded4b29', operation='INSERT OR UPDATE', pgid='pgtrigger_few_and_one_s_own_e7d4d', table='accompagnements_etiquetage', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='suivi',
            constraint=models.UniqueConstraint(fields=('accompagnement', 'beneficiaire'), name='suivi_une_fois', violation_error_message='Cette personne est choisie deux fois.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='suivi',
            trigger=pgtrigger.compiler.Trigger(name='within_participants', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE seances RECORD;', func="\n                    SELECT conseiller_id, participants INTO seances FROM accompagnements_accompagnement\n                        WHERE id = NEW.accompagnement_id FOR NO KEY UPDATE;\n                    IF seances.conseiller_id <> (\n                        SELECT conseiller_id FROM accompagnements_beneficiaire WHERE id = NEW.beneficiaire_id\n                    ) THEN\n                        RAISE EXCEPTION 'a person followed by somebody else'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_du_meme_conseiller';\n                    END IF;\n                    IF seances.participants < (\n                        SELECT count(*) FROM accompagnements_suivi WHERE accompagnement_id = NEW.accompagnement_id\n                    ) THEN\n                        RAISE EXCEPTION 'more persons than participants'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'suivi_participants';\n                    END IF;\n                    RETURN NULL;\n                ", hash='36717cac368074234bf1a117dab9a7bbd303bcbe', operation='INSERT OR UPDATE', pgid='pgtrigger_within_participants_584a1', table='accompagnements_suivi', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='beneficiaire',
            index=models.Index(fields=['conseiller', 'cle', 'id'], name='beneficiaire_liste'),
        ),
        migrations.AddConstraint(
            model_name='beneficiaire',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('prenom', ''), _negated=True), models.Q(('prenom__regex', '[0-9@]'), _negated=True)), name='beneficiaire_prenom', violation_error_message='Un prénom ou un surnom ne contient ni chiffre ni adresse.'),
        ),
        migrations.AddConstraint(
            model_name='beneficiaire',
            constraint=models.CheckConstraint(condition=models.Q(('annee_naissance', None), ('tranche_age', ''), _connector='OR'), name='beneficiaire_un_age', violation_error_message="Donnez l'année de naissance ou la tranche d'âge, pas les deux."),
        ),
        migrations.AddConstraint(
            model_name='beneficiaire',
            constraint=models.CheckConstraint(condition=models.Q(('annee_naissance', None), models.Q(('annee_naissance__gte', 1900), ('annee_naissance__lte', 2100)), _connector='OR'), name='beneficiaire_annee', violation_error_message="Indiquez l'année de naissance en quatre chiffres."),
        ),
        migrations.AddConstraint(
            model_name='beneficiaire',
            constraint=models.CheckConstraint(condition=models.Q(('telephone', ''), ('rappel', True), _connector='OR'), name='beneficiaire_telephone_si_rappel', violation_error_message="Un numéro n'est gardé que si la personne accepte d'être rappelée."),
        ),
        migrations.AddConstraint(
            model_name='beneficiaire',
            constraint=models.CheckConstraint(condition=models.Q(('consent_at__gte', datetime.date(2020, 11, 17)), ('consent_version__gte', 1)), name='beneficiaire_accord', violation_error_message='Le programme a commencé le 17/11/2020.'),
        ),
        migrations.RunPython(say_themes, migrations.RunPython.noop),
    ]
