"""A valid request, step by step, and the people who instruct it."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from comptes.enums import JetonPurpose, RoleKind
from comptes.services import mint_jeton
from notifications.models import Effet
from structures import services
from tests.comptes.factories import RoleFactory
from tests.structures.factories import siret
from tests.territoires.factories import CommuneFactory, DepartementFactory, RegionFactory


def step_data(number=1):
    """What a visitor of Nantes types, by step; other tests change one value."""
    return {
        "identifiant": {"identifiant": siret(number)},
        "structure": {
            "nom": "Mairie de Nantes",
            "type": "commune",
            "adresse": "2 rue de l'Hôtel de Ville",
            "commune": "Nantes (44000)",
            "commune_code": "44109",
        },
        "contact": {
            "contact_prenom": "Zoé",
            "contact_nom": "L'Hénoret",
            "contact_fonction": "Directrice générale des services",
            "contact_email": "zoe@mairie.example",
            "contact_telephone": "02 40 41 90 00",
        },
        "besoin": {
            "postes_souhaites": "2",
            "date_debut": (timezone.localdate() + timedelta(days=30)).isoformat(),
            "coordinateur": "on",
            "motivation": "Les habitants nous demandent de l'aide chaque jour.",
        },
    }


def fill_in(client, until="besoin", data=None):
    """Walk the steps as a browser does, up to and including one."""
    CommuneFactory()
    for step, values in (data or step_data()).items():
        response = client.post(reverse("structures:step", args=[step]), values)
        assert response.status_code == 302, response.context["form"].errors
        if step == until:
            break
    return response


def submitted_draft(number=1, email="zoe@mairie.example"):
    """A draft sent to its contact, and the token of the link."""
    CommuneFactory()
    draft = {
        "siret": siret(number),
        "ridet": "",
        "nom": "Mairie de Nantes",
        "type": "commune",
        "adresse": "",
        "commune": "44109",
        "contact_prenom": "Zoé",
        "contact_nom": "L'Hénoret",
        "contact_fonction": "Directrice",
        "contact_email": email,
        "contact_telephone": "",
        "postes_souhaites": 2,
        "date_debut": (timezone.localdate() + timedelta(days=30)).isoformat(),
        "candidat_identifie": False,
        "coordinateur": True,
        "motivation": "Les habitants nous demandent de l'aide chaque jour.",
        "verifiee_at": None,
    }
    demande = services.submit_demande(demande=services.save_step(demande=None, values=draft))
    return demande, mint_jeton(purpose=JetonPurpose.CONFIRMER_DEMANDE, objet_id=demande.pk, email=email)


def anct():
    return RoleFactory(kind=RoleKind.ANCT)


def bdt():
    return RoleFactory(kind=RoleKind.BDT)


def prefet(departement=None, region=None):
    if region:
        return RoleFactory(kind=RoleKind.PREFET, region=RegionFactory(code=region))
    return RoleFactory(kind=RoleKind.PREFET, departement=DepartementFactory(code=departement or "44"))


def enter(client, role):
    client.force_login(role.compte)
    session = client.session
    session["role"] = role.pk
    session.save()
    return role


def effets(genre):
    """Addresses a message is queued for."""
    return sorted(Effet.objects.filter(genre=genre).values_list("destinataire", flat=True))
