"""Who is compatible with whom (DOMAINE §6, hard filters), asked of the indexes as ARCHITECTURE §5 says.

A row is compatible when the candidature is active, the person available when a vacant post starts (today when it has
already started), and the great circle within the person's own radius, in the same mobility zone; or anywhere for
« France entière ». Positions are kilometres in the plane of the zone: they feed the index, the great circle decides.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Aggregate, Count, Exists, F, FloatField, Func, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils import timezone

from candidatures.enums import FRANCE_ENTIERE, Langue, SavoirEtre
from candidatures.models import Candidature
from common.queries import fetch_prepared
from matching.enums import STATUTS_OUVERTS
from matching.models import Attentes, Entretien, MiseEnRelation, PoidsMatching
from matching.neighbours import Candidats, Ints, Structures, stable_hash
from matching.planning import Pays
from matching.scoring import NOTHING_ASKED, Attendus, bits
from structures.models import Poste, Structure
from territoires.constants import FUSEAUX_COMMUNES
from territoires.enums import ZoneMobilite

# A plane and the sphere differ by less than this everywhere (0.4 % lost 4 pairs in 3.7 million).
BOX_MARGIN = 1.01
# Planes are far apart whatever the sea between them: nearer than this, nobody of another zone can be.
OTHER_ZONE_KM = 100
OTHER_ISLAND_KM = {ZoneMobilite.SAINT_MARTIN: 15, ZoneMobilite.SAINT_BARTHELEMY: 15}
EVERYTHING = 1_000_000_000
MEDIAN = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@dataclass(frozen=True)
class Besoin:
    """What a structure looks for: where, and when its vacant posts start."""

    structure: int
    cle: str
    commune: str
    x: float
    y: float
    latitude: float
    longitude: float
    zone: str
    debuts: list[date]
    today: date
    attendus: Attendus


class Voisin(NamedTuple):
    """The other side of a compatible pair: they sort by true distance, then by hash."""

    distance_km: float
    tie: str
    id: int


def today_in(structure: Structure) -> date:
    """The civil date where the structure is. Loads its commune and département."""
    return timezone.now().astimezone(ZoneInfo(structure.commune.fuseau)).date()


def list_besoins(structures: QuerySet[Structure]) -> list[Besoin]:
    """Read the needs of structures, two queries whatever their number; those without a vacant post are left out."""
    vacant = Prefetch("postes", queryset=Poste.objects.vacant(), to_attr="postes_vacants")
    rows = structures.select_related("commune__departement", "attentes").prefetch_related(vacant)
    return [_besoin(structure) for structure in rows if structure.postes_vacants]


def get_besoin(structure: Structure) -> Besoin | None:
    return next(iter(list_besoins(Structure.objects.filter(pk=structure.pk))), None)


def _besoin(structure: Any) -> Besoin:
    today = today_in(structure)
    commune = structure.commune
    return Besoin(
        structure=structure.pk,
        cle=structure.siret or structure.ridet,
        commune=commune.code,
        x=commune.x,
        y=commune.y,
        latitude=commune.latitude,
        longitude=commune.longitude,
        zone=commune.zone,
        debuts=sorted(max(poste.date_debut, today) for poste in structure.postes_vacants),
        today=today,
        attendus=attendus_of(structure),
    )


def attentes_weigh() -> bool:
    """Whether the weights in force count what structures ask for."""
    poids = PoidsMatching.objects.valid_on(timezone.localdate())
    return bool(poids.langues or poids.savoir_etre)


def attendus_of(structure: Structure) -> Attendus:
    attentes = getattr(structure, "attentes", None)
    if attentes is None:
        return NOTHING_ASKED
    return Attendus(frozenset(attentes.langues), frozenset(attentes.savoir_etre))


# --- Whose turn it is -----------------------------------------------------------------------------------------


def structures_with_vacancy() -> QuerySet[Structure]:
    return Structure.objects.filter(pk__in=Poste.objects.vacant().values("structure"))


def count_open(field: str, pks: Iterable[int]) -> dict[int, int]:
    """Count the open mises en relation of each structure, or of each candidature."""
    rows = MiseEnRelation.objects.open().filter(**{f"{field}__in": list(pks)})
    return dict(rows.values_list(field).annotate(Count("pk")).values_list(field, "pk__count"))


def count_all_open(field: str) -> dict[int, int]:
    rows = MiseEnRelation.objects.open().values_list(field).annotate(Count("pk"))
    return dict(rows.values_list(field, "pk__count"))


def median_distance() -> float | None:
    """Of everything that is open."""
    middle = Aggregate(F("distance_km"), function="percentile_cont", template=MEDIAN, output_field=FloatField())
    return MiseEnRelation.objects.open().aggregate(middle=middle)["middle"]


def count_vacant(pks: Iterable[int]) -> dict[int, int]:
    rows = Poste.objects.vacant().filter(structure__in=list(pks)).values_list("structure")
    return dict(rows.annotate(Count("pk")).values_list("structure", "pk__count"))


# --- A structure's candidats ----------------------------------------------------------------------------------

# Prepared once a connection, with one plan for all values: planning such a query costs twice its execution. OFFSET 0
# keeps the index of positions the way in, whatever the planner thinks of the rest; counts rather than NOT EXISTS do
# too, an anti-join may lose the order. A zone has a plane of its own, far from all others: within a radius is within a
# zone. The first query gives, nearest first: great circle, hash, key, distance in the plane, compatible or not.
NEAREST_CANDIDATURES = """
    WITH proches AS MATERIALIZED (
        SELECT c.id, c.rayon_km, c.latitude, c.longitude, c.reference, c.position <-> point(%(x)s, %(y)s) AS plan
        FROM candidatures_candidature c
        WHERE c.status = 'active'
            AND c.date_disponibilite <= %(debut)s
            -- The planes of two oceans are farther apart than « France entière » itself.
            AND (c.rayon_km = {france} OR c.position <-> point(%(x)s, %(y)s) <= c.rayon_km * {margin}::float8)
            {room}
        ORDER BY c.position <-> point(%(x)s, %(y)s)
        -- Those at the very same distance come together: the order of rows on disk never decides.
        FETCH FIRST %(n)s ROWS WITH TIES
    )
    SELECT p.km, md5(p.reference::text || %(cle)s), p.id, p.plan, p.km <= p.rayon_km
    FROM (
        SELECT *, cn_distance_km(latitude, longitude, %(latitude)s, %(longitude)s) AS km FROM proches OFFSET 0
    ) p"""
CANDIDATURE_HAS_ROOM = """
            AND (
                SELECT count(*) FROM matching_miseenrelation m
                WHERE m.candidature_id = c.id AND m.structure_id = %(structure)s AND m.status <> 'annulee'
            ) = 0
            AND (
                SELECT count(*) FROM matching_miseenrelation m
                WHERE m.candidature_id = c.id AND m.status = ANY(%(ouverts)s)
            ) < %(plafond)s"""
NEAREST_STRUCTURES = """
    SELECT s.km, md5(%(reference)s || s.cle), s.id
    FROM (
        SELECT p.structure_id AS id, p.cle,
            cn_distance_km(p.latitude, p.longitude, %(latitude)s, %(longitude)s) AS km
        FROM structures_poste p
        WHERE p.status = 'vacant' {near} {starts}
        OFFSET 0
    ) s
    WHERE s.km <= %(rayon)s {room}"""
NEAR = "AND p.position <@ circle(point(%(x)s, %(y)s), %(rayon)s * {margin}::float8)"
STARTS_LATER = "AND p.date_debut >= %(disponible)s"
STARTS_LATER_OR_TODAY = """AND (
            p.date_debut >= %(disponible)s OR %(disponible)s <= (
                SELECT (%(now)s AT TIME ZONE coalesce(%(fuseaux)s::jsonb ->> o.code, d.fuseau))::date
                FROM structures_structure h
                JOIN territoires_commune o ON o.code = h.commune_id
                JOIN territoires_departement d ON d.code = o.departement_id
                WHERE h.id = p.structure_id
            )
        )"""
STRUCTURE_HAS_ROOM = """
    AND NOT EXISTS (
        SELECT 1 FROM matching_miseenrelation m
        WHERE m.structure_id = s.id AND m.candidature_id = %(candidature)s AND m.status <> 'annulee'
    )
    AND (
        SELECT count(*) FROM matching_miseenrelation m WHERE m.structure_id = s.id AND m.status = ANY(%(ouverts)s)
    ) < %(plafond)s * (
        SELECT count(*) FROM structures_poste p WHERE p.structure_id = s.id AND p.status = 'vacant'
    )"""
NUMBERS = {"france": FRANCE_ENTIERE, "margin": BOX_MARGIN}
OUVERTS = sorted(status.value for status in STATUTS_OUVERTS)
FUSEAUX = json.dumps(FUSEAUX_COMMUNES)
# Where the day comes last, behind UTC, and where it comes first.
LATEST, FIRST = timedelta(hours=12), timedelta(hours=14)


Proche = tuple[float, str, int, float, bool]


def nearest_candidatures(besoin: Besoin, *, limit: int, plafond: int | None = None) -> list[Voisin]:
    """Return the `limit` nearest compatible candidats, by true distance then stable hash, exactly.

    With `plafond`, only those who may still be proposed to this structure: no row for the pair unless it was
    cancelled, and fewer than `plafond` open ones.
    """
    # A fifth more: enough four times in five to be sure of the last one.
    wanted = limit + limit // 5
    while True:
        rows = _fetch_nearest(besoin, wanted, plafond)
        found = sorted(row[:3] for row in rows if row[4])
        voisins = list(map(Voisin._make, found[:limit]))
        if len(rows) < wanted:
            return voisins
        last = voisins[-1].distance_km if len(voisins) == limit else None
        # Whoever was not read is farther than `reach` in this plane, hence than `last` on the sphere…
        reach = max(plan for _, _, _, plan, _ in rows)
        if last is not None and reach >= last * BOX_MARGIN:
            # …or in another plane, beyond a sea.
            if last <= OTHER_ISLAND_KM.get(ZoneMobilite(besoin.zone), OTHER_ZONE_KM):
                return voisins
            wanted = EVERYTHING
        # A commune of thousands comes whole: a few more than what was read, or three times more where it was little.
        wanted = min(max(wanted * 3, len(rows) + wanted), EVERYTHING)


@cache
def _candidatures_query(needs_room: bool) -> str:
    """Conditions on proposals would cost even when they do not apply."""
    return NEAREST_CANDIDATURES.format(**NUMBERS, room=CANDIDATURE_HAS_ROOM if needs_room else "")


def _fetch_nearest(besoin: Besoin, n: int, plafond: int | None) -> list[Proche]:
    parameters: dict[str, Any] = {
        "x": besoin.x, "y": besoin.y, "latitude": besoin.latitude, "longitude": besoin.longitude,
        "debut": besoin.debuts[-1], "cle": besoin.cle, "n": n,
    }  # fmt: skip
    if plafond is not None:
        parameters |= {"structure": besoin.structure, "plafond": plafond, "ouverts": OUVERTS}
    return fetch_prepared(_candidatures_query(plafond is not None), parameters)


def compatible_candidatures(besoin: Besoin) -> QuerySet[Candidature]:
    """Return every compatible candidature, with `distance_km`, nearest first: for a page to filter and count."""
    here = Func(Value(besoin.x), Value(besoin.y), function="point")
    plan = Func(F("position"), here, arg_joiner=" <-> ", template="(%(expressions)s)", output_field=FloatField())
    km = Func(
        F("latitude"),
        F("longitude"),
        Value(besoin.latitude),
        Value(besoin.longitude),
        function="cn_distance_km",
        output_field=FloatField(),
    )
    return (
        Candidature.objects.active()
        .filter(date_disponibilite__lte=besoin.debuts[-1])
        .alias(plan=plan)
        .annotate(distance_km=km)
        .filter(Q(rayon_km=FRANCE_ENTIERE) | Q(plan__lte=F("rayon_km") * BOX_MARGIN, distance_km__lte=F("rayon_km")))
        .order_by("distance_km", "pk")
    )


# --- A candidat's structures ----------------------------------------------------------------------------------


@cache
def _structures_query(is_near: bool, starts: str, needs_room: bool) -> str:
    """A radius is a circle the index reads, « France entière » every vacant post: never an OR of both."""
    return NEAREST_STRUCTURES.format(
        near=NEAR.format(**NUMBERS) if is_near else "",
        starts=starts,
        room=STRUCTURE_HAS_ROOM if needs_room else "",
    )


def nearest_structures(
    candidature: Candidature, *, limit: int | None = None, plafond: int | None = None
) -> list[Voisin]:
    """Return the structures compatible with a candidat, nearest first.

    With `plafond` (open proposals per vacant post), only those it may still be proposed to.
    """
    # Active, it has a place and a date: the database sees to it.
    commune: Any = candidature.commune
    disponible: Any = candidature.date_disponibilite
    now = timezone.now()
    parameters: dict[str, Any] = {
        "x": commune.x, "y": commune.y, "latitude": commune.latitude, "longitude": commune.longitude,
        "rayon": candidature.rayon_km, "reference": str(candidature.reference),
    }  # fmt: skip
    # The clock of each place tells only while it is that day somewhere and not everywhere.
    starts = ""
    if disponible > (now + FIRST).date():
        starts = STARTS_LATER
        parameters["disponible"] = disponible
    elif disponible > (now - LATEST).date():
        starts = STARTS_LATER_OR_TODAY
        parameters |= {"disponible": disponible, "now": now, "fuseaux": FUSEAUX}
    if plafond is not None:
        parameters |= {"candidature": candidature.pk, "plafond": plafond, "ouverts": OUVERTS}
    query = _structures_query(candidature.rayon_km != FRANCE_ENTIERE, starts, plafond is not None)
    # Each vacant post gives the line of its structure.
    ranked = sorted(set(fetch_prepared(query, parameters)))
    return list(map(Voisin._make, ranked[:limit]))


# --- The whole country --------------------------------------------------------------------------------------------

ZONES = {zone: rank for rank, zone in enumerate(ZoneMobilite.values)}


def read_pays(settled: Iterable[tuple[int, int, str]]) -> Pays:
    """Read every active candidature and every structure with a vacant post into arrays: three queries.

    `settled` (candidature, structure, status) are the mises en relation that stay as they are: open, they take room;
    closed for good, they forbid the pair. Rows are in the order of their hashes, so that nothing depends on the keys.
    """
    candidats, structures = _read_candidats(), _read_structures()
    c_rank = {pk: rank for rank, pk in enumerate(candidats.ids.tolist())}
    s_rank = {pk: rank for rank, pk in enumerate(structures.ids.tolist())}
    taken_c, taken_s = np.zeros(len(candidats), dtype=np.int64), np.zeros(len(structures), dtype=np.int64)
    ouvertes: list[int] = []
    closes: list[int] = []
    ouverts = {status.value for status in STATUTS_OUVERTS}
    for candidature, structure, status in settled:
        c, s = c_rank.get(candidature), s_rank.get(structure)
        if status in ouverts:
            if c is not None:
                taken_c[c] += 1
            if s is not None:
                taken_s[s] += 1
        if c is not None and s is not None:
            (ouvertes if status in ouverts else closes).append(c * len(structures) + s)
    return Pays(
        candidats=candidats,
        structures=structures,
        ouvertes=np.array(sorted(ouvertes), dtype=np.int64),
        closes=np.array(sorted(closes), dtype=np.int64),
        taken_candidat=taken_c,
        taken_structure=taken_s,
    )


def _read_candidats() -> Candidats:
    fields = [
        "pk", "reference", "commune__latitude", "commune__longitude", "commune__zone", "rayon_km",
        "date_disponibilite", "submitted_at", "experience_mediation", "diplome_mediation", "titulaire_tp_remn",
        "niveau_pix", "langues", "savoir_etre",
    ]  # fmt: skip
    rows = Candidature.objects.active().values_list(*fields).iterator(chunk_size=20_000)
    hashed = sorted((stable_hash(str(row[1])), *row) for row in rows)
    (
        hashes, ids, _, lat, lon, zone, rayon, disponible, submitted, experience, diplome, tp_remn, pix, langues,
        savoir_etre,
    ) = _columns(hashed, 15)  # fmt: skip
    return Candidats(
        ids=np.array(ids, dtype=np.int64),
        hashes=np.array(hashes, dtype=np.uint64),
        latitude=np.array(lat, dtype=np.float64),
        longitude=np.array(lon, dtype=np.float64),
        zone=np.array([ZONES[z] for z in zone], dtype=np.int64),
        rayon=np.array(rayon, dtype=np.int64),
        disponible=np.array([day.toordinal() for day in disponible], dtype=np.int64),
        inscrit=np.array([timezone.localdate(moment).toordinal() for moment in submitted], dtype=np.int64),
        experience=np.array(experience, dtype=np.bool_),
        diplome=np.array(diplome, dtype=np.bool_),
        tp_remn=np.array(tp_remn, dtype=np.bool_),
        pix=np.array([value or 0 for value in pix], dtype=np.int64),
        langues=_bits(langues, Langue.values),
        savoir_etre=_bits(savoir_etre, SavoirEtre.values),
    )


def _read_structures() -> Structures:
    starts: dict[int, list[date]] = {}
    for structure, debut in Poste.objects.vacant().values_list("structure", "date_debut").iterator(chunk_size=20_000):
        starts.setdefault(structure, []).append(debut)
    fields = [
        "siret", "ridet", "pk", "commune__latitude", "commune__longitude", "commune__zone", "commune__code",
        "commune__departement__fuseau",
    ]  # fmt: skip
    attentes = {row.structure_id: row for row in Attentes.objects.exclude(langues=[], savoir_etre=[])}
    now = timezone.now()
    todays: dict[str, date] = {}
    hashed = []
    for siret, ridet, *row, code, fuseau in structures_with_vacancy().values_list(*fields).iterator(chunk_size=20_000):
        zone = FUSEAUX_COMMUNES.get(code, fuseau)
        today = todays.setdefault(zone, now.astimezone(ZoneInfo(zone)).date())
        # A post filled since the first query leaves a structure without any.
        if debuts := sorted(max(debut, today) for debut in starts.get(row[0], [])):
            asked = attentes.get(row[0])
            asks = (asked.langues, asked.savoir_etre) if asked else ((), ())
            hashed.append((stable_hash(siret or ridet), *row, today, debuts, *asks))
    hashed.sort()
    hashes, ids, lat, lon, zones, days, lists, langues, savoir_etre = _columns(hashed, 9)
    postes = np.array([len(debuts) for debuts in lists], dtype=np.int64)
    return Structures(
        ids=np.array(ids, dtype=np.int64),
        hashes=np.array(hashes, dtype=np.uint64),
        latitude=np.array(lat, dtype=np.float64),
        longitude=np.array(lon, dtype=np.float64),
        zone=np.array([ZONES[z] for z in zones], dtype=np.int64),
        today=np.array([day.toordinal() for day in days], dtype=np.int64),
        postes=postes,
        dernier=np.array([debuts[-1].toordinal() for debuts in lists], dtype=np.int64),
        langues=_bits(langues, Langue.values),
        savoir_etre=_bits(savoir_etre, SavoirEtre.values),
        debuts=np.array([debut.toordinal() for debuts in lists for debut in debuts], dtype=np.int64),
        depart=np.cumsum(postes) - postes,
    )


def _bits(rows: Iterable[Sequence[str]], known: Sequence[str]) -> Ints:
    return np.array([bits(values, known) for values in rows], dtype=np.int64)


def _columns(rows: list[Any], width: int) -> list[Any]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


# --- What the score needs -------------------------------------------------------------------------------------


def read_profils(pks: Sequence[int]) -> dict[int, Candidature]:
    """Load what the score looks at, and nothing about who the person is."""
    fields = [
        "rayon_km", "date_disponibilite", "experience_mediation", "diplome_mediation", "titulaire_tp_remn",
        "submitted_at", "niveau_pix", "langues", "savoir_etre",
    ]  # fmt: skip
    return Candidature.objects.only(*fields).in_bulk(pks)


def unanswered_since(day: datetime) -> QuerySet[MiseEnRelation]:
    """Nobody has acted on these since, nor has an interview to come or just held."""
    alive = Entretien.objects.alive_since(day).filter(mise_en_relation=OuterRef("pk"))
    return MiseEnRelation.objects.unanswered().filter(~Exists(alive), updated_at__lt=day).order_by("pk")
