"""Lieux are placed by their address, when the geocoder knows it; what someone typed is never moved."""

import pytest
import responses
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompagnements import jobs, services
from accompagnements.models import LieuActivite
from notifications.models import Effet
from territoires.geocodage import Adresse
from tests.accompagnements.factories import LieuActiviteFactory
from tests.territoires.factories import CommuneFactory
from tests.territoires.test_geocodage import BASE, answer, feature

NEW = "/accompagnements/lieux/nouveau/"
TYPED = {"nom": "Annexe", "adresse": "12 rue Crébillon", "commune": "Nantes (44000)", "acces": "libre"}


@pytest.fixture(autouse=True)
def _geocoder(settings):
    settings.GEOCODAGE_URL = BASE
    cache.clear()


@pytest.fixture
def lieu(conseiller):
    return LieuActiviteFactory(conseiller=conseiller, adresse="12 rue Crébillon")


def place(lieu):
    services.place_lieu(lieu.pk)
    lieu.refresh_from_db()
    return (lieu.latitude, lieu.longitude, lieu.geocode_score)


def change(lieu, role, **values):
    services.update_lieu(lieu=lieu, values=values, by=role)
    lieu.refresh_from_db()
    return (lieu.latitude, lieu.longitude, lieu.geocode_score)


@responses.activate
def test_a_new_lieu_is_placed_by_the_worker(enter, conseiller, django_capture_on_commit_callbacks):
    CommuneFactory()
    answer(feature(point=(-1.560812345, 47.213112345)))
    with django_capture_on_commit_callbacks(execute=True):
        enter.post(NEW, TYPED)

    lieu = LieuActivite.objects.get()
    assert (lieu.latitude, lieu.longitude, lieu.geocode_score) == (47.21311, -1.56081, 0.95)
    assert responses.calls[0].request.params["q"] == "12 rue Crébillon 44000 Nantes"
    assert responses.calls[0].request.params["citycode"] == "44109"
    page = enter.get(f"/accompagnements/lieux/{lieu.pk}/").content.decode()
    assert "trouvé d&#x27;après l&#x27;adresse" in page


@responses.activate
@pytest.mark.parametrize(
    "found",
    [[], [feature(score=0.5)], [feature(point=(2.35, 48.85))], [feature(citycode="75104")]],
    ids=["nothing", "unsure", "far away", "another commune"],
)
def test_what_is_unknown_or_unlikely_stays_at_the_town_hall(lieu, found):
    answer(*found)
    assert place(lieu) == (None, None, None)
    # Known to be unknown: not asked again.
    assert lieu.geocode_at is not None
    assert jobs.place_lieux() == 0


@responses.activate
def test_when_it_was_away_the_hourly_job_asks_again(lieu):
    responses.get(f"{BASE}/search", status=503)
    assert place(lieu) == (None, None, None)
    assert lieu.geocode_at is None
    cache.clear()
    responses.reset()
    answer(feature())
    assert jobs.place_lieux() == 1
    lieu.refresh_from_db()
    assert lieu.latitude == 47.2131


def test_without_a_geocoder_nothing_is_asked(enter, settings):
    settings.GEOCODAGE_URL = ""
    CommuneFactory()
    enter.post(NEW, TYPED)
    assert not Effet.objects.filter(cle__startswith="accompagnements.place_lieu").exists()
    assert jobs.place_lieux() == 0


@responses.activate
def test_found_coordinates_follow_the_address(lieu, role, django_capture_on_commit_callbacks):
    answer(feature())
    place(lieu)
    assert change(lieu, role, nom="Autre nom") == (47.2131, -1.5608, 0.95)
    responses.reset()
    answer(feature(point=(-1.55, 47.22)))
    with django_capture_on_commit_callbacks(execute=True):
        change(lieu, role, adresse="1 place Royale")
    lieu.refresh_from_db()
    assert (lieu.latitude, lieu.longitude) == (47.22, -1.55)


@responses.activate
def test_typed_coordinates_stay_whatever_happens_to_the_address(lieu, role):
    answer(feature())
    place(lieu)
    assert change(lieu, role, latitude=47.25, longitude=-1.6) == (47.25, -1.6, None)
    assert change(lieu, role, adresse="1 place Royale") == (47.25, -1.6, None)
    assert place(lieu) == (47.25, -1.6, None)
    # Erased, they are looked for again.
    assert change(lieu, role, latitude=None, longitude=None) == (None, None, None)
    assert place(lieu) == (47.2131, -1.5608, 0.95)


def test_an_address_changed_meanwhile_is_not_given_the_place_of_the_old_one(lieu, monkeypatch):
    def moved(text, code_commune):
        LieuActivite.objects.filter(pk=lieu.pk).update(adresse="1 place Royale")
        return [Adresse("12 Rue Crébillon", 47.2131, -1.5608, code_commune, 0.95)]

    monkeypatch.setattr(services.lieux, "geocode", moved)
    assert place(lieu) == (None, None, None)
    assert lieu.geocode_at is None


def test_the_database_keeps_the_rule_for_every_way_of_writing(lieu):
    rows = LieuActivite.objects.filter(pk=lieu.pk)
    rows.update(latitude=47.2, longitude=-1.5, geocode_score=0.9, geocode_at=timezone.now())
    before = rows.values_list("position", flat=True).get()
    rows.update(adresse="1 place Royale")
    lieu.refresh_from_db()
    assert (lieu.latitude, lieu.geocode_score, lieu.geocode_at) == (None, None, None)
    assert rows.values_list("position", flat=True).get() != before
    for wrong in ({"geocode_score": 0.9}, {"geocode_score": 2, "latitude": 1, "longitude": 1}):
        with pytest.raises(IntegrityError, match="lieu_geocode"), transaction.atomic():
            rows.update(geocode_at=timezone.now(), **wrong)
