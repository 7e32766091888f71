import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from comptes.enums import RoleKind
from formation.enums import StatutDossier
from formation.models import Formateur
from tests.comptes.factories import RoleFactory
from tests.formation.factories import (
    AttestationFactory,
    DossierFormationFactory,
    FormateurFactory,
    InscriptionFactory,
    OrganismeFactory,
    ParcoursFactory,
    SessionFormationFactory,
)

MODELS = {
    "organisme": lambda: FormateurFactory().organisme,
    "referentielparcours": ParcoursFactory,
    "dossierformation": DossierFormationFactory,
    "sessionformation": lambda: InscriptionFactory().session,
    "inscription": InscriptionFactory,
    "attestation": AttestationFactory,
}


def url(model, page, *args):
    return reverse(f"admin:formation_{model}_{page}", args=args)


@pytest.mark.parametrize("kind", [RoleKind.ANCT, RoleKind.BDT])
@pytest.mark.parametrize("model", MODELS)
def test_every_row_is_read_and_none_is_deleted(enter, model, kind):
    row = MODELS[model]()
    client = enter(RoleFactory(kind=kind, compte__is_staff=True))
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "Durand"}).status_code == 200
    assert client.get(url(model, "change", row.pk)).status_code == 200
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_status_is_not_typed(enter, bdt):
    dossier = DossierFormationFactory()
    enter(bdt).post(url("dossierformation", "change", dossier.pk), {"status": "forme"})
    dossier.refresh_from_db()
    assert dossier.status == StatutDossier.A_POSITIONNER


def test_verification_code_is_not_shown(enter, bdt):
    attestation = AttestationFactory()
    page = enter(bdt).get(url("attestation", "change", attestation.pk)).content.decode()
    assert attestation.numero in page
    assert attestation.code not in page


def act(client, model, action, row, **values):
    data = {"action": action, "_selected_action": [row.pk], **values}
    response = client.post(url(model, "changelist"), data, follow=True)
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_bdt_assigns_an_organisme(enter, bdt):
    dossier, organisme = DossierFormationFactory(organisme=None), OrganismeFactory()
    client = enter(bdt)
    assert act(client, "dossierformation", "assign_organisme", dossier, organisme="") == ["Choisissez un organisme."]
    assert act(client, "dossierformation", "assign_organisme", dossier, organisme=organisme.pk) == [
        "Fait pour 1 ligne(s)."
    ]
    dossier.refresh_from_db()
    assert dossier.organisme == organisme


def test_anct_does_not(enter):
    dossier, organisme = DossierFormationFactory(organisme=None), OrganismeFactory()
    client = enter(RoleFactory(kind=RoleKind.ANCT, compte__is_staff=True))
    [message] = act(client, "dossierformation", "assign_organisme", dossier, organisme=organisme.pk)
    assert "ne permet pas" in message


def test_bdt_revokes_with_a_reason(enter, bdt):
    attestation = AttestationFactory()
    client = enter(bdt)
    assert act(client, "attestation", "revoke", attestation, motif=" ") == ["Indiquez le motif de la révocation."]
    assert act(client, "attestation", "revoke", attestation, motif="Fraude") == ["Fait pour 1 ligne(s)."]
    assert "déjà révoquée" in act(client, "attestation", "revoke", attestation, motif="Encore")[0]


def test_bdt_entitles_an_organisme_and_anct_only_reads(enter, bdt):
    organisme = OrganismeFactory()
    region = organisme.regions.get()
    values = {
        "nom": "Renommé", "siret": organisme.siret, "commune": organisme.commune_id, "regions": [region.pk],
        "habilite_du": "2022-01-01", "habilite_au": "2021-01-01", "formateurs-TOTAL_FORMS": 0,
        "formateurs-INITIAL_FORMS": 0,
    }  # fmt: skip
    client = enter(bdt)
    assert "doit suivre son début" in client.post(url("organisme", "change", organisme.pk), values).content.decode()
    values["habilite_au"] = "2029-12-31"
    assert client.post(url("organisme", "change", organisme.pk), values).status_code == 302
    organisme.refresh_from_db()
    assert organisme.nom == "Renommé"
    enter(RoleFactory(kind=RoleKind.ANCT, compte__is_staff=True))
    assert client.post(url("organisme", "change", organisme.pk), values).status_code == 403


def test_sessions_and_formateurs_are_not_added_by_hand(enter, bdt):
    client = enter(bdt)
    SessionFormationFactory()
    for model in ("sessionformation", "inscription", "dossierformation", "attestation"):
        assert client.get(url(model, "add")).status_code == 403
    assert not Formateur.objects.exists()
