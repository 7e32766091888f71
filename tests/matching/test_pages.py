"""The pages in a real browser: axe in light and dark, and pictures at the width of a desk and of a phone."""

from datetime import date

import pytest
from django.urls import reverse

from matching import services
from tests.browser import DESK, PHONE, assert_accessible, follow, screenshot, sign_in
from tests.candidatures.factories import CandidatureFactory
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL

MOTIVATION = (
    "Je donne depuis trois ans un coup de main à la médiathèque : déclarer ses impôts, prendre rendez-vous, "
    "ne pas se faire piéger. J'aimerais en faire mon métier, près de chez moi."
)


@pytest.fixture
def structure():
    return PosteFactory().structure


def look(page, name):
    """Check and picture a page at both widths, and in the dark."""
    page.set_viewport_size(DESK)
    assert_accessible(page)
    screenshot(page, f"{name}-1280")
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'dark')")
    screenshot(page, f"{name}-dark")
    page.evaluate("document.documentElement.setAttribute('data-fr-theme', 'light')")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    screenshot(page, f"{name}-375")
    page.set_viewport_size(DESK)


def test_structure_reviews_its_candidats(page, client, structure):
    nantes, reze, paris = CommuneFactory(), CommuneFactory(reze=True), CommuneFactory(paris=True)
    people = [("Inès", reze, 4), ("Teva", nantes, 0), ("Oumar", reze, 4), ("Zoé", paris, 342)]
    for n, (prenom, commune, km) in enumerate(people):
        candidature = CandidatureFactory(prenom=prenom, commune=commune, motivation=MOTIVATION)
        MiseEnRelationFactory(structure=structure, candidature=candidature, score=80 - n, distance_km=km)
    CandidatureFactory(prenom="Lou", titulaire_tp_remn=True, date_naissance=date(2000, 1, 1))
    sign_in(page, member_role(structure), client)

    page.goto(reverse("matching:explore", args=[structure.pk]))
    look(page, "matching-explorer")
    follow(page.get_by_role("link", name="Lou, Nantes"))
    look(page, "matching-explorer-detail")

    page.goto(reverse("matching:candidat_list", args=[structure.pk]))
    assert page.get_by_text("Optionnel").count() == 0
    look(page, "matching-liste")
    # The map and the table lead to each other.
    page.get_by_role("link", name="B : Rezé (44), 3 km : Inès, Oumar").click()
    assert page.locator("tr:target th").inner_text() == "Inès, Rezé (44)"
    page.get_by_role("link", name="A : voir sur la carte").click()
    assert page.evaluate("document.querySelector(':target').id") == "carte-A"

    for name in ("Inès, Rezé (44)", "Teva, Nantes (44)", "Oumar, Rezé (44)", "Zoé, Paris (75)"):
        page.get_by_label(f"Choisir {name}").check(force=True)
    follow(page.get_by_role("button", name="Comparer"))
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    look(page, "matching-comparer-erreur")
    page.get_by_label("Zoé, Paris (75)").uncheck(force=True)
    follow(page.get_by_role("button", name="Comparer"))
    look(page, "matching-comparer")
    follow(page.get_by_role("link", name="Revenir à la liste"))

    page.get_by_text("Filtrer et trier la liste").click()
    page.get_by_label("Trier par").select_option(label="Distance")
    follow(page.get_by_role("button", name="Filtrer et trier"))
    page.get_by_label("Choisir Zoé, Paris (75)").check(force=True)
    follow(page.get_by_role("button", name="Décliner les personnes cochées"))
    follow(page.get_by_role("button", name="Décliner ces personnes"))
    look(page, "matching-decliner-plusieurs-erreur")
    page.get_by_label("Trop loin").check(force=True)
    follow(page.get_by_role("button", name="Décliner ces personnes"))
    page.get_by_text("1 personne est déclinée").wait_for()
    assert page.get_by_label("Trier par").input_value() == "distance"

    follow(page.get_by_role("link", name="Inès, Rezé"))
    assert page.get_by_text("@exemple.fr").count() == 0
    look(page, "matching-detail-avant")
    follow(page.get_by_role("button", name="Je suis intéressé"))
    page.get_by_role("heading", name="Inès Morvan", level=1).wait_for()
    look(page, "matching-detail-apres")
    follow(page.get_by_role("link", name="Décliner"))
    follow(page.get_by_role("button", name="Décliner"))
    page.get_by_text("Choisissez un motif.").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    look(page, "matching-decliner-erreur")


def test_empty_lists(page, client, structure):
    sign_in(page, member_role(structure), client)
    page.goto(reverse("matching:candidat_list", args=[structure.pk]))
    look(page, "matching-liste-vide")
    follow(page.get_by_role("link", name="quelles langues"))
    for langue in ("Anglais", "Arabe", "Turc", "Wolof"):
        page.get_by_label(langue).check(force=True)
    follow(page.get_by_role("button", name="Enregistrer"))
    look(page, "matching-attentes-erreur")
    page.get_by_label("Wolof").uncheck(force=True)
    follow(page.get_by_role("button", name="Enregistrer"))
    page.get_by_text("Vos attentes sont enregistrées.").wait_for()
    page.goto(reverse("matching:explore", args=[structure.pk]))
    look(page, "matching-explorer-vide")


def test_candidat_answers_propositions(page, client, structure):
    mise = MiseEnRelationFactory(structure=structure)
    services.mark_interest(mise_en_relation=mise, by=member_role(structure))
    other = PosteFactory(structure__nom="Association Numérique pour tous").structure
    MiseEnRelationFactory(structure=other, candidature=mise.candidature)
    sign_in(page, mise.candidature.compte.roles.get(), client)
    page.goto(reverse("matching:proposition_list"))
    look(page, "matching-propositions")
    follow(page.get_by_role("button", name="Accepter : Mairie de Nantes"))
    page.get_by_text("Votre accord est noté").wait_for()
    look(page, "matching-proposition")
    follow(page.get_by_role("button", name="Revenir sur ma réponse"))
    page.get_by_role("button", name="Accepter").wait_for()
