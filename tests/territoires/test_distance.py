from math import pi
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from territoires.constants import EARTH_RADIUS_KM
from territoires.distance import distance_km


def place(latitude, longitude):
    return SimpleNamespace(latitude=latitude, longitude=longitude)


PARIS = place(48.8566, 2.3522)

places = st.builds(place, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        # Geodesics on the ellipsoid: the sphere is within half a per cent.
        (PARIS, place(43.2965, 5.3698), 661),  # Marseille
        (PARIS, place(45.7640, 4.8357), 392),  # Lyon
        (place(48.3904, -4.4861), place(48.5734, 7.7521), 904),  # Brest, Strasbourg
        (PARIS, place(-20.8790, 55.4486), 9_344),  # Saint-Denis de La Réunion
        (PARIS, place(-22.2741, 166.4488), 16_740),  # Nouméa
        # Across the antimeridian.
        (place(-22.2741, 166.4488), place(-17.5347, -149.5684), 4_620),  # Nouméa, Papeete
    ],
)
def test_distance_between_known_cities(one, other, kilometres):
    assert distance_km(one, other) == pytest.approx(kilometres, rel=0.005)


def test_one_degree_of_meridian():
    assert distance_km(place(45, 3), place(46, 3)) == pytest.approx(pi * EARTH_RADIUS_KM / 180)


def test_antipodes_are_half_a_turn_apart():
    assert distance_km(place(90, 0), place(-90, 0)) == pytest.approx(pi * EARTH_RADIUS_KM)
    assert distance_km(place(12.3, 45.6), place(-12.3, -134.4)) == pytest.approx(pi * EARTH_RADIUS_KM)


@given(places, places, places)
def test_distance_is_a_distance(a, b, c):
    assert distance_km(a, a) == 0
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert distance_km(a, c) <= distance_km(a, b) + distance_km(b, c) + 1e-3
