"""What people see of the API and of shared figures: in a browser, at both widths, in both themes."""

from datetime import timedelta

from django.utils import timezone

from accompagnements.models import LienPartage
from accompagnements.services import token_of
from comptes.enums import RoleKind
from tests.accompagnements.factories import AccompagnementFactory, in_post_today
from tests.browser import follow, look, sign_in
from tests.marks import TRANSACTIONAL


@TRANSACTIONAL
def test_a_conseiller_makes_a_token_then_shares_figures(page, client):
    conseiller = in_post_today()
    for days in range(30, 60, 5):
        AccompagnementFactory(conseiller=conseiller, date=timezone.localdate() - timedelta(days=days))
    sign_in(page, conseiller.compte.roles.get(kind=RoleKind.CONSEILLER), client)

    page.goto("/espace/")
    follow(page.get_by_role("link", name="Gérer mes accès à l’API"))
    follow(page.get_by_role("button", name="Créer le jeton"))
    look(page, "jetons-erreurs")
    page.get_by_label("Nom du jeton").fill("Agenda de la médiathèque")
    page.get_by_text("Lire les statistiques").click()
    follow(page.get_by_role("button", name="Créer le jeton"))
    token = page.get_by_label("Jeton", exact=True).input_value()
    look(page, "jetons-cree")

    follow(page.get_by_role("link", name="Lire la documentation de l’API"))
    look(page, "api-documentation")
    follow(page.get_by_role("link", name="La console"))
    # No refusal of the policy (the fixture fails on one), and the document is read.
    page.get_by_text("Lire les statistiques d'un périmètre").wait_for()

    page.goto("/accompagnements/statistiques/")
    follow(page.get_by_role("link", name="Partager par un lien"))
    page.get_by_label("Nom du lien").fill("Bilan pour le conseil municipal")
    look(page, "partage")
    follow(page.get_by_role("button", name="Créer le lien"))
    look(page, "partage-liste")
    address = page.get_by_label("Adresse à copier").input_value()
    assert address.endswith(f"/statistiques-partagees/{token_of(LienPartage.objects.get())}/")

    page.context.clear_cookies()
    answer = page.request.get("/api/v1/statistiques/", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["total"]["accompagnements"] == 6
    page.goto(address[address.index("/statistiques-partagees/") :])
    look(page, "partage-page")
    assert page.get_by_role("navigation", name="Menu principal").count() == 0
