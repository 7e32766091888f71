"""The committed files themselves: complete, placed, and each zone in its own plane."""

import csv
import gzip
import hashlib
import re
from collections import Counter
from itertools import combinations
from math import atanh, cos, exp, hypot, radians, sin
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from territoires.constants import CHOICES_MAX, FUSEAUX_COMMUNES, SEARCH_MAX_LENGTH
from territoires.distance import distance_km
from territoires.enums import ZoneMobilite
from territoires.services import DATA


def read(name):
    path = DATA / name
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def communes():
    return [
        SimpleNamespace(
            **row
            | {name: float(row[name]) for name in ("longitude", "latitude", "x", "y")}
            | {"population": int(row["population"]), "codes_postaux": row["codes_postaux"].split("|")}
        )
        for row in read("communes.csv.gz")
    ]


@pytest.fixture(scope="module")
def by_zone(communes):
    zones = {zone: [] for zone in ZoneMobilite}
    for commune in communes:
        zones[ZoneMobilite(commune.zone)].append(commune)
    return zones


def test_files_are_those_that_the_provenance_describes():
    provenance = (DATA / "PROVENANCE.md").read_text()
    for name in ("regions.csv", "departements.csv", "communes.csv.gz", "contours.json"):
        digest = hashlib.sha256((DATA / name).read_bytes()).hexdigest()
        assert re.search(rf"`{re.escape(name)}` \| \d+ \| `{digest}`", provenance), name


def test_compressed_file_carries_no_date():
    assert (DATA / "communes.csv.gz").read_bytes()[4:8] == bytes(4)


def test_every_territory_has_its_communes(by_zone):
    assert {zone.value: len(rows) for zone, rows in by_zone.items()} == {
        "metropole": 34_386,
        "corse": 360,
        "guadeloupe": 32,
        "martinique": 34,
        "guyane": 22,
        "reunion": 24,
        "mayotte": 17,
        "saint_pierre_et_miquelon": 2,
        "saint_barthelemy": 1,
        "saint_martin": 1,
        "wallis_et_futuna": 3,
        "polynesie": 48,
        "nouvelle_caledonie": 33,
    }


def test_regions_and_departements():
    departements = {row["code"]: row for row in read("departements.csv")}
    regions = {row["code"] for row in read("regions.csv")}
    assert len(regions) == 18
    assert len(departements) == 107
    assert {row["region"] for row in departements.values()} == regions | {""}
    without_region = {code for code, row in departements.items() if not row["region"]}
    assert without_region == {"975", "977", "978", "986", "987", "988"}
    assert departements["974"]["fuseau"] == "Indian/Reunion"
    assert departements["973"]["fuseau"] == "America/Cayenne"
    assert departements["2A"]["fuseau"] == "Europe/Paris"


def test_every_time_zone_exists():
    names = {row["fuseau"] for row in read("departements.csv")} | set(FUSEAUX_COMMUNES.values())
    assert all(ZoneInfo(name) for name in names)


def test_every_commune_is_complete(communes):
    departements = {row["code"] for row in read("departements.csv")}
    for commune in communes:
        assert re.fullmatch(r"[0-9AB]{5}", commune.code)
        assert commune.nom.strip() == commune.nom != ""
        assert commune.departement in departements
        assert commune.code.startswith(commune.departement)
        assert all(re.fullmatch(r"[0-9]{5}", code) for code in commune.codes_postaux), commune.code
        assert -180 < commune.longitude < 180
        assert -30 < commune.latitude < 52
        # Nothing at 0° N 0° E, the mark of a place that nobody looked up.
        assert hypot(commune.longitude, commune.latitude) > 10
    assert len({commune.code for commune in communes}) == len(communes)


def test_only_the_destroyed_villages_of_the_meuse_have_no_inhabitant(communes):
    empty = [commune.code for commune in communes if not commune.population]
    assert empty == ["55039", "55050", "55139", "55189", "55239", "55307"]


def test_name_and_first_code_postal_designate_one_commune(communes):
    assert max(Counter((commune.nom, commune.codes_postaux[0]) for commune in communes).values()) == 1


def test_lists_of_choices_hold_every_namesake_and_every_shared_code_postal(communes):
    names = Counter(commune.nom for commune in communes)
    codes = Counter(code for commune in communes for code in commune.codes_postaux)
    assert max(*names.values(), *codes.values()) <= CHOICES_MAX
    assert max(len(commune.nom) for commune in communes) < SEARCH_MAX_LENGTH / 2


def test_cities_with_arrondissements_have_all_their_codes_postaux(communes):
    found = {commune.code: commune.codes_postaux for commune in communes}
    assert {f"750{n:02}" for n in range(1, 21)} <= set(found["75056"])
    assert {f"6900{n}" for n in range(1, 10)} == set(found["69123"])
    assert {f"130{n:02}" for n in range(1, 17)} == set(found["13055"])


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("51108", "Châlons-sur-Marne"),  # renamed in 1998
        ("50129", "Octeville"),  # merged in 2000, the result merged again in 2016
        ("60057", "Voisinlieu"),  # merged in 1943
        ("15141", "Neussargues en Pinatelle"),  # dissolved in 2025
        ("69123", "Lyon 3e Arrondissement"),
        ("14581", "Anctoville"),  # its code was that of the commune nouvelle until the seat moved
    ],
)
def test_former_names_lead_to_the_commune_of_today(communes, code, name):
    named = [commune.code for commune in communes if name in commune.anciens_noms.split("|")]
    assert code in named


def test_restored_commune_is_not_a_former_name_of_the_one_it_left(communes):
    neussargues = next(commune for commune in communes if commune.code == "15141")
    assert "Chalinargues" not in neussargues.anciens_noms.split("|")


def lambert_93(longitude, latitude):
    """The projection with the constants that IGN publishes for it, in kilometres."""
    n, c, x_0, y_0, eccentricity = 0.7256077650, 11_754_255.426, 700_000.0, 12_655_612.050, 0.08181919112
    phi = radians(latitude)
    isometric = atanh(sin(phi)) - eccentricity * atanh(eccentricity * sin(phi))
    radius, angle = c * exp(-n * isometric), n * radians(longitude - 3)
    return (x_0 + radius * sin(angle)) / 1000, (y_0 - radius * cos(angle)) / 1000


def test_lambert_93_formula_has_its_origin_where_ign_puts_it():
    assert lambert_93(3, 46.5) == pytest.approx((700, 6600), abs=1e-4)


def test_mainland_is_in_lambert_93_and_corse_in_the_same_plane_shifted(by_zone):
    for zone, shift in ((ZoneMobilite.METROPOLE, 0), (ZoneMobilite.CORSE, 10_000)):
        for commune in by_zone[zone]:
            x, y = lambert_93(commune.longitude, commune.latitude)
            assert (commune.x, commune.y) == pytest.approx((x + shift, y), abs=0.002), commune.code


def test_planes_never_meet(by_zone):
    spans = {zone: (min(c.x for c in rows), max(c.x for c in rows)) for zone, rows in by_zone.items()}
    for one, other in combinations(spans.values(), 2):
        low, high = sorted((one, other))
        assert high[0] - low[1] > 5_000


@pytest.mark.parametrize("zone", ZoneMobilite)
def test_plane_distance_is_the_great_circle_within_the_margin_of_the_boxes(by_zone, zone):
    # Spread over the territory: the files are sorted by code.
    sample = by_zone[zone][:: max(1, len(by_zone[zone]) // 30)]
    for centre in sample:
        for other in by_zone[zone]:
            plane = hypot(centre.x - other.x, centre.y - other.y)
            if plane <= 102:
                assert plane == pytest.approx(distance_km(centre, other), rel=0.006, abs=0.01)


def test_town_halls_are_where_they_are(communes):
    """Some that the source misplaces by hundreds of kilometres, one of them in the Indian Ocean."""
    found = {commune.code: commune for commune in communes}
    for code, longitude, latitude in [
        ("97129", -61.70, 16.33),  # Sainte-Rose, Guadeloupe
        ("56034", -3.08, 47.60),  # Carnac
        ("01173", 6.06, 46.33),  # Gex
        ("94076", 2.36, 48.79),  # Villejuif
    ]:
        expected = SimpleNamespace(longitude=longitude, latitude=latitude)
        assert distance_km(found[code], expected) < 8, code
