"""One-click unsubscribe (RFC 8058): no cookie, no page, no account, and nothing by GET."""

import re

import pytest
from django.conf import settings
from django.test import Client, override_settings

from common.emails import html_of
from notifications.enums import Rythme
from notifications.models import Preference
from notifications.previews import Preview
from notifications.registry import KINDS
from notifications.selectors import rhythm, wishes_of
from notifications.tokens import read_token, unsubscribe_url

KIND = KINDS["matching.proposed"]
LEA = "lea@exemple.fr"


@pytest.fixture
def url():
    return unsubscribe_url(KIND, LEA).removeprefix(settings.SITE_URL)


@pytest.fixture
def mail_reader():
    """What a mail provider is: no cookie, and every check of a forged request."""
    return Client(enforce_csrf_checks=True)


def chosen(kind=KIND):
    return rhythm(kind, LEA, wishes_of([LEA]))


def test_informative_mail_carries_the_two_headers_and_both_links():
    email = Preview(KIND, 1).email
    (link,) = re.fullmatch(r"<(\S+)>", email.extra_headers["List-Unsubscribe"]).groups()
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in email.body
    assert link in html_of(email)
    # As it travels: one URL, never folded nor encoded, or the reader's button leads nowhere.
    headers = email.message().as_bytes(linesep="\r\n").partition(b"\r\n\r\n")[0]
    assert f"<{link}>".encode() in headers


def test_one_click_stops_this_message_to_this_address(mail_reader, url):
    response = mail_reader.post(url, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 200  # A redirection would not be followed.
    assert chosen() == Rythme.JAMAIS
    assert chosen(KINDS["matching.expired_for_candidat"]) == Rythme.IMMEDIAT
    assert mail_reader.post(url).status_code == 200  # Again: the same.
    assert Preference.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_mail_scanner_that_opens_the_link_changes_nothing(mail_reader, url, method):
    response = getattr(mail_reader, method)(url)
    assert response.status_code == 200
    assert chosen() == Rythme.IMMEDIAT


def test_person_finds_a_button_that_works_without_cookie(mail_reader, url):
    page = mail_reader.get(url)
    assert '<form method="post">' in page.content.decode()
    assert LEA not in page.content.decode()
    assert "l•••@exemple.fr" in page.content.decode()
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]

    assert "ne sont plus envoyés" in mail_reader.post(url).content.decode()
    assert chosen() == Rythme.JAMAIS


def test_link_shows_nothing_and_can_neither_be_guessed_nor_changed(url, mail_reader):
    token = url.rstrip("/").rpartition("/")[2]
    assert "lea" not in token
    assert "matching" not in token
    assert len(token) > 100
    assert token != unsubscribe_url(KIND, LEA).rstrip("/").rpartition("/")[2]
    for wrong in (token[:-1], token[1:], token + "A", token[:40] + "AAAA" + token[44:], "é", "a" * 2000):
        assert mail_reader.post(f"/desabonnement/{wrong}/").status_code == 404
    assert not Preference.objects.exists()


def test_rotation_of_the_key_revokes_unless_the_old_one_is_kept():
    token = unsubscribe_url(KIND, LEA).rstrip("/").rpartition("/")[2]
    with override_settings(SECRET_KEY="another-key", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert read_token(token) == (KIND, LEA)
    with override_settings(SECRET_KEY="another-key"):
        assert read_token(token) is None


def test_message_that_became_indispensable_can_no_longer_be_stopped(mail_reader):
    forged = unsubscribe_url(KINDS["contrats.validated"], LEA).removeprefix(settings.SITE_URL)
    assert mail_reader.post(forged).status_code == 404
