"""A conseiller's phone: what an entry costs in taps, what assistive technologies read, what works unscripted."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accompagnements.models import Accompagnement
from comptes.enums import RoleKind
from tests.accompagnements.factories import (
    EMAIL,
    MATERIEL,
    AccompagnementFactory,
    FiltreEnregistreFactory,
    LieuActiviteFactory,
    ModeleAtelierFactory,
    in_post_today,
)
from tests.browser import DESK, PHONE, assert_accessible, follow, screenshot, sign_in
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL
CREATE = "/accompagnements/nouveau/"
# Beyond it, the entry would no longer be a matter of seconds.
TAPS_MAX = 5
PICTURED = {"saisie", "erreurs", "liste", "liste-vide", "statistiques"}


@pytest.fixture
def conseiller():
    return in_post_today()


@pytest.fixture
def phone(page, conseiller, client):
    page.set_viewport_size(PHONE)
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)
    return page


@pytest.fixture
def habits(conseiller):
    """A year of work, the last entry in the médiathèque."""
    lieu = LieuActiviteFactory(conseiller=conseiller)
    today = timezone.localdate()
    for month in range(12):
        day = today - timedelta(days=30 * month)
        AccompagnementFactory(
            conseiller=conseiller, canal="lieu_activite", lieu=lieu, date=day, themes=[EMAIL, MATERIEL],
            genre_feminin=month % 2, age_soixante_dix_plus=1,
        )  # fmt: skip
        AccompagnementFactory(
            conseiller=conseiller, atelier=True, canal="lieu_activite", lieu=lieu, date=day, genre_feminin=6,
            age_soixante_dix_plus=8, statut_retraite=7, recurrents=month % 5, themes=[1 + month, 24, 19],
        )  # fmt: skip
    AccompagnementFactory(conseiller=conseiller, canal="lieu_activite", lieu=lieu, themes=[EMAIL], date=today)
    return lieu


class Thumb:
    """Counts what the person does: one tap on a label or a button each."""

    def __init__(self, page):
        self.page, self.taps = page, 0

    def tap(self, text):
        self.page.locator("label:visible, button:visible", has_text=text).first.click()
        self.taps += 1


def test_ponctuel_takes_three_taps_and_no_key(phone, habits):
    phone.goto(CREATE)
    thumb = Thumb(phone)
    for text in ("Aide ponctuelle", "E-mail", "Enregistrer"):
        thumb.tap(text)
    phone.wait_for_url("**/accompagnements/")

    assert thumb.taps <= 3
    last = Accompagnement.objects.order_by("-pk").first()
    assert (last.type, last.lieu, last.date, last.duree) == ("ponctuel", habits, timezone.localdate(), 30)


def test_individuel_with_its_person_takes_a_few_taps_more(phone, habits):
    phone.goto(CREATE)
    thumb = Thumb(phone)
    for text in (
        "Accompagnement individuel",
        "1 h",
        "E-mail",
        "Femme",
        "70 ans et plus",
        "À la retraite",
        "Enregistrer",
    ):
        thumb.tap(text)
    phone.wait_for_url("**/accompagnements/")

    assert thumb.taps <= TAPS_MAX + 2
    last = Accompagnement.objects.order_by("-pk").first()
    assert (last.duree, last.genre_feminin, last.age_soixante_dix_plus, last.statut_retraite) == (60, 1, 1, 1)


def test_atelier_totals_follow_what_is_typed(phone, habits):
    phone.goto(CREATE)
    thumb = Thumb(phone)
    thumb.tap("Atelier collectif")
    phone.get_by_label("Participants", exact=True).fill("8")
    phone.get_by_label("Femmes", exact=True).fill("5")
    assert phone.get_by_text("Total : 5 sur 8. Non communiqué : 3.").is_visible()
    phone.get_by_label("Hommes", exact=True).fill("4")
    assert phone.get_by_text("Total : 9 pour 8 participants. Retirez-en 1.").is_visible()
    screenshot(phone, "accompagnements-atelier-375")

    before = Accompagnement.objects.count()
    thumb.tap("E-mail")
    thumb.tap("Enregistrer")
    assert phone.evaluate("document.activeElement.name") == "genre_feminin"
    assert Accompagnement.objects.count() == before

    phone.get_by_label("Hommes", exact=True).fill("3")
    thumb.tap("Enregistrer")
    phone.wait_for_url("**/accompagnements/")
    last = Accompagnement.objects.order_by("-pk").first()
    assert (last.participants, last.genre_feminin, last.genre_masculin) == (8, 5, 3)


def test_keyboard_alone_is_enough(phone, habits):
    phone.goto(CREATE + "?type=ponctuel")
    phone.locator("[name=themes]").first.focus()
    phone.keyboard.press("Space")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/accompagnements/")
    assert Accompagnement.objects.order_by("-pk").first().type == "ponctuel"


def test_a_model_is_used_and_saved_by_the_keyboard_alone(phone, conseiller, habits):
    ModeleAtelierFactory(compte=conseiller.compte, nom="Tablette du mardi", canal="lieu_activite", lieu=habits)
    phone.goto(CREATE)
    press_until(phone, "Tab", "Tablette du mardi")
    with phone.expect_navigation():
        phone.keyboard.press("Enter")
    press_until(phone, "Tab", "Enregistrer")
    with phone.expect_navigation():
        phone.keyboard.press("Enter")
    phone.wait_for_url("**/accompagnements/")

    last = Accompagnement.objects.order_by("-pk").first()
    assert (last.type, last.titre, last.lieu, last.participants) == ("atelier", "Découvrir la tablette", habits, 8)
    assert last.date == timezone.localdate()
    # Back from the list to a copy of it, still without a mouse.
    press_until(phone, "Tab", "Dupliquer")
    with phone.expect_navigation():
        phone.keyboard.press("Enter")
    assert phone.get_by_label("Titre de l'atelier").input_value() == "Découvrir la tablette"


def press_until(page, key, text):
    """Move the focus until it stands on what begins with this text, as someone without a mouse does."""
    for _ in range(120):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.textContent.trim()").startswith(text):
            return
    raise AssertionError(f"« {text} » n'est pas atteint au clavier")


def test_without_javascript_nothing_is_lost(chromium, live_server, conseiller, client, habits):
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, locale="fr-FR", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)
    page.goto(CREATE)
    thumb = Thumb(page)
    for text in ("Atelier collectif", "Autre", "E-mail"):
        thumb.tap(text)
    page.get_by_label("Minutes (de 5 à 480)").fill("75")
    page.get_by_label("Participants", exact=True).fill("150")
    thumb.tap("Enregistrer")
    page.get_by_text("150 participants, est-ce bien le nombre ?").first.wait_for()
    thumb.tap("Oui, 150 participants")
    thumb.tap("Enregistrer")
    page.wait_for_url("**/accompagnements/")
    context.close()

    last = Accompagnement.objects.order_by("-pk").first()
    assert (last.participants, last.duree) == (150, 75)


def test_pages_are_accessible_and_fit_a_phone(phone, habits, conseiller):
    one = Accompagnement.objects.order_by("-pk").first()
    modele = ModeleAtelierFactory(compte=conseiller.compte, nom="Tablette du mardi")
    FiltreEnregistreFactory(compte=conseiller.compte, nom="Mes ateliers")
    pages = {
        "saisie": CREATE,
        "liste": "/accompagnements/",
        "filtres": "/accompagnements/?du=hier",
        "statistiques": "/accompagnements/statistiques/",
        "detail": reverse("accompagnements:detail", args=[one.pk]),
        "modifier": reverse("accompagnements:update", args=[one.pk]),
        "supprimer": reverse("accompagnements:delete", args=[one.pk]),
        "lieu": "/accompagnements/lieux/nouveau/",
        "raccourcis": "/accompagnements/mes-raccourcis/",
        "filtre": "/accompagnements/filtres/nouveau/?type=atelier&q=tablette",
        "modele": reverse("accompagnements:update_modele", args=[modele.pk]),
    }
    for name, url in pages.items():
        show(phone, url, name)


def test_entry_in_error_is_accessible(phone, habits):
    phone.goto(CREATE)
    thumb = Thumb(phone)
    thumb.tap("Atelier collectif")
    phone.get_by_label("Participants", exact=True).fill("1001")
    thumb.tap("Autre")
    phone.get_by_label("Minutes (de 5 à 480)").fill("481")
    follow(phone.get_by_role("button", name="Enregistrer", exact=True))
    assert phone.evaluate("document.activeElement.id") == "resume-erreurs"
    show(phone, None, "erreurs")


def test_first_day_is_accessible(phone):
    for name, url in {
        "saisie-premiere": CREATE,
        "liste-vide": "/accompagnements/",
        "stat-vide": "/accompagnements/statistiques/",
    }.items():
        show(phone, url, name)


def show(page, url, name):
    """axe in both themes, and no sideways scroll on a phone; pictures of the main pages at both widths."""
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    if url:
        page.goto(url)
    screenshot(page, f"accompagnements-{name}-375")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    assert_accessible(page)
    if name in PICTURED:
        page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'dark')")
        screenshot(page, f"accompagnements-{name}-375-sombre")
        page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'light')")
        page.set_viewport_size(DESK)
        screenshot(page, f"accompagnements-{name}-1280")
