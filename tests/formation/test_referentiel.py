from datetime import date
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from formation.models import ReferentielParcours
from tests.formation.factories import ParcoursFactory


@pytest.mark.parametrize(
    ("day", "heures"),
    [
        (date(2020, 12, 31), []),
        (date(2021, 1, 1), [105, 280, 350, 420]),
        (date(2023, 12, 31), [105, 280, 350, 420]),
        (date(2024, 1, 1), [70, 105, 280, 315, 350, 420]),
        (date(2026, 11, 22), [70, 105, 280, 315, 350, 420]),
    ],
)
def test_paths_loaded_by_the_migration_and_their_periods(day, heures):
    assert [parcours.heures for parcours in ReferentielParcours.objects.valid_on(day)] == heures


def test_loading_again_changes_nothing():
    import_module("formation.migrations.0002_referentiel_parcours").load(apps, None)
    assert ReferentielParcours.objects.count() == 6


def test_last_day_of_validity_counts():
    ParcoursFactory(heures=140, valide_du=date(2022, 1, 1), valide_au=date(2022, 6, 30))
    assert ReferentielParcours.objects.valid_on(date(2022, 6, 30)).filter(heures=140).exists()
    assert not ReferentielParcours.objects.valid_on(date(2022, 7, 1)).filter(heures=140).exists()


@pytest.mark.parametrize(
    "values", [{"heures": 69}, {"heures": 421}, {"valide_au": date(2020, 12, 31)}, {"heures": 105}]
)
def test_database_refuses_what_is_no_path(values):
    fields = {"heures": 140, "intitule": "x", "valide_du": date(2021, 1, 1), "source": "x"} | values
    with pytest.raises(IntegrityError), transaction.atomic():
        ReferentielParcours.objects.create(**fields)
