"""An interview from the offer to its result, in a real browser: axe in both themes, errors included."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from matching.models import Creneau, Entretien
from tests.browser import assert_accessible, follow, sign_in
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory, in_days
from tests.matching.test_pages import look
from tests.structures.factories import PosteFactory

pytestmark = TRANSACTIONAL


def typed(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_interview_from_the_offer_to_the_result(page, client):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, interessee=True)
    member, person = member_role(mise.structure), mise.candidature.compte.roles.get()
    at = reverse("matching:detail", args=[mise.pk])

    sign_in(page, member, client)
    page.goto(at)
    follow(page.get_by_role("link", name="Proposer un entretien"))
    page.get_by_label("Durée (minutes)").fill("14")
    page.get_by_label("Adresse, si l'entretien a lieu sur place").fill("")
    page.get_by_text("À distance, par visioconférence", exact=True).click()
    page.get_by_label("Lien de visioconférence").fill("javascript:alert(1)")
    follow(page.get_by_role("button", name="Proposer ces créneaux"))
    assert page.evaluate("document.activeElement.id") == "resume-erreurs"
    look(page, "entretien-proposer-erreurs")
    page.get_by_label("Premier créneau").fill(typed(in_days(2)))
    page.get_by_label("Deuxième créneau").fill(typed(in_days(3)))
    page.get_by_label("Durée (minutes)").fill("60")
    page.get_by_label("Lien de visioconférence").fill("https://visio.exemple.fr/salle-12")
    page.get_by_label("Message à la personne").fill("Nous parlerons de votre projet et des lieux où vous iriez.")
    follow(page.get_by_role("button", name="Proposer ces créneaux"))
    page.get_by_text("Vos créneaux sont proposés.").wait_for()
    look(page, "entretien-propose")

    sign_in(page, person, client)
    page.goto(at)
    follow(page.get_by_role("link", name="Choisir un créneau"))
    follow(page.get_by_role("button", name="Confirmer ce créneau"))
    page.get_by_text("Choisissez un créneau.").first.wait_for()
    look(page, "entretien-choisir-erreur")
    page.locator("label[for$='_1']").click()
    follow(page.get_by_role("button", name="Confirmer ce créneau"))
    page.get_by_text("L'entretien est confirmé.").wait_for()
    look(page, "entretien-confirme")
    for name in ("Demander d'autres créneaux", "Annuler l'entretien"):
        follow(page.get_by_role("link", name=name))
        assert_accessible(page)
        page.go_back()

    # The hour comes.
    hour = timezone.now() - timedelta(hours=1)
    entretien = Entretien.objects.get()
    Entretien.objects.update(debut=hour, fin=hour + timedelta(hours=1))
    assert Creneau.objects.filter(entretien=entretien).count() == 2
    sign_in(page, member, client)
    page.goto(at)
    follow(page.get_by_role("link", name="Noter le résultat"))
    page.get_by_text("Nous ne la retenons pas", exact=True).click()
    follow(page.get_by_role("button", name="Enregistrer"))
    page.get_by_text("Choisissez un motif").first.wait_for()
    look(page, "entretien-resultat-erreur")
    page.get_by_text("Nous retenons cette personne", exact=True).click()
    follow(page.get_by_role("button", name="Enregistrer"))
    page.get_by_role("link", name="Préparer le contrat").wait_for()
    sign_in(page, person, client)
    page.goto(reverse("matching:entretien_result", args=[entretien.pk]))
    assert_accessible(page)
    page.get_by_text("L'entretien a eu lieu", exact=True).click()
    follow(page.get_by_role("button", name="Enregistrer"))
    look(page, "entretien-termine")
