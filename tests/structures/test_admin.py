"""ANCT's and BdT's window: statuses are read, acts go through the services."""

import pytest
from django.urls import reverse

from structures.enums import StatutDemande
from tests.structures.factories import (
    ConventionFactory,
    DecisionCoselecFactory,
    DemandePosteFactory,
    PosteFactory,
    SessionCoselecFactory,
    StructureFactory,
)
from tests.structures.helpers import anct, bdt, enter, prefet
from tests.territoires.factories import CommuneFactory

LIST = reverse("admin:structures_demandeposte_changelist")


def act(client, action, *demandes, url=LIST, **data):
    rows = [demande.pk for demande in demandes]
    return client.post(url, {"action": action, "_selected_action": rows} | data, follow=True)


@pytest.mark.parametrize(
    "make", [StructureFactory, DemandePosteFactory, SessionCoselecFactory, ConventionFactory, PosteFactory]
)
@pytest.mark.parametrize("viewer", [anct, bdt])
def test_pages_open(client, make, viewer):
    enter(client, viewer())
    row = make()
    name = row._meta.model_name
    assert client.get(reverse(f"admin:structures_{name}_changelist"), {"q": "nantes"}).status_code == 200
    page = client.get(reverse(f"admin:structures_{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert 'name="status"' not in page.text


def test_other_roles_stay_out(client):
    enter(client, prefet())
    assert client.get(LIST).status_code in {302, 403}


def test_nobody_writes_a_status_or_deletes(client):
    enter(client, anct())
    demande = DemandePosteFactory()
    url = reverse("admin:structures_demandeposte_change", args=[demande.pk])
    assert client.post(url, {"status": "conventionnee"}).status_code == 403
    assert client.post(reverse("admin:structures_demandeposte_delete", args=[demande.pk])).status_code == 403
    demande.refresh_from_db()
    assert demande.status == StatutDemande.DEPOSEE


def test_anct_corrects_a_structure_within_the_rules(client):
    enter(client, anct())
    structure = StructureFactory()
    url = reverse("admin:structures_structure_change", args=[structure.pk])
    data = {
        "siret": "12345678901234", "nom": "Ville", "type": "commune", "commune": CommuneFactory().pk,
        "contact_prenom": "A", "contact_nom": "B", "contact_fonction": "C", "contact_email": "a@b.fr",
        "membres-TOTAL_FORMS": 0, "membres-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert "clé de contrôle" in client.post(url, data).text
    assert client.post(url, data | {"siret": structure.siret}).status_code == 302
    structure.refresh_from_db()
    assert structure.nom == "Ville"


def test_session_is_chosen_beside_the_action(client):
    role = enter(client, anct())
    demande, late = DemandePosteFactory(avis_rendu=True), DemandePosteFactory()
    assert "Choisissez une session" in act(client, "schedule", demande).text
    page = act(client, "schedule", demande, late, session=SessionCoselecFactory().pk)
    assert "Fait pour 1 ligne" in page.text
    assert f"{late} :" in page.text
    demande.refresh_from_db()
    assert demande.status == StatutDemande.COSELEC
    assert demande.transitions.get().by == role.compte


def test_two_person_rule_holds_here_too(client):
    preparer = enter(client, anct())
    demande = DecisionCoselecFactory(preparee_par=preparer.compte).demande
    assert "une autre personne" in act(client, "validate_decision", demande).text
    enter(client, bdt())
    assert "rôle actuel" in act(client, "validate_decision", demande).text
    enter(client, anct())
    act(client, "validate_decision", demande)
    demande.refresh_from_db()
    assert demande.status == StatutDemande.A_CONVENTIONNER


def test_signature(client):
    demande = DemandePosteFactory(a_conventionner=True)
    DecisionCoselecFactory(demande=demande, validee=True)
    preparer = bdt()
    ConventionFactory(
        demande=demande, structure=demande.structure, preparee_par=preparer.compte, signee_par=None, signee_at=None
    )
    enter(client, anct())
    assert "rôle actuel" in act(client, "sign_convention", demande).text
    enter(client, preparer)
    assert "une autre personne" in act(client, "sign_convention", demande).text
    enter(client, bdt())
    act(client, "sign_convention", demande)
    demande.refresh_from_db()
    assert demande.status == StatutDemande.CONVENTIONNEE
    assert demande.structure.postes.count() == 1


@pytest.mark.parametrize(
    ("action", "status"), [("mark_duplicate", StatutDemande.DOUBLON), ("abandon", StatutDemande.ABANDONNEE)]
)
def test_reason_is_typed_beside_the_action(client, action, status):
    enter(client, anct())
    demande = DemandePosteFactory()
    assert "Écrivez un motif" in act(client, action, demande, motif="court").text
    act(client, action, demande, motif="Le même projet deux fois.")
    demande.refresh_from_db()
    assert demande.status == status
    assert demande.transitions.get().reason == "Le même projet deux fois."


def test_session_is_closed_when_decided(client):
    enter(client, anct())
    url = reverse("admin:structures_sessioncoselec_changelist")
    demande = DemandePosteFactory(coselec=True)
    assert "attendent encore" in act(client, "close", demande.session, url=url).text
    empty = SessionCoselecFactory()
    act(client, "close", empty, url=url)
    empty.refresh_from_db()
    assert empty.closed_at


def test_draft_stays_its_visitors_own(client):
    enter(client, anct())
    draft = DemandePosteFactory(brouillon_vide=True)
    url = reverse("admin:structures_demandeposte_change", args=[draft.pk])
    assert client.get(url).status_code == 302
