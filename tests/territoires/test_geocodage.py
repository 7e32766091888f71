"""The State's geocoder, when it answers, is away or lies; and the commune an address names by itself."""

import pytest
import responses
from django.core.cache import cache

from territoires.geocodage import Adresse, geocode, whole_commune
from territoires.selectors import commune_of_address
from tests.territoires.factories import CommuneFactory

BASE = "https://geocodage.example"


@pytest.fixture(autouse=True)
def _geocoder(settings):
    settings.GEOCODAGE_URL = BASE
    cache.clear()


def feature(label="12 Rue Crébillon 44000 Nantes", point=(-1.5608, 47.2131), score=0.95, **properties):
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(point)},
        "properties": {"label": label, "score": score, "type": "housenumber", "citycode": "44109"} | properties,
    }


def answer(*features):
    responses.get(f"{BASE}/search", json={"type": "FeatureCollection", "features": list(features)})


@responses.activate
def test_an_address_is_placed():
    answer(feature(), feature("12 Rue Crébillon 49000 Angers", score=0.6, citycode="49007"))
    assert geocode("12 rue crébillon nantes") == [
        Adresse("12 Rue Crébillon 44000 Nantes", 47.2131, -1.5608, "44109", 0.95)
    ]
    assert responses.calls[0].request.params == {"q": "12 rue crébillon nantes", "limit": "5", "autocomplete": "0"}


@responses.activate
def test_one_commune_may_be_asked_for_and_a_ward_is_part_of_it():
    answer(feature("1 Rue de Crimée 75019 Paris", citycode="75119"), feature())
    assert [one.code_commune for one in geocode("1 rue de crimée", code_commune="75056")] == ["75056"]
    assert "citycode" not in responses.calls[0].request.params
    assert len(geocode("12 rue crébillon", code_commune="44109")) == 1
    assert responses.calls[1].request.params["citycode"] == "44109"
    assert [whole_commune(code) for code in ("69383", "13208", "44109", "75", "")] == [
        "69123", "13055", "44109", "75", "",
    ]  # fmt: skip


@responses.activate
def test_as_good_ones_are_all_given_the_best_first():
    answer(feature("b", score=0.71), feature("a", score=0.75), feature("c", score=0.64))
    assert [one.label for one in geocode("rue de la paix")] == ["a", "b"]


@responses.activate
@pytest.mark.parametrize(
    "wrong",
    [
        feature(score=0.59), feature(type="municipality"), feature(label=""), feature(label=3), feature(score="0.9"),
        feature(score=True), feature(point=[1]), feature(point=[1, 95]), feature(point=[181, 45]),
        feature(point=["1", "2"]), feature(type=[]), {}, {"geometry": {"coordinates": 3}, "properties": 5},
    ],
)  # fmt: skip
def test_what_is_no_address_is_left_out(wrong):
    answer(wrong)
    assert geocode("nulle part") == []


@responses.activate
@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b'{"features": {}}', b'{"features": null}', b"NaN"])
def test_garbage_is_no_answer(body):
    responses.get(f"{BASE}/search", body=body)
    assert geocode("12 rue crébillon") is None


@responses.activate
def test_a_point_that_is_no_number_is_left_out():
    properties = b'{"label": "a", "score": 1, "type": "street", "citycode": "44109"}'
    body = b'{"features": [{"geometry": {"coordinates": [NaN, Infinity]}, "properties": ' + properties + b"}]}"
    responses.get(f"{BASE}/search", body=body)
    assert geocode("12 rue crébillon") == []


@responses.activate
def test_away_is_not_unknown_and_is_left_alone_for_a_while():
    responses.get(f"{BASE}/search", status=503)
    assert geocode("12 rue crébillon") is None
    assert geocode("12 rue crébillon") is None
    assert len(responses.calls) == 1


def test_without_an_address_of_its_own_nothing_is_called(settings):
    settings.GEOCODAGE_URL = ""
    assert geocode("12 rue crébillon") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12 rue Crébillon, 44000 Nantes", "44109"),
        ("12 rue Crébillon 44000", "44109"),
        ("12 rue Crébillon, Nantes", "44109"),
        ("12 rue Crébillon Nantes", None),
        ("12 rue de Nantes", None),
        ("1 rue X 99999 Ailleurs", None),
        ("", None),
        (",", None),
    ],
)
def test_the_commune_is_read_where_it_is_named(text, code):
    CommuneFactory()
    found = commune_of_address(text)
    assert (found.code if found else None) == code
