"""The page of a structure and its contact; verification in the directory."""

from datetime import timedelta

import pytest
import responses
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from structures import jobs
from structures.models import DemandePoste, Structure
from structures.tasks import verify_structure
from tests.structures.factories import DemandePosteFactory, MembreFactory, PosteFactory, StructureFactory
from tests.structures.helpers import anct, enter

CONTACT = {
    "contact_prenom": "Awa",
    "contact_nom": "Diallo",
    "contact_fonction": "Adjointe",
    "contact_email": "Awa@Mairie.example",
    "contact_telephone": "0240419000",
}


def edit(client, membre, **changes):
    url = reverse("structures:edit_contact", args=[membre.structure.pk])
    read_at = client.get(url).context["form"].initial["read_at"]
    return client.post(url, CONTACT | {"read_at": read_at} | changes)


@pytest.fixture
def membre(client):
    membre = MembreFactory()
    enter(client, membre.compte.roles.get())
    return membre


def test_page_shows_posts_members_and_conventions(client, membre):
    poste = PosteFactory(convention__structure=membre.structure, pourvu=True)
    text = client.get(membre.structure.get_absolute_url()).text
    for words in (f"Poste n° {poste.pk}", "Pourvu", poste.convention.numero, membre.compte.email, "Modifier les"):
        assert words in text


def test_reader_who_is_no_member_does_not_edit(client, membre):
    enter(client, anct())
    assert "Modifier les" not in client.get(membre.structure.get_absolute_url()).text


def test_member_changes_the_contact(client, membre):
    assert edit(client, membre).url == membre.structure.get_absolute_url()
    membre.structure.refresh_from_db()
    assert membre.structure.contact_email == "awa@mairie.example"
    assert membre.structure.contact_telephone == "+33240419000"


@pytest.mark.parametrize(
    ("field", "value"),
    [("contact_nom", ""), ("contact_email", "x"), ("contact_telephone", "1"), ("contact_prenom", "y" * 151)],
)
def test_wrong_contact_is_kept_on_the_page_only(client, membre, field, value):
    response = edit(client, membre, **{field: value})
    assert set(response.context["form"].errors) == {field}
    assert response.context["form"][field].value() == value
    membre.structure.refresh_from_db()
    assert membre.structure.contact_nom == "Le Gall"


def test_lost_update_shows_both_versions(client, membre):
    url = reverse("structures:edit_contact", args=[membre.structure.pk])
    read_at = client.get(url).context["form"].initial["read_at"]
    Structure.objects.filter(pk=membre.structure.pk).update(contact_nom="Collègue", updated_at=timezone.now())

    response = client.post(url, CONTACT | {"read_at": read_at})

    assert "Collègue" in response.text
    assert 'value="Diallo"' in response.text
    assert client.post(url, CONTACT | {"read_at": response.context["form"]["read_at"].value()}).status_code == 302


def test_forged_version_is_refused(client, membre):
    assert "ont changé" in edit(client, membre, read_at="x" * 10_000).text


class TestVerification:
    @pytest.fixture(autouse=True)
    def _directory(self, settings):
        settings.ANNUAIRE_ENTREPRISES_URL = "https://annuaire.example"
        cache.clear()

    def answer(self, structure, **changes):
        found = {"siret": structure.siret, "adresse": "3 RUE NEUVE", "etat_administratif": "A"} | changes
        responses.get("https://annuaire.example/search", json={"results": [{"matching_etablissements": [found]}]})

    @responses.activate
    def test_structure_typed_by_hand_is_verified_later(self):
        structure = StructureFactory(adresse="")
        self.answer(structure)
        verify_structure(structure=structure.pk)
        verify_structure(structure=structure.pk)
        structure.refresh_from_db()
        assert structure.verifiee_at is not None
        assert structure.adresse == "3 RUE NEUVE"
        assert not structure.fermee
        assert len(responses.calls) == 1

    @responses.activate
    def test_closed_structure_is_shown_to_who_instructs(self, client):
        demande = DemandePosteFactory()
        self.answer(demande.structure, etat_administratif="F")
        jobs.verify_structures()
        enter(client, anct())
        assert "Établissement fermé" in client.get(demande.get_absolute_url()).text

    @responses.activate
    def test_silence_is_tried_again_by_the_job_for_a_month(self):
        structure = StructureFactory()
        responses.get("https://annuaire.example/search", json={"results": []})
        verify_structure(structure=structure.pk)
        jobs.verify_structures()
        assert len(responses.calls) == 2
        Structure.objects.update(created_at=timezone.now() - timedelta(days=31))
        jobs.verify_structures()
        assert len(responses.calls) == 2
        structure.refresh_from_db()
        assert structure.verifiee_at is None

    def test_structure_that_is_gone_or_has_a_ridet_is_left(self):
        verify_structure(structure=0)
        verify_structure(structure=StructureFactory(siret=None, ridet="1234567").pk)


def test_stale_drafts_are_deleted():
    stale, fresh = DemandePosteFactory.create_batch(2, brouillon_vide=True)
    submitted = DemandePosteFactory()
    DemandePoste.objects.exclude(pk=fresh.pk).update(updated_at=timezone.now() - timedelta(days=31))
    assert jobs.delete_stale_drafts() == 1
    assert set(DemandePoste.objects.all()) == {fresh, submitted}
    assert stale not in DemandePoste.objects.all()
