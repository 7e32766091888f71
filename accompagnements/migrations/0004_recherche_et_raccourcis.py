import accompagnements.models
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The words of the title and of the notes without accents, stemmed in French, and a mark of the conseiller no text can
# hold. Immutable, made of core functions only: an index uses it, no extension is needed, and a restored dump finds
# everything whatever its search_path. `models.search_words` says the same of what is looked for.
RECHERCHE = r"""
CREATE FUNCTION accompagnement_recherche(conseiller bigint, titre text, notes text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY['#' || conseiller::text]) || to_tsvector(
    'french'::regconfig,
    regexp_replace(
        regexp_replace(
            lower(
                replace(replace(replace(replace(
                    normalize(titre || ' ' || notes, NFKD), 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE')
            ),
            '[\u0300-\u036f]', '', 'g'
        ),
        '[^a-z0-9]+', ' ', 'g'
    )
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accompagnements', '0003_statistiques'),
        ('contrats', '0002_smic'),
        ('territoires', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(RECHERCHE, "DROP FUNCTION accompagnement_recherche(bigint, text, text)"),
        migrations.CreateModel(
            name='FiltreEnregistre',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='créé le')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='modifié le')),
                ('nom', models.CharField(max_length=60, verbose_name='nom')),
                ('requete', models.CharField(max_length=1000, verbose_name='filtres')),
            ],
            options={
                'verbose_name': 'filtre enregistré',
                'verbose_name_plural': 'filtres enregistrés',
            },
        ),
        migrations.CreateModel(
            name='ModeleAtelier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='créé le')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='modifié le')),
                ('nom', models.CharField(max_length=60, verbose_name='nom')),
                ('titre', models.CharField(blank=True, max_length=120, verbose_name="titre de l'atelier")),
                ('duree', models.PositiveSmallIntegerField(verbose_name='durée (minutes)')),
                ('canal', models.CharField(choices=[('lieu_activite', "Dans un lieu d'activité"), ('autre', 'Dans un autre lieu'), ('domicile', 'À domicile'), ('a_distance', 'À distance')], max_length=15, verbose_name='canal')),
                ('participants', models.PositiveSmallIntegerField(verbose_name='nombre habituel de participants')),
                ('themes', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None, verbose_name='thèmes')),
                ('type_public', models.CharField(choices=[('habitants', 'Habitants'), ('tpe_pme', 'TPE et PME')], default='habitants', max_length=10, verbose_name='public')),
                ('niveau', models.CharField(blank=True, choices=[('debutant', 'Débutant'), ('intermediaire', 'Intermédiaire'), ('avance', 'Avancé')], max_length=15, verbose_name="niveau de l'atelier")),
            ],
            options={
                'verbose_name': "modèle d'atelier",
                'verbose_name_plural': "modèles d'atelier",
            },
        ),
        # Stops writing for about a minute a million rows: outside working hours where the table is already full.
        migrations.AddIndex(
            model_name='accompagnement',
            index=django.contrib.postgres.indexes.GinIndex(accompagnements.models.Recherche(), condition=models.Q(('notes', ''), ('titre', ''), _negated=True), name='accompagnement_recherche'),
        ),
        migrations.AddField(
            model_name='filtreenregistre',
            name='compte',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='compte'),
        ),
        migrations.AddField(
            model_name='modeleatelier',
            name='commune',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territoires.commune', verbose_name='commune'),
        ),
        migrations.AddField(
            model_name='modeleatelier',
            name='compte',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='compte'),
        ),
        migrations.AddField(
            model_name='modeleatelier',
            name='lieu',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accompagnements.lieuactivite', verbose_name='lieu'),
        ),
        migrations.AddConstraint(
            model_name='filtreenregistre',
            constraint=models.UniqueConstraint(fields=('compte', 'nom'), name='filtre_enregistre_nom', violation_error_message='Vous avez déjà un filtre de ce nom.'),
        ),
        migrations.AddConstraint(
            model_name='modeleatelier',
            constraint=models.UniqueConstraint(fields=('compte', 'nom'), name='modele_atelier_nom', violation_error_message='Vous avez déjà un modèle de ce nom.'),
        ),
    ]
