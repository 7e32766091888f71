"""What is published is valid for those who wrote the schemas, and changes its ETag when it changes."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
import time_machine
from data_inclusion.schema.v1 import Service, Structure
from django.db import connection
from django.test.utils import CaptureQueriesContext
from frictionless import Schema, system
from frictionless.resources import TableResource
from opening_hours import validate

from accompagnements import services
from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.models import LieuActivite
from comptes.enums import RoleKind
from contrats.models import Contrat
from pilotage.opendata import CHAMPS, PIVOT_INCONNU, PRODUCTEUR_SIRET, THEMATIQUES
from tests.accompagnements.factories import (
    NOW,
    AccompagnementFactory,
    EnPosteFactory,
    ExceptionFactory,
    LieuActiviteFactory,
)
from tests.territoires.factories import CommuneFactory

SCHEMA = Path(__file__).parent / "schemas" / "lieux-de-mediation-numerique-1.0.2.json"
# The fields whose values are in a list.
CLOSED = [
    "itinerance", "services", "publics_specifiquement_adresses", "prise_en_charge_specifique", "frais_a_charge",
    "dispositif_programmes_nationaux", "modalites_acces", "modalites_accompagnement",
]  # fmt: skip
FILES = ["lieux.csv", "lieux.json", "data-inclusion-structures.json", "data-inclusion-services.json"]


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def conseiller():
    return EnPosteFactory()


@pytest.fixture
def full(conseiller):
    """All a lieu may say, with what breaks files: quotes, commas, a pipe, a final point, a closed week to come."""
    lieu = LieuActiviteFactory(
        conseiller=conseiller, nom='Espace « Le "Quai" », salle 2.', adresse="1, quai de la Fosse",
        siret="13002603200016",
        latitude=47.2101, longitude=-1.5643, code_postal="44100", complement_adresse="Bât. B", telephone="+33240123456",
        courriel="quai@exemple.fr", site_web="https://exemple.fr/a|b", prise_rdv="https://exemple.fr/rdv",
        fiche_acces_libre="https://acceslibre.beta.gouv.fr/app/44/", presentation="Au bord de l'eau.\nEntrée libre.",
        horaires="Mo-Fr 09:00-12:30,14:00-17:30; PH off", services=ServiceLieu.values, publics=PublicLieu.values,
        modalites=ModaliteLieu.values, prises_en_charge=PriseEnCharge.values,
    )  # fmt: skip
    ExceptionFactory(lieu=lieu)
    return lieu


@pytest.fixture
def bare(conseiller):
    """Nothing but what must be there, overseas, its SIRET its employer's."""
    return LieuActiviteFactory(
        conseiller=conseiller, nom="Z", commune=CommuneFactory(saint_denis=True), telephone="+352621123456"
    )


def fetch(client, name, **headers):
    response = client.get(f"/donnees-ouvertes/{name}", headers=headers)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def tokens_of(schema, name):
    pattern = next(field["constraints"]["pattern"] for field in schema["fields"] if field["name"] == name)
    return re.sub(r"\\(.)", r"\1", pattern.removeprefix(r"(?:(?:^|\|)(").removesuffix("))+$")).split("|")


@pytest.mark.parametrize("name", ["lieux.csv", "lieux.json"])
def test_national_files_are_valid(client, full, bare, tmp_path, name):
    def check(text):
        (tmp_path / name).write_bytes(text.encode())
        given = {"path": str(tmp_path / name)} if name.endswith("csv") else {"data": json.loads(text)}
        with system.use_context(trusted=True):
            schema = Schema.from_descriptor(json.loads(SCHEMA.read_text()))
            return TableResource(**given, schema=schema).validate()

    text = fetch(client, name)
    report = check(text)
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])
    assert not check(text.replace("Gratuit", "Cher")).valid
    assert report.tasks[0].stats["rows"] == 2
    rows = list(csv.DictReader(io.StringIO(text))) if name.endswith("csv") else json.loads(text)
    assert [tuple(row) for row in rows] == [CHAMPS, CHAMPS]
    # `pattern` alone would let « n'importe quoi|Téléphoner » pass: each value is looked at too.
    raw = json.loads(SCHEMA.read_text())
    for champ in CLOSED:
        for row in rows:
            assert set(filter(None, row[champ].split("|"))) <= set(tokens_of(raw, champ)), champ
    first, second = rows
    assert validate(first["horaires"])
    assert first["horaires"].endswith('2026 Dec 24-2026 Dec 31 off "congés"')
    assert (first["code_postal"], str(first["latitude"])) == ("44100", "47.2101")
    assert first["services"].count("|") == 8
    assert (second["telephone"], second["horaires"]) == ("", "")
    assert second["pivot"] == Contrat.objects.get().structure.siret


def test_data_inclusion_files_are_valid(client, full, bare):
    structures = json.loads(fetch(client, "data-inclusion-structures.json"))
    offers = json.loads(fetch(client, "data-inclusion-services.json"))

    strict = {"ignore_warnings": False}
    for row in structures:
        Structure.model_validate(row, context=strict)
    for row in offers:
        Service.model_validate(row, context=strict)
    assert [row["structure_id"] for row in offers] == [row["id"] for row in structures]
    assert set(offers[0]["thematiques"]) == set().union(*THEMATIQUES.values())
    assert set(offers[0]["modes_accueil"]) == {"a-distance", "en-presentiel"}
    assert "personnes-en-situation-de-handicap" in offers[0]["publics"]
    assert offers[1]["publics"] == ["tous-publics"]


def test_only_what_the_public_may_know(client, conseiller, full):
    LieuActiviteFactory(conseiller=conseiller, nom="Privé", acces=AccesLieu.PRIVE)
    LieuActiviteFactory(nom="Sans conseiller")
    archived = LieuActiviteFactory(conseiller=conseiller, nom="Archivé")
    services.leave_lieu(lieu=archived, conseiller=conseiller, by=conseiller.compte.roles.get(kind=RoleKind.CONSEILLER))
    AccompagnementFactory(conseiller=conseiller, notes="Madame Untel")

    for name in FILES:
        text = fetch(client, name)
        assert text.count("quai de la Fosse") == 1
        for hidden in ("Privé", "Sans conseiller", "Archivé", "Untel", conseiller.compte.nom, conseiller.compte.email):
            assert hidden not in text


@pytest.mark.parametrize("name", FILES)
def test_unchanged_file_is_not_sent_again(client, conseiller, full, name):
    url = f"/donnees-ouvertes/{name}"
    first = client.get(url)
    assert first["Cache-Control"] == "public, max-age=600"
    etag, modified = first["ETag"], first["Last-Modified"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(url, headers={"If-Modified-Since": modified}).status_code == 304

    with time_machine.travel("2026-11-18T16:00:00+00:00", tick=False):
        # Its last conseiller is no longer in post: nothing was written on the lieu itself.
        contrat = conseiller.contrat
        contrat.move_to("termine" if contrat.can_move_to("termine") else "rompu", by=None)
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 200
        changed = client.get(url, headers={"If-Modified-Since": modified})
        assert changed.status_code == 200
        assert b"Fosse" not in b"".join(changed.streaming_content)


def test_next_day_is_another_version(client, full):
    etag = client.get("/donnees-ouvertes/lieux.csv")["ETag"]
    with time_machine.travel("2027-01-02T12:00:00+00:00", tick=False):
        response = client.get("/donnees-ouvertes/lieux.csv", headers={"If-None-Match": etag})
        assert response.status_code == 200
        assert "congés" not in b"".join(response.streaming_content).decode()


def test_files_are_written_by_blocks(client, conseiller, full):
    def count():
        with CaptureQueriesContext(connection) as queries:
            fetch(client, "lieux.json")
        return len(queries)

    count()
    with_one = count()
    LieuActivite.objects.bulk_create(
        LieuActivite(nom=f"Lieu {n}", adresse="1 rue", commune=full.commune) for n in range(8)
    )
    for lieu in LieuActivite.objects.filter(nom__startswith="Lieu "):
        lieu.conseillers.add(conseiller)
    assert count() == with_one


def test_empty_files_and_unknown_ones(client):
    assert fetch(client, "lieux.csv").splitlines() == [",".join(CHAMPS)]
    assert json.loads(fetch(client, "lieux.json")) == []
    assert client.get("/donnees-ouvertes/autre.csv").status_code == 404


def test_page_describes_the_files_and_says_what_is_unknown(client, conseiller, bare):
    page = client.get("/donnees-ouvertes/").content.decode()
    assert all(name in page for name in FILES)
    assert "Licence Ouverte 2.0" in page
    assert "publiés aujourd’hui : 1." in page
    assert "dans ce cas" not in page

    structure = conseiller.contrat.structure
    structure.siret, structure.ridet = None, "1234567"
    structure.save()
    assert "1 lieu est dans ce cas" in client.get("/donnees-ouvertes/").content.decode()
    row = json.loads(fetch(client, "lieux.json"))[0]
    assert row["pivot"] == PIVOT_INCONNU
    name = client.get("/donnees-ouvertes/lieux.csv")["Content-Disposition"]
    assert f"{date(2026, 11, 18)}_{PRODUCTEUR_SIRET}_lieux-de-mediation-numerique_france.csv" in name
