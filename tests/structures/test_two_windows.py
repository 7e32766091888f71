"""Two windows on one step of a request: nobody overwrites what they have not seen."""

import pytest
from django.urls import reverse

from structures.models import DemandePoste
from structures.views import depot
from tests.structures.helpers import fill_in, step_data


def url(step):
    return reverse("structures:step", args=[step])


def window(client, step):
    return {"version": client.get(url(step)).context["form"]["version"].value()}


def kept(name):
    return DemandePoste.objects.get().brouillon[name]


@pytest.mark.parametrize(
    ("step", "field", "saved", "words"),
    [
        ("structure", "type", "epci", "intercommunalité"),
        ("contact", "contact_nom", "Le Bihan", "Le Bihan"),
        ("besoin", "postes_souhaites", "7", "7"),
        ("besoin", "coordinateur", "", "non"),
    ],
)
def test_what_the_other_window_saved_is_shown_and_kept(client, step, field, saved, words):
    fill_in(client)
    first, second = window(client, step), window(client, step)
    client.post(url(step), step_data()[step] | {field: saved} | first)
    other = kept(field)

    refused = client.post(url(step), step_data()[step] | second)

    assert list(refused.context["form"].errors) == [field]
    assert words.lower() in str(refused.context["form"].errors[field]).lower()
    assert kept(field) == other
    chosen = {"version": refused.context["form"]["version"].value()}
    assert client.post(url(step), step_data()[step] | chosen).status_code == 302
    assert kept(field) != other


def test_two_windows_at_the_very_same_moment(client, monkeypatch):
    fill_in(client)
    sent = window(client, "contact")
    save = depot.services.save_step

    def overtaken(**kwargs):
        monkeypatch.setattr(depot.services, "save_step", save)
        demande = DemandePoste.objects.get()
        demande.brouillon["contact_nom"] = "Le Bihan"
        demande.save()
        return save(**kwargs)

    monkeypatch.setattr(depot.services, "save_step", overtaken)
    refused = client.post(url("contact"), step_data()["contact"] | sent | {"contact_nom": "Le Goff"})

    assert "Le Bihan" in str(refused.context["form"].errors["contact_nom"])
    assert kept("contact_nom") == "Le Bihan"
