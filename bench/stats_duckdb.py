"""The same rows in DuckDB, in memory, and the same figures asked of it: columns made to be added up."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from django.db import connection

from accompagnements.enums import (
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.indicateurs import INDICATEURS, LUES, MESURES
from accompagnements.selectors import Statistiques
from territoires.models import Commune, Departement, Region

# A byte or two each, as a column store keeps them.
ENUMS: dict[str, Any] = {
    "type": TypeAccompagnement, "canal": Canal, "type_public": TypePublic, "autonomie": Autonomie,
    "niveau": NiveauAtelier, "suite": Suite, "orientation": Orientation, "materiel": Materiel,
    "dispositifs": Dispositif,
}  # fmt: skip
PLACES: dict[str, Any] = {"commune_id": Commune, "departement": Departement, "region": Region}
LISTS = ("themes", "materiel", "dispositifs")
COPY = f"""
    COPY (
        SELECT a.conseiller_id, a.lieu_id, a.commune_id, c.departement_id, d.region_id,
            {", ".join(f"'[' || array_to_string(a.{n}, ',') || ']'" if n in LISTS else f"a.{n}" for n in LUES)}
        FROM accompagnements_accompagnement a JOIN territoires_commune c ON c.code = a.commune_id
        JOIN territoires_departement d ON d.code = c.departement_id
    ) TO STDOUT (FORMAT csv, FORCE_QUOTE *)
"""  # Names of ours.
MEASURED = ", ".join(f"{expression} AS {name}" for name, expression in MESURES.items())
FIGURES = ", ".join(f"{expression} AS {name}" for name, expression in INDICATEURS.items())
SERIES = {
    "months": "SELECT strftime(a.date, '%Y-%m') AS cle, {measured} FROM a WHERE {within} GROUP BY 1",
    "days": "SELECT a.date AS cle, {measured} FROM a WHERE {within} GROUP BY 1",
    "themes": "SELECT cle, {measured} FROM a, unnest(a.themes) AS t (cle) WHERE {within} GROUP BY 1",
}


class Duck:
    def __init__(self) -> None:
        self.database = duckdb.connect()
        self.database.execute("SET threads = 1")  # Ours is one backend too, and the clock counts processors.
        self.database.execute("SET preserve_insertion_order = false")
        columns = ["conseiller_id INTEGER", "lieu_id INTEGER"]
        columns += [
            self._column(name, list(model.objects.values_list("pk", flat=True))) for name, model in PLACES.items()
        ]
        columns += [self._column(name, ENUMS[name].values if name in ENUMS else []) for name in LUES]
        self.database.execute(f"CREATE TABLE a ({', '.join(columns)})")
        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for block in copy:
                    file.write(block)
            self.database.execute(f"COPY a FROM '{path}' (FORMAT csv, HEADER false, BUFFER_SIZE 8000000)")

    def _column(self, name: str, values: list[str]) -> str:
        kind = "DATE" if name == "date" else "SMALLINT"
        if values:
            kind = f"values_{name}"
            quoted = ", ".join(f"'{value}'" for value in values)
            self.database.execute(f"CREATE TYPE {kind} AS ENUM ({quoted})")
        return f"{name} {kind}{'[]' if name in LISTS else ''}"

    def measure(self, where: str, debut: date, fin: date) -> tuple[tuple[Any, ...], dict[str, list[Any]]]:
        within = f"{where} AND a.date BETWEEN '{debut}' AND '{fin}'"
        sums = self._all(f"SELECT {FIGURES} FROM a WHERE {within}")[0]
        return sums, {name: self._all(sql.format(measured=MEASURED, within=within)) for name, sql in SERIES.items()}

    def agrees(self, found: Statistiques, where: str, debut: date, fin: date) -> bool:
        """Say whether it finds what we do: the totals, every day, and as much by theme."""
        sums, series = self.measure(where, debut, fin)
        known = dict(zip(INDICATEURS, (int(value or 0) for value in sums), strict=True))
        days = {f"{day}": tuple(map(int, values)) for day, *values in series["days"]}
        return (
            [known[name] for name in MESURES] == list(found.total[1:])
            and [known[f"type_{value}_minutes"] for value in TypeAccompagnement.values]
            == [line.minutes for line in found.par_type]
            and days == {line.label: tuple(line[1:]) for line in found.par_jour if line.accompagnements}
            and sorted(int(values[0]) for _, *values in series["themes"])
            == sorted(line.accompagnements for line in found.par_theme)
        )

    def _all(self, sql: str) -> list[Any]:
        return self.database.execute(sql).fetchall()

    def close(self) -> None:
        self.database.close()
