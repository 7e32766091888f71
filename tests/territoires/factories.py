"""A few real places, loaded on demand: tests read better with Nantes than with "Commune 12"."""

import factory

from territoires.enums import ZoneMobilite
from territoires.models import Commune, Departement, Region


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "52"
    nom = "Pays de la Loire"


class DepartementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Departement
        django_get_or_create = ["code"]

    code = "44"
    nom = "Loire-Atlantique"
    region = factory.SubFactory(RegionFactory)
    fuseau = "Europe/Paris"


class CommuneFactory(factory.django.DjangoModelFactory):
    """Nantes. Other real places by trait: `CommuneFactory(reze=True)`, `(paris=True)`, `(saint_denis=True)`."""

    class Meta:
        model = Commune
        django_get_or_create = ["code"]

    class Params:
        reze = factory.Trait(
            code="44143", nom="Rezé", codes_postaux=["44400"], population=43_500,
            longitude=-1.56958, latitude=47.1912, x=354.196, y=6_686.777,
        )  # fmt: skip
        paris = factory.Trait(
            code="75056", nom="Paris", codes_postaux=["75001", "75011"], population=2_113_705,
            longitude=2.3522, latitude=48.8566, x=652.484, y=6_862.024,
            departement=factory.SubFactory(
                DepartementFactory, code="75", nom="Paris",
                region=factory.SubFactory(RegionFactory, code="11", nom="Île-de-France"),
            ),
        )  # fmt: skip
        saint_denis = factory.Trait(
            code="97411", nom="Saint-Denis", codes_postaux=["97400"], population=155_634,
            longitude=55.4481, latitude=-20.8789, x=49_994.663, y=24.577, zone=ZoneMobilite.REUNION,
            departement=factory.SubFactory(
                DepartementFactory, code="974", nom="La Réunion", fuseau="Indian/Reunion",
                region=factory.SubFactory(RegionFactory, code="04", nom="La Réunion"),
            ),
        )  # fmt: skip

    code = "44109"
    nom = "Nantes"
    departement = factory.SubFactory(DepartementFactory)
    codes_postaux = ["44000", "44100", "44200", "44300"]
    population = 325_070
    longitude = -1.55377
    latitude = 47.21863
    zone = ZoneMobilite.METROPOLE
    x = 355.566
    y = 6_689.749
