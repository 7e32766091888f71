"""What one address may ask of the open forms, and whose address it is."""

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.http import HttpResponse
from django.urls import reverse

from common import ratelimit
from common.ratelimit import rate_limited

OPEN_FORMS = [("candidatures:step", "identite"), ("structures:step", "identifiant")]


@pytest.fixture
def visit(rf):
    """Call a page limited to two writings a minute, from an address, and say what it answers."""
    view = rate_limited("test", amount=2, seconds=60, posts_only=True)(lambda request: HttpResponse("ok"))

    def call(method="post", **headers):
        return view(getattr(rf, method)("/", **headers)).status_code

    return call


def test_the_third_writing_waits_and_reading_is_free(visit):
    assert [visit() for _ in range(3)] == [200, 200, 429]
    assert [visit("get") for _ in range(5)] == [200] * 5
    assert visit(REMOTE_ADDR="203.0.113.9") == 200


def test_behind_a_proxy_the_address_is_the_one_the_proxy_writes(visit, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for forged in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        status = visit(HTTP_X_FORWARDED_FOR=f"{forged}, 203.0.113.9")
    assert status == 429
    assert visit(HTTP_X_FORWARDED_FOR="203.0.113.9, 203.0.113.10") == 200


def test_without_a_proxy_nobody_chooses_their_address(visit):
    assert [visit(HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("error", [OperationalError("away"), ConnectionRefusedError()])
def test_a_counter_that_is_away_stops_nobody(visit, monkeypatch, error):
    def away(*args, **kwargs):
        raise error

    monkeypatch.setattr(cache, "incr", away)
    assert [visit() for _ in range(5)] == [200] * 5


@pytest.mark.parametrize(("name", "step"), OPEN_FORMS)
def test_both_public_forms_are_limited_and_stay_readable(client, monkeypatch, name, step):
    address = reverse(name, args=[step])
    monkeypatch.setattr(ratelimit, "_count", lambda *args: 100_000)
    refused = client.post(address, {})
    assert refused.status_code == 429
    assert refused["Retry-After"]
    assert client.get(address).status_code == 200
