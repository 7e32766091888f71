from django.urls import reverse

from accompagnements.constants import LIEUX_MAX
from accompagnements.models import LieuActivite
from tests.accompagnements.entry import errors
from tests.accompagnements.factories import LieuActiviteFactory
from tests.territoires.factories import CommuneFactory

TYPED = {"nom": "Mairie annexe", "adresse": "3 rue du Port", "commune": "Nantes (44000)", "acces": "libre"}
URL = "/accompagnements/lieux/nouveau/"


def test_new_place_is_offered_at_once(enter, conseiller):
    CommuneFactory()
    response = enter.post(URL, TYPED)

    lieu = LieuActivite.objects.get()
    assert lieu.conseillers.get() == conseiller
    assert response.url == f"{reverse('accompagnements:create')}?lieu={lieu.pk}"
    form = enter.get(response.url).context["form"]
    assert form["lieu"].value() == lieu.pk


def test_someone_elses_place_is_not_offered(enter):
    lieu = LieuActiviteFactory()
    form = enter.get(reverse("accompagnements:create"), {"lieu": lieu.pk}).context["form"]
    assert form["lieu"].value() is None


def test_empty_form_says_what_is_missing(enter):
    assert errors(enter.post(URL, {})) == {"nom", "adresse", "commune", "acces"}
    assert not LieuActivite.objects.exists()


def test_fifteen_at_most(enter, conseiller):
    for _ in range(LIEUX_MAX):
        LieuActiviteFactory(conseiller=conseiller)

    assert errors(enter.post(URL, TYPED)) == {"__all__"}
    assert conseiller.lieux.count() == LIEUX_MAX
