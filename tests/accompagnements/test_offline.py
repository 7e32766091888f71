"""A phone that loses its network, in a real Chromium: what is entered is kept, sent later, once, and refused aloud."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accompagnements.models import Accompagnement
from accompagnements.notes import find_sensitive
from comptes.enums import RoleKind
from tests.accompagnements.factories import EMAIL, AccompagnementFactory, LieuActiviteFactory, in_post_today
from tests.browser import PHONE, follow, look, sign_in
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL
LIST, CREATE = "/accompagnements/", "/accompagnements/nouveau/"
KEPT = "caches.match('/accompagnements/nouveau/').then(kept => Boolean(kept))"


@pytest.fixture
def conseiller():
    return in_post_today()


@pytest.fixture
def phone(page, conseiller, client):
    page.set_viewport_size(PHONE)
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)
    lieu = LieuActiviteFactory(conseiller=conseiller)
    AccompagnementFactory(
        conseiller=conseiller, canal="lieu_activite", lieu=lieu, commune=lieu.commune, themes=[EMAIL],
        date=timezone.localdate() - timedelta(days=1),
    )  # fmt: skip
    page.goto(CREATE)
    page.wait_for_function(f"() => {KEPT}")
    page.evaluate("navigator.serviceWorker.ready")
    # The next page is drawn under the worker, which keeps what it needs.
    page.goto(CREATE)
    page.wait_for_function("() => navigator.serviceWorker.controller")
    return page


def enter(page, kind="Aide ponctuelle"):
    page.locator("label:visible", has_text=kind).first.click()
    page.locator("label:visible", has_text="E-mail").first.click()
    follow(page.get_by_role("button", name="Enregistrer", exact=True))


def waiting(page):
    return page.locator("[data-cn-attente]")


def test_entries_wait_for_the_network_and_are_recorded_once(phone, browser_context, conseiller):
    browser_context.set_offline(True)
    phone.goto(CREATE)
    assert "Vous êtes hors connexion" in waiting(phone).inner_text()
    enter(phone)
    enter(phone)
    phone.get_by_role("heading", name="2 saisies en attente d’envoi").wait_for()
    look(phone, "accompagnements-hors-ligne")
    assert Accompagnement.objects.count() == 1
    # The list is never kept: the entry page answers in its place.
    phone.goto(LIST)
    assert phone.url.endswith(CREATE)

    other = browser_context.new_page()
    other.goto(CREATE)
    other.get_by_role("heading", name="2 saisies en attente d’envoi").wait_for()
    browser_context.set_offline(False)
    phone.wait_for_function(
        "() => document.querySelector('[data-cn-attente] h2').textContent === 'Saisies de cet appareil'"
    )

    phone.goto(LIST)
    assert phone.locator("tbody tr").count() == 3
    assert waiting(phone).is_hidden()
    recorded = Accompagnement.objects.filter(date=timezone.localdate())
    assert len({one.uuid for one in recorded}) == recorded.count() == 2
    other.goto(LIST)
    assert waiting(other).is_hidden()


def test_a_refused_entry_stays_says_why_and_is_corrected(phone, browser_context, conseiller):
    browser_context.set_offline(True)
    phone.goto(CREATE)
    phone.get_by_label("Date", exact=True).fill(str(timezone.localdate() + timedelta(days=3)))
    enter(phone)
    phone.get_by_role("heading", name="1 saisie en attente d’envoi").wait_for()
    browser_context.set_offline(False)
    phone.get_by_text("Cette date est à venir").wait_for()
    assert phone.get_by_role("heading", name="1 saisie refusée").is_visible()
    assert phone.get_by_role("button", name="Envoyer maintenant").is_hidden()
    look(phone, "accompagnements-refusee")
    assert Accompagnement.objects.count() == 1

    with phone.expect_response(lambda answer: "/appareil/etat/" in answer.url):
        follow(phone.get_by_role("link", name="Corriger : Aide ponctuelle"))
    # Still said once the page has asked whether something is to be sent.
    phone.wait_for_load_state("networkidle")
    phone.get_by_text("Corrigez cette saisie").wait_for()
    phone.get_by_label("Date", exact=True).fill(str(timezone.localdate()))
    follow(phone.get_by_role("button", name="Enregistrer", exact=True))
    phone.wait_for_url(f"**{LIST}")
    phone.get_by_text("1 saisie envoyée.").wait_for()
    assert Accompagnement.objects.filter(date=timezone.localdate(), themes=[EMAIL]).count() == 1


def test_an_expired_session_loses_nothing_and_signing_out_keeps_no_page(phone, browser_context, client, conseiller):
    browser_context.set_offline(True)
    phone.goto(CREATE)
    enter(phone)
    phone.get_by_role("heading", name="1 saisie en attente d’envoi").wait_for()
    browser_context.clear_cookies()
    browser_context.set_offline(False)
    phone.get_by_text("Votre connexion a expiré").wait_for()
    phone.goto("/")
    phone.wait_for_function(f"() => {KEPT}.then(kept => !kept)")
    assert Accompagnement.objects.count() == 1

    sign_in(phone, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)
    phone.goto(LIST)
    phone.get_by_text("1 saisie envoyée.").wait_for()
    assert Accompagnement.objects.count() == 2


TEXTS = [
    "2 55 08 14 168 025 38", "1 84 07 2A 123 456 17", "2550814168025.", "2 55 08 14 168 025 39", "06 12 34 56 78",
    "son rib fr7630006000011234567890189.", "FR76 3000 6000 0112 3456 7890 188", "Il est DIABÉTIQUE",
    "traitement de texte", "suit un traitement", "SIRET 13002526500013", "",
]  # fmt: skip


def test_the_browser_warns_about_what_the_server_does(phone):
    notes = phone.locator("[name=notes]")
    phone.locator("summary", has_text="Compléments").click()
    for text in TEXTS:
        notes.fill(text)
        notes.blur()
        warned = phone.locator("[name=notes] + [role=status]").is_visible()
        assert warned == bool(find_sensitive(text)), text
