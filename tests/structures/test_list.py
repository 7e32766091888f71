import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.enums import RoleKind
from structures.enums import StatutDemande
from structures.models import DemandePoste, Structure
from tests.comptes.factories import RoleFactory
from tests.structures.factories import (
    ConventionFactory,
    DemandePosteFactory,
    MembreFactory,
    PosteFactory,
    SessionCoselecFactory,
    StructureFactory,
)
from tests.structures.helpers import anct, enter, prefet
from tests.territoires.factories import CommuneFactory, DepartementFactory

URL = reverse("structures:demande_list")


def names(response):
    return [row.nom for row in response.context["rows"]]


def make(nom, **values):
    return DemandePosteFactory(structure__nom=nom, **values)


@pytest.mark.parametrize("viewer", [anct, prefet])
def test_number_of_queries_does_not_depend_on_the_number_of_rows(client, viewer):
    enter(client, viewer())

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        return len(queries)

    DemandePosteFactory.create_batch(2)
    count_queries()
    with_two_rows = count_queries()
    DemandePosteFactory.create_batch(18)
    assert count_queries() == with_two_rows


def test_detail_and_structure_pages_have_a_constant_number_of_queries(client):
    enter(client, anct())
    poste = PosteFactory()
    demande = poste.convention.demande

    def count_queries(url):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    urls = [demande.get_absolute_url(), demande.structure.get_absolute_url(), reverse("structures:session_list")]
    before = [(count_queries(url), count_queries(url))[1] for url in urls]
    PosteFactory.create_batch(3, convention=poste.convention)
    MembreFactory.create_batch(3, structure=demande.structure)
    SessionCoselecFactory.create_batch(3)
    DemandePosteFactory.create_batch(3, structure=demande.structure, status=StatutDemande.REFUSEE)
    assert [count_queries(url) for url in urls] == before


def test_twenty_rows_a_page(client):
    DemandePosteFactory.create_batch(21)
    enter(client, anct())
    assert len(names(client.get(URL))) == 20
    page = client.get(URL, {"page": 2, "statut": "deposee"})
    assert len(names(page)) == 1
    assert "statut=deposee" in page.text  # The links of the pages keep the filter.
    assert client.get(URL, {"page": 3}).status_code == 404


def test_prefet_reads_its_territory_only(client):
    make("Nantes")
    make("Paris", structure__commune=CommuneFactory(paris=True))
    enter(client, prefet("44"))
    assert names(client.get(URL)) == ["Nantes"]
    enter(client, prefet(region="11"))
    assert names(client.get(URL)) == ["Paris"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ecole"}, ["École Sainte-Élise"]),
        ({"q": "ECOLE ST ELISE"}, []),
        ({"q": "ste elise"}, ["École Sainte-Élise"]),
        ({"q": "reze"}, ["Mairie"]),
        ({"q": "12345"}, []),
        ({"q": "%"}, []),
        ({"q": "' OR 1=1"}, []),
        ({"statut": "refusee"}, ["Mairie"]),
        ({"statut": "deposee", "q": "mairie"}, []),
        ({"departement": "44"}, ["École Sainte-Élise", "Mairie"]),
        ({"departement": "75"}, []),
    ],
)
def test_filters(client, query, found):
    make("École Sainte-Élise")
    make("Mairie", structure__commune=CommuneFactory(reze=True), status=StatutDemande.REFUSEE)
    DepartementFactory(code="75", nom="Paris")
    enter(client, anct())
    assert sorted(names(client.get(URL, query))) == sorted(found)


def test_siret_finds_its_request_with_spaces(client):
    demande = make("Mairie")
    make("Autre")
    number = demande.structure.siret
    enter(client, anct())
    assert names(client.get(URL, {"q": f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}"})) == ["Mairie"]


def test_session_filters_its_files(client):
    demande = make("Mairie", coselec=True)
    make("Autre")
    enter(client, anct())
    assert names(client.get(URL, {"session": demande.session_id})) == ["Mairie"]


@pytest.mark.parametrize(
    "query",
    [
        {"statut": "brouillon"}, {"statut": "x"}, {"departement": "zz"}, {"session": "abc"}, {"session": "9" * 30},
        {"q": "x" * 101}, {"departement": ["44", "75"]},
    ],
)  # fmt: skip
def test_wrong_filter_is_said_and_finds_nothing_by_chance(client, query):
    make("Mairie", structure__commune=CommuneFactory(saint_denis=True))
    enter(client, anct())
    response = client.get(URL, query)
    assert response.status_code == 200
    assert names(response) == []


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30])
def test_wrong_page_does_not_exist(client, page):
    enter(client, anct())
    assert client.get(URL, {"page": page}).status_code == 404


def test_number_beyond_the_database_does_not_exist(client):
    enter(client, anct())
    assert client.get(f"/demandes/{'9' * 30}/").status_code == 404
    assert client.get(f"/structures/{'9' * 30}/").status_code == 404


def test_draft_is_in_no_list():
    DemandePosteFactory(brouillon_vide=True)
    for role in (anct(), prefet(), RoleFactory(kind=RoleKind.BDT)):
        assert not DemandePoste.objects.visible_to(role).exists()


VISIBLE = {
    RoleKind.ANCT: {"mine", "other"},
    RoleKind.BDT: {"mine", "other"},
    RoleKind.PREFET: {"mine"},
    RoleKind.STRUCTURE: {"mine"},
}


@pytest.mark.parametrize("kind", list(RoleKind))
def test_rows_each_role_reads(kind):
    mine = StructureFactory(nom="mine")
    other = StructureFactory(nom="other", commune=CommuneFactory(paris=True))
    for structure in (mine, other):
        PosteFactory(convention=ConventionFactory(structure=structure))
    match kind:
        case RoleKind.STRUCTURE:
            role = MembreFactory(structure=mine).compte.roles.get()
        case RoleKind.PREFET:
            role = prefet("44")
        case _:
            role = RoleFactory(kind=kind)
    expected = VISIBLE.get(kind, set())
    assert {row.nom for row in Structure.objects.visible_to(role)} == expected
    assert {row.structure.nom for row in DemandePoste.objects.visible_to(role)} == expected
