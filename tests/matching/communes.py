"""Real places for tests that compare the index with brute force: islands, Corse and dense suburbs included."""

import csv
import gzip
from functools import cache
from pathlib import Path

from django.conf import settings

from territoires.models import Commune, Departement


@cache
def read_communes() -> tuple[dict[str, str], ...]:
    path = Path(settings.BASE_DIR) / "territoires" / "data" / "communes.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def create_communes(rows) -> list[Commune]:
    codes = {row["departement"] for row in rows}
    fuseaux = {"974": "Indian/Reunion", "976": "Indian/Mayotte", "973": "America/Cayenne", "987": "Pacific/Tahiti"}
    Departement.objects.bulk_create(
        [Departement(code=code, nom=code, fuseau=fuseaux.get(code, "Europe/Paris")) for code in sorted(codes)],
        ignore_conflicts=True,
    )
    communes = [
        Commune(
            code=row["code"],
            nom=row["nom"],
            departement_id=row["departement"],
            codes_postaux=row["codes_postaux"].split(" "),
            longitude=float(row["longitude"]),
            latitude=float(row["latitude"]),
            zone=row["zone"],
            x=float(row["x"]),
            y=float(row["y"]),
        )
        for row in rows
    ]
    Commune.objects.bulk_create(communes, ignore_conflicts=True)
    return communes
