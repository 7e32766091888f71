"""The request of a visitor, step by step: what is typed is kept, what is wrong is said, nothing else is written."""

from datetime import timedelta

import pytest
import responses
from django.urls import reverse
from django.utils import timezone

from comptes.models import Compte
from notifications.models import Effet
from structures.constants import ENGAGEMENT_VERSION
from structures.emails import demande_to_resume
from structures.enums import StatutDemande, TypeStructure
from structures.models import DemandePoste, Structure
from territoires.enums import ZoneMobilite
from tests.structures.factories import siret
from tests.structures.helpers import effets, fill_in, step_data, submitted_draft
from tests.territoires.factories import CommuneFactory, DepartementFactory

TOO_LONG = "x" * 5000


def url(step):
    return reverse("structures:step", args=[step])


def post(client, step, **changes):
    return client.post(url(step), step_data()[step] | changes)


def noumea():
    return CommuneFactory(
        code="98818", nom="Nouméa", codes_postaux=["98800"], zone=ZoneMobilite.NOUVELLE_CALEDONIE,
        departement=DepartementFactory(code="988", nom="Nouvelle-Calédonie", region=None, fuseau="Pacific/Noumea"),
    )  # fmt: skip


def test_visitor_fills_in_the_steps_and_receives_a_link(client):
    assert client.get(reverse("structures:start")).status_code == 200
    response = fill_in(client)
    assert response.url == reverse("structures:recap")
    page = client.get(response.url)
    assert "Mairie de Nantes" in page.text
    assert "Récapitulatif" in page.text

    response = client.post(response.url, {"engagement": "on"})

    assert response.url == reverse("structures:sent")
    assert "zoe@mairie.example" in client.get(response.url).text
    demande = DemandePoste.objects.get()
    assert demande.status == StatutDemande.BROUILLON
    assert demande.engagement_version == ENGAGEMENT_VERSION
    assert demande.engagement_at is not None
    assert effets("structures.demande_to_confirm") == ["zoe@mairie.example"]
    assert not Structure.objects.exists()
    assert not Compte.objects.exists()


def test_first_step_writes_nothing_until_it_is_right(client):
    response = post(client, "identifiant", identifiant="12345678901234")
    assert response.status_code == 200
    assert "clé de contrôle" in response.text
    assert 'value="12345678901234"' in response.text
    assert not DemandePoste.objects.exists()


def test_steps_come_in_order(client):
    assert client.get(url("besoin")).url == url("identifiant")
    fill_in(client, until="identifiant")
    assert client.get(url("besoin")).url == url("structure")
    assert client.get(url("inconnue")).status_code == 404


def test_draft_is_resumed_where_it_stopped(client):
    fill_in(client, until="structure")
    page = client.get(reverse("structures:start"))
    assert url("contact") in page.text
    assert 'value="Mairie de Nantes"' in client.get(url("structure")).text
    assert 'value="Nantes (44000)"' in client.get(url("structure")).text


def test_another_browser_sees_nothing_of_the_draft(client):
    fill_in(client, until="contact")
    other = type(client)()
    assert "Mairie de Nantes" not in other.get(url("structure"), follow=True).text
    assert other.get(reverse("structures:recap")).url == reverse("structures:start")


def test_new_request_leaves_the_draft_aside(client):
    fill_in(client, until="structure")
    client.post(reverse("structures:start"))
    assert "Mairie" not in client.get(url("identifiant")).text
    fill_in(client, until="identifiant")
    assert DemandePoste.objects.count() == 2


STRUCTURE_ERRORS = [
    ("nom", ""), ("nom", TOO_LONG), ("nom", "Mairie\u202e"), ("type", ""), ("type", "mairie"),
    ("adresse", TOO_LONG), ("commune", ""), ("commune", "Zzyzx"), ("commune", TOO_LONG),
]  # fmt: skip
CONTACT_ERRORS = [
    ("contact_prenom", ""), ("contact_prenom", TOO_LONG), ("contact_nom", "\u200b"), ("contact_nom", TOO_LONG),
    ("contact_fonction", ""), ("contact_fonction", TOO_LONG), ("contact_email", ""), ("contact_email", "zoe"),
    ("contact_email", "zoe@mairie"), ("contact_email", f"{TOO_LONG}@mairie.example"),
    ("contact_email", "zoe@mairie.example\nBcc: x@y.fr"), ("contact_telephone", "12"),
    ("contact_telephone", "+1 212 555 0100"), ("contact_telephone", TOO_LONG),
]  # fmt: skip
BESOIN_ERRORS = [
    ("postes_souhaites", ""), ("postes_souhaites", "0"), ("postes_souhaites", "-1"), ("postes_souhaites", "deux"),
    ("postes_souhaites", "1.5"), ("postes_souhaites", "9" * 5000), ("postes_souhaites", "201"),
    ("date_debut", ""), ("date_debut", "2020-01-01"), ("date_debut", "31/02/2027"), ("date_debut", "9999-12-31"),
    ("date_debut", "demain"), ("motivation", ""), ("motivation", "   \n "), ("motivation", "x" * 2501),
    ("motivation", "a\x0bb"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "field", "value"),
    [("structure", *case) for case in STRUCTURE_ERRORS]
    + [("contact", *case) for case in CONTACT_ERRORS]
    + [("besoin", *case) for case in BESOIN_ERRORS],
)
def test_wrong_value_is_said_beside_the_field_and_kept(client, step, field, value):
    order = list(step_data())
    fill_in(client, until=order[order.index(step) - 1])
    before = DemandePoste.objects.get().brouillon
    changes = {field: value} | ({"commune_code": ""} if field == "commune" else {})

    response = post(client, step, **changes)

    assert response.status_code == 200
    form = response.context["form"]
    assert set(form.errors) == {field}
    assert form[field].value() == value or step == "structure"
    assert f'id="id_{field}-desc-error"' in response.text
    assert 'id="resume-erreurs"' in response.text
    assert DemandePoste.objects.get().brouillon == before


@pytest.mark.parametrize("field", ["nom", "adresse", "contact_nom", "motivation"])
@pytest.mark.parametrize("value", ["a\x00b"])
def test_text_the_database_cannot_store_is_refused(client, field, value):
    step = next(step for step, values in step_data().items() if field in values)
    order = list(step_data())
    fill_in(client, until=order[order.index(step) - 1])
    assert post(client, step, **{field: value}).status_code == 400


def test_markup_is_shown_as_typed(client):
    fill_in(client, until="identifiant")
    post(client, "structure", nom="<script>alert(1)</script>")
    text = client.get(url("structure")).text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_names_of_any_alphabet_are_accepted(client):
    fill_in(client, until="structure")
    response = post(client, "contact", contact_prenom="Ngọc", contact_nom="Ὀδυσσεύς  ابن")
    assert response.status_code == 302
    assert DemandePoste.objects.get().brouillon["contact_nom"] == "Ὀδυσσεύς ابن"


def test_lines_of_the_motivation_count_for_one_character(client):
    fill_in(client, until="contact")
    text = "\r\n".join(["x" * 49] * 50)
    assert len(text.replace("\r\n", "\n")) == 2499
    assert post(client, "besoin", motivation=text).status_code == 302


def test_today_is_the_day_of_the_structure(client, time_machine):
    time_machine.move_to("2026-12-01T14:00:00Z")  # Already 2 December in Nouméa.
    noumea()
    client.post(url("identifiant"), {"identifiant": "1234567"})
    client.post(url("structure"), step_data()["structure"] | {"commune": "Nouméa (98800)", "commune_code": "98818"})
    client.post(url("contact"), step_data()["contact"] | {"contact_telephone": "27 34 56"})  # As dialled there.
    assert DemandePoste.objects.get().brouillon["contact_telephone"] == "+687273456"

    assert post(client, "besoin", date_debut="2026-12-01").context["form"].errors["date_debut"]
    assert post(client, "besoin", date_debut="2026-12-02").status_code == 302


def test_ridet_belongs_to_nouvelle_caledonie(client):
    CommuneFactory()
    client.post(url("identifiant"), {"identifiant": "1 234 567"})
    response = client.post(url("structure"), step_data()["structure"])
    assert "Nouvelle-Calédonie" in response.context["form"].errors["commune"][0]


def test_form_goes_on_by_hand_when_the_directory_is_not_asked(client):
    fill_in(client, until="identifiant")
    assert "L’annuaire des entreprises ne répond pas" in client.get(url("structure")).text


class TestWithTheDirectory:
    @pytest.fixture(autouse=True)
    def _directory(self, settings):
        settings.ANNUAIRE_ENTREPRISES_URL = "https://annuaire.example"
        CommuneFactory()

    def answer(self, **changes):
        found = {"siret": siret(1), "adresse": "2 RUE", "commune": "44109", "etat_administratif": "A"} | changes
        company = {"nom_complet": "COMMUNE DE NANTES", "nature_juridique": "7210", "matching_etablissements": [found]}
        responses.get("https://annuaire.example/search", json={"results": [company]})

    @responses.activate
    def test_known_fields_are_filled_in(self, client):
        self.answer()
        assert post(client, "identifiant").status_code == 302
        page = client.get(url("structure"))
        assert 'value="COMMUNE DE NANTES"' in page.text
        assert 'value="Nantes (44000)"' in page.text
        assert "viennent de l’annuaire" in page.text
        draft = DemandePoste.objects.get().brouillon
        assert draft["verifiee_at"]
        assert draft["type"] == TypeStructure.COMMUNE

    @responses.activate
    def test_commune_of_no_referential_is_left_to_be_typed(self, client):
        self.answer(commune="99999")
        post(client, "identifiant")
        assert DemandePoste.objects.get().brouillon["commune"] == ""

    @responses.activate
    def test_closed_etablissement_is_refused(self, client):
        self.answer(etat_administratif="F")
        response = post(client, "identifiant")
        assert "fermé" in response.context["form"].errors["identifiant"][0]
        assert not DemandePoste.objects.exists()

    @responses.activate
    def test_what_was_corrected_by_hand_is_not_overwritten(self, client):
        self.answer()
        post(client, "identifiant")
        post(client, "structure", nom="Ville de Nantes")
        post(client, "identifiant")
        assert DemandePoste.objects.get().brouillon["nom"] == "Ville de Nantes"

    @responses.activate
    def test_directory_that_is_down_changes_nothing_for_the_visitor(self, client):
        responses.get("https://annuaire.example/search", status=503)
        assert post(client, "identifiant").status_code == 302
        assert "ne répond pas" in client.get(url("structure")).text


def test_other_siret_empties_what_belonged_to_the_first(client):
    fill_in(client)
    client.post(url("identifiant"), {"identifiant": siret(2)})
    draft = DemandePoste.objects.get().brouillon
    assert draft["nom"] == draft["commune"] == ""
    assert draft["contact_nom"] == "L'Hénoret"
    page = client.post(reverse("structures:recap"), {"engagement": "on"})
    assert page.status_code == 200
    assert "n’est pas prête" in page.text
    assert not Effet.objects.exists()


def test_commitment_must_be_ticked(client):
    fill_in(client)
    response = client.post(reverse("structures:recap"), {})
    assert "Cochez la case" in response.text
    assert not Effet.objects.exists()


def test_date_that_has_passed_since_must_be_corrected(client):
    fill_in(client)
    demande = DemandePoste.objects.get()
    demande.brouillon["date_debut"] = (timezone.localdate() - timedelta(days=1)).isoformat()
    demande.save()
    response = client.post(reverse("structures:recap"), {"engagement": "on"})
    assert response.status_code == 200
    assert "À corriger" in response.text
    assert not Effet.objects.exists()


def test_double_click_sends_one_link(client):
    fill_in(client)
    for _ in range(2):
        client.post(reverse("structures:recap"), {"engagement": "on"})
    assert len(effets("structures.demande_to_confirm")) == 1


def test_link_can_be_sent_again_a_minute_later(client, time_machine):
    fill_in(client)
    client.post(reverse("structures:recap"), {"engagement": "on"})
    time_machine.move_to(timezone.now() + timedelta(seconds=61))
    client.post(reverse("structures:recap"), {"engagement": "on"})
    assert len(effets("structures.demande_to_confirm")) == 2


def test_change_after_sending_asks_for_the_commitment_again(client):
    fill_in(client)
    client.post(reverse("structures:recap"), {"engagement": "on"})
    post(client, "besoin", postes_souhaites="5")
    assert DemandePoste.objects.get().engagement_at is None


def test_step_changed_from_the_summary_goes_back_to_it(client):
    fill_in(client)
    response = client.post(url("contact") + "?modifier", step_data()["contact"])
    assert response.url == reverse("structures:recap")


def test_link_to_finish_later_opens_the_draft_elsewhere(client):
    fill_in(client, until="contact")
    client.post(reverse("structures:save_for_later"))
    assert effets("structures.demande_to_resume") == ["zoe@mairie.example"]
    link = demande_to_resume(DemandePoste.objects.get().pk).body.split("http://127.0.0.1:8000")[1].split()[0]
    other = type(client)()

    assert other.get(link).status_code == 200
    assert other.get(link).status_code == 200  # A mail scanner used nothing.
    assert other.post(link).url == url("besoin")
    assert 'value="Zoé"' in other.get(url("contact")).text
    assert type(client)().post(link).status_code == 410


def test_link_to_finish_later_needs_an_address(client):
    fill_in(client, until="structure")
    response = client.post(reverse("structures:save_for_later"), follow=True)
    assert "Indiquez d&#x27;abord l&#x27;adresse" in response.text
    assert not Effet.objects.exists()
    assert type(client)().post(reverse("structures:save_for_later")).url == reverse("structures:start")


def test_draft_already_confirmed_is_no_longer_edited(client):
    fill_in(client)
    demande = DemandePoste.objects.get()
    other, _ = submitted_draft(2)
    other.move_to(StatutDemande.ABANDONNEE, by=None)
    session = client.session
    session["demande_poste"] = other.pk
    session.save()
    assert client.get(url("besoin")).url == url("identifiant")
    assert demande.brouillon
