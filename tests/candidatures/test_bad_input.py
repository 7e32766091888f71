"""Every field of every step: a sentence beside it, what was typed is kept, nothing is written."""

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import escape

from candidatures.enums import StatutCandidature
from candidatures.models import Candidature
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import (
    DAY,
    DISPONIBILITE,
    IDENTITE,
    LIEU,
    MINOR,
    REPRESENTANT,
    SITUATION,
    current_draft,
    hold,
    url,
)
from tests.territoires.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("today")

TOO_LONG = "é" * 151
EMAIL_SENTENCE = "nom@domaine.fr"
CASES = [
    ("identite", "prenom", "", "obligatoire"),
    ("identite", "prenom", "   ", "obligatoire"),
    ("identite", "prenom", TOO_LONG, "au plus 150"),
    ("identite", "prenom", "Inès\u202eXSS", "invisible"),
    ("identite", "prenom", "In\x07ès", "invisible"),
    ("identite", "prenom", "12345", "une lettre"),
    ("identite", "prenom", "😀", "une lettre"),
    ("identite", "nom", "", "obligatoire"),
    ("identite", "nom", TOO_LONG, "au plus 150"),
    ("identite", "nom", "--", "une lettre"),
    ("identite", "email", "", "obligatoire"),
    ("identite", "email", "ines", EMAIL_SENTENCE),
    ("identite", "email", "ines@exemple", EMAIL_SENTENCE),
    ("identite", "email", "a b@exemple.fr", EMAIL_SENTENCE),
    ("identite", "email", "x@exemple.fr\nBcc: y@exemple.fr", EMAIL_SENTENCE),
    ("identite", "email", "😀@exemple.fr", EMAIL_SENTENCE),
    ("identite", "email", "<script>@exemple.fr", EMAIL_SENTENCE),
    ("identite", "email", "a" * 300 + "@exemple.fr", "au plus 254"),
    ("identite", "telephone", "abc", "06 12 34 56 78"),
    ("identite", "telephone", "+32 470 12 34 56", "06 12 34 56 78"),
    ("identite", "telephone", "0" * 31, "au plus 30"),
    ("identite", "date_naissance", "", "obligatoire"),
    ("identite", "date_naissance", "hier", "date qui existe"),
    ("identite", "date_naissance", "2007-02-29", "date qui existe"),
    ("identite", "date_naissance", "31/04/1990", "date qui existe"),
    ("identite", "date_naissance", "9" * 50, "date qui existe"),
    ("identite", "date_naissance", "2030-01-01", "Vérifiez l'année"),
    ("identite", "date_naissance", "1800-01-01", "Vérifiez l'année"),
    ("identite", "date_naissance", "0001-01-01", "Vérifiez l'année"),
    ("identite", "date_naissance", "2010-11-23", "à partir du 23 novembre 2026"),
    ("representant-legal", "representant_prenom", "", "obligatoire"),
    ("representant-legal", "representant_prenom", TOO_LONG, "au plus 150"),
    ("representant-legal", "representant_nom", "", "obligatoire"),
    ("representant-legal", "representant_nom", "\u2066a", "invisible"),
    ("representant-legal", "representant_email", "", "obligatoire"),
    ("representant-legal", "representant_email", "yann", EMAIL_SENTENCE),
    ("representant-legal", "representant_email", " ＩＮÈS.morvan@exemple.fr", EMAIL_SENTENCE),
    ("representant-legal", "representant_email", "INES.Morvan@exemple.fr", "différente de la vôtre"),
    ("lieu", "commune", "", "Indiquez une commune"),
    ("lieu", "commune", "Trifouillis-les-Oies", "Aucune commune"),
    ("lieu", "commune", "<b>'; DROP TABLE--", "Aucune commune"),
    ("lieu", "commune", "N" * 5000, "Aucune commune"),
    ("lieu", "rayon_km", "", "obligatoire"),
    ("lieu", "rayon_km", "7", "Sélectionnez un choix"),
    ("lieu", "rayon_km", "abc", "Sélectionnez un choix"),
    ("lieu", "rayon_km", "-5", "Sélectionnez un choix"),
    ("situation", "situations", [], "au moins une situation"),
    ("situation", "situations", ["retraite"], "Sélectionnez un choix"),
    ("situation", "situations", ["status"], "Sélectionnez un choix"),
    ("situation", "situations", ["beaute"], "Sélectionnez un choix"),
    ("situation", "diplome_nom", TOO_LONG, "au plus 150"),
    ("disponibilite", "date_disponibilite", "", "obligatoire"),
    ("disponibilite", "date_disponibilite", "demain", "date qui existe"),
    ("disponibilite", "date_disponibilite", "2026-11-21", "Cette date est passée"),
    ("disponibilite", "date_disponibilite", "9999-12-31", "trop lointaine"),
    ("disponibilite", "motivation", "", "quelques phrases"),
    ("disponibilite", "motivation", " \r\n ", "quelques phrases"),
    ("disponibilite", "motivation", "é" * 2501, "2501 caractères"),
    ("disponibilite", "motivation", "a\x1bb", "invisible"),
]
DATA = {
    "identite": IDENTITE,
    "representant-legal": REPRESENTANT,
    "lieu": LIEU,
    "situation": SITUATION,
    "disponibilite": DISPONIBILITE,
}


def snapshot():
    return list(Candidature.objects.values())


@pytest.mark.parametrize(("etape", "field", "typed", "sentence"), CASES)
def test_bad_value_is_refused_beside_its_field(client, etape, field, typed, sentence):
    CommuneFactory()
    hold(
        client,
        CandidatureFactory(
            brouillon=True, email="ines.morvan@exemple.fr", date_naissance="2009-11-23", date_disponibilite=DAY
        ),
    )
    before = snapshot()

    response = client.post(url(etape), DATA[etape] | {field: typed})

    assert response.status_code == 200
    form = response.context["form"]
    assert list(form.errors) == [field]
    assert sentence in " ".join(form.errors[field])
    page = response.content.decode()
    assert "Un point est à corriger" in page
    assert escape(form.errors[field][0]) in page
    assert page.count("<title>\n            Erreur") or "<title>Erreur" in page
    if isinstance(typed, str):
        assert escape(typed.strip()[:100]) in page
    others = {name: value for name, value in DATA[etape].items() if name != field and isinstance(value, str)}
    for value in others.values():
        assert escape(value.partition("\r")[0]) in page
    assert snapshot() == before


@pytest.mark.parametrize("typed", ["\x00", "Inès\x00"])
def test_nul_is_refused_before_any_form(client, typed):
    assert client.post(url("identite"), IDENTITE | {"prenom": typed}).status_code == 400
    assert not Candidature.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["李", "Ольга", "محمد", "ʻŌmaʻo", "O'Neil-d’Aboville", "Robert'); DROP TABLE candidatures;--", "<b>Inès</b>",
     "{{ nom }}", "{% now %}", "Zoë 😀", "क्\u200dष"],
)  # fmt: skip
def test_name_in_any_alphabet_is_kept_and_shown_as_typed(client, name):
    CommuneFactory()

    assert client.post(url("identite"), IDENTITE | {"prenom": name}).status_code == 302

    assert current_draft(client).prenom == name
    assert escape(name) in client.get(url("identite")).content.decode()
    assert escape(name) in client.get(reverse("candidatures:summary")).content.decode()


def test_name_is_stored_in_nfc_with_single_spaces(client):
    client.post(url("identite"), IDENTITE | {"prenom": "  Ine\u0300s \t Marie  "})
    assert current_draft(client).prenom == "Inès Marie"


def test_email_is_normalised(client):
    client.post(url("identite"), IDENTITE | {"email": "  Ｉnes.MORVAN@Exemple.FR "})
    assert current_draft(client).email == "ines.morvan@exemple.fr"


def test_phone_is_optional(client):
    client.post(url("identite"), IDENTITE | {"telephone": ""})
    assert current_draft(client).telephone == ""


def test_local_number_is_read_with_the_territory_of_the_commune(client):
    commune = CommuneFactory(saint_denis=True)
    draft = hold(client, CandidatureFactory(brouillon=True, commune=commune))
    client.post(url("identite"), IDENTITE | {"telephone": "0262 41 00 00"})
    draft.refresh_from_db()
    assert draft.telephone == "+262262410000"


def test_motivation_of_2500_characters_with_new_lines_is_accepted(client):
    hold(client, CandidatureFactory(brouillon=True))
    text = "\r\n".join(["é" * 1249, "é" * 1250])

    assert client.post(url("disponibilite"), DISPONIBILITE | {"motivation": text}).status_code == 302
    assert len(current_draft(client).motivation) == 2500


def test_name_of_the_diploma_is_asked_to_whoever_has_one(client):
    hold(client, CandidatureFactory(brouillon=True))

    response = client.post(url("situation"), SITUATION | {"situations": ["diplome_mediation"]})
    assert response.context["form"].errors["diplome_nom"] == ["Indiquez le nom de votre diplôme."]

    data = SITUATION | {"situations": ["diplome_mediation"], "diplome_nom": "Licence MIN"}
    assert client.post(url("situation"), data).status_code == 302
    assert current_draft(client).diplome_nom == "Licence MIN"


def test_name_of_a_diploma_one_no_longer_has_is_forgotten(client):
    hold(client, CandidatureFactory(brouillon=True, diplome_mediation=True, diplome_nom="Licence MIN"))

    client.post(url("situation"), SITUATION | {"diplome_nom": "Licence MIN"})

    assert current_draft(client).diplome_nom == ""


def test_repeated_and_unknown_parameters_change_nothing_else(client):
    hold(client, CandidatureFactory(brouillon=True))

    client.post(url("situation"), SITUATION | {"status": "active", "compte": "1", "savoir_etre": ["ecoute"]})

    draft = current_draft(client)
    assert (draft.status, draft.compte_id) == (StatutCandidature.BROUILLON, None)


# --- Age ------------------------------------------------------------------------------------------------


def too_young(client, birth):
    response = client.post(url("identite"), IDENTITE | {"date_naissance": birth})
    return response.status_code == 200 and "16 ans" in response.context["form"].errors["date_naissance"][0]


def test_sixteen_on_the_day_may_apply(client):
    assert too_young(client, "2010-11-23")
    assert not Candidature.objects.exists()
    assert not too_young(client, "2010-11-22")


@pytest.mark.parametrize(("day", "refused"), [("2028-02-29", False), ("2028-02-28", True)])
def test_born_on_29_february_in_a_leap_year(client, day, refused):
    with time_machine.travel(f"{day}T12:00:00Z", tick=False):
        assert too_young(client, "2012-02-29") is refused


@pytest.mark.parametrize(("day", "refused"), [("2025-02-28", True), ("2025-03-01", False)])
def test_born_on_29_february_turns_seventeen_on_1_march(client, day, refused):
    """Sixteen falls on a leap year; eighteen does not: the extra step goes on 1 March 2026."""
    with time_machine.travel(f"{day}T12:00:00Z", tick=False):
        draft = CandidatureFactory(brouillon=True, date_naissance="2007-02-28")
        draft.refresh_from_db()
        assert not draft.is_minor
        draft.date_naissance = draft.date_naissance.replace(year=2008, day=29)
        assert draft.is_minor
    with time_machine.travel(day.replace("2025", "2026") + "T12:00:00Z", tick=False):
        assert draft.is_minor is refused


def test_before_the_commune_is_known_the_day_is_that_of_paris(client):
    # 23 November in Paris and in La Réunion's morning; still 22 November in Guadeloupe.
    with time_machine.travel("2026-11-22T23:30:00Z", tick=False):
        assert not too_young(client, "2010-11-23")


def test_once_the_commune_is_known_the_day_is_that_of_the_commune(client):
    reunion = CommuneFactory(saint_denis=True)
    hold(client, CandidatureFactory(brouillon=True, commune=reunion))
    with time_machine.travel("2026-11-22T20:30:00Z", tick=False):
        assert not too_young(client, "2010-11-23")
    with time_machine.travel("2026-11-22T19:30:00Z", tick=False):
        assert too_young(client, "2010-11-23")


def test_minor_cannot_use_the_same_address_as_their_representative(client):
    CommuneFactory()
    client.post(url("identite"), MINOR)
    client.post(url("representant-legal"), REPRESENTANT)

    response = client.post(url("identite"), MINOR | {"email": "Yann.Morvan@exemple.fr"})

    assert "représentant légal" in response.context["form"].errors["email"][0]


@pytest.mark.parametrize("key", ["", "abc", "é" * 500, "00000000-0000-0000-0000-00000000000g"])
def test_altered_key_of_the_form_is_replaced(client, key):
    assert client.post(url("identite"), IDENTITE | {"brouillon": key}).status_code == 302
    assert Candidature.objects.count() == 1


def test_key_of_a_candidature_already_sent_opens_nothing(client):
    sent = CandidatureFactory(a_confirmer=True)

    client.post(url("identite"), IDENTITE | {"brouillon": str(sent.draft_key)})

    sent.refresh_from_db()
    assert sent.email != IDENTITE["email"]
    assert client.get(reverse("candidatures:sent")).url == reverse("candidatures:start")
