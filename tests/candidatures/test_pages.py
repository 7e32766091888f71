"""The pages in a real browser: accessible in every state, light and dark, and usable without JavaScript."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from comptes.enums import JetonPurpose
from comptes.services import mint_jeton
from tests import pdfs
from tests.browser import DESK, PHONE, assert_accessible, follow, screenshot, sign_in
from tests.candidatures.factories import CandidatureFactory, CVFactory
from tests.candidatures.steps import hold
from tests.comptes.factories import RoleFactory
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL
MINOR_BIRTH = timezone.localdate().replace(day=1) - timedelta(days=17 * 365)


def hold_in_browser(page, client, candidature):
    """Put a draft in the session of the browser."""
    hold(client, candidature)
    name = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": name.value, "domain": "localhost", "path": "/"}])
    return candidature


def check(page, name):
    """Look at the page at both sizes and in both themes, keep the pictures, ask axe."""
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'light')")
    screenshot(page, f"candidatures-{name}-1280")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(page, f"candidatures-{name}-375")
    page.set_viewport_size(DESK)
    assert_accessible(page)
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'dark')")
    screenshot(page, f"candidatures-{name}-sombre")


STEPS = ["identite", "representant-legal", "lieu", "situation", "disponibilite"]


@pytest.mark.parametrize("etape", STEPS)
def test_step_empty_and_in_error(page, client, etape):
    if etape != "identite":
        hold_in_browser(page, client, Candidature.objects.create(date_naissance=MINOR_BIRTH, email="a@exemple.fr"))
    page.goto(f"/candidater/{etape}/")
    check(page, f"{etape}-vide")
    follow(page.get_by_role("button", name="Continuer"))

    assert page.title().startswith("Erreur")
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    # Each line of the summary leads to its field.
    for link in page.locator("#resume-erreurs a").all():
        assert page.locator(f"[id='{link.get_attribute('href')[1:]}']").count() == 1
    check(page, f"{etape}-erreur")


def test_optional_step_and_cv(page, client):
    draft = hold_in_browser(page, client, CandidatureFactory(brouillon=True))
    page.goto("/candidater/experience/")
    page.get_by_label("Poste ou mission").fill("Animatrice")
    # The Enter key saves; it removes nothing and adds what is complete only.
    page.get_by_label("Poste ou mission").press("Enter")
    page.wait_for_load_state()
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    check(page, "experience-erreur")
    page.get_by_label("Durée, en mois").fill("27")
    follow(page.get_by_role("button", name="Ajouter cette expérience"))
    assert "Animatrice (2 ans et 3 mois)" in page.content()
    check(page, "experience-ajoutee")
    follow(page.get_by_role("button", name="Retirer"))
    assert not draft.experiences.exists()

    candidature = CVFactory(propre=True).candidature
    sign_in(page, candidature.compte.roles.get(), client)
    page.goto("/ma-candidature/cv/")
    follow(page.get_by_role("button", name="Déposer ce fichier"))
    check(page, "cv-erreur")
    page.get_by_label("Votre CV au format PDF").set_input_files(
        {"name": "cv.pdf", "mimeType": "application/pdf", "buffer": pdfs.build()}
    )
    follow(page.get_by_role("button", name="Déposer ce fichier"))
    assert "Votre CV est reçu" in page.content()


def test_ambiguous_commune(page, client):
    CommuneFactory(saint_denis=True)
    CommuneFactory(code="93066", nom="Saint-Denis", codes_postaux=["93200"])
    hold_in_browser(page, client, CandidatureFactory(brouillon=True, commune=None))
    page.goto("/candidater/lieu/")
    page.locator("#id_commune").fill("st denis")
    page.keyboard.press("Escape")
    follow(page.get_by_role("button", name="Continuer"))
    assert page.get_by_role("radio").count() == 2
    check(page, "lieu-ambigu")


def test_counter_of_the_motivation(page, client):
    hold_in_browser(page, client, CandidatureFactory(brouillon=True))
    page.goto("/candidater/disponibilite/")
    field = page.get_by_label("Votre motivation")
    field.fill("é" * 2400 + "\n" + "😀" * 98)
    assert page.get_by_text("1 caractère restant", exact=True).first.is_visible()
    field.fill("é" * 2502)
    assert page.get_by_text("2 caractères de trop").first.is_visible()
    follow(page.get_by_role("button", name="Continuer"))
    assert page.get_by_text("Votre texte compte 2502 caractères").first.is_visible()
    assert len(page.get_by_label("Votre motivation").input_value()) == 2502
    check(page, "motivation-trop-longue")


@pytest.mark.parametrize("complete", [True, False])
def test_summary(page, client, complete):
    day = timezone.localdate() + timedelta(days=30 if complete else -30)
    text = "J'aide mes voisins.\n" * 8 + "x" * 200
    hold_in_browser(page, client, CandidatureFactory(brouillon=True, date_disponibilite=day, motivation=text))
    page.goto("/candidater/recapitulatif/")
    check(page, "recapitulatif" if complete else "recapitulatif-incomplet")
    follow(page.get_by_role("button", name="Envoyer ma candidature"))
    if complete:
        page.wait_for_url("**/candidater/envoyee/")
        check(page, "envoyee")
    else:
        assert page.evaluate("document.activeElement.id") == "resume-erreurs"


def test_start_with_and_without_a_draft(page, client):
    page.goto("/candidater/")
    check(page, "accueil")
    hold_in_browser(page, client, CandidatureFactory(brouillon=True))
    page.goto("/candidater/")
    check(page, "accueil-brouillon")
    follow(page.get_by_role("link", name="L’effacer"))
    check(page, "effacer")


def test_resume_link_form(page):
    page.goto("/candidater/reprendre/")
    check(page, "reprendre")
    follow(page.get_by_role("button", name="Recevoir le lien"))
    check(page, "reprendre-erreur")


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("confirm", JetonPurpose.CONFIRMER_CANDIDATURE),
        ("resume", JetonPurpose.REPRENDRE_CANDIDATURE),
        ("consent", JetonPurpose.CONSENTIR_REPRESENTANT),
    ],
)
def test_links_received_by_email(page, name, purpose):
    minor = CandidatureFactory(a_confirmer=True, representant_email="yann@exemple.fr")
    email = minor.representant_email if name == "consent" else minor.email
    token = mint_jeton(purpose=purpose, objet_id=minor.pk, email=email)
    page.goto(reverse(f"candidatures:{name}", args=[token]))
    assert page.get_by_role("main").get_by_role("button").first.is_visible()
    check(page, f"lien-{name}")


def test_dead_link(page):
    page.goto("/candidater/confirmer/inconnu/")
    check(page, "lien-mort")
    page.goto("/candidater/accord-donne/")
    check(page, "accord-donne")
    page.goto("/candidater/accord-refuse/")
    check(page, "accord-refuse")


@pytest.mark.parametrize("trait", ["en_pause", "retiree", "rappel", "mineur", "aucune"])
def test_own_page(page, client, trait):
    if trait == "aucune":
        role = RoleFactory()
    else:
        values = {
            "rappel": {"reminded_at": timezone.now()},
            "mineur": {
                "status": StatutCandidature.A_CONFIRMER,
                "date_naissance": MINOR_BIRTH,
                "representant_prenom": "Yann",
                "representant_nom": "Morvan",
                "representant_email": "yann@exemple.fr",
            },
        }.get(trait, {trait: True})
        role = CandidatureFactory(**values).compte.roles.get()
    sign_in(page, role, client)
    page.goto("/ma-candidature/")
    check(page, f"ma-candidature-{trait}")


def test_editing_and_withdrawing(page, client):
    sign_in(page, CandidatureFactory().compte.roles.get(), client)
    page.goto("/ma-candidature/modifier/identite/")
    check(page, "modifier")
    page.goto("/ma-candidature/retirer/")
    check(page, "retirer")
    follow(page.get_by_role("button", name="Retirer définitivement"))
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    check(page, "retirer-erreur")


def test_whole_form_with_the_keyboard_and_without_javascript(chromium, live_server):
    CommuneFactory()
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto("/candidater/")
    page.get_by_role("link", name="Commencer ma candidature").press("Enter")
    page.get_by_label("Prénom").fill("Inès")
    page.get_by_label("Nom", exact=True).fill("Morvan")
    page.get_by_label("Adresse e-mail").fill("ines@exemple.fr")
    page.get_by_label("Date de naissance").fill("1995-05-17")
    page.get_by_label("Prénom").press("Enter")
    page.locator("#id_commune").fill("nantes")
    page.get_by_label("Distance maximale").select_option("20")
    page.locator("#id_commune").press("Enter")
    page.get_by_label("Je suis en emploi").press("Space")
    page.get_by_label("Je suis en emploi").press("Enter")
    page.get_by_label("Disponible à partir du").fill((timezone.localdate() + timedelta(days=10)).isoformat())
    page.get_by_label("Votre motivation").fill("J'aime transmettre.")
    # Back, then forward again: nothing is lost.
    follow(page.get_by_role("button", name="Étape précédente"))
    assert page.get_by_label("Je suis en emploi").is_checked()
    follow(page.get_by_role("button", name="Continuer"))
    page.wait_for_url("**/recapitulatif/")
    follow(page.get_by_role("link", name="Modifier : Votre expérience"))
    page.get_by_label("Poste ou mission").fill("Animatrice")
    page.get_by_label("Durée, en mois").fill("27")
    follow(page.get_by_role("button", name="Ajouter cette expérience"))
    follow(page.get_by_role("button", name="Continuer"))
    page.wait_for_url("**/recapitulatif/")
    assert page.get_by_text("Animatrice (2 ans et 3 mois)").is_visible()
    follow(page.get_by_role("button", name="Envoyer ma candidature"))
    assert page.get_by_role("heading", name="Vérifiez votre boîte e-mail").is_visible()
    context.close()
    assert Candidature.objects.get().status == StatutCandidature.A_CONFIRMER
