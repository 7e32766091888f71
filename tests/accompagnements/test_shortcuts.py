"""What a conseiller names to find it again: filters of the list, models of ateliers."""

import pytest
from django.urls import reverse

from accompagnements.constants import FILTRES_MAX, MODELES_MAX
from accompagnements.models import Accompagnement, FiltreEnregistre, ModeleAtelier
from tests.accompagnements.entry import atelier, errors, send
from tests.accompagnements.factories import (
    EMAIL,
    MATERIEL,
    TODAY,
    AccompagnementFactory,
    FiltreEnregistreFactory,
    LieuActiviteFactory,
    ModeleAtelierFactory,
)
from tests.territoires.factories import CommuneFactory

LIST, NAMED = "/accompagnements/", "/accompagnements/mes-raccourcis/"
NEW_FILTRE = "/accompagnements/filtres/nouveau/"


def named_url(row):
    kind = "filtre" if isinstance(row, FiltreEnregistre) else "modele"
    return reverse(f"accompagnements:update_{kind}", args=[row.pk])


def test_filters_are_saved_as_their_address_and_used_again(enter, role):
    CommuneFactory()
    asked = "?type=atelier&du=2026-01-01&commune=nantes&page=abc&intrus=1&theme="
    assert "filtres/nouveau/?" in enter.get(LIST + asked).content.decode()
    page = enter.get(NEW_FILTRE + asked).content.decode()
    assert "Type : Atelier collectif" in page

    assert enter.post(NEW_FILTRE + asked, {"nom": "Ateliers de l'année"}).url == NAMED
    saved = FiltreEnregistre.objects.get(compte=role.compte)
    assert saved.requete == "du=2026-01-01&type=atelier&commune=nantes"
    listed = enter.get(saved.get_absolute_url())
    assert listed.context["is_filtered"]
    assert "Ateliers de l&#x27;année" in listed.content.decode()


@pytest.mark.parametrize("asked", ["", "?page=abc", "?du=hier", "?intrus=1"])
def test_nothing_to_save_goes_back_to_the_list(enter, asked):
    assert enter.post(NEW_FILTRE + asked, {"nom": "Rien"}).url == LIST
    assert not FiltreEnregistre.objects.exists()


def test_a_name_is_asked_and_stands_once(enter, role):
    FiltreEnregistreFactory(compte=role.compte, nom="Pris")
    FiltreEnregistreFactory(nom="Ailleurs")
    for nom in ("", "   ", "n" * 61, "Pris"):
        assert errors(enter.post(NEW_FILTRE + "?type=atelier", {"nom": nom})) == {"nom"}
    assert enter.post(NEW_FILTRE + "?type=atelier", {"nom": "Ailleurs"}).status_code == 302


def test_twenty_are_enough(enter, role, conseiller):
    FiltreEnregistreFactory.create_batch(FILTRES_MAX, compte=role.compte)
    ModeleAtelierFactory.create_batch(MODELES_MAX, compte=role.compte)
    url = reverse("accompagnements:create_modele", args=[AccompagnementFactory(conseiller=conseiller, atelier=True).pk])

    for response in (enter.post(NEW_FILTRE + "?type=atelier", {"nom": "De trop"}), enter.post(url, {"nom": "De trop"})):
        assert "le maximum" in response.content.decode()
    assert (FiltreEnregistre.objects.count(), ModeleAtelier.objects.count()) == (FILTRES_MAX, MODELES_MAX)


@pytest.mark.parametrize("factory", [FiltreEnregistreFactory, ModeleAtelierFactory])
def test_renamed_then_removed(enter, role, factory):
    row, other = factory.create_batch(2, compte=role.compte)
    assert errors(enter.post(named_url(row), {"nom": other.nom})) == {"nom"}
    assert enter.post(named_url(row), {"nom": "Nouveau nom"}).url == NAMED
    assert "Nouveau nom" in enter.get(NAMED).content.decode()

    assert enter.post(named_url(row), {"supprimer": "1"}).url == NAMED
    assert type(row).objects.get() == other


def test_a_model_begins_the_next_atelier_today(enter, conseiller, role):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    row = AccompagnementFactory(
        conseiller=conseiller, atelier=True, canal="lieu_activite", lieu=lieu, commune=lieu.commune, niveau="debutant",
        themes=[MATERIEL, EMAIL], genre_feminin=4, notes="ce jour-là",
    )  # fmt: skip
    enter.post(reverse("accompagnements:create_modele", args=[row.pk]), {"nom": "Tablette du mardi"})
    modele = ModeleAtelier.objects.get(compte=role.compte)
    assert "Tablette du mardi" in enter.get(reverse("accompagnements:create")).content.decode()

    initial = enter.get(modele.get_absolute_url()).context["form"].initial
    assert (initial["type"], initial["date"], initial["lieu"], initial["titre"]) == (
        "atelier", TODAY, lieu, "Découvrir la tablette",
    )  # fmt: skip
    assert (initial["participants"], initial["themes"], initial["niveau"]) == (10, [MATERIEL, EMAIL], "debutant")
    assert not {"genre_feminin", "notes"} & set(initial)


@pytest.mark.parametrize("asked", ["0", "lune", "9" * 40, "SOMEONE_ELSES"])
def test_a_model_one_has_not_changes_nothing(enter, asked):
    asked = str(ModeleAtelierFactory().pk) if asked == "SOMEONE_ELSES" else asked
    response = enter.get(reverse("accompagnements:create"), {"modele": asked})
    assert response.status_code == 200
    assert response.context["form"].initial["type"] is None


def test_a_model_is_made_of_an_atelier_only(enter, conseiller):
    row = AccompagnementFactory(conseiller=conseiller)
    assert enter.get(reverse("accompagnements:create_modele", args=[row.pk])).status_code == 403


def test_a_model_outlives_a_closed_place(enter, conseiller, role):
    lieu = LieuActiviteFactory(conseiller=conseiller)
    modele = ModeleAtelierFactory(compte=role.compte, canal="lieu_activite", lieu=lieu, commune=lieu.commune)
    lieu.delete()

    assert enter.get(modele.get_absolute_url()).status_code == 200
    assert errors(send(enter, atelier(canal="lieu_activite", commune=None))) == {"lieu"}
    assert not Accompagnement.objects.exists()
