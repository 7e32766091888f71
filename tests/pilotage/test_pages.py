"""The layout and our pages in a real browser: accessible in both themes, on a phone, without JavaScript."""

import pytest
from django.urls import reverse

from comptes import services
from comptes.enums import JetonPurpose, RoleKind
from comptes.models import Invitation
from tests.browser import PHONE, assert_accessible, follow, screenshot, sign_in
from tests.comptes.factories import RoleFactory
from tests.structures.factories import MembreFactory
from tests.test_access import make_role

OPEN = {
    "accueil": "/",
    "plan-du-site": "/plan-du-site/",
    "mentions-legales": "/mentions-legales/",
    "donnees-personnelles": "/donnees-personnelles/",
    "accessibilite": "/accessibilite/",
    "cookies": "/cookies/",
    "connexion": "/compte/connexion/",
    "connexion-code": "/compte/connexion/code/",
    "mot-de-passe-oublie": "/compte/mot-de-passe/oublie/",
    "invitation-perimee": "/invitation/inconnue/",
    "erreur-404": "/nulle-part/",
    "erreur-400": "/?q=%00",
}


@pytest.mark.parametrize("name", OPEN)
def test_open_page_is_accessible(page, name):
    page.goto(OPEN[name])
    assert_accessible(page)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screenshot(page, f"accueil-{name}-375")


@pytest.mark.parametrize("kind", RoleKind)
def test_space_is_accessible(page, client, kind):
    sign_in(page, make_role(kind), client)
    page.goto("/espace/")
    assert_accessible(page)
    screenshot(page, f"espace-{kind}")


def test_form_in_error_takes_the_focus_and_leads_to_the_field(page):
    page.goto("/compte/connexion/")
    follow(page.get_by_role("button", name="Se connecter", exact=True))
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    assert_accessible(page)
    page.locator("#resume-erreurs").get_by_role("link", name="Adresse e-mail").click()
    assert page.evaluate("document.activeElement.id") == "id_login"
    screenshot(page, "connexion-erreur")


def test_team_is_accessible_form_in_error_included(page, client):
    membre = MembreFactory()
    role = membre.compte.roles.get()
    services.invite(email="collegue@exemple.fr", kind=RoleKind.STRUCTURE, objet_id=membre.structure_id, by=role)
    sign_in(page, role, client)
    page.goto("/equipe/")
    assert_accessible(page)
    follow(page.get_by_role("button", name="Envoyer l’invitation"))
    assert_accessible(page)
    screenshot(page, "equipe-erreur")


def test_second_factor_pages_are_accessible(page, client):
    role = RoleFactory(kind=RoleKind.ANCT, second_factor=False)
    sign_in(page, role, client)
    page.goto("/espace/")
    page.get_by_label("Mot de passe").fill("une phrase de passe longue")
    follow(page.get_by_role("button", name="Continuer"))
    page.wait_for_url("**/second-facteur/activer/")
    assert_accessible(page)
    screenshot(page, "second-facteur")
    follow(page.get_by_role("button", name="Activer"))
    assert_accessible(page)


def test_invitation_is_accepted_in_the_browser(page):
    by = make_role(RoleKind.ANCT)
    invitation = services.invite(email="nadia@exemple.fr", kind=RoleKind.COORDINATEUR, by=by, region=a_region())
    token = services.mint_jeton(purpose=JetonPurpose.INVITATION, objet_id=invitation.pk, email=invitation.email)
    page.goto(reverse("comptes:accept_invitation", args=[token]))
    assert_accessible(page)
    follow(page.get_by_role("button", name="Accepter l’invitation"))
    assert_accessible(page)
    page.get_by_label("Prénom").fill("Nadia")
    page.get_by_label("Nom", exact=True).fill("Benali")
    follow(page.get_by_role("button", name="Accepter l’invitation"))
    page.wait_for_url("**/second-facteur/activer/**")
    assert Invitation.objects.get().accepted_by.get_full_name() == "Nadia Benali"


def a_region():
    return make_role(RoleKind.PREFET).departement.region


def test_role_is_switched_by_keyboard_on_a_phone(page, client):
    candidat = RoleFactory(kind=RoleKind.CANDIDAT)
    conseiller = RoleFactory(kind=RoleKind.CONSEILLER, compte=candidat.compte)
    sign_in(page, candidat, client)
    page.set_viewport_size(PHONE)
    page.goto("/espace/")
    page.get_by_label("Changer de rôle").select_option(str(conseiller.pk))
    page.get_by_role("button", name="Changer", exact=True).press("Enter")
    page.get_by_text("Vous agissez maintenant comme\u00a0: Conseiller numérique").wait_for()
    assert_accessible(page)
    screenshot(page, "espace-deux-roles-375")


def test_menu_of_a_phone_opens_and_holds_the_way_out(page, client):
    sign_in(page, make_role(RoleKind.CANDIDAT), client)
    page.set_viewport_size(PHONE)
    page.goto("/espace/")
    page.get_by_role("button", name="Menu").click()
    menu = page.locator("#menu")
    menu.get_by_role("link", name="Mon espace").first.wait_for()
    assert_accessible(page, dark=False)
    screenshot(page, "menu-375")
    follow(menu.get_by_role("button", name="Se déconnecter"))
    page.get_by_text("Vous êtes déconnecté").wait_for()


def test_everything_is_reachable_without_javascript(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    assert page.get_by_role("navigation", name="Menu principal").get_by_role("link").first.is_visible()
    assert page.get_by_role("link", name="Se connecter").first.is_visible()
    screenshot(page, "accueil-375-sans-javascript")
    follow(page.get_by_role("link", name="Se connecter").first)
    follow(page.get_by_role("button", name="Se connecter", exact=True))
    assert page.locator("#resume-erreurs").is_visible()
    context.close()


def test_theme_is_chosen_in_its_window_and_remembered(page):
    page.goto("/")
    page.get_by_role("button", name="Paramètres d’affichage").first.click()
    page.get_by_text("Thème sombre").click()
    assert page.evaluate("document.documentElement.dataset.frTheme") == "dark"
    screenshot(page, "accueil-sombre")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.frTheme") == "dark"


def test_administration_is_styled_under_the_strict_policy(page, client):
    sign_in(page, make_role(RoleKind.ANCT), client)
    page.goto("/administration/")
    assert page.get_by_text("Données du dispositif").first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('#header')).backgroundColor") != "rgba(0, 0, 0, 0)"
    screenshot(page, "administration")
