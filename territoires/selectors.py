import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Case, Func, IntegerField, Q, TextField, Value, When

from territoires.constants import CHOICES_MAX, FORMER_NAMES_READ, SEARCH_MAX_LENGTH, SUGGESTIONS_MAX
from territoires.enums import Rang
from territoires.keys import search_key
from territoires.models import AncienNom, Commune, CommuneQuerySet

# "Havre" finds "Le Havre". The name is checked too: on keys alone, "ille" would find "Lille".
ARTICLES = {"l": "L'", "le": "Le ", "la": "La ", "les": "Les "}


@dataclass(frozen=True)
class Recherche:
    """What someone typed, taken apart: "Saint-Denis (974)", "44000 Nantes", "35042 Rennes Cedex", "4400"."""

    cle: str = ""
    code_postal: str = ""
    departement: str = ""


@dataclass(frozen=True)
class Proposition:
    commune: Commune
    rang: Rang
    # The former name that led to the commune, when its name of today did not.
    ancien_nom: str = ""


@dataclass(frozen=True)
class Resolution:
    """The commune that is meant without doubt, or else those among which to choose."""

    commune: Commune | None = None
    choices: list[Proposition] = field(default_factory=list)


def parse_recherche(text: str) -> Recherche:
    if len(text) > SEARCH_MAX_LENGTH:
        return Recherche()
    text = re.sub(r"\bCEDEX\b(\s+\d{1,2}\b)?", " ", unicodedata.normalize("NFKC", text).upper())
    if code := re.search(r"(?<![0-9])[0-9]{5}(?![0-9])", text):
        return Recherche(cle=search_key(text.replace(code[0], " ")), code_postal=code[0])
    if beginning := re.fullmatch(r"\s*([0-9]{2,4})\s*", text):
        return Recherche(code_postal=beginning[1])
    if departement := re.fullmatch(r"(.*\w)[\s(]+(2[AB]|[0-9]{2,3})\s*\)?\s*", text):
        return Recherche(cle=search_key(departement[1]), departement=departement[2])
    return Recherche(cle=search_key(text))


def search_communes(text: str, *, limit: int = SUGGESTIONS_MAX) -> list[Proposition]:
    """Return the communes someone may mean, best first: exact name, beginning of name, then population."""
    for recherche in _attempts(text):
        if found := _search(recherche, limit):
            return found
    return []


def resolve_commune(text: str) -> Resolution:
    """Find the one commune that is meant. What is only close is offered, never taken."""
    found = _search(parse_recherche(text), CHOICES_MAX)
    exact = [one for one in found if one.rang == found[0].rang and one.rang in {Rang.EXACT, Rang.ANCIEN}]
    if len(exact) == 1:
        return Resolution(commune=exact[0].commune)
    return Resolution(choices=exact or found[:SUGGESTIONS_MAX] or search_communes(text))


def commune_of_address(text: str) -> Commune | None:
    """Return the commune an address names: by its code postal, or after its last comma. Never a guess."""
    if code := re.search(r"(?<![0-9])[0-9]{5}(?![0-9])", text):
        attempts = [text[code.start() :], code[0]]
    else:
        attempts = [text.rpartition(",")[2]] if "," in text else []
    return next(filter(None, (resolve_commune(attempt).commune for attempt in attempts)), None)


def _attempts(text: str) -> Iterator[Recherche]:
    """Read a text in several ways, the most natural first."""
    recherche = parse_recherche(text)
    yield recherche
    if recherche.departement:
        # "Paris 15" is no département: it begins "Paris 15e arrondissement".
        yield Recherche(cle=search_key(text))
    if recherche.cle and (recherche.departement or recherche.code_postal):
        # A wrong code must not hide the name; a CEDEX code is in no referential.
        yield Recherche(cle=recherche.cle)
        yield Recherche(code_postal=recherche.code_postal)


def _search(recherche: Recherche, limit: int) -> list[Proposition]:
    communes = _in_place(recherche)
    if not recherche.cle:
        if not recherche.code_postal:
            return []
        rang = Rang.EXACT if len(recherche.code_postal) == 5 else Rang.DEBUT
        found = communes.select_related("departement").order_by("-population", "nom")[:limit]
        return [Proposition(commune, rang) for commune in found]
    # One letter is the whole name of a commune (Y), or nothing.
    beginning = "startswith" if len(recherche.cle) > 1 else "exact"
    former = _former_names(recherche.cle, communes, beginning)
    exact_former = [code for code, (rang, _) in former.items() if rang == Rang.ANCIEN]
    found = (
        communes.filter(_named(recherche.cle, beginning) | Q(pk__in=former))
        .annotate(
            rang=Case(
                When(_named(recherche.cle, "exact"), then=Rang.EXACT),
                When(pk__in=exact_former, then=Rang.ANCIEN),
                When(_named(recherche.cle, beginning), then=Rang.DEBUT),
                default=Rang.DEBUT_ANCIEN,
                output_field=IntegerField(),
            )
        )
        .select_related("departement")
        .order_by("rang", "-population", "nom")[:limit]
    )
    return [
        Proposition(
            commune,
            Rang(commune.rang),
            former[commune.pk][1] if commune.rang in {Rang.ANCIEN, Rang.DEBUT_ANCIEN} else "",
        )
        for commune in found
    ]


def _in_place(recherche: Recherche) -> CommuneQuerySet:
    communes = Commune.objects.active()
    code = recherche.code_postal
    if recherche.departement:
        return communes.filter(departement=recherche.departement)
    if len(code) == 5:
        return communes.filter(codes_postaux__contains=[code])
    if code:
        # The first two digits keep the scan to one département, or to the overseas ones.
        near = Q(departement__in=["2A", "2B"]) if code.startswith("20") else Q(departement__code__startswith=code[:2])
        codes = Func("codes_postaux", Value(" "), function="array_to_string", output_field=TextField())
        return communes.filter(near).alias(codes=codes).filter(codes__regex=rf"\m{code}")
    return communes


def _named(cle: str, lookup: str) -> Q:
    condition = Q(**{f"cle__{lookup}": cle})
    for key, article in ARTICLES.items():
        condition |= Q(**{f"cle__{lookup}": key + cle, "nom__startswith": article})
    return condition


def _former_names(cle: str, communes: CommuneQuerySet, beginning: str) -> dict[str, tuple[Rang, str]]:
    exact = Case(When(cle=cle, then=Rang.ANCIEN), default=Rang.DEBUT_ANCIEN, output_field=IntegerField())
    names = (
        AncienNom.objects.filter(commune__in=communes, **{f"cle__{beginning}": cle})
        .annotate(rang=exact)
        .order_by("rang", "-commune__population", "nom")
        .values_list("commune_id", "rang", "nom")[:FORMER_NAMES_READ]
    )
    former: dict[str, tuple[Rang, str]] = {}
    for code, rang, nom in names:
        former.setdefault(code, (Rang(rang), nom))
    return former
