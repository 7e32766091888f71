"""A conseiller's places and what the public sees of them, in a browser: one walk over every page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accompagnements import selectors
from accompagnements.models import LieuActivite
from comptes.enums import RoleKind
from territoires.geocodage import Adresse
from tests.accompagnements.factories import ExceptionFactory, LieuActiviteFactory, PassageFactory, in_post_today
from tests.browser import PHONE, follow, look, sign_in
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL
HORAIRES = "Mo-Su 09:00-12:30,14:00-23:30; PH off"


@pytest.fixture
def conseiller():
    return in_post_today()


@pytest.fixture
def lieux(conseiller):
    today = timezone.localdate()
    other = in_post_today()
    mediatheque = LieuActiviteFactory(
        conseiller=other, latitude=47.2312, longitude=-1.5155, horaires=HORAIRES, telephone="+33240415700",
        services=["demarches", "quotidien"], siret="21440109300015", courriel="accueil@exemple.fr",
    )  # fmt: skip
    ExceptionFactory(lieu=mediatheque, du=today + timedelta(days=2), au=today + timedelta(days=3))
    LieuActiviteFactory(conseiller=other, nom="Mairie annexe de Doulon", adresse="8 rue Louis Gaudin", acces="rdv")
    bus = LieuActiviteFactory(conseiller=other, nom="Bus numérique", itinerant=True)
    PassageFactory(lieu=bus, date=today + timedelta(days=1))
    PassageFactory(lieu=bus, date=today + timedelta(days=8), commune=CommuneFactory())
    return mediatheque


def test_places_of_a_conseiller(page, client, conseiller, lieux):
    page.set_viewport_size(PHONE)
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)
    page.goto("/accompagnements/lieux/nouveau/")
    page.get_by_label("Nom du lieu").fill("Mediathèque Floresca Guépin")
    page.get_by_label("Adresse").fill("15 rue de la Haluchère")
    follow(page.get_by_role("button", name="Ajouter ce lieu"))
    look(page, "lieu-ressemblant")
    follow(page.get_by_role("button", name="C’est celui-ci : Médiathèque Floresca-Guépin"))

    follow(page.get_by_role("link", name="Horaires", exact=True))
    page.get_by_label("Lundi matin, de").fill("13:00")
    page.get_by_label("Mardi après-midi, à").fill("")
    follow(page.get_by_role("button", name="Enregistrer"))
    look(page, "lieu-horaires-erreur")
    page.get_by_label("Lundi matin, de").fill("08:30")
    page.get_by_label("Mardi après-midi, à").fill("18:00")
    follow(page.get_by_role("button", name="Enregistrer"))
    assert LieuActivite.objects.get(pk=lieux.pk).horaires == (
        "Mo 08:30-12:30,14:00-23:30; Tu 09:00-12:30,14:00-18:00; We-Su 09:00-12:30,14:00-23:30; PH off"
    )
    page.goto(f"/accompagnements/lieux/{lieux.pk}/exceptions/")
    page.get_by_text("Il ouvre à d'autres heures").click()
    look(page, "lieu-exception")
    page.goto("/accompagnements/lieux/")
    look(page, "lieux")


def test_someone_looks_for_a_conseiller(page, lieux):
    page.goto("/")
    follow(page.get_by_role("link", name="Trouver un conseiller").first)
    page.get_by_label("Commune ou code postal").fill("Nantes (44000)")
    page.keyboard.press("Escape")
    follow(page.get_by_role("button", name="Rechercher"))
    assert page.locator(".cn-lieu h3").all_inner_texts()[0].startswith("Mairie annexe")
    assert page.locator(".cn-lieu").count() == 4
    look(page, "trouver")

    # A position: asked for by a button, sent out of the address, rounded.
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 47.231234, "longitude": -1.515678})
    with page.expect_request(lambda request: request.method == "POST") as sent, page.expect_navigation():
        page.get_by_role("button", name="Autour de ma position").click()
    assert "latitude=47.231&longitude=-1.516" in sent.value.post_data
    assert page.url.endswith("/trouver-un-conseiller/")
    assert page.locator(".cn-lieu h3").all_inner_texts()[0].startswith("Médiathèque")
    page.get_by_label("Accès", exact=True).select_option("rdv")
    follow(page.get_by_role("button", name="Appliquer les filtres"))
    assert page.locator(".cn-lieu").count() == 1
    page.goto(f"/lieux/{lieux.pk}/")
    look(page, "lieu-public")
    page.goto("/donnees-ouvertes/")
    look(page, "donnees-ouvertes")


def test_someone_looks_around_an_address(page, lieux, monkeypatch):
    """The filters chosen above go with it, and nothing of it is in the address of the page."""
    known = {
        "rue de la paix": [
            Adresse("Rue de la Paix 44000 Nantes", 47.215, -1.556, "44109", 0.72),
            Adresse("Rue de la Paix 44400 Rezé", 47.18, -1.55, "44143", 0.7),
        ]
    }
    monkeypatch.setattr(selectors.lieux, "geocode", lambda text: known.get(text, []))
    page.set_viewport_size(PHONE)
    page.goto("/trouver-un-conseiller/")
    page.get_by_label("Accès", exact=True).select_option("rdv")
    page.locator("[name=adresse]").fill("rue qui n'existe pas")
    follow(page.get_by_role("button", name="Autour de cette adresse"))
    assert page.get_by_label("Accès", exact=True).input_value() == "rdv"
    assert page.get_by_text("Cette adresse est introuvable").first.is_visible()
    look(page, "trouver-adresse-inconnue")
    page.locator("[name=adresse]").fill("rue de la paix")
    follow(page.get_by_role("button", name="Autour de cette adresse"))
    look(page, "trouver-adresses")
    follow(page.get_by_role("button", name="Rue de la Paix 44000 Nantes"))
    assert page.get_by_role("heading", name="Autour de Rue de la Paix 44000 Nantes").is_visible()
    assert [one.split("\n")[0].strip() for one in page.locator(".cn-lieu h3").all_inner_texts()] == [
        "Mairie annexe de Doulon A"
    ]
    look(page, "trouver-autour")
    assert "paix" not in page.url
