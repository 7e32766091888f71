"""Coordinateurs: their groups, with people who come, leave and come back, and what they log."""

import random
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password

from accompagnements.enums import Echelon, NaturePartenaire, Objet, TypeCoordination
from accompagnements.models import Appartenance, Coordination, Groupe
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from contrats.enums import StatutContrat
from contrats.models import Conseiller
from pilotage.demo.names import NOMS, PRENOMS
from pilotage.demo.recrutements import last_day_in_post
from pilotage.demo.world import PARIS, World, ascii_key
from territoires.models import Departement

# Beside the demo's own.
OTHERS = 12
MOST = 14
ACTIVITIES = 30
LEFT = {StatutContrat.TERMINE, StatutContrat.ROMPU}
TITLES = {
    TypeCoordination.ANIMATION: [
        ("Réunion mensuelle des conseillers", Objet.ECHANGER), ("Café des pratiques", Objet.ECHANGER),
        ("Prise en main du kit d'intervention rapide", Objet.OUTILLER),
        ("Formation à l'accueil des publics éloignés", Objet.OUTILLER),
        ("Point d'étape sur les permanences", Objet.ORGANISER),
    ],
    TypeCoordination.EVENEMENT: [
        ("Forum des associations", Objet.FAIRE_CONNAITRE), ("Semaine de l'inclusion numérique", Objet.FAIRE_CONNAITRE),
        ("Journée des seniors", Objet.PUBLICS), ("Salon de l'emploi", Objet.PUBLICS),
    ],
    TypeCoordination.PARTENARIAT: [
        ("Convention d'orientation des allocataires", Objet.PUBLICS),
        ("Prêt de salles et de matériel", Objet.ORGANISER),
        ("Relais des ateliers auprès des écoles", Objet.FAIRE_CONNAITRE),
        ("Cofinancement des postes", Objet.FINANCER),
    ],
}  # fmt: skip
PARTNERS = {
    NaturePartenaire.OPERATEUR: ["CAF", "France Travail", "CPAM", "Carsat"],
    NaturePartenaire.COLLECTIVITE: ["Conseil départemental", "Communauté de communes"],
    NaturePartenaire.ASSOCIATION: ["Emmaüs Connect", "Secours populaire", "Centre socioculturel"],
    NaturePartenaire.RESEAU: ["Hub pour un numérique inclusif"],
    NaturePartenaire.ENSEIGNEMENT: ["Collège Jean-Moulin"],
}
WEIGHTS = {TypeCoordination.ANIMATION: 6, TypeCoordination.EVENEMENT: 2, TypeCoordination.PARTENARIAT: 2}


def load_coordination(
    world: World, coordinateur: Compte, anct: Compte, conseillers: list[Conseiller], *, town: str
) -> None:
    # Its own generator: the rest of the demo stays as it was.
    rng = random.Random(f"{world.seed}-coordination")  # noqa: S311  # Not a secret.
    by_departement: dict[str, list[Conseiller]] = {}
    for one in conseillers:
        by_departement.setdefault(one.contrat.structure.commune.departement_id, []).append(one)
    role = coordinateur.roles.select_related("region").get(kind=RoleKind.COORDINATEUR)
    of_region = Departement.objects.filter(region=role.region).order_by("code")
    own = of_region.get(communes=town)
    near = sorted(of_region, key=lambda one: (one.code != own.code, one.code))
    around = [one for row in near for one in by_departement.get(row.code, [])]
    # A few are left out, to be proposed.
    load_group(world, rng, coordinateur, anct, own, around, most=max(len(around) - 4, 1))
    largest = sorted(by_departement, key=lambda code: (-len(by_departement[code]), code))
    others = [code for code in largest if code not in {row.code for row in of_region}][: world.count(OTHERS)]
    for rank, code in enumerate(others):
        departement = Departement.objects.select_related("region").get(code=code)
        compte = create_coordinateur(world, rng, departement, rank)
        load_group(world, rng, compte, anct, departement, by_departement[code])


def create_coordinateur(world: World, rng: random.Random, departement: Departement, rank: int) -> Compte:
    prenom, nom = rng.choice(PRENOMS), rng.choice(NOMS)
    created = at(rng, world.day - timedelta(days=700))
    compte = Compte.objects.create(
        prenom=prenom, nom=nom, email=f"{ascii_key(prenom)}.{ascii_key(nom)}.coordination{rank}@courriel.example",
        password=make_password(None), created_at=created,
    )  # fmt: skip
    Role.objects.create(compte=compte, kind=RoleKind.COORDINATEUR, region=departement.region, created_at=created)
    return compte


def at(rng: random.Random, day: date) -> datetime:
    return datetime.combine(day, time(8, 30), tzinfo=PARIS) + timedelta(minutes=rng.randint(0, 540))


def load_group(
    world: World,
    rng: random.Random,
    coordinateur: Compte,
    anct: Compte,
    departement: Departement,
    around: list[Conseiller],
    *,
    most: int = MOST,
) -> None:
    opened = world.day - timedelta(days=400)
    groupe = Groupe.objects.create(
        nom=f"Conseillers numériques, {departement.nom}", coordinateur=coordinateur, departement=departement,
        created_at=at(rng, opened),
    )  # fmt: skip
    rows = []
    for rank, conseiller in enumerate(around[:most]):
        debut = max(opened, conseiller.contrat.date_debut)
        last = last_day_in_post(world, conseiller.contrat)
        if debut >= last:
            continue
        is_gone = conseiller.contrat.status in LEFT
        periods: list[tuple[date, date | None]] = [(debut, last if is_gone else None)]
        if rank % 4 == 1 and not is_gone and (world.day - debut).days > 200:
            # On leave for two months, then back.
            left = debut + timedelta(days=rng.randint(60, 120))
            periods = [(debut, left), (left + timedelta(days=61), None)]
        for first, end in periods:
            rows.append(appartenance(rng, groupe, conseiller, first, end, anct))
    waiting = [one for one in around[most:] if one.contrat.status not in LEFT]
    rows += [appartenance(rng, groupe, one, world.day, None, None) for one in waiting[:2]]
    Appartenance.objects.bulk_create(rows)
    Coordination.objects.bulk_create(
        build(world, rng, coordinateur, departement) for _ in range(world.count(ACTIVITIES))
    )


def appartenance(
    rng: random.Random, groupe: Groupe, conseiller: Conseiller, debut: date, fin: date | None, anct: Compte | None
) -> Appartenance:
    proposed = at(rng, debut - timedelta(days=2))
    return Appartenance(
        groupe=groupe, conseiller=conseiller, debut=debut, fin=fin, proposee_par=groupe.coordinateur,
        acceptee_par=anct, acceptee_at=proposed + timedelta(hours=26) if anct else None, created_at=proposed,
    )  # fmt: skip


def build(world: World, rng: random.Random, coordinateur: Compte, departement: Departement) -> Coordination:
    kind = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    titre, objet = rng.choice(TITLES[kind])
    day = world.day - timedelta(days=rng.randint(1, 360))
    day -= timedelta(days=max(0, day.weekday() - 4))
    communes = sorted(world.communes[departement.code], key=lambda one: (-one.population, one.code))[:8]
    is_partenariat = kind == TypeCoordination.PARTENARIAT
    partner = rng.choice(list(PARTNERS))
    organismes = [rng.choice(PARTNERS[partner])] if is_partenariat or rng.random() < 0.3 else []
    return Coordination(
        uuid=UUID(int=rng.getrandbits(128), version=4),
        coordinateur=coordinateur,
        type=kind,
        titre=titre,
        date=day,
        duree=rng.choice([60, 90, 120, 180, 240, 420]),
        commune=rng.choice(communes),
        echelon=rng.choice([Echelon.DEPARTEMENTAL, Echelon.DEPARTEMENTAL, Echelon.INTERCOMMUNAL, Echelon.COMMUNAL]),
        objet=objet,
        participants=0 if is_partenariat else rng.randint(4, 18 if kind == TypeCoordination.ANIMATION else 150),
        organismes=organismes,
        partenaire=partner if is_partenariat else "",
        created_at=at(rng, day),
    )
