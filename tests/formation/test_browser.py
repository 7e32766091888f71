"""The pages in a real browser: accessible light and dark, on a desk and on a phone, errors included."""

import pytest
from django.urls import reverse

from comptes.enums import RoleKind
from comptes.models import Role
from formation import tasks
from formation.enums import Competence
from tests.browser import assert_accessible, follow, look, sign_in
from tests.comptes.factories import RoleFactory
from tests.formation.factories import (
    AttestationFactory,
    DossierFormationFactory,
    InscriptionFactory,
    ParcoursFactory,
    SessionFormationFactory,
)
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL


@pytest.fixture
def rows(organisme):
    """One row of each kind, all of one organisme."""
    for heures in (70, 105, 280, 420):
        ParcoursFactory(heures=heures)
    attestation = AttestationFactory(inscription__session__organisme=organisme)
    tasks.render_attestation(attestation=attestation.pk)
    attestation.refresh_from_db()
    session = SessionFormationFactory(organisme=organisme)
    positionne = DossierFormationFactory(positionne=True, organisme=organisme, parcours=session.parcours)
    DossierFormationFactory.create_batch(22, organisme=organisme)
    return {
        "attestation": attestation,
        "a_positionner": DossierFormationFactory(organisme=organisme),
        "positionne": positionne,
        "forme": attestation.inscription.dossier,
        "session": session,
        "running": InscriptionFactory(en_cours=True, session__organisme=organisme),
    }


def url(name, *args):
    return reverse(f"formation:{name}", args=args)


def test_pages_of_a_formateur(page, client, formateur, rows):
    sign_in(page, formateur, client)
    addresses = {
        "dossiers": url("dossier_list"),
        "dossier": url("dossier_detail", rows["positionne"].pk),
        "dossier-forme": url("dossier_detail", rows["forme"].pk),
        "grille": url("dossier_grid", rows["a_positionner"].pk),
        "exemption": url("dossier_exempt", rows["a_positionner"].pk),
        "sessions": url("session_list"),
        "session-nouvelle": url("session_create"),
        "session": url("session_detail", rows["attestation"].inscription.session_id),
        "session-annuler": url("session_cancel", rows["session"].pk),
        "session-clore": url("session_close", rows["running"].session_id),
        "retirer": url("inscription_withdraw", rows["running"].pk),
        "resultats": url("inscription_results", rows["attestation"].inscription_id),
        "revoquer": url("attestation_revoke", rows["attestation"].pk),
    }
    for name, address in addresses.items():
        page.goto(address)
        look(page, f"formation-{name}")


def test_positioning_and_closing_by_hand_errors_included(page, client, formateur, rows):
    sign_in(page, formateur, client)
    page.goto(url("dossier_grid", rows["a_positionner"].pk))
    follow(page.get_by_role("button", name="Voir la recommandation"))
    assert page.locator("#resume-erreurs").evaluate("element => element === document.activeElement")
    look(page, "formation-grille-erreurs")
    for competence in Competence:
        page.locator(f"label[for^='id_{competence.value}_']").nth(2).click()
    follow(page.get_by_role("button", name="Voir la recommandation"))
    assert "Besoin estimé" in page.locator(".fr-callout").inner_text()
    look(page, "formation-decision")
    page.get_by_label("Parcours décidé", exact=True).select_option(label="420 h — Parcours complet")
    follow(page.get_by_role("button", name="Assigner ce parcours"))
    assert "Motivez le choix" in page.locator("#resume-erreurs").inner_text()
    assert_accessible(page)
    page.get_by_role("textbox", name="Motif").fill("Reconversion complète.")
    follow(page.get_by_role("button", name="Assigner ce parcours"))
    page.get_by_text("Le parcours est assigné").wait_for()

    page.goto(url("session_close", rows["running"].session_id))
    page.get_by_label("Heures réalisées").fill("106")
    follow(page.get_by_role("button", name="Clore et délivrer"))
    page.locator("#resume-erreurs a").first.click()
    look(page, "formation-clore-erreurs")
    page.get_by_label("Heures réalisées").fill("105")
    page.get_by_label("CCP1").select_option("obtenu")
    follow(page.get_by_role("button", name="Clore et délivrer"))
    page.get_by_text("La session est close").wait_for()


def test_last_day_is_proposed_without_script(page, client, formateur, rows):
    sign_in(page, formateur, client)
    page.goto(url("session_create"))
    page.get_by_label("Parcours").select_option(label="105 h — Parcours court")
    page.get_by_label("Adresse, ou lien de connexion").fill("https://visio.exemple.fr")
    page.get_by_label("Premier jour").fill("2026-09-01")
    page.get_by_label("Nombre de places").fill("10")
    follow(page.get_by_role("button", name="Calculer la date de fin"))
    assert page.get_by_label("Dernier jour").input_value() == "2026-09-24"
    look(page, "formation-session-proposee")
    follow(page.get_by_role("button", name="Créer la session"))
    page.get_by_text("La session est ouverte aux inscriptions").wait_for()


def test_pages_of_a_conseiller_and_of_bdt(page, client, rows):
    compte = rows["forme"].conseiller.compte
    sign_in(page, Role.objects.get(compte=compte, kind=RoleKind.CONSEILLER), client)
    page.goto(url("mine"))
    look(page, "formation-ma-formation")
    with page.expect_download() as download:
        page.get_by_role("link", name="Attestation de fin de formation").click()
    assert download.value.suggested_filename == f"{rows['attestation'].numero}.pdf"

    sign_in(page, RoleFactory(kind=RoleKind.BDT), client)
    page.goto(url("dossier_detail", rows["a_positionner"].pk))
    assert_accessible(page)


def test_anyone_checks_an_attestation(page, rows, tmp_path):
    attestation = rows["attestation"]
    path = tmp_path / "attestation.pdf"
    with attestation.fichier.open("rb") as file:
        path.write_bytes(file.read())
    page.goto(url("verify"))
    assert_accessible(page)
    page.get_by_label("Numéro ou code").fill(attestation.code_groups.lower())
    follow(page.get_by_role("button", name="Vérifier"))
    page.get_by_text("Attestation valide").wait_for()
    assert_accessible(page)
    page.get_by_label("Fichier PDF").set_input_files(path)
    follow(page.get_by_role("button", name="Comparer"))
    page.get_by_text("Fichier intact").wait_for()
    look(page, "formation-verifier-intact")

    altered = bytearray(path.read_bytes())
    altered[-10] ^= 1
    path.write_bytes(altered)
    page.get_by_label("Fichier PDF").set_input_files(path)
    follow(page.get_by_role("button", name="Comparer"))
    page.get_by_text("Fichier refusé").wait_for()
    look(page, "formation-verifier-refuse")

    page.goto(url("verify_code", "ATT-2020-000001"))
    page.get_by_text("Aucune attestation ne porte").wait_for()
    assert_accessible(page)
