"""What pages print of lieux: ready strings. What the public reads is built here, and holds nothing of conseillers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db.models import TextChoices

from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.horaires import Jour, coming_days, words
from accompagnements.models import ExceptionHoraires, LieuActivite, Passage
from accompagnements.selectors import Ici, Trouve
from common.phones import display_phone
from matching.explanations import format_km
from matching.exploration import largest_towns
from matching.maps import RINGS_KM, Map, Place, draw, reach_km

ACCES = dict(AccesLieu.choices)
SERVICES = dict(ServiceLieu.choices)
# In a town everyone is near: smaller circles than those around a structure.
RINGS = (1, 2, *RINGS_KM)


def labels(choices: type[TextChoices], values: Iterable[str]) -> list[str]:
    """Return the labels of these values in the order of the list."""
    held = set(values)
    return [str(label) for value, label in choices.choices if value in held]


class Mine(TypedDict):
    pk: int
    nom: str
    adresse: str
    etat: str
    # What is still missing for the public to find it.
    missing: str


def present_mine(lieux: Iterable[LieuActivite], now: datetime) -> list[Mine]:
    return [
        Mine(pk=lieu.pk, nom=lieu.nom, adresse=lieu.adresse_complete, etat=lieu.etat(now).text, missing=_missing(lieu))
        for lieu in lieux
    ]


def _missing(lieu: LieuActivite) -> str:
    if lieu.acces == AccesLieu.PRIVE:
        return "privé : n'est pas montré au public"
    lacks = {
        "les services": not lieu.services,
        "les passages" if lieu.itinerant else "les horaires": not (lieu.itinerant or lieu.horaires),
        "le SIRET": not lieu.siret,
    }
    missing = [name for name, lacking in lacks.items() if lacking]
    return f"à compléter : {', '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class Fiche:
    """A lieu as its page says it."""

    etat: str
    is_open: bool | None
    horaires: list[str]
    days: list[Jour]
    exceptions: list[tuple[ExceptionHoraires, str]]
    passages: list[tuple[Passage, str]]
    facts: list[tuple[str, str]]
    services: list[str]
    telephone: str


def present_public(lieu: LieuActivite, now: datetime) -> Fiche:
    """Return what anyone may read: contacts of the place, never of a person."""
    etat = lieu.etat(now)
    lines = [
        ("Adresse", lieu.adresse_complete),
        ("Accès", ACCES[lieu.acces]),
        ("Accompagnement", ", ".join(labels(ModaliteLieu, lieu.modalites))),
        ("Publics", ", ".join(labels(PublicLieu, lieu.publics)) or "Tout le monde"),
        ("Prises en charge", ", ".join(labels(PriseEnCharge, lieu.prises_en_charge))),
        ("Tarif", "Gratuit"),
    ]
    days = [] if lieu.itinerant or not lieu.horaires else coming_days(lieu.horaires_complets, lieu.commune.fuseau, now)
    return Fiche(
        etat=etat.text,
        is_open=etat.is_open,
        horaires=[] if lieu.itinerant else words(lieu.horaires),
        days=days,
        exceptions=[(one, str(one)) for one in lieu.exceptions.all()],
        passages=[(one, str(one)) for one in lieu.passages.all() if one.ends_after(now)],
        facts=[(name, text) for name, text in lines if text],
        services=labels(ServiceLieu, lieu.services),
        telephone=display_phone(lieu.telephone),
    )


def present_own(lieu: LieuActivite, now: datetime) -> Fiche:
    """The same for those who describe it, with where it stands on maps."""
    fiche = present_public(lieu, now)
    latitude, longitude = lieu.point
    where = f"{latitude:.5f}, {longitude:.5f}"
    if not lieu.has_own_point:
        where += " : la mairie de la commune, faute de mieux. Donnez ses coordonnées pour le placer exactement."
    elif lieu.geocode_score is not None:
        where += " : trouvé d'après l'adresse. Donnez ses coordonnées si ce n'est pas exact."
    fiche.facts.append(("Place sur la carte", where))
    fiche.facts.append(("SIRET", lieu.siret or "Inconnu"))
    return fiche


class Row(TypedDict):
    """One result of a search."""

    pk: int
    nom: str
    adresse: str
    distance: str
    etat: str
    badge: str
    acces: str
    services: str
    telephone: str
    tel: str
    letter: str
    is_first: bool


BADGES = {True: "success", False: "info", None: ""}


def present_found(found: Sequence[Trouve], picture: Map) -> list[Row]:
    seen: set[str] = set()
    rows = []
    for one in found:
        letter = picture.letters.get(_key(one), "")
        rows.append(
            Row(
                pk=one.lieu.pk,
                nom=one.lieu.nom,
                adresse=_address(one),
                distance=format_km(one.km),
                etat=one.etat.text,
                badge=BADGES[one.etat.is_open],
                acces=ACCES[one.lieu.acces],
                services=", ".join(labels(ServiceLieu, one.lieu.services)),
                telephone=display_phone(one.lieu.telephone),
                tel=one.lieu.telephone,
                letter=letter,
                is_first=letter not in seen,
            )
        )
        seen.add(letter)
    return rows


def _address(one: Trouve) -> str:
    return f"{one.passage.adresse}, {one.passage.commune}" if one.passage else one.lieu.adresse_complete


def _key(one: Trouve) -> str:
    """What names one result of a page on its map: two places may bear one name."""
    return f"{one.lieu.nom}, {_address(one)}"


def map_of(ici: Ici, found: Sequence[Trouve]) -> Map:
    """Draw a page of results around where one looks from."""
    places = [Place(_key(one), one.km, [one.etat.text], one.x, one.y, True) for one in found]
    reach = reach_km(places, rings=RINGS)
    towns = largest_towns(ici.commune, within_km=reach) if places else []
    return draw(places, x=ici.x, y=ici.y, reach=reach, towns=towns, rings=RINGS)
