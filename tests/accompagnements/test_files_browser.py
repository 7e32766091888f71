"""From the list to a file, and from a file to the list: every page of both journeys, as a conseiller meets them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accompagnements.enums import GenreLivraison, StatutLivraison
from accompagnements.models import Accompagnement
from comptes.enums import RoleKind
from tests.accompagnements.factories import (
    AccompagnementFactory,
    ImportActiviteFactory,
    LieuActiviteFactory,
    LivraisonFactory,
    in_post_today,
)
from tests.browser import follow, look, sign_in
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL
IMPORTS, FILES = "/accompagnements/imports/", "/accompagnements/fichiers/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def content(day, *rows):
    header = "Date;Activité;Durée;Canal;nb participants;Thèmes;Femmes;18-35 ans;Notes"
    return "\n".join([header, *(row.format(day=f"{day:%d/%m/%Y}") for row in rows)]).encode()


def test_files_and_imports(page, client):
    conseiller = in_post_today()
    LieuActiviteFactory(conseiller=conseiller)
    role = conseiller.compte.roles.get(kind=RoleKind.CONSEILLER)
    day = timezone.localdate() - timedelta(days=20)
    AccompagnementFactory(conseiller=conseiller, date=day)
    sign_in(page, role, client)

    def drop(*rows):
        page.goto(f"{IMPORTS}nouveau/")
        page.get_by_label("Votre fichier XLSX ou CSV").set_input_files(
            {"name": "ateliers.csv", "mimeType": "text/csv", "buffer": content(day, *rows)}
        )
        follow(page.get_by_role("button", name="Déposer ce fichier"))
        follow(page.get_by_role("link", name="Associer les colonnes"))

    # A bilan and a spreadsheet.
    page.goto("/accompagnements/")
    follow(page.get_by_role("button", name="Exporter (XLSX)"))
    page.goto("/accompagnements/statistiques/")
    follow(page.get_by_role("button", name="Télécharger le bilan (PDF)"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger", exact=True).click()
    assert download.value.suggested_filename.startswith("bilan-")
    waiting = LivraisonFactory(role=role, status=StatutLivraison.EN_COURS, progression=40, genre=GenreLivraison.TABLEUR)
    page.goto(f"{FILES}{waiting.pk}/")
    look(page, "fichier-en-cours")
    # The page asks again by itself, and says what it has become.
    type(waiting).objects.filter(pk=waiting.pk).update(status=StatutLivraison.ECHEC, motif_echec="Trop long.")
    page.get_by_text("Trop long.").wait_for()
    ImportActiviteFactory(conseiller=conseiller)
    page.goto(FILES)
    look(page, "fichiers")

    # A file with words to explain, then with a row to mend.
    page.goto(f"{IMPORTS}nouveau/")
    follow(page.get_by_role("button", name="Déposer ce fichier"))
    look(page, "import-depot-erreur")
    drop("{day};Collectif;30-60;Rattachement;9;email;4;3;diabète", "{day};Collectif;500;domicile;9;jardinage;12;;")
    look(page, "import-colonnes")
    follow(page.get_by_role("button", name="Vérifier le fichier"))
    follow(page.get_by_role("link", name="Préciser ces mots"))
    look(page, "import-mots")
    page.get_by_label("Lieu d'activité des lignes qui n'en nomment pas").select_option(index=2)
    page.get_by_label("jardinage").select_option("Bureautique")
    follow(page.get_by_role("button", name="Vérifier le fichier"))
    look(page, "import-errone")
    assert page.get_by_text("La durée va de 5 minutes à 8 heures.").count() == 2

    # The same, right: what will be stored is shown, doubts are confirmed, it comes in and goes out again.
    drop("{day};Collectif;45;domicile;9;email;4;3;diabète")
    follow(page.get_by_role("button", name="Vérifier le fichier"))
    follow(page.get_by_role("link", name="Préciser ces mots"))
    follow(page.get_by_role("button", name="Vérifier le fichier"))
    follow(page.get_by_role("button", name="Importer 1 accompagnement"))
    assert page.locator("#resume-erreurs").count() == 1
    look(page, "import-confirmation")
    page.locator("label[for=id_confirmer]").click()
    follow(page.get_by_role("button", name="Importer 1 accompagnement"))
    look(page, "import-fait")
    assert Accompagnement.objects.filter(conseiller=conseiller).count() == 2
    follow(page.get_by_role("button", name="Annuler tout cet import"))
    assert Accompagnement.objects.filter(conseiller=conseiller).count() == 1
