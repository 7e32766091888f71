"""Figures shown by an address: frozen, discreet, dead the moment they must be."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accompagnements.constants import LIENS_MAX
from accompagnements.jobs import delete_old_liens
from accompagnements.models import LienPartage
from accompagnements.services import token_of
from comptes.enums import RoleKind
from comptes.models import EntreeJournal, Role, hash_token
from structures.models import Membre
from tests.accompagnements.factories import (
    NOW,
    AccompagnementFactory,
    EnPosteFactory,
    EtiquetteFactory,
    LienPartageFactory,
)
from tests.structures.factories import MembreFactory
from tests.territoires.factories import CommuneFactory
from tests.test_access import enter as enter_as, make_role

SHARE = "/accompagnements/statistiques/partager/"
LIST = "/accompagnements/statistiques/liens/"


def typed(client, query="", **changes):
    cle = client.get(SHARE + query).context["form"]["cle"].value()
    return {"cle": str(cle), "nom": "Bilan de l'année", "duree": "30"} | changes


def make(client, query="", **changes):
    client.post(SHARE + query, typed(client, query, **changes))
    return LienPartage.objects.get()


def page_of(lien):
    return reverse("accompagnements:shared", args=[token_of(lien)])


def labels(response):
    return [label for label, *_ in response.context["figures"].totals]


def test_link_shows_the_same_figures_frozen_and_with_small_cells_hidden(enter, client, conseiller, role):
    for day in (2, 3, 4, 5, 6, 7):
        AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, day), genre_feminin=day % 2)
    AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, 8), atelier=True)
    lien = make(enter, "?du=2026-09-01&au=2026-10-15&type=ponctuel")
    assert (lien.debut, lien.fin, lien.filtres) == (date(2026, 9, 1), date(2026, 10, 31), {"type": "ponctuel"})
    client.logout()

    response = client.get(page_of(lien))

    assert response.status_code == 200
    totals = {label: value for label, value, _ in response.context["figures"].totals}
    assert totals["Accompagnements"] == "6"
    page = response.content.decode()
    assert "Bilan de l&#x27;année" in page
    assert "masqué" in page
    assert str(conseiller) not in page
    assert "Mon activité" not in page
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    for way_in in ('id="navigation"', "<form", reverse("accompagnements:statistics"), reverse("account_login")):
        assert way_in not in page
    csv = client.get(reverse("accompagnements:shared_csv", args=[token_of(lien), "genre"]))
    assert "masqué" in csv.getvalue().decode()
    assert csv["Referrer-Policy"] == "no-referrer"
    with time_machine.travel(NOW) as clock:
        clock.shift(timedelta(days=20))
        AccompagnementFactory(conseiller=conseiller, date=date(2026, 11, 20))
        assert client.get(page_of(lien)).context["lecture"].fin == date(2026, 10, 31)


def kill(lien, how):
    if how == "revoked":
        LienPartage.objects.update(revoked_at=timezone.now())
    elif how == "expired":
        LienPartage.objects.update(created_at=NOW, expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "role withdrawn":
        Role.objects.filter(pk=lien.role_id).update(ended_at=timezone.now())
    elif how == "account closed":
        lien.role.compte.is_active = False
        lien.role.compte.save()
    elif how == "scope lost":
        Membre.objects.filter(compte=lien.role.compte_id).delete()


@pytest.mark.usefixtures("_now")
@pytest.mark.parametrize("how", ["revoked", "expired", "role withdrawn", "account closed", "scope lost"])
def test_dead_link_answers_as_one_that_never_was(client, how):
    conseiller = EnPosteFactory()
    membre = MembreFactory(structure=conseiller.contrat.structure)
    role = membre.compte.roles.get(kind=RoleKind.STRUCTURE)
    lien = LienPartageFactory(role=role, token="vivant", filtres={"perimetre": f"conseiller-{conseiller.pk}"})
    url = reverse("accompagnements:shared", args=["vivant"])
    alive = client.get(url)
    assert alive.status_code == 200
    assert "activité d&#x27;un conseiller" in alive.content.decode()

    kill(lien, how)
    dead, never = client.get(url), client.get(reverse("accompagnements:shared", args=["jamais"]))

    assert dead.status_code == never.status_code == 404
    assert dead.content == never.content
    assert dict(dead.headers) == dict(never.headers)


def test_address_is_kept_as_a_digest_and_read_again_by_its_author(enter, role):
    lien = make(enter)
    token = token_of(lien)
    assert len(token) == 43
    assert lien.digest == hash_token(token)
    assert token.encode() not in bytes(lien.scelle)
    page = enter.get(LIST).content.decode()
    assert page_of(lien) in page
    assert "Aucune visite" in page
    enter.get(page_of(lien))
    assert "Dernière visite le 18/11/2026" in enter.get(LIST).content.decode()
    assert EntreeJournal.objects.filter(verbe="partager des statistiques").count() == 1


def test_link_sealed_by_a_lost_key_can_still_be_revoked(enter, role):
    lien = LienPartageFactory(role=role, token="vivant")
    assert "ne peut plus être relue" in enter.get(LIST).content.decode()
    enter.post(reverse("accompagnements:shared_revoke", args=[lien.pk]))
    assert enter.get(LIST).context["rows"] == []


@pytest.mark.ignore_template_errors
def test_support_takes_a_link_back_without_reading_it(client):
    enter_as(client, make_role(RoleKind.ANCT))
    lien = LienPartageFactory(token="vivant")
    page = client.get(reverse("admin:accompagnements_lienpartage_change", args=[lien.pk])).content.decode()
    assert lien.digest not in page
    url = reverse("admin:accompagnements_lienpartage_changelist")
    client.post(url, {"action": "revoke", "_selected_action": [lien.pk]})
    assert client.get(reverse("accompagnements:shared", args=["vivant"])).status_code == 404


def test_sent_twice_makes_one_link(enter):
    data = typed(enter)
    for _ in range(2):
        assert enter.post(SHARE, data).status_code == 302
    assert LienPartage.objects.count() == 1


def test_bad_input_is_said_beside_its_field(enter):
    for field, value in (("nom", " "), ("nom", "x" * 61), ("duree", "91"), ("cle", "abc")):
        response = enter.post(SHARE, typed(enter, **{field: value}))
        assert set(response.context["form"].errors) == {field}
    assert not LienPartage.objects.exists()


def test_filter_in_error_goes_back_to_the_page_that_says_it(enter):
    for query in ("?du=2026-02-31", "?perimetre=conseiller-999999", "?perimetre=D99", "?type=x"):
        response = enter.get(SHARE + query)
        assert response.status_code == 302
        assert response.url.startswith("/accompagnements/statistiques/?")
        assert enter.post(SHARE + query, {}).status_code == 302


def test_what_it_is_narrowed_by_is_frozen_and_told(enter, conseiller):
    word = EtiquetteFactory(compte=conseiller.compte, nom="Jardin partagé")
    for day in (5, 6, 7, 8, 9, 12):
        row = AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, day))
        row.etiquettes.add(word)
        AccompagnementFactory(conseiller=conseiller, date=date(2026, 10, day))
    query = f"?etiquette={word.pk}&type=ponctuel"
    lien = make(enter, query)
    assert lien.filtres == {"etiquette": str(word.pk), "type": "ponctuel"}
    response = enter.get(page_of(lien))
    assert response.context["figures"].totals[0][1] == "6"
    for told in ("Étiquette : Jardin partagé", "Type : Aide ponctuelle"):
        assert told in response.content.decode()
        assert told in enter.get(f"{SHARE}{query}").content.decode()


def test_commune_is_frozen_by_the_name_that_is_only_its_own(enter):
    commune = CommuneFactory()
    lien = make(enter, f"?commune={commune.libelle}")
    assert lien.filtres == {"commune": commune.libelle}
    assert enter.get(page_of(lien)).status_code == 200


def test_twenty_links_and_no_more(enter, role, django_assert_max_num_queries):
    LienPartageFactory.create_batch(LIENS_MAX, role=role)
    with django_assert_max_num_queries(8):
        assert len(enter.get(LIST).context["rows"]) == LIENS_MAX
    assert "le maximum" in enter.post(SHARE, typed(enter)).content.decode()


def test_visits_are_limited(client, monkeypatch):
    cache.clear()
    url = reverse("accompagnements:shared", args=["inconnu"])
    monkeypatch.setattr("common.ratelimit._count", lambda *args: 61)
    response = client.get(url)
    assert response.status_code == 429
    assert response["Retry-After"] == "60"


def test_ended_links_go_after_twelve_months(settings):
    now = timezone.now()
    year, month = timedelta(days=365), timedelta(days=30)

    def made(ended, **values):
        """A link of two months, that ended that long ago."""
        return LienPartageFactory(created_at=now - ended - 2 * month, expires_at=now - ended, **values)

    kept = {LienPartageFactory(), LienPartageFactory(revoked_at=now - month), made(year - month)}
    gone = {made(year + month), made(year - month, revoked_at=now - year - timedelta(hours=1))}

    assert delete_old_liens() == len(gone)
    assert LienPartage.objects.count() == len(kept) + len(gone)
    settings.PURGE_DRY_RUN = False
    assert delete_old_liens() == len(gone)
    assert set(LienPartage.objects.all()) == kept
    assert delete_old_liens() == 0
