"""Every message the service sends: declared, and fit to be read."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from common.emails import LONGEST_SUBJECT, build_email, html_of
from notifications.enums import Categorie, Rythme
from notifications.previews import Preview, all_previews
from notifications.registry import KINDS, MESSAGES, Kind, sample

# Sealed by comptes, never built by a function.
SEALED = {"comptes.allauth", "comptes.compte_efface"}
# Built from what a digest gathered, not from ids.
GATHERED = {"notifications.recapitulatif"}
PREVIEWS = [preview for _, previews in all_previews() for preview in previews]


def templates_on_disk():
    folder = Path(settings.BASE_DIR) / "templates"
    files = [*folder.glob("*/emails/*.txt"), *folder.glob("account/email/*.txt")]
    return {str(file.relative_to(folder).with_suffix("")) for file in files}


def test_every_message_is_declared_and_every_kind_is_sent():
    assert set(KINDS) == set(MESSAGES) | SEALED | GATHERED


def test_every_template_has_a_sample_and_every_sample_a_template():
    assert {s.template for kind in KINDS.values() for s in kind.samples} == templates_on_disk()


@pytest.mark.parametrize(
    "values",
    [
        {"rhythms": tuple(Rythme)},  # Indispensable, and could be stopped.
        {"category": Categorie.INFORMATIVE},  # One may do without it, and can't.
        {"category": Categorie.INFORMATIVE, "rhythms": tuple(Rythme), "default": Rythme.JAMAIS},
        {"default": Rythme.QUOTIDIEN},
    ],
)
def test_kind_that_contradicts_itself_is_refused(values):
    with pytest.raises(ImproperlyConfigured):
        Kind(name="x", label="", when="", recipient="", topic="", roles=frozenset(), samples=(), **values)


class Page(HTMLParser):
    """What a mail reader sees of an HTML part."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.text = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append([dict(attrs)["href"], ""])

    def handle_data(self, data):
        if self.links and self.links[-1][1] == "":
            self.links[-1][1] = data.strip()
        self.text.append(data)


@pytest.mark.parametrize("preview", PREVIEWS, ids=lambda p: f"{p.kind.name}-{p.numero}")
def test_message_is_readable_by_everyone(preview):
    email = Preview(preview.kind, preview.numero).email  # Built here: a template without its variable fails the test.
    html = html_of(email)
    page = Page(html)
    names = [name for name, _ in page.tags]

    assert 0 < len(email.subject) <= LONGEST_SUBJECT
    # Whose mail it is shows on a locked screen.
    assert not re.search(r"Camille|Martin|Dominique|Petit|@", email.subject)
    assert len(email.body) > 80
    assert "{{" not in email.body + html
    assert "{%" not in email.body + html
    assert email.reply_to == [settings.CONTACT_EMAIL]
    assert email.extra_headers["Auto-Submitted"] == "auto-generated"
    assert ("html", {"lang": "fr"}) in page.tags
    assert names.count("h1") == 1
    assert names.count("title") == 1
    assert all(dict(attrs).get("role") == "presentation" for name, attrs in page.tags if name == "table")
    # Nothing to fetch, nothing to run.
    assert not {"script", "img", "link", "iframe", "object", "form", "video", "base"} & set(names)
    assert "url(" not in html
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    for href, words in page.links:
        assert href.startswith(("https://", "http://127.0.0.1"))
        assert words, href
        assert not words.startswith("http") or words == settings.SITE_URL
    # Each link of one part is in the other.
    assert {href for href, _ in page.links} - {settings.SITE_URL} <= set(re.findall(r"https?://\S+", email.body))
    # The way out is offered by informative messages, and by them alone.
    can_be_stopped = preview.kind.can_be_stopped
    assert ("List-Unsubscribe" in email.extra_headers) == can_be_stopped
    assert ("/desabonnement/" in email.body) == ("/desabonnement/" in html) == can_be_stopped
    wire = email.message().as_bytes(linesep="\r\n")
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998


def test_long_subject_is_cut_and_keeps_the_name_of_the_environment():
    context = {"prenom": "Camille", "structure": "S" * 200, "commune": "Nantes", "url": "http://x", "motif": ""}
    with override_settings(ENVIRONMENT_LABEL="Recette"):
        email = build_email("matching/emails/interest", to="lea@exemple.fr", context=context)
    assert email.subject.startswith("[Recette] SSSS")
    assert email.subject.endswith("…")
    assert len(email.subject) == len("[Recette] ") + LONGEST_SUBJECT


def test_sample_names_its_template():
    assert sample("matching/emails/interest", prenom="Camille").template == "matching/emails/interest"
