import pytest
from django.urls import reverse

from tests.territoires.test_search import HOSTILE

pytestmark = pytest.mark.usefixtures("referentiel")


def get(client, text):
    return client.get(reverse("territoires:communes"), {"q": text})


def test_visitor_gets_suggestions(client):
    response = get(client, "octeville")

    assert response.status_code == 200
    assert response.json()["communes"][0] == {
        "code": "50129",
        "libelle": "Cherbourg-en-Cotentin (50100)",
        "departement": "Manche",
        "ancien_nom": "Octeville",
    }


def test_at_most_ten_suggestions(client):
    assert len(get(client, "saint").json()["communes"]) == 10


def test_answer_may_be_cached_by_anyone(client):
    assert get(client, "nantes").headers["Cache-Control"] == "public, max-age=86400"


def test_only_reading_is_allowed(client):
    assert client.post(reverse("territoires:communes"), {"q": "nantes"}).status_code == 405


@pytest.mark.parametrize("text", [*HOSTILE, "nan\x00tes"])
def test_hostile_query_is_no_server_error(client, text):
    assert get(client, text).status_code in {200, 400}


def test_query_is_optional_and_repeated_ones_are_harmless(client):
    url = reverse("territoires:communes")
    assert client.get(url).json() == {"communes": []}
    assert client.get(url + "?q=nantes&q=paris&q[]=x&q=%ff%fe").status_code == 200


@pytest.mark.parametrize("text", ["nantes", "saint", "44000"])
def test_number_of_queries_is_bounded(client, django_assert_max_num_queries, text):
    with django_assert_max_num_queries(2):
        get(client, text)
