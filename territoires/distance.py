from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from territoires.constants import EARTH_RADIUS_KM


class Place(Protocol):
    @property
    def longitude(self) -> float: ...

    @property
    def latitude(self) -> float: ...


def distance_km(a: Place, b: Place) -> float:
    """Return the great-circle distance between two places."""
    latitude_a, latitude_b = radians(a.latitude), radians(b.latitude)
    h = (
        sin((latitude_b - latitude_a) / 2) ** 2
        + cos(latitude_a) * cos(latitude_b) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    )
    # Rounding may push h just above 1 at the antipodes.
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(h)))
