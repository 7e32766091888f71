"""One walk through the pages of followed persons, words and the service offer; and a phone that loses its network."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accompagnements.models import Accompagnement, Beneficiaire
from comptes.enums import RoleKind
from tests.accompagnements.factories import (
    EMAIL,
    AccompagnementFactory,
    BeneficiaireFactory,
    EtiquetteFactory,
    in_post_today,
)
from tests.browser import PHONE, follow, look, sign_in
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL
CREATE = "/accompagnements/nouveau/"
KEPT = "caches.match('/accompagnements/nouveau/').then(kept => kept ? kept.text() : '')"


def test_a_person_is_followed_chosen_and_forgotten(page, browser_context, client):
    conseiller = in_post_today()
    yesterday = timezone.localdate() - timedelta(days=1)
    names = ["Aïcha", "Bernard", "Chloé", "Denis", "Émile", "Fatou", "Gérard", "Hélène", "Inès", "Joël"]
    for prenom in names:
        BeneficiaireFactory(conseiller=conseiller, prenom=prenom, consent_at=yesterday)
    EtiquetteFactory(nom="Café numérique", compte=conseiller.compte)
    EtiquetteFactory(nom="Cafés", compte=conseiller.compte)
    AccompagnementFactory(conseiller=conseiller, themes=[EMAIL], date=yesterday)
    page.set_viewport_size(PHONE)
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)

    page.goto(reverse("accompagnements:create_beneficiaire"))
    follow(page.get_by_role("button", name="Suivre cette personne"))
    look(page, "personne-erreurs")
    page.locator("label", has_text="Cette phrase lui a été lue").click()
    page.get_by_label("Prénom ou surnom").fill("Zoé")
    follow(page.get_by_role("button", name="Suivre cette personne"))
    follow(page.get_by_role("link", name="Nouvel accompagnement"))

    # Chosen already; another is found by a few letters, without a mouse.
    assert page.get_by_label("Personne suivie", exact=False).locator("option:checked").inner_text() == "Zoé"
    search = page.get_by_label("Chercher un prénom dans la liste").locator("visible=true")
    search.fill("helene")
    search.press("Enter")
    assert page.locator("[name=personne] option:checked").inner_text() == "Hélène"
    search.fill("zoe")
    search.press("Enter")
    page.locator("label:visible", has_text="E-mail").first.click()
    page.locator("summary", has_text="Compléments").click()
    page.locator("label:visible", has_text="Café numérique").click()
    look(page, "saisie-personne")
    follow(page.get_by_role("button", name="Enregistrer", exact=True))
    recorded = Accompagnement.objects.latest("pk")
    zoe = Beneficiaire.objects.get(prenom="Zoé")
    assert (list(recorded.beneficiaires.all()), recorded.etiquettes.count()) == ([zoe], 1)

    # What the device keeps holds nobody's name.
    page.goto(CREATE)
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.goto(CREATE)
    page.wait_for_function(f"() => {KEPT}.then(text => text.includes('data-cn-saisie'))")
    kept = page.evaluate(KEPT)
    assert "Café numérique" in kept
    assert not [name for name in [*names, "Zoé"] if name in kept]
    browser_context.set_offline(True)
    page.goto(CREATE)
    assert page.get_by_text("Hors connexion, les personnes que vous suivez").is_visible()
    look(page, "saisie-personne-hors-ligne")
    browser_context.set_offline(False)

    words = conseiller.compte
    word = recorded.etiquettes.get(compte=words)
    for name, url in {
        "personnes": reverse("accompagnements:beneficiaires"),
        "personne": zoe.get_absolute_url(),
        "etiquettes": reverse("accompagnements:etiquettes"),
        "etiquette": reverse("accompagnements:update_etiquette", args=[word.pk]),
        "mes-donnees": reverse("comptes:my_data"),
        "offre": reverse("accompagnements:offer"),
    }.items():
        page.goto(url)
        look(page, name)

    page.goto(reverse("accompagnements:erase_beneficiaire", args=[zoe.pk]))
    page.get_by_text("La personne retire son accord").click()
    look(page, "personne-effacer")
    follow(page.get_by_role("button", name="Effacer pour de bon"))
    assert page.get_by_text("Les accompagnements restent, anonymes.").is_visible()
    page.get_by_label("Chercher un prénom").fill("zoe")
    follow(page.get_by_role("button", name="Chercher"))
    look(page, "personnes-recherche")
    assert page.get_by_text("Personne de ce prénom.").is_visible()
    assert not Accompagnement.objects.get(pk=recorded.pk).beneficiaires.exists()
