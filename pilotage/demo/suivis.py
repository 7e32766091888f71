"""Some persons followed with their agreement, and the words conseillers range their activity by.

Drawn apart from the rest of the world, which it leaves as it was.
"""

import random
from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import Any

from accompagnements.cles import fold
from accompagnements.constants import BENEFICIAIRE_RETENTION, CONSENTEMENT_VERSION
from accompagnements.enums import AGES, ModeConsentement, Portee, TypeAccompagnement
from accompagnements.models import Accompagnement, Beneficiaire, Etiquetage, Etiquette, Suivi
from contrats.models import Conseiller
from pilotage.demo.names import PRENOMS
from pilotage.demo.world import PARIS, World

# One conseiller in five follows a few persons; the demo's follows more.
FOLLOWERS = 5
FOLLOWED = (2, 6)
FAVOURITE_FOLLOWED = 14
NATIONALES = ["NEC local", "Semaine nationale du numérique", "Aidants Connect"]
PERSONNELLES = ["Café numérique", "Jardin partagé", "À relancer", "Prêt de tablette"]
ADULTS = [name for name in AGES if name not in {"age_moins_de_douze", "age_douze_dix_huit"}]


def load_suivis(world: World, conseillers: list[Conseiller], *, favourite: Conseiller, seed: int) -> None:
    rng = random.Random(f"{seed}-suivis")  # noqa: S311  # Demo data.
    chosen = [one for one in conseillers if one.pk != favourite.pk and rng.randrange(FOLLOWERS) == 0]
    rows: dict[int, list[Accompagnement]] = defaultdict(list)
    pks = [favourite.pk, *(one.pk for one in chosen)]
    for row in Accompagnement.objects.filter(conseiller__in=pks).order_by("date", "uuid"):
        rows[row.conseiller_id].append(row)
    load_persons(world, rng, [favourite, *chosen], rows)
    load_words(world, rng, rows, favourite)


def load_persons(
    world: World, rng: random.Random, conseillers: list[Conseiller], rows: dict[int, list[Accompagnement]]
) -> None:
    """Give each person a path: a first visit, the day they agreed, then others. The first conseiller is the demo's."""
    persons, links = [], []
    recent = world.day - BENEFICIAIRE_RETENTION + timedelta(days=60)
    for rank, conseiller in enumerate(conseillers):
        alone = [row for row in rows[conseiller.pk] if row.type != TypeAccompagnement.ATELIER and row.date > recent]
        groups = [row for row in rows[conseiller.pk] if row.type == TypeAccompagnement.ATELIER and row.date > recent]
        count = rng.randint(*FOLLOWED) if rank else FAVOURITE_FOLLOWED
        rng.shuffle(alone)
        for _ in range(count):
            visits = sorted((alone.pop() for _ in range(min(len(alone), rng.randint(1, 6)))), key=lambda row: row.date)
            if not visits:
                break
            one = person(rng, conseiller, visits[0])
            persons.append(one)
            seats = [row for row in groups if row.date >= one.consent_at]
            came = rng.sample(seats, min(len(seats), rng.randint(0, 3)))
            links += [Suivi(accompagnement=row, beneficiaire=one) for row in visits]
            links += [Suivi(accompagnement=row, beneficiaire=one) for row in came]
    Beneficiaire.objects.bulk_create(persons)
    seated: dict[int, int] = defaultdict(int)
    kept = []
    for link in links:
        seated[link.accompagnement_id] += 1
        if seated[link.accompagnement_id] <= link.accompagnement.participants:
            link.beneficiaire = link.beneficiaire  # Its number is known now.
            kept.append(link)
    Suivi.objects.bulk_create(kept)


def person(rng: random.Random, conseiller: Conseiller, first: Accompagnement) -> Beneficiaire:
    prenom, initiale = rng.choice(PRENOMS), rng.choice(["", "A", "B", "D", "L", "M", "R", "T"])
    is_called = rng.random() < 0.3
    one = Beneficiaire(
        uuid=f"{rng.getrandbits(128):032x}",
        conseiller=conseiller,
        prenom=prenom,
        initiale=initiale,
        tranche_age=rng.choice([*ADULTS, ""]),
        rappel=is_called,
        # A number the regulator keeps for fiction (06 39 98 00 00 to 99 99).
        telephone=f"+3363998{rng.randrange(10_000):04d}" if is_called else "",
        consent_at=first.date,
        consent_mode=rng.choice([ModeConsentement.ORAL, ModeConsentement.ORAL, ModeConsentement.ECRIT]),
        consent_version=CONSENTEMENT_VERSION,
        created_at=first.created_at,
    )
    one.cle = fold(str(one))
    return one


def load_words(world: World, rng: random.Random, rows: dict[int, list[Accompagnement]], favourite: Conseiller) -> None:
    structure = favourite.contrat.structure
    opened = datetime.combine(world.day - timedelta(days=1000), time(9), tzinfo=PARIS)
    owners: list[tuple[dict[str, Any], str]] = [
        *(({"portee": Portee.NATIONALE}, nom) for nom in NATIONALES),
        *(({"portee": Portee.PERSONNELLE, "compte": favourite.compte}, nom) for nom in PERSONNELLES),
        ({"portee": Portee.STRUCTURE, "structure": structure}, "Mairie annexe"),
        ({"portee": Portee.DEPARTEMENT, "departement": structure.commune.departement}, "Plan pauvreté"),
    ]
    words = [Etiquette(nom=nom, cle=fold(nom), created_at=opened, **owner) for owner, nom in owners]
    Etiquette.objects.bulk_create(words)
    links = []
    for pk, own in rows.items():
        usable = words if pk == favourite.pk else words[: len(NATIONALES)]
        share = 0.4 if pk == favourite.pk else 0.1
        for row in own:
            if rng.random() < share:
                chosen = rng.sample(usable, rng.randint(1, 2))
                links += [Etiquetage(accompagnement=row, etiquette=word) for word in chosen]
    Etiquetage.objects.bulk_create(links)
