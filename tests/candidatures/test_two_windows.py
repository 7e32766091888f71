"""Two windows on one step: nobody overwrites what they have not seen."""

import pytest
from django.urls import reverse

from candidatures.models import Candidature
from candidatures.views import depot
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import DISPONIBILITE, IDENTITE, LIEU, SITUATION, hold, url
from tests.territoires.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def draft(client):
    return hold(client, CandidatureFactory(brouillon=True, email="ines.morvan@exemple.fr"))


def window(client, etape="identite", address=url):
    """Open the step in one more window; returns the version it holds."""
    return {"version": client.get(address(etape)).context["form"]["version"].value()}


def errors(response):
    assert response.status_code == 200
    return {name: str(list(sentences)) for name, sentences in response.context["form"].errors.items()}


def test_what_the_other_window_saved_is_shown_and_kept(client, draft):
    first, second = window(client), window(client)
    client.post(url("identite"), IDENTITE | first | {"nom": "Le Bihan"})

    refused = client.post(url("identite"), IDENTITE | second | {"nom": "Le Goff", "prenom": "Inessa"})

    # The first name is this window's own change: no question about it.
    assert list(errors(refused)) == ["nom"]
    assert "« Le Bihan »" in errors(refused)["nom"]
    assert refused.context["form"]["nom"].value() == "Le Goff"
    draft.refresh_from_db()
    assert (draft.nom, draft.prenom) == ("Le Bihan", "Inès")

    # Having seen both, the person chooses.
    chosen = {"version": refused.context["form"]["version"].value()}
    assert client.post(url("identite"), IDENTITE | chosen | {"nom": "Le Goff", "prenom": "Inessa"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.nom, draft.prenom) == ("Le Goff", "Inessa")


def test_the_same_answer_twice_and_another_step_are_no_conflict(client, draft):
    identite, situation = window(client), window(client, "situation")
    for _ in range(2):
        assert client.post(url("identite"), IDENTITE | identite | {"nom": "Le Bihan"}).status_code == 302
    assert client.post(url("situation"), SITUATION | situation).status_code == 302


@pytest.mark.parametrize(
    ("etape", "saved", "typed", "field", "words"),
    [
        ("lieu", LIEU | {"rayon_km": "40"}, LIEU | {"rayon_km": "100"}, "rayon_km", "« 40 km »"),
        ("lieu", LIEU | {"commune": "Rezé"}, LIEU, "commune", "« Rezé (44400) »"),
        (
            "situation",
            {"situations": ["en_emploi"]},
            {"situations": ["en_formation"]},
            "situations",
            "« Je suis en emploi »",
        ),
        ("situation", SITUATION | {"titulaire_tp_remn": "on"}, SITUATION, "titulaire_tp_remn", "« oui »"),
        (
            "disponibilite",
            DISPONIBILITE | {"date_disponibilite": "2027-01-04"},
            DISPONIBILITE,
            "date_disponibilite",
            "« 4 janvier 2027 »",
        ),
        ("experience", {"note_patience": "3"}, {"note_patience": "5"}, "note_patience", "« 3 sur 5 »"),
        ("experience", {"competences": ""}, {"competences": "Linux"}, "competences", "« aucune réponse »"),
    ],
)
def test_each_kind_of_answer_is_written_as_the_page_would(client, draft, etape, saved, typed, field, words):
    CommuneFactory()
    CommuneFactory(reze=True)
    if etape == "experience":
        client.post(url("experience"), {"competences": "Windows"})
    first, second = window(client, etape), window(client, etape)
    assert client.post(url(etape), saved | first).status_code == 302
    assert words in errors(client.post(url(etape), typed | second))[field]


def test_going_back_keeps_what_the_other_window_saved(client, draft):
    first, second = window(client, "situation"), window(client, "situation")
    client.post(url("situation"), SITUATION | first | {"titulaire_tp_remn": "on"})
    client.post(url("situation") + "?retour=1", SITUATION | second)
    draft.refresh_from_db()
    assert draft.titulaire_tp_remn


def test_two_windows_at_the_very_same_moment(client, draft, monkeypatch):
    """The other one saves after this one was checked, before it is written: the lock sees it."""
    sent = window(client)
    save = depot.services.save_draft

    def overtaken(**kwargs):
        monkeypatch.setattr(depot.services, "save_draft", save)
        Candidature.objects.filter(pk=draft.pk).update(nom="Le Bihan")
        return save(**kwargs)

    monkeypatch.setattr(depot.services, "save_draft", overtaken)
    refused = client.post(url("identite"), IDENTITE | sent | {"nom": "Le Goff"})

    assert "« Le Bihan »" in errors(refused)["nom"]
    draft.refresh_from_db()
    assert draft.nom == "Le Bihan"


def test_the_persons_own_page_asks_too(client):
    candidature = CandidatureFactory()
    client.force_login(candidature.compte)
    address = lambda etape: reverse("candidatures:edit", args=[etape])  # noqa: E731
    first, second = window(client, "disponibilite", address), window(client, "disponibilite", address)
    client.post(address("disponibilite"), DISPONIBILITE | first)

    refused = client.post(address("disponibilite"), DISPONIBILITE | second | {"motivation": "Autre chose."})

    assert (
        "J&#x27;aime transmettre" in errors(refused)["motivation"]
        or "J'aime transmettre" in errors(refused)["motivation"]
    )


def test_a_made_up_version_is_no_error(client, draft):
    for version in ("x", "." * 400, "a.b.c.d.e", "é"):
        assert client.post(url("identite"), IDENTITE | {"version": version}).status_code in {200, 302}
