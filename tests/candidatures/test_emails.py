"""Every message renders in text and HTML, says who sends it and why, and escapes what people typed."""

import pytest

from candidatures import emails
from comptes.models import Jeton
from tests.candidatures.factories import CandidatureFactory, CVFactory

MINOR = {
    "a_confirmer": True,
    "representant_prenom": "Yann",
    "representant_nom": "Le Goff",
    "representant_email": "yann@exemple.fr",
}
MESSAGES = [
    (emails.confirmation, {"a_confirmer": True}, "Confirmez votre candidature"),
    (emails.resume_link, {"brouillon": True}, "Reprenez votre candidature"),
    (emails.consent_request, MINOR, "Votre accord est demandé"),
    (emails.consent_given, {}, "représentant légal a donné son accord"),
    (emails.consent_refused, {"retiree": True}, "n’a pas donné son accord"),
    (emails.refusal_noted, {**MINOR, "a_confirmer": False, "retiree": True}, "refus est enregistré"),
    (emails.withdrawn, {"retiree": True}, "candidature est retirée"),
    (emails.reminder, {"reminded_at": "2026-11-22T00:00:00Z"}, "Êtes-vous toujours candidat"),
    (emails.expired, {"expiree": True}, "a pris fin"),
]
HOSTILE = "Ève <script>alert(1)</script> d'Arc"


@pytest.mark.parametrize(("message", "state", "subject"), MESSAGES)
def test_message_renders_in_both_forms(message, state, subject):
    candidature = CandidatureFactory(prenom=HOSTILE, **state)

    mail = message(candidature.pk)

    html = mail.alternatives[0].content
    assert subject in mail.subject
    assert "\n" not in mail.subject
    assert HOSTILE in mail.body
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    for text in (mail.body, html):
        assert "L’équipe Conseiller numérique France Services" in text
        assert "http" in text
        assert "{{" not in text
        assert "{%" not in text
    link = next(line for line in mail.body.splitlines() if line.startswith("http"))
    assert f'href="{link}"' in html


@pytest.mark.parametrize(
    ("message", "state", "subject"),
    [(emails.cv_refused, {"refuse": True}, "CV n’a pas pu être gardé"), (emails.cv_deleted, None, "CV est effacé")],
)
def test_message_about_a_cv_renders_in_both_forms(message, state, subject):
    candidature = CandidatureFactory(prenom=HOSTILE)
    about = candidature if state is None else CVFactory(candidature=candidature, **state)

    mail = message(about.pk)

    assert subject in mail.subject
    assert HOSTILE in mail.body
    assert "<script>" not in mail.alternatives[0].content
    assert "/ma-candidature/cv/" in mail.body
    # Another CV came meanwhile: the message has lost its reason.
    if state is None:
        CVFactory(candidature=candidature)
        assert message(about.pk) is None


def test_already_applied_message_offers_to_sign_in_and_holds_no_token():
    CandidatureFactory(email="ines@exemple.fr")
    again = CandidatureFactory(a_confirmer=True, email="ines@exemple.fr", prenom=HOSTILE)

    mail = emails.confirmation(again.pk)

    assert "Vous avez déjà une candidature" in mail.subject
    assert "/ma-candidature/" in mail.body
    # What the stranger typed is not repeated to the owner of the address.
    assert "Ève" not in mail.body
    assert not Jeton.objects.exists()


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (emails.confirmation, {"brouillon": True}),
        (emails.confirmation, {}),
        (emails.resume_link, {"a_confirmer": True}),
        (emails.consent_request, {"a_confirmer": True}),
        (emails.consent_request, {}),
        (emails.consent_given, {"retiree": True}),
        (emails.withdrawn, {}),
        (emails.reminder, {}),
        (emails.reminder, {"retiree": True, "reminded_at": "2026-11-22T00:00:00Z"}),
        (emails.expired, {}),
    ],
)
def test_message_that_lost_its_reason_is_not_built(message, state):
    assert message(CandidatureFactory(**state).pk) is None


@pytest.mark.parametrize("message", [message for message, _, _ in MESSAGES])
def test_message_about_a_deleted_row_is_not_built(message):
    assert message(999_999) is None


def test_clear_token_is_only_in_the_message():
    candidature = CandidatureFactory(a_confirmer=True)

    mail = emails.confirmation(candidature.pk)

    token = mail.body.partition("/candidater/confirmer/")[2].partition("/")[0]
    assert len(token) >= 43
    assert token not in str(Jeton.objects.values().get())
