"""A coordinateur's day on a phone, and what others look at: accessible in every state, in both themes."""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from accompagnements import jobs
from accompagnements.models import Coordination
from comptes.enums import RoleKind
from tests.accompagnements.factories import (
    AccompagnementFactory,
    AppartenanceFactory,
    CoordinationFactory,
    in_post_today,
)
from tests.browser import DESK, PHONE, follow, look, sign_in
from tests.comptes.factories import RoleFactory
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory, RegionFactory

pytestmark = TRANSACTIONAL


def test_day_of_a_coordinateur(page, client):
    cache.clear()
    today = timezone.localdate()
    month = today.replace(day=1) - timedelta(days=1)
    active = AppartenanceFactory(conseiller=in_post_today(), debut=today - timedelta(days=100))
    groupe = active.groupe
    AppartenanceFactory(groupe=groupe, conseiller=in_post_today(), debut=today - timedelta(days=100))
    AppartenanceFactory(groupe=groupe, conseiller=in_post_today(), proposee=True)
    in_post_today()
    for days in range(7):
        AccompagnementFactory(conseiller=active.conseiller, date=month - timedelta(days=days), atelier=True)
    AccompagnementFactory(conseiller=active.conseiller, date=today, commune=CommuneFactory(paris=True))
    CoordinationFactory.create_batch(2, coordinateur=groupe.coordinateur, partenariat=True, date=month)
    jobs.refresh_statistics()

    page.set_viewport_size(PHONE)
    sign_in(page, groupe.coordinateur.roles.get(kind=RoleKind.COORDINATEUR), client)
    page.goto("/coordination/nouvelle/?type=animation")
    follow(page.get_by_role("button", name="Enregistrer"))
    look(page, "coordination-erreurs")
    # A dozen seconds: a title, a number, a reason, and the habits of last time.
    page.get_by_label("Titre").fill("Réunion mensuelle")
    page.get_by_label("Participants", exact=True).fill("12")
    page.get_by_text("Former et outiller").click()
    follow(page.get_by_role("button", name="Enregistrer"))
    assert Coordination.objects.latest("pk").objet == "outiller"
    look(page, "coordination-liste")
    follow(page.get_by_role("link", name="Réunion mensuelle").first)
    look(page, "coordination-detail")
    page.set_viewport_size(DESK)
    page.goto("/mon-groupe/")
    look(page, "groupe")
    assert page.get_by_text("À contacter", exact=True).count() == 1
    page.goto("/mon-groupe/proposer/")
    look(page, "groupe-proposer")
    page.goto("/accompagnements/statistiques/")
    assert page.get_by_role("heading", name="Coordination", exact=True).count() == 1

    sign_in(page, RoleFactory(kind=RoleKind.HUB, region=RegionFactory()), client)
    page.goto("/nos-structures/")
    look(page, "nos-structures")
    page.context.clear_cookies()
    page.goto("/chiffres/")
    for summary in page.locator("details > summary").all():
        summary.click()
    look(page, "chiffres")
