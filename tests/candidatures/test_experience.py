"""The optional step: experiences added one by one without JavaScript, notes, Pix."""

import pytest
from django.db import IntegrityError, transaction

from candidatures import services
from candidatures.models import Candidature, Experience
from candidatures.selectors import duration_words, experience_profil
from candidatures.signals import candidature_changed
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import current_draft, fill, hold, url

pytestmark = pytest.mark.usefixtures("today")
EDIT = "/ma-candidature/modifier/experience/"
ANIMATRICE = {"poste": "Animatrice", "employeur": "Médiathèque de Rezé", "mois": "27"}


@pytest.fixture
def draft(client):
    return hold(client, CandidatureFactory(brouillon=True))


@pytest.fixture
def candidature(client):
    candidature = CandidatureFactory()
    client.force_login(candidature.compte)
    return candidature


def post(client, data, query=""):
    return client.post(url("experience") + query, data)


def test_comes_after_what_is_asked_and_may_be_passed(client):
    draft = fill(client)
    assert client.post(url("disponibilite"), {"date_disponibilite": "2026-12-01", "motivation": "Aider."}).url == url(
        "experience"
    )
    assert post(client, {}).url == "/candidater/recapitulatif/"
    services.submit_candidature(candidature=draft)


def test_two_experiences_notes_and_pix(client, draft):
    assert post(client, ANIMATRICE, "?ajouter=1").url == url("experience")
    assert "Animatrice, Médiathèque de Rezé (2 ans et 3 mois)" in client.get(url("experience")).content.decode()
    notes = {"note_patience": "5", "note_ecoute": "4", "note_rigueur": "2"}
    last = {"poste": "Bénévole", "mois": "1", "competences": "Linux\r\nAnglais", "niveau_pix": "512", **notes}
    assert post(client, last).url == "/candidater/recapitulatif/"

    draft.refresh_from_db()
    assert [(row.poste, row.mois) for row in draft.experiences.all()] == [("Animatrice", 27), ("Bénévole", 1)]
    assert draft.auto_evaluation == {"patience": 5, "ecoute": 4, "rigueur": 2}
    assert draft.savoir_etre == ["patience", "ecoute"]
    assert (draft.competences, draft.niveau_pix) == ("Linux\nAnglais", 512)
    page = client.get("/candidater/recapitulatif/").content.decode()
    for words in ("Animatrice, Médiathèque de Rezé", "Bénévole (1 mois)", "512", "Patience : 5 sur 5"):
        assert words in page


def test_removing_one_keeps_what_is_being_typed(client, draft):
    post(client, ANIMATRICE, "?ajouter=1")
    row = draft.experiences.get()
    half = {"poste": "Facteur", "competences": "Linux"}

    response = post(client, half, f"?retirer={row.pk}")

    assert not draft.experiences.exists()
    assert response.context["form"]["poste"].value() == "Facteur"
    draft.refresh_from_db()
    assert draft.competences == "Linux"


def test_a_double_click_adds_once_and_ten_are_enough(client, draft):
    for _ in range(2):
        post(client, ANIMATRICE, "?ajouter=1")
    assert draft.experiences.count() == 1
    for rank in range(9):
        post(client, ANIMATRICE | {"poste": f"Poste {rank}a"}, "?ajouter=1")
    response = post(client, ANIMATRICE | {"poste": "De trop"}, "?ajouter=1")
    assert "10 expériences au maximum" in str(response.context["form"].errors["poste"])
    assert draft.experiences.count() == 10


def test_someone_elses_experience_is_not_removed(client, draft):
    other = CandidatureFactory(brouillon=True).experiences.create(poste="Facteur", mois=3)
    for value in (other.pk, "9" * 18, "9" * 40, "-1", "x", ""):
        post(client, {}, f"?retirer={value}")
    assert Experience.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("mois", {"poste": "Facteur"}),
        ("poste", {"mois": "3"}),
        ("poste", {"employeur": "La Poste", "mois": "3"}),
        ("mois", {"poste": "Facteur", "mois": "0"}),
        ("mois", {"poste": "Facteur", "mois": "601"}),
        ("mois", {"poste": "Facteur", "mois": "trois"}),
        ("poste", {"poste": "a" * 151, "mois": "3"}),
        ("competences", {"competences": "a" * 501}),
        ("niveau_pix", {"niveau_pix": "896"}),
        ("niveau_pix", {"niveau_pix": "-1"}),
        ("note_patience", {"note_patience": "6"}),
        ("note_patience", {"note_patience": "beaucoup"}),
    ],
)
def test_bad_input_is_told_beside_its_field(client, draft, field, data):
    response = post(client, data)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]


def test_edited_later_and_announced_to_matching(client, candidature):
    heard = []

    def listen(**kwargs):
        heard.append(kwargs["candidature"].pk)

    candidature_changed.connect(listen)
    try:
        client.post(EDIT + "?ajouter=1", ANIMATRICE)
        client.post(EDIT, {"competences": "Linux"})
        client.post(EDIT, {"competences": "Linux", "niveau_pix": "300"})
    finally:
        candidature_changed.disconnect(listen)
    # The skills are told, not scored.
    assert heard == [candidature.pk, candidature.pk]
    (exported,) = client.get("/ma-candidature/export.json").json()["candidatures"]
    assert exported["experiences"] == [{"poste": "Animatrice", "employeur": "Médiathèque de Rezé", "mois": 27}]
    assert exported["niveau_pix"] == 300


def test_a_structure_reads_the_role_before_its_interest_and_the_employer_after():
    candidature = CandidatureFactory(niveau_pix=0, auto_evaluation={"patience": 3})
    candidature.experiences.create(poste="Animatrice", employeur="Médiathèque de Rezé", mois=12)

    before = experience_profil(candidature, with_employer=False)
    after = experience_profil(candidature, with_employer=True)

    assert before.experiences == ["Animatrice (1 an)"]
    assert after.experiences == ["Animatrice, Médiathèque de Rezé (1 an)"]
    assert (before.pix, before.qualites) == ("0", ["Patience : 3 sur 5"])


@pytest.mark.parametrize(("mois", "words"), [(1, "1 mois"), (12, "1 an"), (13, "1 an et 1 mois"), (24, "2 ans")])
def test_durations_in_words(mois, words):
    assert duration_words(mois) == words


@pytest.mark.parametrize(
    "wrong", [{"auto_evaluation": {"patience": 6}}, {"auto_evaluation": {"patience": "5"}}, {"niveau_pix": 1025}]
)
def test_the_database_keeps_notes_and_scores_in_their_scale(wrong):
    candidature = CandidatureFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Candidature.objects.filter(pk=candidature.pk).update(**wrong)


def test_what_was_chosen_in_the_older_list_stays_until_notes_are_given(client):
    draft = hold(client, CandidatureFactory(brouillon=True, savoir_etre=["rigueur"]))
    post(client, {"competences": "Linux"})
    assert current_draft(client).savoir_etre == ["rigueur"]
    assert experience_profil(current_draft(client), with_employer=False).qualites == ["Rigueur"]
    post(client, {"note_clarte": "5"})
    draft.refresh_from_db()
    assert draft.savoir_etre == ["clarte"]
