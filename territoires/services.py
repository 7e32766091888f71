import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from psycopg import sql

from territoires.models import AncienNom, Commune, Departement, Region
from territoires.signals import communes_moved

DATA = Path(__file__).resolve().parent / "data"

COMMUNE_COLUMNS = [
    "code", "nom", "departement_id", "codes_postaux", "population", "longitude", "latitude", "zone", "x", "y",
    "is_active",
]  # fmt: skip


@dataclass(frozen=True)
class Changes:
    """How many rows a load wrote; all zero when the database already held these data.

    `communes_deplacees` are among `communes`: those whose coordinates changed.
    """

    regions: int
    departements: int
    communes: int
    communes_disparues: int
    anciens_noms: int
    communes_deplacees: int = 0

    def total(self) -> int:
        return self.regions + self.departements + self.communes + self.communes_disparues + self.anciens_noms


@transaction.atomic
def load_territoires(*, folder: Path = DATA) -> Changes:
    """Make the referential equal to the files, writing only the rows that differ.

    A commune that is no longer in the files is kept, inactive: files and people still point to it.
    """
    communes = list(_read(folder / "communes.csv.gz"))
    regions = _upsert(Region, ["code", "nom"], ([row["code"], row["nom"]] for row in _read(folder / "regions.csv")))
    departements = _upsert(
        Departement,
        ["code", "nom", "region_id", "fuseau"],
        ([row["code"], row["nom"], row["region"] or None, row["fuseau"]] for row in _read(folder / "departements.csv")),
    )
    before = _coordinates()
    loaded = _upsert(Commune, COMMUNE_COLUMNS, map(_commune_values, communes))
    after = _coordinates()
    moved = sorted(code for code, point in before.items() if after[code] != point)
    if moved:
        communes_moved.send(sender=Commune, codes=moved)
    gone = _execute(
        "UPDATE {table} SET is_active = false WHERE is_active AND code NOT IN (SELECT code FROM {incoming})", Commune
    )
    changes = Changes(regions, departements, loaded, gone, _load_anciens_noms(communes), len(moved))
    if changes.total():
        _execute("ANALYZE {table}", Commune)
        _execute("ANALYZE {table}", AncienNom)
    return changes


def _coordinates() -> dict[str, list[float]]:
    return {code: point for code, *point in Commune.objects.values_list("code", "x", "y", "latitude", "longitude")}


def _commune_values(row: dict[str, str]) -> list[Any]:
    values = row | {"departement_id": row["departement"], "codes_postaux": row["codes_postaux"].split("|")}
    return [*(values[column] for column in COMMUNE_COLUMNS[:-1]), True]


def _load_anciens_noms(communes: list[dict[str, str]]) -> int:
    names = ([row["code"], nom] for row in communes if row["anciens_noms"] for nom in row["anciens_noms"].split("|"))
    _copy(AncienNom, ["commune_id", "nom"], names)
    removed = _execute(
        "DELETE FROM {table} WHERE (commune_id, nom) NOT IN (SELECT commune_id, nom FROM {incoming})", AncienNom
    )
    added = _execute(
        "INSERT INTO {table} (commune_id, nom) SELECT commune_id, nom FROM {incoming} "
        "ON CONFLICT (commune_id, nom) DO NOTHING",
        AncienNom,
    )
    return removed + added


def _read(path: Path) -> Iterator[dict[str, str]]:
    # Named explicitly: the machine's own encoding may be anything.
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _upsert(model: type[models.Model], columns: list[str], rows: Iterable[list[Any]]) -> int:
    _copy(model, columns, rows)
    return _execute(
        "INSERT INTO {table} AS old ({columns}) SELECT {columns} FROM {incoming} ON CONFLICT (code) DO UPDATE SET "
        "({columns}) = ROW({new}) WHERE ({old}) IS DISTINCT FROM ({new})",
        model,
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        old=sql.SQL(", ").join(sql.Identifier("old", column) for column in columns),
        new=sql.SQL(", ").join(sql.Identifier("excluded", column) for column in columns),
    )


def _copy(model: type[models.Model], columns: list[str], rows: Iterable[list[Any]]) -> None:
    """Fill a temporary table with the rows: COPY is the fast way in, and cannot update."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    _execute("DROP TABLE IF EXISTS {incoming}", model)
    _execute(
        "CREATE TEMPORARY TABLE {incoming} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA",
        model,
        columns=names,
    )
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(_compose("COPY {incoming} ({columns}) FROM STDIN", model, columns=names)) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _execute(query: str, model: type[models.Model], **parts: sql.Composable) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_compose(query, model, **parts))
        return cursor.rowcount


def _compose(query: str, model: type[models.Model], **parts: sql.Composable) -> str:
    table = model._meta.db_table
    names = {"table": sql.Identifier(table), "incoming": sql.Identifier(f"incoming_{table}")}
    return sql.SQL(query).format(**names, **parts).as_string(None)
