"""Twenty thousand accompagnements over two years, each within the contract of its conseiller."""

from datetime import date, timedelta
from typing import Any

from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.models import Accompagnement, LieuActivite, Organisme, Theme
from contrats.models import Conseiller
from pilotage.demo.lieux import Describer
from pilotage.demo.names import ATELIERS, de
from pilotage.demo.recrutements import last_day_in_post
from pilotage.demo.world import World, copy_rows

TOTAL = 20_000
TYPES = {TypeAccompagnement.INDIVIDUEL: 56, TypeAccompagnement.ATELIER: 16, TypeAccompagnement.PONCTUEL: 28}
CANAUX = {Canal.LIEU_ACTIVITE: 78, Canal.AUTRE: 9, Canal.DOMICILE: 6, Canal.A_DISTANCE: 7}
MATERIELS = {
    Materiel.ORDINATEUR: 48, Materiel.TELEPHONE: 34, Materiel.TABLETTE: 9, Materiel.AUTRE: 3, Materiel.AUCUN: 6
}  # fmt: skip
DUREES = {
    TypeAccompagnement.INDIVIDUEL: [30, 45, 60, 60, 90],
    TypeAccompagnement.ATELIER: [60, 90, 120, 120, 180],
    TypeAccompagnement.PONCTUEL: [5, 10, 15, 15, 20],
}
# The public is older than the population: the weights follow the order of the columns, "unknown" last.
AGE_WEIGHTS = [1, 3, 5, 14, 26, 24, 22, 5]
GENRE_WEIGHTS = [56, 40, 4]
STATUT_WEIGHTS = [4, 24, 18, 46, 8]
DISPOSITIFS = {Dispositif.AIDANTS_CONNECT: 70, Dispositif.PASS_NUMERIQUE: 30}
DAYS = 730
FRIDAY = 4


def load_accompagnements(world: World, conseillers: list[Conseiller], *, favourite: Conseiller | None = None) -> None:
    """Spread `TOTAL` rows over the conseillers in proportion to their time in post; more for `favourite`."""
    lieux = create_lieux(world, conseillers, favourite)
    themes = list(Theme.objects.order_by("ordre").values_list("id", flat=True))
    theme_weights = [1 / (1 + rank) ** 0.6 for rank in range(len(themes))]
    rows = []
    for conseiller, count in share(world, conseillers, favourite):
        contrat = conseiller.contrat
        first = max(contrat.date_debut, world.day - timedelta(days=DAYS))
        first += timedelta(days=7 - first.weekday() if first.weekday() > FRIDAY else 0)
        span = (last_day_in_post(world, contrat) - first).days
        for _ in range(count):
            day = first + timedelta(days=world.rng.randint(0, max(span, 0)))
            day -= timedelta(days=max(0, day.weekday() - FRIDAY))  # Saturdays and Sundays become Fridays.
            rows.append(build(world, conseiller, max(day, first), lieux[conseiller.pk], themes, theme_weights))
    copy_rows(rows)


def share(world: World, conseillers: list[Conseiller], favourite: Conseiller | None) -> list[tuple[Conseiller, int]]:
    """Return how many rows each conseiller in post gets; they add up to the total."""
    total = world.count(TOTAL)
    active = [row for row in conseillers if row.contrat.date_debut < world.day - timedelta(days=7)]
    weights = []
    for row in active:
        days = (
            last_day_in_post(world, row.contrat) - max(row.contrat.date_debut, world.day - timedelta(days=DAYS))
        ).days
        weights.append(max(days, 0) * (4.0 if favourite is not None and row.pk == favourite.pk else 1.0))
    drawn = world.rng.choices(range(len(active)), weights, k=total)
    counts = [0] * len(active)
    for index in drawn:
        counts[index] += 1
    return list(zip(active, counts, strict=True))


def create_lieux(
    world: World, conseillers: list[Conseiller], favourite: Conseiller | None
) -> dict[int, list[LieuActivite]]:
    """Give each conseiller the building of the structure, and for some a permanence in a nearby commune.

    Those of one structure, and whoever goes to the same permanence, share the place.
    """
    lieux: dict[tuple[str, str], LieuActivite] = {}
    by_owner: dict[int, list[LieuActivite]] = {}
    sirets: dict[tuple[str, str], str] = {}
    for conseiller in conseillers:
        structure = conseiller.contrat.structure
        sirets[(structure.nom, structure.commune_id)] = structure.siret or ""
        places = [(structure.nom, structure.adresse, structure.commune)]
        if world.chance(0.6):
            commune = world.near(structure.commune)
            places.append((f"Espace France Services {de(commune.nom)}", "1 place de l'Église", commune))
        for nom, adresse, commune in places:
            lieu = LieuActivite(nom=nom, adresse=adresse, commune=commune, created_at=conseiller.created_at)
            by_owner.setdefault(conseiller.pk, []).append(lieux.setdefault((nom, commune.code), lieu))
    describer = Describer(world)
    described = list(lieux.values())
    describer.describe(described, sirets)
    created = LieuActivite.objects.bulk_create([*described, *describer.enter_twice(by_owner)])
    through = LieuActivite.conseillers.through
    through.objects.bulk_create(
        through(lieuactivite=lieu, conseiller_id=owner) for owner, owned in by_owner.items() for lieu in owned
    )
    describer.close_some(created)
    describer.start_buses(conseillers, favourite)
    return by_owner


def spread(world: World, columns: dict[str, str], weights: list[int], participants: int) -> dict[str, int]:
    """Count participants by column; those who fall on the last weight are "non communiqué"."""
    names = [*columns, None]
    counts: dict[str, int] = {}
    for name in world.rng.choices(names, weights, k=participants):
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    return counts


def directed(world: World, suite: Suite) -> dict[str, Any]:
    """Say to whom a person is directed: most often by name."""
    if suite != Suite.ORIENTATION:
        return {}
    if world.chance(0.2):
        return {"orientation": world.pick(list(Orientation))}
    organisme = world.pick(list(Organisme.objects.all()))
    return {"organisme": organisme, "orientation": organisme.categorie}


def build(
    world: World, conseiller: Conseiller, day: date, lieux: list[LieuActivite], themes: list[int], weights: list[float]
) -> Accompagnement:
    type_ = world.weighted(TYPES)
    workshop = type_ == TypeAccompagnement.ATELIER
    canal = Canal.LIEU_ACTIVITE if workshop else world.weighted(CANAUX)
    lieu = world.pick(lieux) if canal == Canal.LIEU_ACTIVITE else None
    participants = world.rng.randint(3, 12) if workshop else 1
    chosen = set(world.rng.choices(themes, weights, k=world.rng.randint(1, 3)))
    suite = world.weighted({Suite.AUCUNE: 55, Suite.INDIVIDUEL: 22, Suite.ATELIER: 13, Suite.ORIENTATION: 10})
    return Accompagnement(
        # Drawn too: the same seed gives the same rows to the last byte.
        uuid=world.uuid(),
        conseiller=conseiller,
        type=type_,
        date=day,
        duree=world.pick(DUREES[type_]),
        canal=canal,
        lieu=lieu,
        commune=lieu.commune if lieu else conseiller.contrat.structure.commune,
        participants=participants,
        recurrents=world.rng.randint(0, participants) if world.chance(0.5) else 0,
        themes=sorted(chosen),
        type_public=TypePublic.TPE_PME if world.chance(0.03) else TypePublic.HABITANTS,
        materiel=[world.weighted(MATERIELS)] if world.chance(0.8) else [],
        autonomie="" if workshop else world.pick(list(Autonomie)),
        niveau=world.pick(list(NiveauAtelier)) if workshop else "",
        suite=suite,
        **directed(world, suite),
        dispositifs=[world.weighted(DISPOSITIFS)] if world.chance(0.06) else [],
        titre=world.pick(ATELIERS) if workshop else "",
        created_at=world.moment(day),
        **spread(world, GENRES, GENRE_WEIGHTS, participants),
        **spread(world, AGES, AGE_WEIGHTS, participants),
        **spread(world, STATUTS, STATUT_WEIGHTS, participants),
    )
