"""Every message and every page about messages, in a real browser."""

from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from comptes.enums import RoleKind
from notifications.enums import EtatEffet
from notifications.models import AdresseRefusee, Consultation, Effet
from notifications.previews import all_previews
from notifications.registry import KINDS
from notifications.tokens import unsubscribe_url
from tests.browser import PHONE, assert_accessible, follow, screenshot, sign_in
from tests.comptes.factories import RoleFactory
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL


def test_axe_finds_nothing_in_any_message(chromium):
    context = chromium.new_context(viewport=PHONE, locale="fr-FR")
    page = context.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    found = {}
    previews = [preview for _, previews in all_previews() for preview in previews]
    assert len(previews) > 40
    for preview in previews:
        page.set_content(preview.html)
        violations = Axe().run(page).response["violations"]
        # A mail reader brings the landmarks: a message is no page.
        faults = [
            (v["id"], v["nodes"][0]["html"][:200]) for v in violations if v["id"] not in {"region", "landmark-one-main"}
        ]
        if faults:
            found[f"{preview.kind.name} {preview.numero}"] = faults
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{preview.kind.name} scrolls sideways: {wide} px"
    context.close()
    assert found == {}
    assert requests == []  # Nothing to fetch: opening a message tells nobody.


def test_pages_about_messages(page, client, live_server, settings):
    settings.SITE_URL = live_server.url
    role = RoleFactory(kind=RoleKind.STRUCTURE)
    RoleFactory(kind=RoleKind.CANDIDAT, compte=role.compte)
    sign_in(page, role, client)
    page.goto(reverse("comptes:notifications"))
    assert_accessible(page)
    screenshot(page, "notifications-preferences")
    page.locator("label[for^=id_matching-back]", has_text="Jamais").click()
    follow(page.get_by_role("button", name="Enregistrer mes choix"))
    assert page.get_by_text("Vos choix sont enregistrés").is_visible()
    assert page.locator("input[name=matching-back][value=jamais]").is_checked()
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(page, "notifications-preferences-telephone")
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'dark')")
    screenshot(page, "notifications-preferences-sombre")

    page.context.clear_cookies()
    page.goto(unsubscribe_url(KINDS["matching.proposed"], "lea@exemple.fr"))
    assert_accessible(page)
    screenshot(page, "notifications-desabonnement")
    follow(page.get_by_role("button", name="Ne plus recevoir ce message"))
    assert page.get_by_role("heading", name="Vous ne recevrez plus ce message").is_visible()
    assert_accessible(page, dark=False)


def test_pages_of_support(page, client):
    role = RoleFactory(kind=RoleKind.ANCT)
    sign_in(page, role, client)
    for number in range(25):
        failed = number % 5 == 4
        Effet.objects.create(
            cle=f"log:{number}", genre="matching.interest", destinataire="lea@exemple.fr", objet="Une structure",
            etat=EtatEffet.REFUSE if failed else EtatEffet.FAIT, essais=1,
            reponse="250 2.0.0 Ok: queued as 4ZxYqkT", message_id="" if failed else f"<{number:032x}@exemple.fr>",
        )  # fmt: skip
    AdresseRefusee.objects.create(adresse="lea@exemple.fr", reponse="550 5.1.1 user unknown")
    page.goto(reverse("comptes:message_list"))
    assert_accessible(page)
    screenshot(page, "support-messages")
    follow(page.get_by_role("link", name="Votre candidature est proposée à 2 structures"))
    frame = page.frame_locator("iframe")
    assert frame.get_by_role("heading", level=1, name="Votre candidature est proposée à 2 structures").is_visible()
    assert_accessible(page, dark=False)
    screenshot(page, "support-message")

    page.goto(reverse("comptes:log_search"))
    assert_accessible(page, dark=False)
    page.get_by_label("Adresse e-mail").fill("lea@exemple")
    follow(page.get_by_role("button", name="Chercher"))
    assert_accessible(page, dark=False)  # With its error.
    page.get_by_label("Adresse e-mail").fill("lea@exemple.fr")
    follow(page.get_by_role("button", name="Chercher"))
    assert Consultation.objects.count() == 1
    assert_accessible(page)
    screenshot(page, "support-envois")
    follow(page.get_by_role("button", name="Renvoyer").first)
    assert page.get_by_text("Le message est remis à envoyer").is_visible()
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(page, "support-envois-telephone")
