import pytest
from django.urls import reverse

from comptes.enums import RoleKind
from tests.browser import follow, sign_in
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ContratFactory
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.matching.test_pages import look
from tests.structures.factories import PosteFactory

pytestmark = TRANSACTIONAL


@pytest.fixture
def mise():
    return MiseEnRelationFactory(retenue=True, structure=PosteFactory().structure)


def test_structure_prepares_and_transmits(page, client, mise):
    sign_in(page, member_role(mise.structure), client)
    page.goto(reverse("contrats:prepare", args=[mise.pk]))
    look(page, "contrats-preparer")
    page.get_by_label("CDI", exact=True).check(force=True)
    page.get_by_label("Salaire brut mensuel (€)").fill("1 200,00")
    follow(page.get_by_role("button", name="Enregistrer et relire"))
    page.get_by_text("points sont à corriger").wait_for()
    assert page.get_by_label("Salaire brut mensuel (€)").input_value() == "1 200,00"
    look(page, "contrats-preparer-erreur")

    page.get_by_label("Début du contrat").fill("2027-01-04")
    page.get_by_label("Salaire brut mensuel (€)").fill("1 900,00")
    page.get_by_label("temps plein").check(force=True)
    follow(page.get_by_role("button", name="Enregistrer et relire"))
    follow(page.get_by_role("button", name="Transmettre"))
    page.get_by_text("Le contrat est transmis").wait_for()
    look(page, "contrats-detail")


def test_bdt_lists_and_validates(page, client):
    contrat = ContratFactory(transmis=True)
    ContratFactory(valide=True)
    sign_in(page, RoleFactory(kind=RoleKind.BDT), client)
    page.goto(reverse("contrats:list"))
    look(page, "contrats-liste")
    follow(page.get_by_role("link", name=f"n° {contrat.pk}"))
    follow(page.get_by_role("link", name="Renvoyer pour correction"))
    follow(page.get_by_role("button", name="Renvoyer"))
    look(page, "contrats-renvoyer-erreur")
    page.goto(reverse("contrats:detail", args=[contrat.pk]))
    follow(page.get_by_role("button", name="Valider le contrat"))
    page.get_by_text("Le contrat est validé").wait_for()
    page.goto(f"{reverse('contrats:list')}?statut=rompu")
    look(page, "contrats-liste-vide")
