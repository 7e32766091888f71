"""What a device without network kept, and sends later."""

import json
import uuid

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from accompagnements.models import Accompagnement
from accompagnements.selectors import device_mark
from comptes.enums import RoleKind
from tests.accompagnements.entry import atelier, sign_in, typed
from tests.accompagnements.factories import AccompagnementFactory, EnPosteFactory
from tests.territoires.factories import CommuneFactory

SEND, STATE = reverse("accompagnements:send"), reverse("accompagnements:device_state")


@pytest.fixture
def post(enter, role):
    CommuneFactory()

    def send(data, **changes):
        response = enter.post(SEND, data | {"compte": device_mark(role)} | changes)
        return response.status_code, response.json()

    return send


def test_an_entry_is_recorded_once_however_often_it_is_sent(post):
    data = typed()
    assert [post(data), post(data)] == [(200, {}), (200, {})]
    assert Accompagnement.objects.get().uuid == uuid.UUID(data["uuid"])


def test_the_same_identifier_with_other_values_is_refused_with_its_reason(post):
    data = typed()
    post(data)
    status, answer = post(data | {"duree": "45"})
    assert status == 422
    assert "déjà enregistré" in answer["reasons"][0]
    assert Accompagnement.objects.get().duree == 30


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (typed(duree="481"), "Durée : Un accompagnement dure au plus 480 minutes (8 heures)."),
        (atelier(participants="1001"), "Participants : Un atelier compte 1 000 participants au plus."),
        (atelier(genre_feminin="6", genre_masculin="5"), "Femmes : Le total est de 11 pour 10 participants"),
        (typed(date="2026-11-19"), "Date : Cette date est à venir"),
        (typed(notes="son numéro : 2550814168025"), "Notes : Vos notes semblent contenir un numéro de sécurité"),
        (typed(uuid="abîmé"), "Cette saisie est abîmée"),
        (typed(uuid=None), "Cette saisie est abîmée"),
    ],
)
def test_a_refused_entry_says_why(post, data, reason):
    status, answer = post(data)
    assert status == 422
    assert answer["reasons"][0].startswith(reason)
    assert not Accompagnement.objects.exists()


def test_an_entry_of_someone_else_is_never_recorded_here(post):
    other = EnPosteFactory().compte.roles.get(kind=RoleKind.CONSEILLER)
    for mark in (device_mark(other), "", "x" * 300):
        assert post(typed(), compte=mark)[0] == 409
    assert not Accompagnement.objects.exists()


def test_state_names_the_session_and_what_it_recorded_only(enter, role, conseiller):
    mine, other = AccompagnementFactory(conseiller=conseiller), AccompagnementFactory()
    asked = [str(mine.uuid), str(other.uuid), str(uuid.uuid4()), "lune"]

    state = enter.get(STATE, {"uuid": asked}).json()
    assert state["recorded"] == [str(mine.uuid)]
    assert state["compte"] == device_mark(role)
    assert len(state["csrf"]) > 20


def test_sending_is_protected_from_other_sites(role):
    client = sign_in(Client(enforce_csrf_checks=True), role)
    CommuneFactory()
    data = typed(compte=device_mark(role))
    assert client.post(SEND, data).status_code == 403
    token = client.get(STATE).json()["csrf"]
    assert client.post(SEND, data, headers={"X-CSRFToken": token}).status_code == 200


def test_application_can_be_installed_from_our_own_files(client):
    answer = client.get(reverse("accompagnements:manifest"))
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.content)
    assert manifest["start_url"] == "/accompagnements/nouveau/"
    assert manifest["scope"] == "/accompagnements/"
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))
    worker = client.get(reverse("accompagnements:service_worker"))
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert 'const ENTRY = "/accompagnements/nouveau/"' in worker.content.decode()
