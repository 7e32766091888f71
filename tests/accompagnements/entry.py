"""What a browser sends for one entry, and what comes back."""

import uuid

from django.urls import reverse

from tests.accompagnements.factories import EMAIL


def sign_in(client, role):
    client.force_login(role.compte)
    session = client.session
    session["role"] = role.pk
    session.save()
    return client


def typed(**changes):
    """An aide ponctuelle at someone's home in Nantes, on the day. None removes a field."""
    data = {
        "uuid": str(uuid.uuid4()),
        "type": "ponctuel",
        "duree": "30",
        "themes": [str(EMAIL)],
        "canal": "domicile",
        "commune": "Nantes (44000)",
        "date": "2026-11-18",
    } | changes
    return {name: value for name, value in data.items() if value is not None}


def atelier(**changes):
    return typed(**{"type": "atelier", "participants": "10", "duree": "120"} | changes)


def send(client, data, **kwargs):
    return client.post(reverse("accompagnements:create"), data, **kwargs)


def errors(response):
    """The fields in error, and that the page says so rather than breaking."""
    assert response.status_code == 200
    assert 'id="resume-erreurs"' in response.content.decode()
    return set(response.context["form"].errors)
