"""Past activity from a file: read apart, understood with its author, verified, written whole or not at all."""

import csv
import io
import zipfile
from datetime import date, timedelta

import openpyxl
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings as hypothesis_settings, strategies as st

from accompagnements import brouillon, importation, jobs, services
from accompagnements.constants import IMPORTS_OPEN_MAX
from accompagnements.documents import EXPORT_HEADER
from accompagnements.enums import StatutImport
from accompagnements.lecture import ELSEWHERE, parse_date, parse_minutes, split_words
from accompagnements.models import Accompagnement, ImportActivite, MarqueStatistique, Origine
from accompagnements.vocabulaires import CHAMPS, ECARTER, TEL_QUEL, fold, propose_columns
from common import antivirus
from common.exceptions import RuleError
from notifications.models import Effet
from tests.accompagnements.factories import (
    AccompagnementFactory,
    EnPosteFactory,
    ImportActiviteFactory,
    LieuActiviteFactory,
)
from tests.territoires.factories import CommuneFactory

IMPORTS, FILES = "/accompagnements/imports/", "/accompagnements/fichiers/"
HEADER = ["Date", "Type", "Durée", "Canal", "Lieu", "Commune", "Participants", "Thèmes"]


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def lieu(conseiller):
    return LieuActiviteFactory(nom="Médiathèque Floresca-Guépin", conseiller=conseiller)


@pytest.fixture
def post(enter, django_capture_on_commit_callbacks):
    """Send a form as a browser does, and have the worker do what follows."""

    def post(path, data=None):
        with django_capture_on_commit_callbacks(execute=True):
            return enter.post(path, data)

    return post


@pytest.fixture
def drop(post):
    """Drop a file; returns the import, read."""

    def drop(content, name="activite.csv"):
        response = post(f"{IMPORTS}nouveau/", {"fichier": SimpleUploadedFile(name, content)})
        assert response.status_code == 302, response.context["form"].errors
        return ImportActivite.objects.latest("pk")

    return drop


@pytest.fixture
def verify(drop, post):
    """Drop a file and take its columns as they are proposed; returns the import, verified."""

    def verify(content, **columns):
        row = drop(content)
        proposed = {f"colonne_{rank}": field for rank, field in propose_columns(row.entetes).items()}
        response = post(f"{IMPORTS}{row.pk}/colonnes/?toutes", proposed | columns)
        assert response.status_code == 302, response.context["form"].errors
        row.refresh_from_db()
        return row

    return verify


@pytest.fixture
def write(verify, post):
    """The whole way, for a file without a question."""

    def write(content, **columns):
        row = verify(content, **columns)
        post(f"{IMPORTS}{row.pk}/importer/", {"confirmer": "on"})
        row.refresh_from_db()
        return row

    return write


def line(**changes):
    """One line as `HEADER` names its cells: an hour at the médiathèque."""
    cells = {
        "date": "05/03/2026", "type": "individuel", "duree": "60", "canal": "lieu_activite",
        "lieu": "Médiathèque Floresca-Guépin", "commune": "", "participants": "", "themes": "email",
    }  # fmt: skip
    assert set(changes) <= set(cells)
    return list((cells | changes).values())


def as_csv(*lines, header=HEADER, delimiter=";", encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *lines])
    return text.getvalue().encode(encoding)


def as_xlsx(*lines, header=HEADER):
    book = openpyxl.Workbook()
    for row in (header, *lines):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def kinds(row):
    return {kind: lines for kind, _, lines in row.bilan["erreurs"]}


def downloaded(client, livraison):
    content = b"".join(client.get(f"{FILES}{livraison}/telecharger/").streaming_content)
    return openpyxl.load_workbook(io.BytesIO(content))


# --- From the file to the list ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        as_csv(line(), delimiter=",", encoding="cp1252"),
        as_csv(line(), delimiter="\t", encoding="utf-16"),
        as_xlsx(
            [date(2026, 3, 5), "individuel", 60, "lieu_activite", "MEDIATHEQUE floresca guépin", None, None, "email"]
        ),
    ],
    ids=["virgule-cp1252", "tabulation-utf16", "xlsx"],
)
def test_a_row_becomes_an_accompagnement(write, enter, conseiller, lieu, content):
    row = write(content)

    assert (row.status, row.importes) == (StatutImport.FAIT, 1)
    one = Accompagnement.objects.get(conseiller=conseiller)
    assert (one.date, one.duree, one.lieu, one.commune, one.themes) == (date(2026, 3, 5), 60, lieu, lieu.commune, [5])
    assert (one.origine.importation, one.origine.ligne, one.origine.valeurs) == (row, 2, {})
    assert "ligne 2 de « activite.csv »" in enter.get(f"/accompagnements/{one.pk}/").content.decode()
    assert list(MarqueStatistique.objects.values_list("jour", flat=True)) in ([date(2026, 3, 5)], [])
    assert not any(default_storage.listdir(folder)[1] for folder in ("imports/quarantaine", "imports/lus"))


def test_same_file_twice_adds_nothing_and_equal_rows_are_all_kept(write, post, lieu):
    content = as_csv(line(), line(), line(duree="30"))
    assert write(content).importes == 3

    row = write(content)

    assert (row.status, row.importes, row.bilan["connus"]) == (StatutImport.FAIT, 0, 3)
    # As a spreadsheet, with one row more: only that one.
    again = write(as_xlsx(line(duree="45"), line(duree="30"), line(), line()))
    assert (again.importes, again.bilan["connus"]) == (1, 3)
    assert Accompagnement.objects.count() == 4


def test_identifiers_of_the_source_are_the_identity(write, verify, lieu):
    header = ["id", *HEADER]
    assert write(as_csv(["a1", *line()], ["a2", *line()], header=header)).importes == 2
    assert write(as_csv(["a1", *line(duree="45")], ["a3", *line()], header=header)).importes == 1

    twice = verify(as_csv(["b", *line()], ["b", *line()], header=header))
    assert kinds(twice) == {"Cet identifiant est déjà celui d'une autre ligne": [3]}


def test_our_own_export_adds_nothing(write, enter, conseiller, lieu):
    AccompagnementFactory(
        conseiller=conseiller, atelier=True, canal="lieu_activite", lieu=lieu, commune=lieu.commune, genre_feminin=4,
        themes=[19, 24], materiel=["ordinateur", "tablette"], suite="orientation", orientation="aide_sociale",
        organisme_id=17, dispositifs=["aidants_connect", "pass_numerique"], titre="+ d'autonomie", notes="rien",
        recurrents=3, niveau="debutant",
    )  # fmt: skip
    exported = b"".join(enter.get("/accompagnements/export.csv").streaming_content)
    assert fold("commune_nom") == "commune nom"

    row = write(exported)

    assert (row.status, row.importes, row.bilan["connus"]) == (StatutImport.FAIT, 0, 1)
    # Under another identifier, the same values come back to the cell.
    other = exported.decode("utf-8-sig").splitlines()
    cells = next(csv.reader([other[1]], delimiter=";"))
    again = write(as_csv([f"x-{cells[0]}", *cells[1:]], header=EXPORT_HEADER))
    assert again.importes == 1
    first, second = Accompagnement.objects.order_by("pk")
    same = [name for name in services.FIELDS if name != "titre"]
    assert {n: getattr(first, n) for n in same} == {n: getattr(second, n) for n in same}


def test_older_vocabulary_keeps_what_it_cannot_say(verify, post, conseiller, lieu):
    header = ["date de l'accompagnement", "activité", "durée", "canal", "nb participants", "thèmes", "<12", "12-18 ans",
              "18-35 ans", "35-60 ans", ">60", "hétérogène", "étudiant"]  # fmt: skip
    row = verify(
        as_csv(
            ["5/3/26", "Collectif", "30-60", "Rattachement", "9", "email", "1", "2", "3", "2", "1", "0", "2"],
            ["6/3/26", "Ponctuel", "0-30", "domicile", "", "email", "", "", "", "", "", "", ""],
            ["7/3/26", "Animation", "90", "distance", "", "email", "", "", "", "", "", "", ""],
            header=header,
        )
    )
    assert row.status == StatutImport.A_PRECISER
    assert row.bilan["inconnus"] == [
        ["type", ["Animation"]], ["duree", ["30-60", "0-30"]], ["lieu", [""]], ["commune", [""]],
    ]  # fmt: skip

    page = post(f"{IMPORTS}{row.pk}/mots/", {}).context["form"]  # Everything said but the commune.
    assert set(page.errors) == {"mot_4"}
    assert [page[f"mot_{n}"].initial for n in (1, 2)] == ["45", "15"]
    answers = {"mot_0": ECARTER, "mot_1": "45", "mot_2": "20", "mot_3": str(lieu.pk), "mot_4": "Nantes (44000)"}
    post(f"{IMPORTS}{row.pk}/mots/", answers)
    row.refresh_from_db()
    assert (row.status, row.bilan["nouveaux"], row.bilan["ecartes"]) == (StatutImport.VERIFIE, 2, 1)
    post(f"{IMPORTS}{row.pk}/importer/")

    atelier, ponctuel = Accompagnement.objects.order_by("date")
    assert (atelier.type, atelier.duree, atelier.lieu, atelier.participants) == ("atelier", 45, lieu, 9)
    assert (atelier.age_moins_de_douze, atelier.age_douze_dix_huit, atelier.statut_scolarise) == (1, 2, 2)
    assert atelier.age_dix_huit_vingt_quatre == atelier.age_vingt_cinq_trente_neuf == 0  # Never split.
    assert atelier.origine.valeurs == {"18-35 ans": "3", "35-60 ans": "2", ">60": "1", "Durée": "30-60"}
    assert (ponctuel.type, ponctuel.duree, ponctuel.canal) == ("ponctuel", 20, "domicile")


def test_one_person_said_in_words(write, lieu):
    header = [*HEADER, "genre", "tranche d'âge", "statut", "récurrent", "orientation"]
    write(
        as_csv(
            [*line(), "F", "soixante_dix_plus", "retraite", "oui", "aide_sociale"],
            [*line(duree="1h30"), "non_communique", "18-35", "", "", "Pôle emploi"],
            [*line(type="collectif", participants="4"), "Femme", "", "", "2", ""],
            header=header,
        )
    )

    one, wide, several = Accompagnement.objects.order_by("pk")
    assert (one.genre_feminin, one.age_soixante_dix_plus, one.statut_retraite, one.recurrents) == (1, 1, 1, 1)
    assert (one.suite, one.orientation) == ("orientation", "aide_sociale")
    assert (wide.duree, sum(getattr(wide, name) for name in services.COUNTS)) == (90, 0)
    assert wide.origine.valeurs == {CHAMPS["age"]: "18-35"}
    assert (wide.organisme.code, wide.orientation) == ("france_travail", "insertion_professionnelle")
    assert (several.genre_feminin, several.recurrents, several.origine.valeurs) == (0, 2, {CHAMPS["genre"]: "Femme"})


# --- All or nothing -----------------------------------------------------------------------------------------


def test_one_wrong_row_among_thousands_and_nothing_is_written(verify, write, enter, monkeypatch, lieu):
    monkeypatch.setattr(importation, "CHUNK", 500)
    lines = [line(duree=str(5 + rank % 400)) for rank in range(1_200)]
    lines[800] = line(type="collectif", participants="3", duree="481")

    row = verify(as_csv(*lines))

    assert (row.status, row.bilan["erronees"]) == (StatutImport.ERRONE, 1)
    assert kinds(row) == {"La durée va de 5 minutes à 8 heures.": [802]}
    assert not Accompagnement.objects.exists()
    page = enter.get(f"{IMPORTS}{row.pk}/").content.decode()
    assert "Ligne 802" in page
    sheet = downloaded(enter, row.erreurs_id)["Lignes"]
    assert [cell.value for cell in sheet[1]] == [*HEADER, "Erreurs"]
    wrong = [cells for cells in sheet.iter_rows(min_row=2, values_only=True) if cells[-1]]
    assert [cells[-1] for cells in wrong] == ["La durée va de 5 minutes à 8 heures."]
    assert sheet.max_row == 1_201

    # Mended in that very file, and dropped again.
    fixed = [["" if c is None else c for c in cells] for cells in sheet.iter_rows(min_row=2, values_only=True)]
    fixed[800][2] = "480"
    with CaptureQueriesContext(connection) as queries:
        row = write(as_xlsx(*fixed, header=[*HEADER, "Erreurs"]))
    assert row.importes == 1_200
    inserts = [q for q in queries if q["sql"].startswith("INSERT INTO accompagnements_accompagnement ")]
    assert len(inserts) == 1  # So the triggers mark the statistics once.


BAD = [
    (line(date=""), "Indiquez la date."),
    (line(date="31/02/2026"), "Date : elle n'existe pas ou n'est pas comprise"),
    (line(date="2020-11-16"), "Le programme a commencé"),
    (line(date="2024-12-31"), "Cette date est hors de votre contrat"),
    (line(date="2026-11-19"), "Cette date est à venir : à Nantes"),
    (line(type=""), "Indiquez le type d'accompagnement."),
    (line(duree=""), "Indiquez la durée."),
    (line(duree="4"), "La durée va de 5 minutes à 8 heures."),
    (line(duree="70000"), "Durée (minutes) : "),
    (line(canal="", lieu=""), "Indiquez où cela s'est passé."),
    (line(participants="2"), "Un accompagnement individuel ou une aide ponctuelle compte une seule personne"),
    (line(type="atelier", participants=""), "Indiquez le nombre de participants."),
    (line(type="atelier", participants="0"), "Un atelier compte de 1 à 1 000 participants"),
    (line(type="atelier", participants="1001"), "Un atelier compte de 1 à 1 000 participants"),
    (line(type="atelier", participants="dix"), "Participants : un nombre entier est attendu"),
    (line(type="atelier", participants="-3"), "Participants : un nombre entier est attendu"),
    (line(themes=""), "Choisissez au moins un thème."),
    (line(canal="domicile", commune="Nulle-Part-sur-Rien"), "Commune inconnue"),
    ([*line(), "de trop"], "La ligne a plus de cellules que la ligne des noms de colonnes."),
]


def test_every_bad_row_says_why_in_french(verify, lieu):
    CommuneFactory()
    row = verify(as_csv(*[cells for cells, _ in BAD]))

    assert (row.status, row.bilan["inconnus"]) == (StatutImport.ERRONE, [])
    found = {line: kind for kind, _, lines in row.bilan["erreurs"] for line in lines}
    for number, (_, expected) in enumerate(BAD, 2):
        assert found[number].startswith(expected), (number, found.get(number))


def test_sums_that_differ_by_one(verify, lieu):
    header = [*HEADER, "Femmes", "Hommes", "18-24 ans", "Retraités", "Dont déjà venus"]
    atelier = line(type="atelier", participants="10")
    row = verify(
        as_csv(
            [*atelier, "6", "4", "10", "10", "10"], [*atelier, "6", "5", "", "", ""], [*atelier, "", "", "11", "", ""],
            [*atelier, "", "", "", "11", ""], [*atelier, "", "", "", "", "11"], header=header,
        )
    )  # fmt: skip

    assert kinds(row) == {
        "Le total par genre dépasse le nombre de participants.": [3],
        "Le total par âge dépasse le nombre de participants.": [4],
        "Le total par situation dépasse le nombre de participants.": [5],
        "Il ne peut pas y avoir plus de personnes déjà venues que de participants.": [6],
    }


def test_a_place_of_someone_else_is_asked_about_never_taken(verify, post, lieu):
    other = LieuActiviteFactory(nom="Mairie annexe", conseiller=EnPosteFactory())
    row = verify(as_csv(line(lieu="Mairie annexe", commune="44109")))

    assert row.bilan["inconnus"] == [["lieu", ["Mairie annexe"]]]
    page = post(f"{IMPORTS}{row.pk}/mots/", {"mot_0": str(other.pk)})
    assert set(page.context["form"].errors) == {"mot_0"}
    post(f"{IMPORTS}{row.pk}/mots/", {"mot_0": ELSEWHERE})
    row.refresh_from_db()
    assert row.status == StatutImport.VERIFIE
    post(f"{IMPORTS}{row.pk}/importer/")
    assert Accompagnement.objects.get().canal == "autre"


def test_a_word_left_without_an_answer_is_an_error(verify, post, lieu):
    row = verify(as_csv(line(themes="email | jardinage"), line()))
    assert row.bilan["inconnus"] == [["themes", ["jardinage"]]]

    post(f"{IMPORTS}{row.pk}/mots/", {"mot_0": ""})

    row.refresh_from_db()
    assert kinds(row) == {f"{CHAMPS['themes']} : mot non reconnu": [2]}


def test_what_changed_since_the_verification_is_seen_before_writing(verify, post, conseiller, lieu):
    row = verify(as_csv(line(), line(duree="30")))
    conseiller.lieux.clear()

    post(f"{IMPORTS}{row.pk}/importer/")

    row.refresh_from_db()
    assert row.status == StatutImport.A_PRECISER
    assert not Accompagnement.objects.exists()


def test_sensitive_notes_and_crowds_are_confirmed_once(verify, post, lieu):
    header = [*HEADER, "Notes"]
    row = verify(as_csv([*line(), "diabète"], [*line(type="atelier", participants="150"), ""], header=header))
    assert {kind for kind, *_ in row.bilan["avertissements"]} == {
        "Les notes semblent contenir une information de santé", "Plus de 100 participants",
    }  # fmt: skip
    assert "diabète" not in str(row.bilan["avertissements"])

    refused = post(f"{IMPORTS}{row.pk}/importer/", {})
    assert set(refused.context["form"].errors) == {"confirmer"}
    post(f"{IMPORTS}{row.pk}/importer/", {"confirmer": "on"})

    assert Accompagnement.objects.count() == 2


# --- Columns ------------------------------------------------------------------------------------------------


def test_columns_are_proposed_changed_and_checked(drop, post, enter, lieu):
    row = drop(as_csv(line(), header=["Quand", *HEADER[1:]]))
    path = f"{IMPORTS}{row.pk}/colonnes/"
    form = enter.get(path).context["form"]
    assert form["colonne_0"].initial == ""
    assert [choice for choice, _ in form.fields["colonne_1"].choices] == ["", "type"]  # Recognised: light.
    proposed = {f"colonne_{rank}": field for rank, field in propose_columns(row.entetes).items()}

    missing = post(path, proposed).context["form"]
    assert "Date" in missing.non_field_errors()[0]
    twice = post(f"{path}?toutes", proposed | {"colonne_0": "date", "colonne_5": "date"}).context["form"]
    assert set(twice.errors) == {"colonne_5"}
    assert post(path, proposed | {"colonne_0": "inventee"}).context["form"].errors
    post(path, proposed | {"colonne_0": "date"})

    row.refresh_from_db()
    assert row.status == StatutImport.VERIFIE


# --- Hostile files ------------------------------------------------------------------------------------------


def bomb():
    """A small archive that says it holds half a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 100)
    content = bytearray(out.getvalue())
    at = content.index(b"PK\x01\x02") + 24  # The size once unzipped, in the central directory.
    content[at : at + 4] = (500_000_000).to_bytes(4, "little")
    return bytes(content)


def far_cell():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"], book.active["XFD900000"] = "Date", "Type", 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"MZ\x90\x00 not a spreadsheet", "n'est pas un tableur"),
        (b"PK\x03\x04 cut short", "est abîmé"),
        (b"\xd0\xcf\x11\xe0 old or encrypted", "mot de passe"),
        (b"Date;Type\n", "aucune ligne"),
        (b"une seule colonne\nsans nom\n", "doit nommer les colonnes"),
        (b'Date;Type\n"never closed;1\n', "est abîmé"),
        (bomb, "trop complexe"),
        (far_cell, "trop complexe"),
        (b"Date;Type" + b";x" * 60 + b"\n1;2\n", "plus de 60 colonnes"),
    ],
    ids=["exe", "zip", "xls", "vide", "sans-noms", "guillemet", "bombe", "cellule-lointaine", "colonnes"],
)
def test_hostile_files_are_refused_in_words(drop, enter, content, sentence):
    row = drop(content() if callable(content) else content, name="activite.xlsx")

    assert row.status == StatutImport.REFUSE
    assert sentence in row.motif_refus
    assert sentence.split("'")[-1] in enter.get(f"{IMPORTS}{row.pk}/").content.decode().replace("&#x27;", "'")
    assert default_storage.listdir("imports/quarantaine")[1] == []


def test_too_many_rows(drop, monkeypatch):
    monkeypatch.setattr(importation, "IMPORT_MAX_ROWS", 3)
    assert drop(as_csv(*[line()] * 3)).status == StatutImport.A_ASSOCIER
    row = drop(as_csv(*[line()] * 4))
    assert (row.status, "plus de 3 lignes" in row.motif_refus) == (StatutImport.REFUSE, True)


def test_formulas_huge_cells_and_odd_characters_are_only_text(write, verify, lieu):
    header = [*HEADER, "Titre", "Notes"]
    atelier = line(type="atelier", participants="3")
    write(as_csv([*atelier, "=cmd|' /C calc'!A0", "@SUM(1)\x07"], header=header))
    assert Accompagnement.objects.get().titre == "=cmd|' /C calc'!A0"

    row = verify(as_csv([*atelier, "x" * 121, ""], [*atelier, "", "y" * 50_000], header=header))
    assert {lines[0]: kind.split(" :")[0] for kind, _, lines in row.bilan["erreurs"]} == {
        2: "Titre de l'atelier", 3: "Les notes comptent 1000 caractères au plus.",
    }  # fmt: skip


def test_an_infected_file_is_refused_and_one_nobody_scanned_waits(drop, settings, monkeypatch):
    settings.CLAMAV_URL = "tcp://127.0.0.1:1"
    monkeypatch.setattr(antivirus, "find_threat", lambda content: "Eicar")
    assert drop(as_csv(line())).status == StatutImport.REFUSE

    def away(content):
        raise antivirus.ScannerUnavailableError("away")

    monkeypatch.setattr(antivirus, "find_threat", away)
    row = drop(as_csv(line()))
    assert (row.status, row.essais) == (StatutImport.DEPOSE, 0)
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        assert jobs.read_waiting_imports() == 1
        monkeypatch.setattr(antivirus, "find_threat", lambda content: "")
        importation.read_import(row.pk)
    row.refresh_from_db()
    assert (row.status, row.analyse_at is not None) == (StatutImport.A_ASSOCIER, True)


def test_form_refuses_nothing_empty_and_too_large(enter, monkeypatch):
    monkeypatch.setattr("accompagnements.forms.imports.IMPORT_MAX_SIZE", 20)
    for data in ({}, {"fichier": SimpleUploadedFile("a.csv", b"")}, {"fichier": SimpleUploadedFile("a", b"x" * 21)}):
        assert set(enter.post(f"{IMPORTS}nouveau/", data).context["form"].errors) == {"fichier"}


# --- Killed, twice, taken back ------------------------------------------------------------------------------


def test_killed_while_writing_nothing_is_half_written(verify, post, enter, monkeypatch, lieu):
    row = verify(as_csv(line(), line(duree="30")))
    enter.post(f"{IMPORTS}{row.pk}/importer/")
    row.refresh_from_db()

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "finish_import", killed)
        with pytest.raises(KeyboardInterrupt):
            importation.write_import(row.pk, row.tour)
    assert not Accompagnement.objects.exists()
    assert not Origine.objects.exists()

    importation.write_import(row.pk, row.tour)
    importation.write_import(row.pk, row.tour)  # Delivered twice.

    row.refresh_from_db()
    assert (row.status, row.importes, Accompagnement.objects.count()) == (StatutImport.FAIT, 2, 2)


def test_three_broken_tries_give_the_file_back(verify, drop, post, enter, monkeypatch, lieu):
    row = drop(as_csv(line()))
    proposed = {f"colonne_{rank}": field for rank, field in propose_columns(row.entetes).items()}
    enter.post(f"{IMPORTS}{row.pk}/colonnes/", proposed)
    row.refresh_from_db()
    monkeypatch.setattr(importation, "verify", lambda row: 1 // 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            importation.verify_import(row.pk, row.tour)
    importation.verify_import(row.pk, row.tour)

    row.refresh_from_db()
    assert row.status == StatutImport.A_ASSOCIER
    assert "Une erreur est survenue" in enter.get(f"{IMPORTS}{row.pk}/").content.decode()


def test_a_whole_import_is_taken_back_while_untouched(write, post, conseiller, lieu):
    kept = AccompagnementFactory(conseiller=conseiller)
    row = write(as_csv(line(), line(duree="30")))

    post(f"{IMPORTS}{row.pk}/annuler/")

    row.refresh_from_db()
    assert row.status == StatutImport.ANNULE
    assert list(Accompagnement.objects.all()) == [kept]
    assert write(as_csv(line())).importes == 1  # It can come in again.


def test_a_touched_import_is_not_taken_back(write, post, role, lieu):
    row = write(as_csv(line(), line(duree="30")))
    one = Accompagnement.objects.first()
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        services.update_accompagnement(accompagnement=one, values={"duree": 90}, version=one.version, by=role)
    post(f"{IMPORTS}{row.pk}/annuler/")
    assert Accompagnement.objects.count() == 2

    untouched = write(as_csv(line(duree="15")))
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False), pytest.raises(RuleError):
        services.ask_undo(importation=untouched, by=role)


def test_abandoned_by_its_author_or_by_time(drop, post, role, django_capture_on_commit_callbacks):
    post(f"{IMPORTS}{drop(as_csv(line())).pk}/abandonner/")
    drop(as_csv(line()))
    later = time_machine.travel(timezone.now() + timedelta(days=8), tick=False)
    with later, django_capture_on_commit_callbacks(execute=True):
        assert jobs.close_forgotten_imports() == 1

    assert set(ImportActivite.objects.values_list("status", flat=True)) == {StatutImport.ABANDONNE}
    assert default_storage.listdir("imports/lus")[1] == []


def test_only_so_many_at_once_and_acts_out_of_order_are_refused_politely(drop, post, enter, role, conseiller):
    row = drop(as_csv(line()))
    for path in ("importer/", "annuler/"):
        assert post(f"{IMPORTS}{row.pk}/{path}")["Location"] == f"{IMPORTS}{row.pk}/"
    assert enter.get(f"{IMPORTS}{row.pk}/mots/").status_code == 302
    ImportActiviteFactory.create_batch(IMPORTS_OPEN_MAX - 1, conseiller=conseiller)

    refused = enter.post(f"{IMPORTS}nouveau/", {"fichier": SimpleUploadedFile("a.csv", b"a;b\n1;2\n")})
    assert "imports en cours" in refused.context["form"].non_field_errors()[0]


def test_told_when_it_was_long(drop, enter, mailoutbox, role):
    row = drop(as_csv(line()))
    assert mailoutbox == []
    proposed = {f"colonne_{rank}": field for rank, field in propose_columns(row.entetes).items()}
    enter.post(f"{IMPORTS}{row.pk}/colonnes/", proposed)
    row.refresh_from_db()

    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        importation.verify_import(row.pk, row.tour)

    assert Effet.objects.filter(genre="accompagnements.import_moved", destinataire=role.compte.email).count() == 1


# --- Words and numbers --------------------------------------------------------------------------------------


@hypothesis_settings(max_examples=30)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(5, 480))
def test_dates_and_durations_as_people_write_them(day, minutes):
    for text in (day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%d-%m-%y}", f"{day} 10:30:00", f"{day}T00:00:00Z"):
        assert parse_date(text) == day
    hours, rest = divmod(minutes, 60)
    for text in (str(minutes), f"{minutes} min", f"{minutes}.0", f"{hours}h{rest:02d}", f"{hours:02d}:{rest:02d}:00"):
        assert parse_minutes(text) == minutes, text


def test_cells_that_say_several_things():
    assert split_words("email|bureautique ; sante") == ["email", "bureautique", "sante"]
    assert split_words("email, bureautique") == ["email", "bureautique"]
    assert split_words("Papiers, élections, citoyenneté") == ["Papiers, élections, citoyenneté"]


def test_the_database_judges_with_every_constraint_of_the_table():
    """A constraint added tomorrow is told in its own words too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", [brouillon.TABLE]
        )
        names = {name for (name,) in cursor.fetchall()}
    told = {name for name in names if name in brouillon.MESSAGES}
    assert {name for name in names - told if not name.endswith("_check")} == set()
    assert len(told) >= 11


def test_the_other_words_of_the_old_bands_are_kept_as_they_are():
    proposed = propose_columns(["< 12 ans", "18-35", "35 - 60 ans", "> 60 ans", "Hétérogène", "Erreurs"])
    assert proposed == {"0": "age_moins_de_douze", "1": TEL_QUEL, "2": TEL_QUEL, "3": TEL_QUEL, "4": TEL_QUEL}
