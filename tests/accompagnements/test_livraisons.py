"""Files asked for: bilan (PDF) and spreadsheet (XLSX), made aside, kept a few days, for who asked only."""

import io
import re
from datetime import date, datetime, timedelta

import openpyxl
import pikepdf
import pypdf
import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompagnements import jobs, production, services
from accompagnements.bilans import bilan_context
from accompagnements.constants import LIVRAISON_TRIES, LIVRAISONS_MAX
from accompagnements.documents import EXPORT_HEADER
from accompagnements.enums import GenreLivraison, StatutLivraison
from accompagnements.figures import HIDDEN
from accompagnements.models import Livraison
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from notifications.models import Effet
from notifications.tasks import drain
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    AccompagnementFactory,
    EnPosteFactory,
    EtiquetteFactory,
    LieuActiviteFactory,
    LivraisonFactory,
)
from tests.comptes.factories import RoleFactory
from tests.pdfua import elements, problems

BILAN = "/accompagnements/statistiques/bilan/"
TABLEUR = "/accompagnements/export/tableur/"
FILES = "/accompagnements/fichiers/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ask(enter, django_capture_on_commit_callbacks):
    """Ask as a browser does, and have the worker do it."""

    def ask(url, data=None, client=enter, **query):
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(url, data, query_params=query)
        assert response.status_code == 302, response.content
        return response

    return ask


def last():
    return Livraison.objects.latest("pk")


def downloaded(client, livraison=None):
    response = client.get(f"{FILES}{(livraison or last()).pk}/telecharger/")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Cache-Control"] == "no-store, private"
    return b"".join(response.streaming_content)


def words(content):
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def sheets(content):
    return openpyxl.load_workbook(io.BytesIO(content))


# --- The spreadsheet ----------------------------------------------------------------------------------------


def test_spreadsheet_holds_the_filtered_list_typed_and_without_formulas(ask, enter, conseiller, role):
    lieu = LieuActiviteFactory(nom="+33 médiathèque")
    AccompagnementFactory(
        conseiller=conseiller, atelier=True, titre="=HYPERLINK(1)", notes="@SUM(A1)\x0b", date=date(2026, 11, 3),
        canal="lieu_activite", lieu=lieu, commune=lieu.commune, genre_feminin=6,
    )  # fmt: skip
    AccompagnementFactory(conseiller=conseiller)
    AccompagnementFactory(atelier=True, titre="d'un autre")

    assert ask(TABLEUR, type="atelier")["Location"] == f"{FILES}{last().pk}/"

    book = sheets(downloaded(enter))
    header, row = book["Accompagnements"].iter_rows()
    assert [cell.value for cell in header] == EXPORT_HEADER
    cells = dict(zip(EXPORT_HEADER, row, strict=True))
    assert {cell.data_type for cell in row} <= {"s", "n", "d"}
    assert (cells["titre"].value, cells["titre"].data_type) == ("=HYPERLINK(1)", "s")
    assert (cells["lieu"].value, cells["notes"].value[:8]) == ("+33 médiathèque", "@SUM(A1)")
    assert cells["date"].value == datetime(2026, 11, 3)  # noqa: DTZ001  # A spreadsheet knows no time zone.
    assert (cells["participants"].value, cells["genre_non_communique"].value) == (10, 4)
    about = {line[0].value: line[1].value for line in book["Lisez-moi"].iter_rows(min_row=2)}
    assert "Atelier collectif" in about["Filtres"]
    assert about["Lignes"] == "1"
    assert str(role.compte) in about["Demandé par"]
    assert about["Demandé le"] == "18/11/2026 à 16:00"
    assert EntreeJournal.objects.filter(verbe="livraison.download", compte=role.compte).count() == 1


def test_spreadsheet_of_nothing_has_its_header(ask, enter):
    ask(TABLEUR, type="atelier")

    rows = list(sheets(downloaded(enter))["Accompagnements"].iter_rows(values_only=True))
    assert list(rows[0]) == EXPORT_HEADER
    assert not any(cell for row in rows[1:] for cell in row)


def test_filter_in_error_goes_back_to_the_list(ask, enter):
    assert ask(TABLEUR, du="2026-13-45")["Location"] == "/accompagnements/?du=2026-13-45"
    assert ask(BILAN, du="2026-13-45")["Location"] == "/accompagnements/statistiques/?du=2026-13-45"
    assert ask(BILAN, perimetre="conseiller-999999")["Location"].startswith("/accompagnements/statistiques/")
    assert not Livraison.objects.exists()


# --- The report ---------------------------------------------------------------------------------------------


def test_report_is_tagged_and_says_what_the_page_says(ask, enter, conseiller, role):
    for month in (3, 9, 10):
        AccompagnementFactory(conseiller=conseiller, atelier=True, date=date(2026, month, 5), age_soixante_dix_plus=7)
    word = EtiquetteFactory(compte=conseiller.compte, nom="Jardin partagé")
    for row in conseiller.accompagnements.all():
        row.etiquettes.add(word)
    ask(BILAN, du="2026-06-01", au="2026-10-31", etiquette=str(word.pk), type="atelier")

    content = downloaded(enter)

    assert problems(content) == []
    text = words(content)
    for expected in (
        "Bilan d’activité", "Mon activité", "Du 1 juin 2026 au 31 octobre 2026", str(role.compte),
        "Établi le 18 novembre 2026 à 16:00", "Participations par âge", "+100 %", "70 ans et plus 14",
        "Étiquette : Jardin partagé", "Type : Atelier collectif",
        "page 2 /",
    ):  # fmt: skip
        assert expected in text, expected
    with pikepdf.open(io.BytesIO(content)) as pdf:
        kinds = [kind for kind, _ in elements(pdf)]
        assert kinds.count("/H1") == 1
        assert kinds.count("/H2") == kinds.count("/Figure") + 1 == 18
        # One table for the summary, and one behind each picture that has something to show.
        shown = sum(bool(figure.rows) for figure in bilan_context(last())["figures"].figures)
        assert kinds.count("/Table") >= shown + 1  # A table that goes on overleaf is two.


@pytest.mark.usefixtures("_now")
def test_report_of_others_hides_small_cells(ask, client):
    role = RoleFactory(kind=RoleKind.GRAND_RESEAU)
    conseiller = EnPosteFactory()
    AccompagnementFactory.create_batch(6, conseiller=conseiller, date=date(2026, 10, 5), genre_feminin=1)
    AccompagnementFactory.create_batch(3, conseiller=conseiller, date=date(2026, 10, 6), canal="a_distance")

    ask(BILAN, client=sign_in(client, role), perimetre="FR", du="2026-10-10", au="2026-10-20")

    text = words(downloaded(client))
    assert "Du 1 octobre 2026 au 31 octobre 2026" in text  # Whole months only.
    assert HIDDEN in text
    assert "À distance 3" not in text


def test_report_keeps_the_period_of_the_day_it_was_asked(enter, role):
    with time_machine.travel("2026-11-30T23:59:00+01:00", tick=False):
        enter.post(BILAN)
    with time_machine.travel("2026-12-01T00:03:00+01:00", tick=False):
        context = bilan_context(last())

    assert (context["debut"], context["fin"]) == (date(2025, 12, 1), date(2026, 11, 30))


# --- The demand ---------------------------------------------------------------------------------------------


def test_two_clicks_are_one_file_and_a_queue_has_an_end(enter, role):
    assert enter.post(TABLEUR)["Location"] == enter.post(TABLEUR)["Location"]
    assert Effet.objects.filter(genre="accompagnements.produce").count() == 1
    LivraisonFactory.create_batch(LIVRAISONS_MAX - 1, role=role)

    assert enter.post(BILAN)["Location"].startswith("/accompagnements/statistiques/")
    assert Livraison.objects.count() == LIVRAISONS_MAX


def test_only_who_asked_under_that_role_reads_it(enter, client, role, conseiller):
    mine = LivraisonFactory(role=role, ready=True)
    other = LivraisonFactory(ready=True)
    anct = RoleFactory(compte=conseiller.compte, kind=RoleKind.COORDINATEUR)

    assert downloaded(enter, mine) == b"contenu"
    assert enter.get(f"{FILES}{other.pk}/telecharger/").status_code == 404
    sign_in(client, anct)
    for path in ("", "telecharger/"):
        assert client.get(f"{FILES}{mine.pk}/{path}").status_code in {302, 404}


def test_expired_file_is_gone_before_the_purge_and_erased_by_it(enter, role, django_capture_on_commit_callbacks):
    row = LivraisonFactory(role=role, ready=True)
    kept = LivraisonFactory(role=role, ready=True)
    Livraison.objects.filter(pk=row.pk).update(expire_at=timezone.now())

    assert enter.get(f"{FILES}{row.pk}/telecharger/").status_code == 404
    assert default_storage.exists(row.fichier.name)
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.remove_old_livraisons() == 1
    assert not default_storage.exists(row.fichier.name)
    assert default_storage.exists(kept.fichier.name)
    assert jobs.remove_old_livraisons() == 0


def test_removed_by_its_owner(enter, role, django_capture_on_commit_callbacks):
    row = LivraisonFactory(role=role, ready=True)

    with django_capture_on_commit_callbacks(execute=True):
        enter.post(f"{FILES}{row.pk}/supprimer/")

    assert not default_storage.exists(row.fichier.name)
    assert enter.get(f"{FILES}{row.pk}/").status_code == 404
    waiting = LivraisonFactory(role=role)
    with pytest.raises(RuleError):
        services.remove_livraison(livraison=waiting, by=role)


def test_told_only_when_it_was_long(ask, role, mailoutbox):
    ask(TABLEUR)
    assert mailoutbox == []

    slow = LivraisonFactory(role=role, created_at=timezone.now() - timedelta(minutes=2), genre=GenreLivraison.TABLEUR)
    production.produce(slow.pk)
    drain()

    [mail] = mailoutbox
    assert mail.to == [role.compte.email]
    assert f"{FILES}{slow.pk}/" in mail.body


# --- Killed on the way --------------------------------------------------------------------------------------


def test_a_second_delivery_does_nothing(ask):
    ask(TABLEUR)
    before = last()

    production.produce(before.pk)

    assert (last().updated_at, last().fichier) == (before.updated_at, before.fichier)


def test_killed_worker_leaves_nothing_and_another_one_goes_on(role, monkeypatch):
    row = LivraisonFactory(role=role, genre=GenreLivraison.TABLEUR)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "finish_livraison", killed)
        with pytest.raises(KeyboardInterrupt):
            production.produce(row.pk)
    row.refresh_from_db()
    assert (row.status, row.essais) == (StatutLivraison.EN_COURS, 1)

    production.produce(row.pk)

    row.refresh_from_db()
    assert (row.status, row.progression) == (StatutLivraison.PRETE, 100)
    assert len(default_storage.listdir("livraisons")[1]) == 1


def test_what_always_breaks_ends_as_a_failure_in_words(enter, role, monkeypatch):
    row = LivraisonFactory(role=role, genre=GenreLivraison.TABLEUR)
    monkeypatch.setitem(production.MAKERS, GenreLivraison.TABLEUR, lambda row: 1 // 0)
    for _ in range(LIVRAISON_TRIES):
        with pytest.raises(ZeroDivisionError):
            production.produce(row.pk)

    production.produce(row.pk)

    page = enter.get(f"{FILES}{row.pk}/").content.decode()
    assert "Une erreur est survenue" in page
    assert "data-cn-en-cours" not in page


def test_whoever_lost_the_role_gets_nothing(role):
    row = LivraisonFactory(role=role, genre=GenreLivraison.TABLEUR)
    type(role).objects.filter(pk=role.pk).update(ended_at=timezone.now())

    production.produce(row.pk)

    row.refresh_from_db()
    assert (row.status, row.fichier.name) == (StatutLivraison.ECHEC, "")


def test_the_database_refuses_a_status_out_of_order():
    row = LivraisonFactory()
    with pytest.raises(DatabaseError), transaction.atomic():
        Livraison.objects.filter(pk=row.pk).update(status=StatutLivraison.PRETE)


# --- Pages --------------------------------------------------------------------------------------------------


def test_list_costs_the_same_whatever_its_length(enter, role):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert enter.get(FILES).status_code == 200
        return len(queries)

    LivraisonFactory(role=role, ready=True)
    count()
    with_one = count()
    LivraisonFactory.create_batch(5, role=role, ready=True)

    assert count() == with_one
