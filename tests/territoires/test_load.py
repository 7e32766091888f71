import csv
import gzip
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DataError, connection

from territoires.models import AncienNom, Commune, Departement, Region
from territoires.services import Changes, load_territoires
from territoires.signals import communes_moved
from tests.candidatures.factories import CandidatureFactory
from tests.structures.factories import PosteFactory

NANTES = {
    "code": "44109", "nom": "Nantes", "departement": "44", "codes_postaux": "44000|44100", "population": "327734",
    "longitude": "-1.55", "latitude": "47.21", "zone": "metropole", "x": "355.5", "y": "6689.7",
    "anciens_noms": "Chantenay-sur-Loire|Doulon",
}  # fmt: skip
REZE = NANTES | {"code": "44143", "nom": "Rezé", "codes_postaux": "44400", "anciens_noms": ""}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "regions.csv").write_text("code,nom\n52,Pays de la Loire\n", encoding="utf-8")
    (tmp_path / "departements.csv").write_text(
        "code,nom,region,fuseau\n44,Loire-Atlantique,52,Europe/Paris\n988,Nouvelle-Calédonie,,Pacific/Noumea\n",
        encoding="utf-8",
    )
    return tmp_path


def write(folder, *communes):
    with gzip.open(folder / "communes.csv.gz", "wt", encoding="utf-8") as file:
        writer = csv.DictWriter(file, NANTES)
        writer.writeheader()
        writer.writerows(communes)


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Region, Departement, Commune, AncienNom)]


def test_first_load_writes_everything(folder):
    write(folder, NANTES, REZE)

    changes = load_territoires(folder=folder)

    assert changes == Changes(regions=1, departements=2, communes=2, communes_disparues=0, anciens_noms=2)
    nantes = Commune.objects.get(pk="44109")
    assert nantes.codes_postaux == ["44000", "44100"]
    assert (nantes.x, nantes.y, nantes.zone) == (355.5, 6689.7, "metropole")
    assert nantes.departement.region.nom == "Pays de la Loire"
    assert nantes.libelle == "Nantes (44000)"
    assert Departement.objects.get(pk="988").region is None


def test_second_load_changes_nothing(folder):
    write(folder, NANTES, REZE)
    load_territoires(folder=folder)
    before = rows()

    assert load_territoires(folder=folder).total() == 0
    assert rows() == before


def test_only_what_differs_is_written(folder):
    write(folder, NANTES, REZE)
    load_territoires(folder=folder)
    write(folder, NANTES | {"population": "330000", "anciens_noms": "Doulon|Condevincum"}, REZE)

    changes = load_territoires(folder=folder)

    assert (changes.communes, changes.anciens_noms) == (1, 2)
    assert Commune.objects.get(pk="44109").population == 330_000
    assert set(AncienNom.objects.values_list("nom", flat=True)) == {"Doulon", "Condevincum"}


def test_commune_that_vanished_is_kept_inactive_until_it_comes_back(folder):
    write(folder, NANTES, REZE)
    load_territoires(folder=folder)
    write(folder, NANTES | {"anciens_noms": NANTES["anciens_noms"] + "|Rezé"})

    assert load_territoires(folder=folder).communes_disparues == 1
    assert not Commune.objects.get(pk="44143").is_active
    assert list(Commune.objects.active().values_list("pk", flat=True)) == ["44109"]
    assert load_territoires(folder=folder).total() == 0

    write(folder, NANTES, REZE)
    load_territoires(folder=folder)
    assert Commune.objects.get(pk="44143").is_active


def test_broken_file_leaves_what_was_there(folder):
    write(folder, NANTES)
    load_territoires(folder=folder)
    before = rows()
    (folder / "regions.csv").write_text("code,nom\n52,Bro Liger\n", encoding="utf-8")
    write(folder, NANTES | {"nom": "Naoned"}, REZE | {"population": "beaucoup"})

    with pytest.raises(DataError):
        load_territoires(folder=folder)
    assert rows() == before


def test_command_loads_the_real_referential_and_says_what_it_did():
    first, second = StringIO(), StringIO()
    call_command("load_territoires", stdout=first)
    call_command("load_territoires", stdout=second)

    assert "34963 communes et 6104 anciens noms écrits" in first.getvalue()
    assert "0 communes et 0 anciens noms écrits" in second.getvalue()
    assert Commune.objects.count() == 34_963
    assert Commune.objects.get(pk="98719").fuseau == "Pacific/Gambier"
    assert Commune.objects.get(pk="98735").fuseau == "Pacific/Tahiti"
    assert Commune.objects.get(pk="97411").fuseau == "Indian/Reunion"


def test_a_commune_that_moves_takes_along_who_lives_there(folder):
    write(folder, NANTES, REZE)
    load_territoires(folder=folder)
    people = {code: CandidatureFactory(commune_id=code) for code in ("44109", "44143")}
    places = {code: PosteFactory(convention__structure__commune_id=code) for code in ("44109", "44143")}
    untouched = places["44143"].updated_at
    told = []

    def listen(codes, **kwargs):
        told.append(codes)

    communes_moved.connect(listen)
    try:
        write(folder, NANTES | {"x": "356.25", "population": "1"}, REZE | {"population": "2"})
        changes = load_territoires(folder=folder)
    finally:
        communes_moved.disconnect(listen)

    assert told == [["44109"]]
    assert (changes.communes, changes.communes_deplacees) == (2, 1)
    postes = "structures_poste JOIN structures_structure s ON s.id = structure_id"
    for rows in ("candidatures_candidature", postes):
        assert positions(rows) == {"44109": (356.25, 6689.7), "44143": (355.5, 6689.7)}
    places["44143"].refresh_from_db()
    assert places["44143"].updated_at == untouched
    assert people["44109"].transitions.count() == 0


def positions(rows):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT commune_id, position[0], position[1] FROM {rows}")  # noqa: S608  # Names of ours, values as parameters.
        return {code: (x, y) for code, x, y in cursor.fetchall()}
