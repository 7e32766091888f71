"""What the database refuses, whoever writes: a service, the admin, a SQL console."""

from datetime import date

import pytest
from django.db import Error, IntegrityError, transaction

from accompagnements.models import Accompagnement, Organisme, Theme
from tests.accompagnements.factories import AccompagnementFactory, LieuActiviteFactory

STANDARD = {
    "diagnostic_numerique", "prendre_en_main_du_materiel", "maintenance_de_materiel", "gere_ses_contenus_numeriques",
    "navigation_sur_internet", "email", "bureautique", "reseaux_sociaux", "sante", "banque_et_achats_en_ligne",
    "entrepreneuriat", "insertion_professionnelle", "securite_numerique", "parentalite", "scolarite_et_numerique",
    "creer_avec_le_numerique", "culture_numerique", "intelligence_artificielle", "aide_aux_demarches_administratives",
}  # fmt: skip
DEMARCHES = {
    "papiers_elections_citoyennete", "famille_scolarite", "social_sante", "travail_formation", "logement",
    "transports_mobilite", "argent_impots", "justice", "etrangers_europe", "loisirs_sports_culture", "associations",
}  # fmt: skip


def test_referential_is_the_exchange_vocabulary():
    themes = Theme.objects.select_related("parent")
    assert {theme.code for theme in themes if theme.parent is None} == STANDARD
    assert {theme.code for theme in themes if theme.parent is not None} == DEMARCHES
    assert {theme.parent.code for theme in themes if theme.parent} == {"aide_aux_demarches_administratives"}
    assert len({theme.famille for theme in themes}) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"duree": 4},
        {"duree": 481},
        {"participants": 2},
        {"atelier": True, "participants": 0},
        {"atelier": True, "participants": 1001},
        {"recurrents": 2},
        {"genre_feminin": 1, "genre_masculin": 1},
        {"atelier": True, "participants": 10, "age_moins_de_douze": 5, "age_soixante_dix_plus": 6},
        {"statut_retraite": 1, "statut_scolarise": 1},
        {"themes": []},
        {"themes": list(range(1, 22))},
        {"themes": [5, 5]},
        {"themes": [5, 999]},
        {"date": date(2020, 11, 16)},
        {"canal": "lieu_activite"},
        {"suite": "orientation"},
        {"orientation": "aide_sociale"},
        {"materiel": ["lune"]},
        {"dispositifs": ["lune"]},
        {"organisme_id": 17},
        {"suite": "orientation", "orientation": "autre", "organisme_id": 17},
        {"suite": "orientation", "orientation": "aide_sociale", "organisme_id": 99},
    ],
)
def test_refused(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        AccompagnementFactory(**values)
    assert not Accompagnement.objects.exists()


def test_a_closed_organisme_stays_where_it_is_and_enters_nowhere():
    values = {"suite": "orientation", "orientation": "aide_sociale", "organisme_id": 17}
    row = AccompagnementFactory(date=date(2026, 11, 2), **values)
    Organisme.objects.filter(pk=17).update(valide_au=date(2026, 11, 1))
    Accompagnement.objects.filter(pk=row.pk).update(duree=45)
    for refused in ({"date": date(2026, 11, 3)}, {"orientation": "autre"}):
        with pytest.raises(IntegrityError, match="of another kind"), transaction.atomic():
            Accompagnement.objects.filter(pk=row.pk).update(**refused)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccompagnementFactory(date=date(2026, 11, 2), **values)
    AccompagnementFactory(date=date(2026, 11, 1), **values)


def test_place_goes_with_its_canal():
    with pytest.raises(IntegrityError), transaction.atomic():
        AccompagnementFactory(lieu=LieuActiviteFactory())


@pytest.mark.parametrize(
    "values",
    [
        {"duree": 5},
        {"duree": 480},
        {"atelier": True, "participants": 1},
        {"atelier": True, "participants": 1000, "genre_feminin": 500, "genre_masculin": 500, "recurrents": 1000},
        {"themes": list(range(1, 21))},
        {"date": date(2020, 11, 17)},
    ],
)
def test_accepted(values):
    assert AccompagnementFactory(**values).pk


def test_theme_must_be_valid_on_the_day():
    Theme.objects.filter(pk=5).update(valide_au=date(2026, 6, 30))

    assert AccompagnementFactory(themes=[5], date=date(2026, 6, 30)).pk
    with pytest.raises(IntegrityError), transaction.atomic():
        AccompagnementFactory(themes=[5], date=date(2026, 7, 1))


def test_closing_a_theme_leaves_the_past_alone():
    row = AccompagnementFactory(themes=[5])
    Theme.objects.filter(pk=5).update(valide_au=date(2026, 1, 1))

    Accompagnement.objects.filter(pk=row.pk).update(duree=45)
    row.refresh_from_db()
    row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Accompagnement.objects.filter(pk=row.pk).update(themes=[5, 999])


def test_theme_is_never_removed_nor_renumbered():
    with pytest.raises(Error), transaction.atomic():
        Theme.objects.filter(pk=30).delete()
    with pytest.raises(Error), transaction.atomic():
        Theme.objects.filter(pk=30).update(id=31)
