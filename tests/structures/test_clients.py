"""The public directory, when it answers, is away, slow, hostile or wrong: the form never waits nor breaks."""

import socket
import threading
import time

import pytest
import requests
import responses
from django.core.cache import cache

from common import outside
from structures import clients
from structures.enums import TypeStructure

BASE = "https://annuaire.example"
SIRET = "21440109300015"


@pytest.fixture(autouse=True)
def _directory(settings):
    settings.ANNUAIRE_ENTREPRISES_URL = BASE
    cache.clear()


def answer(**changes):
    """One company found by one of its établissements, which is not its head office."""
    found = {
        "siret": SIRET,
        "adresse": "2 RUE DE L'HOTEL DE VILLE 44000 NANTES",
        "commune": "44109",
        "etat_administratif": "A",
    } | changes
    return {
        "results": [
            {
                "nom_complet": "COMMUNE DE NANTES",
                "nature_juridique": "7210",
                "siege": {"siret": "21440109300999", "commune": "75056", "adresse": "AILLEURS"},
                "matching_etablissements": [found],
            }
        ]
    }


@responses.activate
def test_etablissement_is_read_where_it_is_not_at_the_head_office():
    responses.get(f"{BASE}/search", json=answer())
    found = clients.find_etablissement(SIRET)
    assert found == clients.Etablissement(
        siret=SIRET,
        nom="COMMUNE DE NANTES",
        adresse="2 RUE DE L'HOTEL DE VILLE 44000 NANTES",
        code_commune="44109",
        type=TypeStructure.COMMUNE,
        is_open=True,
    )
    assert responses.calls[0].request.params["q"] == SIRET


@responses.activate
def test_head_office_asked_by_its_own_number_is_found():
    body = answer()
    body["results"][0]["matching_etablissements"] = []
    body["results"][0]["siege"]["siret"] = SIRET
    responses.get(f"{BASE}/search", json=body)
    assert clients.find_etablissement(SIRET).adresse == "AILLEURS"


@responses.activate
def test_closed_etablissement_is_known_as_such():
    responses.get(f"{BASE}/search", json=answer(etat_administratif="F"))
    assert clients.find_etablissement(SIRET).is_open is False


@responses.activate
@pytest.mark.parametrize(("ward", "commune"), [("75104", "75056"), ("69383", "69123"), ("13208", "13055")])
def test_ward_becomes_its_commune(ward, commune):
    responses.get(f"{BASE}/search", json=answer(commune=ward))
    assert clients.find_etablissement(SIRET).code_commune == commune


@responses.activate
@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("7346", TypeStructure.EPCI),
        ("7220", TypeStructure.DEPARTEMENT),
        ("7230", TypeStructure.REGION),
        ("7410", TypeStructure.GIP),
        ("7361", TypeStructure.ETABLISSEMENT_PUBLIC),
        ("9220", TypeStructure.ASSOCIATION),
        ("5710", None),
        (None, None),
        (9220, None),
    ],
)
def test_category_gives_the_type(category, expected):
    body = answer()
    body["results"][0]["nature_juridique"] = category
    responses.get(f"{BASE}/search", json=body)
    assert clients.find_etablissement(SIRET).type == expected


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"null", b"[]", b"42", b'"x"', b"{}", b'{"results": null}', b'{"results": {}}',
        b'{"results": [null, 3, "x", []]}', b'{"results": [{"matching_etablissements": 3, "siege": "x"}]}',
        b'{"results": [{"matching_etablissements": [null, {"siret": 21440109300015}]}]}',
        b'{"results": [{"matching_etablissements": [{"siret": "11111111111111"}]}]}',
        b"\xff\xfe", b"[" * 100_000, b'{"results": [', b"NaN",
    ],
)  # fmt: skip
def test_garbage_says_nothing(body):
    responses.get(f"{BASE}/search", body=body, content_type="application/json")
    assert clients.find_etablissement(SIRET) is None


@responses.activate
def test_lying_values_are_made_harmless():
    body = answer(adresse={"x": 1}, commune=["44109"], etat_administratif=7)
    body["results"][0]["nom_complet"] = "A\ud800\x00\nB" + "é" * 5000
    responses.get(f"{BASE}/search", json=body)
    found = clients.find_etablissement(SIRET)
    assert found.nom.startswith("A B")
    assert len(found.nom) == 200
    assert (found.adresse, found.code_commune, found.is_open) == ("", "", True)


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 500, 503])
def test_any_other_status_says_nothing_and_no_redirect_is_followed(status):
    responses.add("GET", f"{BASE}/search", status=status, headers={"Location": "https://elsewhere.example/"})
    assert clients.find_etablissement(SIRET) is None
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("error", [requests.ConnectionError(), requests.ReadTimeout(), requests.TooManyRedirects()])
def test_network_error_says_nothing(error):
    responses.get(f"{BASE}/search", body=error)
    assert clients.find_etablissement(SIRET) is None


@responses.activate
def test_directory_that_failed_is_left_alone_for_a_while():
    responses.get(f"{BASE}/search", status=503)
    clients.find_etablissement(SIRET)
    clients.find_etablissement(SIRET)
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(
    ("header", "pause"),
    [("120", 120), ("999999", 600), ("", 30), ("0", 30), ("demain", 30), ("-5", 30), ("9" * 5000, 30)],
)
def test_retry_after_is_obeyed_within_reason(header, pause, monkeypatch):
    paused = []
    monkeypatch.setattr(cache, "set", lambda key, value, timeout: paused.append(timeout))
    responses.get(f"{BASE}/search", status=429, headers={"Retry-After": header})
    assert clients.find_etablissement(SIRET) is None
    assert paused == [pause]


@responses.activate
def test_answer_too_large_is_not_read_to_the_end():
    responses.get(f"{BASE}/search", body=b" " * (outside.MAX_BYTES + 1))
    assert clients.find_etablissement(SIRET) is None


def test_without_an_address_nothing_is_called(settings):
    settings.ANNUAIRE_ENTREPRISES_URL = ""
    assert clients.find_etablissement(SIRET) is None


class Server:
    """A server of this machine that behaves badly, on a thread of its own."""

    def __init__(self, behave):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.behave = behave
        self.stopped = threading.Event()
        self.requests = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        self.socket.settimeout(0.2)
        while not self.stopped.is_set():
            try:
                connection, _ = self.socket.accept()
            except TimeoutError:
                continue
            self.requests += 1
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            try:
                connection.recv(65536)
                self.behave(connection, self.stopped)
            except OSError:
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.stopped.set()
        self.thread.join()
        self.socket.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"


def silent(connection, stopped):
    stopped.wait(20)


def drip_headers(connection, stopped):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not stopped.wait(0.3):
        connection.sendall(b"X-A: 1\r\n")


def drip_body(connection, stopped):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not stopped.wait(0.3):
        connection.sendall(b" ")


def hang_up(connection, stopped):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def not_http(connection, stopped):
    connection.sendall(b"\x00\x01\x02 hello\r\n\r\n")


@pytest.mark.parametrize("behave", [silent, drip_headers, drip_body, hang_up, not_http])
def test_bad_server_is_given_up_in_less_than_three_seconds(settings, behave):
    with Server(behave) as server:
        settings.ANNUAIRE_ENTREPRISES_URL = server.url
        begun = time.monotonic()
        assert clients.find_etablissement(SIRET) is None
        assert time.monotonic() - begun < 3
        assert server.requests == 1


def test_closed_port_is_given_up_at_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.ANNUAIRE_ENTREPRISES_URL = f"http://127.0.0.1:{port}"
    assert clients.find_etablissement(SIRET) is None


def test_redirect_of_a_real_server_is_not_followed(settings):
    def elsewhere(connection, stopped):
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /search2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )

    with Server(elsewhere) as server:
        settings.ANNUAIRE_ENTREPRISES_URL = server.url
        assert clients.find_etablissement(SIRET) is None
        assert server.requests == 1
