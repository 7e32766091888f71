from django.db import models


class ZoneMobilite(models.TextChoices):
    """A radius never crosses the sea: pairs are only formed inside one zone, unless "France entière"."""

    METROPOLE = "metropole", "France métropolitaine continentale"
    CORSE = "corse", "Corse"
    GUADELOUPE = "guadeloupe", "Guadeloupe"
    MARTINIQUE = "martinique", "Martinique"
    GUYANE = "guyane", "Guyane"
    REUNION = "reunion", "La Réunion"
    MAYOTTE = "mayotte", "Mayotte"
    SAINT_PIERRE_ET_MIQUELON = "saint_pierre_et_miquelon", "Saint-Pierre-et-Miquelon"
    SAINT_BARTHELEMY = "saint_barthelemy", "Saint-Barthélemy"
    SAINT_MARTIN = "saint_martin", "Saint-Martin"
    WALLIS_ET_FUTUNA = "wallis_et_futuna", "Wallis-et-Futuna"
    POLYNESIE = "polynesie", "Polynésie française"
    NOUVELLE_CALEDONIE = "nouvelle_caledonie", "Nouvelle-Calédonie"


class Rang(models.IntegerChoices):
    """How a commune answers what was typed, best first."""

    EXACT = 1, "nom ou code postal exact"
    ANCIEN = 2, "ancien nom exact"
    DEBUT = 3, "début du nom ou du code postal"
    DEBUT_ANCIEN = 4, "début d'un ancien nom"


# In whose national form a telephone number is first read: elsewhere than here, metropolitan France.
PHONE_REGIONS: dict[str, str] = {
    ZoneMobilite.GUADELOUPE: "GP",
    ZoneMobilite.MARTINIQUE: "MQ",
    ZoneMobilite.GUYANE: "GF",
    ZoneMobilite.REUNION: "RE",
    ZoneMobilite.MAYOTTE: "YT",
    ZoneMobilite.SAINT_PIERRE_ET_MIQUELON: "PM",
    ZoneMobilite.SAINT_BARTHELEMY: "BL",
    ZoneMobilite.SAINT_MARTIN: "MF",
    ZoneMobilite.WALLIS_ET_FUTUNA: "WF",
    ZoneMobilite.POLYNESIE: "PF",
    ZoneMobilite.NOUVELLE_CALEDONIE: "NC",
}
