"""The pages in a real browser: axe in light and dark, on a desk and on a phone, errors included; pictures kept."""

from django.urls import reverse

from structures import services
from structures.enums import Avis
from tests.browser import follow, look, sign_in
from tests.marks import TRANSACTIONAL
from tests.structures.factories import (
    DecisionCoselecFactory,
    DemandePosteFactory,
    MembreFactory,
    PosteFactory,
    SessionCoselecFactory,
)
from tests.structures.helpers import anct, bdt, prefet, step_data, submitted_draft
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL


def click(page, role, name):
    follow(page.get_by_role(role, name=name))


def fill(page, step):
    for name, value in step_data()[step].items():
        field = page.locator(f"[name={name}]")
        if name == "commune_code":
            continue
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") == "checkbox":
            page.locator(f"label[for=id_{name}]").click()
        else:
            field.fill(value)


def test_request_of_a_town_hall(page):
    CommuneFactory()
    page.goto(reverse("structures:start"))
    look(page, "structures-accueil")
    click(page, "link", "Commencer la demande")
    for step in step_data():
        look(page, f"structures-{step}")
        click(page, "button", "Continuer")
        # Nothing typed: the summary has the focus and leads to the fields.
        page.wait_for_function("document.activeElement.id == 'resume-erreurs'")
        look(page, f"structures-{step}-erreurs")
        fill(page, step)
        click(page, "button", "Continuer")
    look(page, "structures-recapitulatif")
    click(page, "button", "Envoyer la demande")
    look(page, "structures-recapitulatif-erreurs")
    page.locator("label[for=id_engagement]").click()
    click(page, "button", "Envoyer la demande")
    look(page, "structures-envoyee")


def test_confirmation(page):
    _, token = submitted_draft()
    page.goto(reverse("structures:confirm", args=[token]))
    look(page, "structures-confirmer")
    click(page, "button", "Confirmer et déposer")
    look(page, "structures-deposee")
    page.goto(reverse("structures:confirm", args=[token]))
    look(page, "structures-lien-perime")
    page.goto(reverse("structures:not_forwarded"))
    look(page, "structures-non-transmise")


def test_instruction(page, client):
    DemandePosteFactory.create_batch(25)
    demande = DemandePosteFactory(structure__nom="Communauté de communes du Pays de Chateaugiron")
    sign_in(page, prefet(), client)
    page.goto(reverse("structures:demande_list"))
    look(page, "structures-liste")
    page.goto(reverse("structures:demande_list") + "?q=zzz&statut=nul")
    look(page, "structures-liste-vide")
    page.goto(demande.get_absolute_url())
    click(page, "link", "Donner l'avis")
    look(page, "structures-avis")
    click(page, "button", "Rendre l'avis")
    look(page, "structures-avis-erreurs")
    page.locator("label[for=id_avis_0]").click()
    page.fill("[name=commentaire]", "Le territoire est peu couvert.")
    click(page, "button", "Rendre l'avis")
    look(page, "structures-demande-prefet")


def test_decision_and_convention(page, client):
    decision = DecisionCoselecFactory()
    demande = decision.demande
    SessionCoselecFactory()
    sign_in(page, anct(), client)
    for name in ("session_list", "prepare_decision", "validate_decision"):
        page.goto(reverse(f"structures:{name}", args=[demande.pk] if name != "session_list" else []))
        look(page, f"structures-{name}")
    page.goto(reverse("structures:prepare_decision", args=[demande.pk]))
    page.fill("[name=motif]", "")
    click(page, "button", "Enregistrer")
    look(page, "structures-prepare_decision-erreurs")
    services.validate_decision(demande=demande, by=anct())
    sign_in(page, bdt(), client)
    page.goto(reverse("structures:prepare_convention", args=[demande.pk]))
    look(page, "structures-prepare_convention")
    click(page, "button", "Enregistrer")
    look(page, "structures-demande-bdt")


def test_structure_follows_its_request(page, client):
    poste = PosteFactory(pourvu=True)
    membre = MembreFactory(structure=poste.structure)
    refused = DemandePosteFactory(structure=poste.structure, type="ajout")
    services.give_avis(demande=refused, by=prefet(), avis=Avis.DEFAVORABLE, commentaire="Un avis assez long.")
    sign_in(page, membre.compte.roles.get(), client)
    page.goto(poste.structure.get_absolute_url())
    look(page, "structures-structure")
    page.goto(refused.get_absolute_url())
    look(page, "structures-demande-structure")
    page.goto(reverse("structures:edit_contact", args=[poste.structure.pk]))
    page.fill("[name=contact_email]", "faux")
    click(page, "button", "Enregistrer")
    look(page, "structures-contact-erreurs")
    page.goto(reverse("structures:abandon", args=[refused.pk]))
    look(page, "structures-abandon")
