"""What a structure asks of its posts: languages and soft skills, in the score of what is proposed next."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from candidatures.enums import Langue
from matching import selectors, services
from matching.models import Attentes, MiseEnRelation, PoidsMatching
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.matching.access import member_role
from tests.structures.factories import PosteFactory


@pytest.fixture
def structure():
    return PosteFactory().structure


@pytest.fixture
def page(client, structure):
    client.force_login(member_role(structure).compte)
    return reverse("matching:attentes", args=[structure.pk])


def weigh():
    return PoidsMatching.objects.create(valide_du=date(2026, 1, 1), distance=25, langues=10)


def test_asked_then_proposed_with_reasons(client, page, structure, django_capture_on_commit_callbacks):
    weigh()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(page, {"langues": ["turc", "lsf"], "savoir_etre": ["patience"]}, follow=True)
    assert "Vos attentes sont enregistrées." in response.text
    assert client.get(page).context["form"].initial == {"langues": ["lsf", "turc"], "savoir_etre": ["patience"]}
    signs, plain = CandidatureFactory(langues=["lsf"]), CandidatureFactory()
    # One by one as by the run of the country: the same points.
    services.propose_for_structure(structure_id=structure.pk)
    drain()
    scores = dict(MiseEnRelation.objects.values_list("candidature", "score"))
    assert scores[signs.pk] == scores[plain.pk] + 5
    mise = MiseEnRelation.objects.get(candidature=signs)
    assert "langue des signes française" in client.get(reverse("matching:detail", args=[mise.pk])).text
    names = client.get(reverse("matching:candidat_list", args=[structure.pk]), {"langue": "lsf"}).text
    assert names.count(reverse("matching:detail", args=[mise.pk])) >= 1
    other = MiseEnRelation.objects.get(candidature=plain)
    assert reverse("matching:detail", args=[other.pk]) not in names


def test_the_run_of_the_country_counts_alike(structure):
    weigh()
    Attentes.objects.create(structure=structure, langues=["lsf", "turc"], savoir_etre=["patience"])
    candidature = CandidatureFactory(langues=["turc"], savoir_etre=["patience", "ecoute"])
    services.run_matching()
    mise = MiseEnRelation.objects.get(candidature=candidature)
    (besoin,) = selectors.list_besoins(type(structure).objects.filter(pk=structure.pk))
    alone = services.score(candidature, besoin=besoin, distance_km=mise.distance_km, poids=services.read_poids())
    assert (mise.score, [list(row) for row in mise.details]) == (alone.total, [list(row) for row in alone.details])


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"langues": Langue.values[:4]}, "Gardez-en 3 au plus : vous en avez coché 4."),
        ({"langues": ["klingon"]}, "klingon"),
        ({"savoir_etre": ["patience", "ecoute", "clarte", "empathie"]}, "Gardez-en 3 au plus"),
    ],
)
def test_too_many_or_unknown_is_said_beside_the_field_and_nothing_is_written(client, page, typed, message):
    response = client.post(page, typed)
    assert message in response.text
    assert not Attentes.objects.exists()


def test_the_database_refuses_what_the_form_does(structure):
    for wrong in ({"langues": ["klingon"]}, {"langues": Langue.values[:4]}, {"savoir_etre": [None]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Attentes.objects.create(structure=structure, **wrong)


def test_page_says_whether_it_counts_today(client, page):
    assert "ne comptent pas ces attentes aujourd" in client.get(page).text
    weigh()
    assert "gagne des points" in client.get(page).text
