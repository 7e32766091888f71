"""« Trouver un conseiller près de chez vous »."""

import math
from datetime import date, time

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompagnements import selectors
from accompagnements.models import LieuActivite
from accompagnements.selectors import find_lieux, from_commune, from_point, public_lieux
from territoires.distance import distance_km
from tests.accompagnements.factories import EnPosteFactory, ExceptionFactory, LieuActiviteFactory, PassageFactory
from tests.contrats.factories import ConseillerFactory
from tests.territoires.factories import CommuneFactory
from tests.territoires.test_geocodage import BASE, answer, feature

FIND = "/trouver-un-conseiller/"


@pytest.fixture
def receives(conseiller):
    """Make a public lieu: at a point of Nantes when one is given."""

    def make(nom, latitude=None, longitude=None, **values):
        return LieuActiviteFactory(conseiller=conseiller, nom=nom, latitude=latitude, longitude=longitude, **values)

    return make


def search(client, **query):
    response = client.get(FIND, {"commune": "Nantes (44000)", **query})
    assert response.status_code == 200
    return response


def names(response):
    return [row["nom"] for row in response.context["rows"]]


def test_nearest_first_with_what_one_needs_to_go(client, receives):
    CommuneFactory(reze=True)
    receives("Loin", 47.28, -1.55, telephone="+33240123456", services=["demarches"])
    receives("Mairie", horaires="Mo-Fr 09:00-12:30,14:00-17:30")
    receives("Rezé", commune=CommuneFactory(reze=True), acces="rdv")
    page = search(client)

    assert names(page) == ["Mairie", "Rezé", "Loin"]
    row = page.context["rows"][2]
    assert (row["distance"], row["telephone"], row["services"]) == (
        "7 km", "02 40 12 34 56", "Aide aux démarches administratives",
    )  # fmt: skip
    assert "Ouvert maintenant, ferme à 17" in page.content.decode()
    assert {row["letter"] for row in page.context["rows"]} == {"A", "B", "C"}
    assert names(search(client, acces="rdv")) == ["Rezé"]
    assert names(search(client, service="demarches")) == ["Loin"]
    assert names(search(client, ouvert="on")) == ["Mairie"]


def test_only_public_lieux_and_nothing_of_the_conseillers(client, conseiller, receives):
    receives("Public")
    receives("Privé", acces="prive")
    LieuActiviteFactory(nom="Personne")
    archived = receives("Archivé")
    LieuActivite.objects.filter(pk=archived.pk).update(archived_at=timezone.now())
    gone = ConseillerFactory()
    LieuActiviteFactory(conseiller=gone, nom="Parti")
    gone.contrat.move_to("en_cours", by=None)
    gone.contrat.move_to("termine", by=None)

    page = search(client)
    assert names(page) == ["Public"]
    assert [lieu.nom for lieu in public_lieux()] == ["Public"]
    fiche = client.get(public_lieux().get().get_absolute_url())
    for shown in (page, fiche):
        assert conseiller.compte.nom not in shown.content.decode()


def test_search_says_the_same_as_the_queryset(conseiller, receives):
    """The two ways of saying who is public agree, whatever the access and the state of the contract."""
    for acces in ("libre", "rdv", "prive"):
        receives(acces, acces=acces)
        LieuActiviteFactory(conseiller=ConseillerFactory(), nom=f"{acces} bis", acces=acces)
    page = find_lieux(from_commune(CommuneFactory()), now=timezone.now())
    assert {one.lieu.pk for one in page.rows} == set(public_lieux().values_list("pk", flat=True))


def test_position_is_posted_and_rounded(client, receives):
    receives("Mairie")
    near = receives("Près", 47.2312, -1.5155)
    page = client.post(FIND, {"latitude": "47.23117", "longitude": "-1.51561"})
    assert [row["nom"] for row in page.context["rows"]] == ["Près", "Mairie"]
    assert page.context["ici"].latitude == 47.231
    assert "47.23117" not in page.content.decode()
    assert distance_km(page.context["ici"], near) < 0.1


@pytest.mark.parametrize(
    "data",
    [
        {}, {"latitude": "nan", "longitude": "1"}, {"latitude": "95", "longitude": "1"},
        {"latitude": "0", "longitude": "0"}, {"latitude": "52.52", "longitude": "13.40"},
        {"latitude": "x" * 500, "longitude": "\u0663"},
    ],
)  # fmt: skip
def test_position_that_is_nowhere_of_ours(client, receives, data):
    CommuneFactory()
    page = client.post(FIND, data)
    assert page.status_code == 200
    assert "dans aucune commune" in page.content.decode()


class TestAroundAnAddress:
    """Posted: an address is in no URL. The geocoder places it, else the commune it names does."""

    @pytest.fixture(autouse=True)
    def _geocoder(self, settings, receives):
        settings.GEOCODAGE_URL = BASE
        receives("Mairie")
        receives("Près", 47.2312, -1.5155)

    @responses.activate
    def test_the_nearest_to_the_address_come_first_on_every_page(self, client):
        answer(feature("8 Rue Paul Bellamy 44000 Nantes", point=(-1.51561, 47.23117)))
        page = client.post(FIND, {"adresse": "8 rue paul bellamy nantes", "acces": "libre"})
        assert names(page) == ["Près", "Mairie"]
        text = page.content.decode()
        assert "Autour de 8 Rue Paul Bellamy 44000 Nantes" in text
        assert "47.23117" not in text
        here = page.context["position"].initial
        assert (here["latitude"], here["longitude"]) == (47.231, -1.516)
        again = client.post(FIND, here)
        assert names(again) == ["Près", "Mairie"]
        assert "Autour de 8 Rue Paul Bellamy" in again.content.decode()
        assert len(responses.calls) == 1

    @responses.activate
    def test_as_likely_ones_are_chosen_from(self, client):
        answer(feature("Rue de la Paix 44000 Nantes", score=0.7), feature("Rue de la Paix 44400 Rezé", score=0.69))
        page = client.post(FIND, {"adresse": "rue de la paix"})
        assert "laquelle" in page.content.decode()
        assert "Rue de la Paix 44400 Rezé" in page.content.decode()
        assert 'value="rue de la paix"' in page.content.decode()
        assert "rows" not in page.context

    @responses.activate
    @pytest.mark.parametrize("status", [200, 503])
    def test_the_commune_serves_when_the_street_cannot_be_placed(self, client, status):
        responses.get(f"{BASE}/search", json={"features": []}, status=status)
        page = client.post(FIND, {"adresse": "12 rue Inconnue 44000 Nantes"})
        assert names(page) == ["Mairie", "Près"]
        assert "Près de Nantes (44)" in page.content.decode()
        assert "n’a pas pu être située" in page.content.decode()

    @responses.activate
    @pytest.mark.parametrize(
        ("typed", "status", "told"),
        [
            ("rue Inconnue", 200, "introuvable"), ("rue Inconnue", 503, "ne répond pas"), ("", 200, "Indiquez une"),
            ("a", 200, "une rue et une commune"), ("x" * 201, 200, "200"),
        ],
    )  # fmt: skip
    def test_a_bad_address_is_answered_beside_its_field(self, client, typed, status, told):
        responses.get(f"{BASE}/search", json={"features": []}, status=status)
        page = client.post(FIND, {"adresse": typed})
        assert page.status_code == 200
        assert told in page.context["address"].errors["adresse"][0]
        assert typed in page.content.decode()

    def test_without_any_geocoder_the_commune_still_serves(self, client, settings):
        settings.GEOCODAGE_URL = ""
        assert names(client.post(FIND, {"adresse": "2 rue de l'Hôtel-de-Ville, Nantes"})) == ["Mairie", "Près"]

    def test_searches_are_limited_those_by_commune_are_not(self, client, monkeypatch):
        monkeypatch.setattr("common.ratelimit._count", lambda action, *_: 301 if action == "trouver" else 0)
        assert client.post(FIND, {"adresse": "8 rue Paul Bellamy"}).status_code == 429
        assert search(client).status_code == 200

    @responses.activate
    def test_the_address_is_in_no_journal(self, client, caplog):
        responses.get(f"{BASE}/search", status=503)
        client.post(FIND, {"adresse": "8 rue Paul Bellamy"})
        assert "geocodage" in caplog.text
        assert "Bellamy" not in caplog.text


@pytest.mark.parametrize(
    "query",
    [{"commune": "Nulle Part"}, {"acces": "prive", "commune": "Nantes"}, {"service": "x"}, {"commune": "N" * 3000},
     {"page": "inventé", "commune": "Nantes"}],
)  # fmt: skip
def test_bad_searches_are_answered(client, query):
    CommuneFactory()
    assert client.get(FIND, query).status_code == 200


def test_several_communes_are_offered(client):
    CommuneFactory()
    CommuneFactory(code="44001", nom="Nantes-sur-Erdre", codes_postaux=["44000"])
    page = client.get(FIND, {"commune": "44000"})
    assert page.content.decode().count('name="commune_code"') >= 2


@pytest.fixture
def crowd(conseiller):
    """Fifty lieux on a line, some open, in no order of distance."""
    commune = CommuneFactory()
    lieux = LieuActivite.objects.bulk_create(
        LieuActivite(
            nom=f"Lieu {n}", adresse="rue", commune=commune, latitude=commune.latitude,
            longitude=commune.longitude + 0.01 * (n * 7 % 50),
            horaires="Mo-Su 08:00-20:00" if n % 3 else "Su 09:00-10:00",
        )
        for n in range(50)
    )  # fmt: skip
    others = [EnPosteFactory() for _ in range(3)]
    for n, lieu in enumerate(lieux):
        lieu.conseillers.add([conseiller, *others][n // 14])
    return sorted((lieu.longitude, lieu.nom) for lieu in lieux)


@pytest.mark.parametrize(("open_now", "read"), [(False, 300), (True, 15)])
def test_pages_go_on_and_back(client, crowd, monkeypatch, open_now, read):
    monkeypatch.setattr(selectors.lieux, "OPEN_READ", read)
    expected = [nom for _, nom in crowd if not open_now or int(nom.split()[1]) % 3]
    filters = {"ouvert": "on"} if open_now else {}
    pages, cursor = [], ""
    while cursor is not None:
        page = search(client, page=cursor, **filters)
        pages.append(page)
        cursor = page.context["page"].following or None
    assert [nom for page in pages for nom in names(page)] == expected
    back = search(client, page=pages[-1].context["page"].previous, **filters)
    assert names(back) == expected[-len(names(pages[-1])) - len(names(back)) : -len(names(pages[-1]))]


def test_number_of_queries_does_not_depend_on_the_rows(client, receives, crowd):
    def count(**query):
        with CaptureQueriesContext(connection) as queries:
            search(client, **query)
        return len(queries)

    few = LieuActivite.objects.exclude(nom="Lieu 1")
    few.update(acces="prive")
    count()
    with_one = count(), count(ouvert="on")
    few.update(acces="libre")
    for lieu in few[:5]:
        ExceptionFactory(lieu=lieu)
    assert (count(), count(ouvert="on")) == with_one


def test_itinerant_lieu_is_where_it_stops_next(client, receives):
    bus = receives("Bus", itinerant=True)
    assert names(search(client)) == []
    reze = CommuneFactory(reze=True)
    PassageFactory(lieu=bus, date=date(2026, 11, 18), debut=time(9), fin=time(10))  # Over, this morning.
    PassageFactory(lieu=bus, date=date(2026, 11, 18), debut=time(15), fin=time(18))
    PassageFactory(lieu=bus, date=date(2026, 11, 26), debut=time(15), fin=time(18))
    PassageFactory(lieu=bus, date=date(2026, 11, 25), commune=CommuneFactory())
    PassageFactory(lieu=bus, date=date(2027, 6, 1), commune=CommuneFactory(code="44190", nom="Saint-Sébastien"))

    page = search(client)
    assert [(row["nom"], row["etat"]) for row in page.context["rows"]] == [
        ("Bus", "Passe le 25 novembre à Nantes, 10\xa0h – 12\xa0h"),
        ("Bus", "Ouvert maintenant à Rezé, repart à 18\xa0h"),
    ]
    assert names(search(client, ouvert="on")) == ["Bus"]
    fiche = client.get(bus.get_absolute_url()).content.decode()
    assert "place du Marché" in fiche
    assert "juin" not in fiche
    assert reze.nom in fiche


def test_a_point_is_placed_in_the_plane_of_its_zone(receives):
    """The position the database computes is where a projection puts it, to some metres a kilometre, at both ends."""
    for commune, east in ((CommuneFactory(), 4.0), (CommuneFactory(saint_denis=True), -3.0)):
        longitude = commune.longitude + east / (111.195 * math.cos(math.radians(commune.latitude)))
        lieu = receives(f"À l'est de {commune.nom}", commune.latitude, longitude, commune=commune)
        ici = from_point(lieu.latitude, lieu.longitude)
        assert ici.commune == commune
        with connection.cursor() as cursor:
            cursor.execute("SELECT position[0], position[1] FROM accompagnements_lieuactivite WHERE id = %s", [lieu.pk])
            x, y = cursor.fetchone()
        assert (x, y) == (ici.x, ici.y)
        assert math.hypot(x - commune.x, y - commune.y) == pytest.approx(abs(east), rel=0.005)
        # Nantes is west of Lambert-93's meridian: its east points north of the grid's.
        assert (y - commune.y) * (1 if commune.zone == "metropole" else 0) <= 0
        page = find_lieux(ici, now=timezone.now())
        assert [one.lieu.pk for one in page.rows] == [lieu.pk]
