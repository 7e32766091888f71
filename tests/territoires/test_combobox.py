"""The field in a real browser: with the script, by keyboard and mouse, and without it."""

import pytest
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from common.access import public
from common.forms import Form
from territoires.fields import CommuneField
from territoires.models import AncienNom
from tests.browser import DESK, assert_accessible
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory, DepartementFactory

pytestmark = [TRANSACTIONAL, pytest.mark.urls(__name__)]

PAGE = """{% extends "base.html" %}{% block title %}Essai{% endblock %}
{% block content %}<div class="fr-container fr-my-4w"><h1>Essai</h1>
<form novalidate>{{ form }}<button id="envoyer" class="fr-btn">Envoyer</button></form>
{% if commune %}<p id="resultat">{{ commune.code }}</p>{% endif %}</div>{% endblock %}"""


class LieuForm(Form):
    commune = CommuneField(label="Commune", help_text="Nom ou code postal.")


@public
def essai(request):
    form = LieuForm(request.GET or None)
    commune = form.cleaned_data["commune"] if form.is_valid() else None
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": form, "commune": commune}, request))


urlpatterns = [path("essai/", essai), path("", include("conseiller.urls"))]


@pytest.fixture(autouse=True)
def communes():
    CommuneFactory(saint_denis=True)
    seine_saint_denis = DepartementFactory(code="93", nom="Seine-Saint-Denis")
    CommuneFactory(code="93066", nom="Saint-Denis", codes_postaux=["93200"], departement=seine_saint_denis)
    nantes = CommuneFactory()
    AncienNom.objects.create(commune=nantes, nom="Chantenay-sur-Loire")


@pytest.fixture
def field(page):
    page.goto("/essai/")
    return page.get_by_label("Commune")


def send(page):
    page.click("#envoyer")
    return page.locator("#resultat").inner_text()


def test_commune_is_picked_by_keyboard(page, field):
    field.fill("st den")
    page.get_by_role("option").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    assert "2 communes proposées" in page.get_by_role("status").inner_text()
    # First, last by the top, first again by the bottom.
    for key in ("ArrowDown", "ArrowUp", "ArrowDown"):
        field.press(key)

    selected = page.locator("[role=option][aria-selected=true]")
    assert selected.get_attribute("id") == field.get_attribute("aria-activedescendant")
    assert "Saint-Denis (93200)" in selected.inner_text()
    assert_accessible(page)
    field.press("Enter")

    assert field.input_value() == "Saint-Denis (93200)"
    assert field.get_attribute("aria-expanded") == "false"
    assert send(page) == "93066"


def test_commune_is_picked_by_mouse_under_its_former_name(page, field):
    field.fill("chantenay")
    option = page.get_by_role("option", name="Nantes")
    assert "ancien nom : Chantenay-sur-Loire" in option.inner_text()
    option.click()

    assert field.input_value() == "Nantes (44000)"
    assert send(page) == "44109"


def test_escape_closes_the_list_and_keeps_the_text(page, field):
    field.fill("nantes")
    page.get_by_role("option").first.wait_for()
    field.press("Escape")

    assert page.get_by_role("listbox").count() == 0
    assert field.input_value() == "nantes"
    assert send(page) == "44109"


def test_text_changed_after_the_pick_wins(page, field):
    field.fill("chantenay")
    page.get_by_role("option").click()
    field.fill("93200")

    assert send(page) == "93066"


def test_suggestions_away_the_server_still_answers(page, field):
    page.route("**/territoires/communes/**", lambda route: route.abort())
    field.fill("nantes")

    assert send(page) == "44109"


def test_without_script_the_namesakes_are_radio_buttons(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, viewport=DESK, java_script_enabled=False)
    page = context.new_page()
    page.goto("/essai/")
    page.get_by_label("Commune").fill("saint denis")
    page.click("#envoyer")
    assert page.get_by_label("Commune").input_value() == "saint denis"
    page.get_by_text("Saint-Denis (97400)").click()

    assert send(page) == "97411"
    context.close()


def test_page_in_error_is_accessible(page):
    page.goto("/essai/?commune=saint+denis")
    assert page.get_by_role("radio").count() == 2
    assert_accessible(page)
