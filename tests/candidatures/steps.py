"""What a visitor types, step by step, and how the tests send it."""

from datetime import date

from django.conf import settings
from django.urls import reverse

from candidatures.models import Candidature
from candidatures.views.depot import SESSION_KEY
from tests.territoires.factories import CommuneFactory

TODAY = "2026-11-22T10:00:00Z"
DAY = date(2026, 11, 22)

IDENTITE = {
    "prenom": "Inès",
    "nom": "Morvan",
    "email": "ines.morvan@exemple.fr",
    "telephone": "06 12 34 56 78",
    "date_naissance": "1995-05-17",
}
REPRESENTANT = {
    "representant_prenom": "Yann",
    "representant_nom": "Morvan",
    "representant_email": "yann.morvan@exemple.fr",
}
LIEU = {"commune": "Nantes", "rayon_km": "20"}
SITUATION = {"situations": ["demandeur_emploi"]}
DISPONIBILITE = {"date_disponibilite": "2026-12-01", "motivation": "J'aide déjà mes voisins.\r\nJ'aime transmettre."}
STEPS = {"identite": IDENTITE, "lieu": LIEU, "situation": SITUATION, "disponibilite": DISPONIBILITE}
MINOR = {**IDENTITE, "date_naissance": "2009-11-23"}


def url(etape):
    return reverse("candidatures:step", args=[etape])


def fill(client, **changes):
    """Walk through the form as an adult would; `changes` replaces the data of whole steps. Returns the draft."""
    CommuneFactory()
    for etape, data in {**STEPS, **changes}.items():
        response = client.post(url(etape), data)
        assert response.status_code == 302, response.context["form"].errors
    return current_draft(client)


def current_draft(client):
    return Candidature.objects.get(draft_key=client.session[SESSION_KEY])


def hold(client, candidature):
    """Make a draft that of this browser."""
    session = client.session
    session[SESSION_KEY] = str(candidature.draft_key)
    session.save()
    return candidature


def link_of(mail):
    """Return the path of the link an e-mail holds."""
    return next(line for line in mail.body.splitlines() if line.startswith(settings.SITE_URL))[len(settings.SITE_URL) :]
