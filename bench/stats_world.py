"""Five years of a country's accompagnements, written as a take-over of past activity would: constraints hold, triggers
and indexes wait for the end, then roll-ups are counted from nothing.

SCALE=1 is 5 000 000 accompagnements of 4 000 conseillers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from accompagnements import cumuls
from bench.world import load_conseiller
from contrats.models import Conseiller
from structures.models import Structure
from territoires.models import Commune

CONSEILLERS = 4_000
TABLE = "accompagnements_accompagnement"
MARKS = "accompagnements_marquestatistique"
TABLES = [TABLE, cumuls.CONSEILLERS, cumuls.TERRITOIRES]
LAST = date(2026, 10, 31)
DAYS = 5 * 365
FIRST = LAST - timedelta(days=DAYS)

# Conseillers who have an account and a contract are few in a small demo; the others are copies of one of them, spread
# over its structures. Statuses are past ones: no two are in post at once on one poste. Each has a lieu of their own.
COPIES = [
    """
    INSERT INTO comptes_compte SELECT (jsonb_populate_record(b, jsonb_build_object(
        'id', 1000000 + n, 'email', 'bench' || n || '@exemple.fr'))).*
    FROM comptes_compte b, generate_series(1, %(count)s) n WHERE b.id = %(compte)s
    """,
    """
    INSERT INTO contrats_contrat SELECT (jsonb_populate_record(b, jsonb_build_object(
        'id', 1000000 + n, 'status', 'termine',
        'structure_id', (%(structures)s::bigint[])[1 + n %% cardinality(%(structures)s::bigint[])]))).*
    FROM contrats_contrat b, generate_series(1, %(count)s) n WHERE b.id = %(contrat)s
    """,
    """
    INSERT INTO contrats_conseiller SELECT (jsonb_populate_record(b, jsonb_build_object(
        'id', 1000000 + n, 'compte_id', 1000000 + n, 'contrat_id', 1000000 + n))).*
    FROM contrats_conseiller b, generate_series(1, %(count)s) n WHERE b.id = %(conseiller)s
    """,
    """
    INSERT INTO accompagnements_lieuactivite SELECT (jsonb_populate_record(b, jsonb_build_object(
        'id', 1000000 + n,
        'commune_id', (%(communes)s::text[])[1 + n::bigint * 3571 %% cardinality(%(communes)s::text[])]))).*
    FROM accompagnements_lieuactivite b, generate_series(1, %(count)s) n WHERE b.id = %(lieu)s
    """,
]
# One in five is a workshop; what the persons said adds up to the participants or less. One in four in the lieu of the
# conseiller, the others in three communes; one conseiller in fifty works in Nantes. One in five has a title, one in
# fifty has notes. Day after day, as they were logged: those of a month lie together.
INSERT = f"""
    INSERT INTO {TABLE} (
        created_at, updated_at, uuid, conseiller_id, type, date, duree, canal, lieu_id, commune_id, participants,
        recurrents, genre_feminin, genre_masculin, age_moins_de_douze, age_douze_dix_huit, age_dix_huit_vingt_quatre,
        age_vingt_cinq_trente_neuf, age_quarante_cinquante_neuf, age_soixante_soixante_neuf, age_soixante_dix_plus,
        statut_scolarise, statut_sans_emploi, statut_en_emploi, statut_retraite, themes, type_public, materiel,
        autonomie, niveau, suite, orientation, dispositifs, titre, notes
    )
    SELECT now(), now(), gen_random_uuid(), (%(pks)s::bigint[])[rank], type, date, duree,
        CASE place WHEN 0 THEN 'lieu_activite' WHEN 1 THEN 'autre' WHEN 2 THEN 'domicile' ELSE 'a_distance' END,
        CASE place WHEN 0 THEN 1000000 + rank END,
        CASE WHEN rank %% 50 = 0 THEN '44109' ELSE (%(communes)s::text[])[
            1 + (rank::bigint * 3571 + place * 1217) %% cardinality(%(communes)s::text[])
        ] END,
        people, people / 3, people / 2, people / 4, 0, people / 8, 0, people / 4, 0, people / 8, people - people / 2,
        people / 4, 0, people / 4, people - people / 2, themes, 'habitants', ARRAY['ordinateur'],
        'partiellement_autonome', '', suite, CASE suite WHEN 'orientation' THEN 'administration' ELSE '' END,
        CASE WHEN n %% 25 = 3 THEN ARRAY['aidants_connect'] ELSE ARRAY[]::text[] END,
        CASE WHEN n %% 5 = 0 THEN titres[1 + n / 5 %% cardinality(titres)] ELSE '' END,
        CASE WHEN n %% 50 = 1 THEN 'Revoir la déclaration ' || n %% 997 || ' avec sa fille' ELSE '' END
    FROM (
        SELECT n, rank, titres, n / 7 %% 4 AS place,
            %(last)s::date - ((hashint8(n) & 2147483647) %% %(days)s) AS date,
            CASE WHEN n %% 5 = 0 THEN 'atelier' WHEN n %% 5 = 1 THEN 'ponctuel' ELSE 'individuel' END AS type,
            CASE WHEN n %% 5 = 0 THEN 2 + n %% 15 ELSE 1 END AS people,
            15 * (1 + n %% 12) AS duree,
            CASE n %% 5 WHEN 0 THEN ARRAY[1 + n %% 18] WHEN 1 THEN ARRAY[2, 5] WHEN 2 THEN ARRAY[4, 13, 14]
                WHEN 3 THEN ARRAY[19, 20 + n %% 11] ELSE ARRAY[6, 18] END::int[] AS themes,
            CASE n %% 8 WHEN 0 THEN 'orientation' WHEN 1 THEN 'individuel' ELSE '' END AS suite
        FROM (
            SELECT n, 1 + (hashint8(n * 7) & 2147483647) %% cardinality(%(pks)s::bigint[]) AS rank,
                ARRAY['Découvrir la tablette', 'Démarches en ligne', 'Impôts sur le revenu', 'Photos et souvenirs',
                    'Premiers pas au clavier', 'Messagerie', 'Sécurité et mots de passe'] AS titres
            FROM generate_series(%(first)s::bigint, %(count)s::bigint) n
        ) numbers
    ) rows ORDER BY date
"""  # Only our own names are interpolated.


@dataclass(frozen=True)
class World:
    # Has an account that can sign in; the first of `pks`, and the first lieu.
    conseiller: Conseiller
    pks: list[int]
    communes: list[str]


def execute(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def load_world(scale: float) -> World:
    conseiller = load_conseiller()
    count = max(30, int(CONSEILLERS * scale))
    execute(f"TRUNCATE {', '.join(TABLES)}, {MARKS} CASCADE")
    communes = list(Commune.objects.active().order_by("code").values_list("code", flat=True)[::3])
    parameters: dict[str, Any] = {
        "count": count,
        "conseiller": conseiller.pk,
        "compte": conseiller.compte_id,
        "contrat": conseiller.contrat_id,
        "lieu": conseiller.lieux.order_by("pk").values_list("pk", flat=True)[0],
        "structures": list(Structure.objects.values_list("pk", flat=True)),
        "communes": communes,
    }
    with transaction.atomic():
        execute("SET LOCAL session_replication_role = replica")
        for copy in COPIES:
            execute(copy, parameters)
    conseiller.lieux.add(1_000_001)
    return World(conseiller, [conseiller.pk, *range(1_000_002, 1_000_001 + count)], communes)


def add_rows(world: World, first: int, last: int) -> None:
    parameters = {"first": first, "count": last, "pks": world.pks, "communes": world.communes}
    with _without_indexes(), transaction.atomic():
        execute("SET LOCAL session_replication_role = replica")
        execute(INSERT, parameters | {"last": LAST, "days": DAYS})


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Build the indexes once the rows are there, the primary key apart: each row would look for its place in each."""
    constraints = execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'",
        [TABLE],
    )
    owned = [name for name, _ in constraints]
    indexes = execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %s::regclass AND NOT indisprimary AND indexrelid::regclass::text <> ALL(%s)",
        [TABLE, owned],
    )
    for name, _ in constraints:
        execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        execute(f"DROP INDEX {name}")
    yield
    execute("SET maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        execute(definition)
    for name, definition in constraints:
        execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {name} {definition}")
    execute(f"VACUUM ANALYZE {TABLE}")


def rebuild() -> int:
    """Count every month from nothing, as `rebuild_statistics` does, and return how many there are."""
    months = list(cumuls.months_held())
    for month in months:
        cumuls.check_month(month, repair=True)
    execute(f"VACUUM ANALYZE {cumuls.CONSEILLERS}, {cumuls.TERRITOIRES}, {MARKS}")
    return len(months)
