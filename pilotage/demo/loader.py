"""Builds the whole demo, in one transaction: the same seed and day give the same data."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from candidatures.enums import RayonKm, StatutCandidature
from candidatures.models import Candidature
from comptes.demo import DEMO_ACCOUNTS, DEMO_PASSWORD, demo_email, demo_totp_secret
from comptes.enums import STAFF_ROLES, RoleKind
from comptes.models import Compte, Role
from contrats.models import Conseiller
from notifications.enums import EtatEffet
from notifications.models import Effet
from pilotage.demo.acces import load_acces
from pilotage.demo.accompagnements import load_accompagnements
from pilotage.demo.candidatures import build_candidature, load_candidatures, save_candidatures
from pilotage.demo.coordination import load_coordination
from pilotage.demo.cvs import load_cvs
from pilotage.demo.echanges import load_echanges
from pilotage.demo.formation import load_formation
from pilotage.demo.mises_en_relation import load_mises_en_relation
from pilotage.demo.names import de
from pilotage.demo.recrutements import load_recrutements, recruit
from pilotage.demo.structures import (
    RESEAUX,
    Staff,
    build_structure,
    give_back,
    load_demandes,
    load_structures,
    name_structure,
    save_structures,
)
from pilotage.demo.suivis import load_suivis
from pilotage.demo.world import PARIS, World
from structures.enums import StatutDemande, TypeStructure
from structures.models import Membre, Structure
from territoires.models import Departement, Region

SEED = 2026
# The town of the demo accounts: its mairie has a conseiller in post and a vacant post.
TOWN = "44184"  # Saint-Nazaire
NEIGHBOURS = 24


@transaction.atomic
def load_demo(*, day: date, seed: int = SEED, share: float = 1) -> None:
    """Fill an empty database, referential loaded, with a believable programme seen on a given day: today's.

    `share` makes a smaller one.
    """
    world = World(day=day, seed=seed, share=share)
    comptes = create_accounts(world)
    staff = create_staff(world, comptes)
    postes = load_structures(world, staff)
    load_candidatures(world)
    conseillers = load_recrutements(world, staff, postes)
    give_back(world, staff)
    town = load_town(world, staff, comptes)
    conseillers.append(town.conseiller)
    load_formation(world, comptes["organisme"], conseillers, town.conseiller)
    load_accompagnements(world, conseillers, favourite=town.conseiller)
    load_suivis(world, conseillers, favourite=town.conseiller, seed=seed)
    load_coordination(world, comptes["coordinateur"], comptes["anct"], conseillers, town=TOWN)
    load_echanges(world, town.conseiller, seed)
    load_mises_en_relation(world, staff, town.mairie, town.candidat)
    load_cvs(world, town.mairie, town.candidat)
    load_acces(world, comptes)
    silence_the_past()


def silence_the_past() -> None:
    """Note as done what this load queued: nobody is told of two years of past, nor twice of what they know.

    The attestations stay to be rendered: their files do not exist yet.
    """
    effets = Effet.objects.filter(etat=EtatEffet.EN_ATTENTE).exclude(genre="formation.render_attestation")
    effets.update(etat=EtatEffet.FAIT, done_at=timezone.now())


def create_accounts(world: World) -> dict[str, Compte]:
    """Create the demo accounts with their second factor; what each belongs to comes later."""
    password = make_password(DEMO_PASSWORD)
    created = first_day(world)
    comptes = {}
    for name, kind in DEMO_ACCOUNTS.items():
        prenom, nom, _ = world.person()
        email = demo_email(name)
        compte = Compte.objects.create(
            email=email, prenom=prenom, nom=nom, password=password, is_staff=kind in STAFF_ROLES, created_at=created
        )
        role = Role(compte=compte, kind=kind, created_at=created)
        if kind == RoleKind.PREFET:
            role.departement = Departement.objects.get(communes=TOWN)
        if kind in {RoleKind.HUB, RoleKind.COORDINATEUR}:
            role.region = Region.objects.get(departements__communes=TOWN)
        if kind == RoleKind.GRAND_RESEAU:
            role.reseau = RESEAUX["Centre social"]
        role.save()
        if role.needs_second_factor:
            secret = get_adapter().encrypt(demo_totp_secret(email))
            Authenticator.objects.create(user=compte, type=Authenticator.Type.TOTP, data={"secret": secret})
        comptes[name] = compte
    return comptes


def create_staff(world: World, comptes: dict[str, Compte]) -> Staff:
    """Give each département a préfecture account; the demo's holds its own."""
    departements = list(Departement.objects.order_by("code"))
    others = [row for row in departements if not Role.objects.filter(departement=row).exists()]
    prefets = create_prefets(world, others)
    prefets[Departement.objects.get(communes=TOWN).code] = comptes["prefet"]
    return Staff(comptes["anct"], comptes["anct2"], comptes["bdt"], comptes["bdt2"], prefets)


def first_day(world: World) -> datetime:
    """When the platform opened: before anything in the demo happens."""
    return datetime.combine(world.day - timedelta(days=1100), time(9), tzinfo=PARIS)


def create_prefets(world: World, departements: list[Departement]) -> dict[str, Compte]:
    unusable, created = make_password(None), first_day(world)
    comptes = Compte.objects.bulk_create(
        Compte(prenom=prenom, nom=nom, email=email, password=unusable, created_at=created)
        for prenom, nom, email in (world.person() for _ in departements)
    )
    Role.objects.bulk_create(
        Role(compte=compte, kind=RoleKind.PREFET, departement=departement, created_at=created)
        for compte, departement in zip(comptes, departements, strict=True)
    )
    return {departement.code: compte for compte, departement in zip(comptes, departements, strict=True)}


@dataclass
class Town:
    """The rows of the demo accounts."""

    mairie: Structure
    conseiller: Conseiller
    candidat: Candidature


def load_town(world: World, staff: Staff, comptes: dict[str, Compte]) -> Town:
    """The demo accounts' own story: a town hall with three posts, one conseiller in post, candidats around."""
    departement = Departement.objects.get(communes=TOWN).code
    commune = next(row for row in world.communes[departement] if row.code == TOWN)
    created = world.moment(world.day - timedelta(days=420))
    mairie = build_structure(world, commune, TypeStructure.COMMUNE, created, f"Mairie {de(commune.nom)}")
    manager = comptes["structure"]
    mairie.contact_prenom, mairie.contact_nom, mairie.contact_email = manager.prenom, manager.nom, manager.email
    mairie.contact_fonction, mairie.verifiee_at = "Responsable des ressources humaines", created
    mairie.save()
    Membre.objects.create(structure=mairie, compte=manager, created_at=created)
    staff.managers[mairie.pk] = manager
    postes = load_demandes(world, staff, [(mairie, StatutDemande.CONVENTIONNEE)], asked=3)
    # Another employer of the town, so that the demo candidat has more than one answer to wait for.
    ccas = build_structure(
        world,
        commune,
        TypeStructure.ETABLISSEMENT_PUBLIC,
        created,
        f"Centre communal d'action sociale {de(commune.nom)}",
    )
    save_structures(world, staff, [ccas])
    load_demandes(world, staff, [(ccas, StatutDemande.CONVENTIONNEE)], asked=1)
    load_waiting(world, staff, departement)
    submitted = postes[0].date_debut - timedelta(days=30)
    person = build_candidature(
        world, commune, StatutCandidature.RECRUTEE, submitted, compte=comptes["conseiller"],
        prenom=comptes["conseiller"].prenom, nom=comptes["conseiller"].nom, email=comptes["conseiller"].email,
        rayon_km=RayonKm.KM_20, titulaire_tp_remn=False, date_disponibilite=submitted,
    )  # fmt: skip
    # Long enough ago to have been proposed and answered, with enough experience to be among the first.
    candidat = build_candidature(
        world, world.near(commune), StatutCandidature.ACTIVE, world.day - timedelta(days=75),
        compte=comptes["candidat"],
        prenom=comptes["candidat"].prenom, nom=comptes["candidat"].nom, email=comptes["candidat"].email,
        rayon_km=RayonKm.KM_40, date_disponibilite=world.day - timedelta(days=5), experience_mediation=True,
        diplome_mediation=True, diplome_nom="BPJEPS, mention médiation numérique", titulaire_tp_remn=False,
    )  # fmt: skip
    neighbours = []
    for _ in range(NEIGHBOURS):
        submitted = world.days_ago(30, 90)
        neighbours.append(
            build_candidature(
                world,
                world.near(commune),
                StatutCandidature.ACTIVE,
                submitted,
                rayon_km=world.pick([RayonKm.KM_15, RayonKm.KM_20, RayonKm.KM_40]),
                date_disponibilite=submitted + timedelta(days=world.rng.randint(5, 25)),
            )
        )
    save_candidatures(world, [person, candidat, *neighbours])
    (conseiller,) = recruit(world, staff, [(person, postes[0])], steady=True)
    return Town(mairie, conseiller, candidat)


def load_waiting(world: World, staff: Staff, departement: str) -> None:
    """Files the demo préfecture has to instruct."""
    wanted = []
    taken: set[tuple[str, str]] = set(Structure.objects.values_list("commune", "nom"))
    for _ in range(4):
        commune, type_, nom = name_structure(world, departement, taken)
        created = world.moment(world.days_ago(3, 20))
        wanted.append((build_structure(world, commune, type_, created, nom), StatutDemande.DEPOSEE))
    save_structures(world, staff, [structure for structure, _ in wanted])
    load_demandes(world, staff, wanted)
