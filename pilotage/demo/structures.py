"""Host structures of every département, their requests in every status, conventions and posts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from comptes.enums import RoleKind
from comptes.models import Compte
from pilotage.demo.names import FONCTIONS, MOTIVATIONS_STRUCTURE, de
from pilotage.demo.world import Step, World, create_comptes, history
from structures.constants import AVIS_DELAY, ENGAGEMENT_VERSION
from structures.enums import Avis, Decision, StatutDemande, StatutPoste, TypePoste, TypeStructure
from structures.models import (
    AvisPrefet,
    Convention,
    DecisionCoselec,
    DemandePoste,
    DemandePosteTransition,
    Membre,
    Poste,
    PosteTransition,
    SessionCoselec,
    Structure,
)
from structures.services.instruction import annees_aide
from territoires.models import Commune

_S = StatutDemande
_T = TypeStructure
NOMS = {
    _T.COMMUNE: ["Mairie {}", "Médiathèque {}"],
    _T.EPCI: ["Communauté de communes du Pays {}"],
    _T.DEPARTEMENT: ["Conseil départemental, maison des solidarités {}"],
    _T.ETABLISSEMENT_PUBLIC: ["CCAS {}", "Centre intercommunal d'action sociale {}"],
    _T.ASSOCIATION: ["Centre social {}", "Association Clic et Lien {}", "MJC {}"],
    _T.ENTREPRISE_ESS: ["Coopérative numérique {}"],
}
VILLAGE = 1500
# What a village has.
NOMS_VILLAGE = {
    _T.COMMUNE: ["Mairie {}"],
    _T.EPCI: ["Communauté de communes du Pays {}"],
    _T.ASSOCIATION: ["Foyer rural {}", "Tiers-lieu associatif {}"],
}
# National networks, by how their members' names begin.
RESEAUX = {
    "Centre social": "Fédération des centres sociaux",
    "MJC": "MJC de France",
    "Foyer rural": "Confédération nationale des foyers ruraux",
}
WEIGHTS = dict(zip(NOMS, [45, 12, 6, 12, 20, 5], strict=True))
RUES = ["place de la Mairie", "rue de la République", "rue des Écoles", "avenue de la Gare"]
STATUS_WEIGHTS = {
    _S.DEPOSEE: 9,
    _S.AVIS_RENDU: 6,
    _S.COSELEC: 6,
    _S.A_CONVENTIONNER: 6,
    _S.CONVENTIONNEE: 64,
    _S.REFUSEE: 5,
    _S.ABANDONNEE: 3,
    _S.DOUBLON: 1,
}
# How many days ago a request was made, by how far it went: none waits longer than the programme lets it.
AGES: dict[StatutDemande, tuple[int, int]] = {
    _S.DEPOSEE: (2, 24),
    _S.AVIS_RENDU: (14, 28),
    _S.COSELEC: (32, 44),
    _S.A_CONVENTIONNER: (58, 80),
    _S.CONVENTIONNEE: (95, 780),
    _S.REFUSEE: (95, 780),
    _S.ABANDONNEE: (60, 780),
    _S.DOUBLON: (60, 780),
}
SESSION_EVERY = timedelta(days=28)
SESSIONS = 30
FIRST_SESSION = 28


@dataclass
class Staff:
    """Who signs what in the demo: two persons wherever two are needed."""

    anct: Compte
    anct2: Compte
    bdt: Compte
    bdt2: Compte
    prefets: dict[str, Compte] = field(default_factory=dict)
    # Structure → who manages it.
    managers: dict[int, Compte] = field(default_factory=dict)

    def two_of_anct(self, rank: int) -> tuple[Compte, Compte]:
        """Who prepares and who validates: each of the two in turn."""
        return (self.anct, self.anct2) if rank % 2 == 0 else (self.anct2, self.anct)

    def two_of_bdt(self, rank: int) -> tuple[Compte, Compte]:
        return (self.bdt, self.bdt2) if rank % 2 == 0 else (self.bdt2, self.bdt)


def build_structure(world: World, commune: Commune, type_: TypeStructure, created: datetime, nom: str) -> Structure:
    prenom, nom_contact, email = world.person()
    # Nouvelle-Calédonie has RIDET numbers.
    ridet = world.ridet() if commune.departement_id == "988" else None
    return Structure(
        siret=None if ridet else world.siret(),
        ridet=ridet,
        nom=nom,
        type=type_,
        adresse=f"{world.rng.randint(1, 60)} {world.pick(RUES)}",
        commune=commune,
        contact_prenom=prenom,
        contact_nom=nom_contact,
        contact_fonction=world.pick(FONCTIONS[type_]),
        contact_email=email,
        france_services=world.chance(0.3),
        reseau=next((reseau for name, reseau in RESEAUX.items() if nom.startswith(name)), ""),
        verifiee_at=created if world.chance(0.8) else None,
        created_at=created,
    )


def name_structure(world: World, departement: str, taken: set[tuple[str, str]]) -> tuple[Commune, TypeStructure, str]:
    """Draw a place and a kind of structure it may have, once each."""
    while True:
        commune = world.commune(departement)
        noms = NOMS_VILLAGE if commune.population < VILLAGE else NOMS
        type_ = world.weighted({type_: WEIGHTS[type_] for type_ in noms})
        nom = world.pick(noms[type_]).format(de(commune.nom))
        if (commune.code, nom) not in taken:
            taken.add((commune.code, nom))
            return commune, type_, nom


def load_structures(world: World, staff: Staff) -> list[Poste]:
    """Create about four hundred structures with their files, and return the posts granted."""
    wanted = []
    taken: set[tuple[str, str]] = set()
    for code, communes in world.communes.items():
        population = sum(commune.population for commune in communes)
        for _ in range(world.count(2 + population / 330_000)):
            commune, type_, nom = name_structure(world, code, taken)
            status = world.weighted(STATUS_WEIGHTS)
            created = world.moment(world.days_ago(*AGES[status]))
            wanted.append((build_structure(world, commune, type_, created, nom), status))
    create_sessions(world)
    load_drafts(world)
    save_structures(world, staff, [structure for structure, _ in wanted])
    return load_demandes(world, staff, wanted)


def save_structures(world: World, staff: Staff, structures: list[Structure]) -> None:
    """Create the rows, and the account of each contact."""
    Structure.objects.bulk_create(structures)
    comptes = create_comptes(
        ((row.contact_prenom, row.contact_nom, row.contact_email, row.created_at) for row in structures),
        RoleKind.STRUCTURE,
    )
    pairs = list(zip(structures, comptes, strict=True))
    Membre.objects.bulk_create(
        [Membre(structure=structure, compte=compte, created_at=compte.created_at) for structure, compte in pairs]
    )
    staff.managers |= {structure.pk: compte for structure, compte in pairs}


def create_sessions(world: World) -> None:
    """Create one session every four weeks: the last one held is being decided, the next one is prepared."""
    # The last Tuesday.
    held = world.day - timedelta(days=1 + (world.day.weekday() - 2) % 7)
    for rank in range(SESSIONS + 1):
        day = held - SESSION_EVERY * (SESSIONS - 1 - rank)
        SessionCoselec.objects.create(
            numero=FIRST_SESSION + rank,
            date=day,
            closed_at=world.moment(day + timedelta(days=2)) if rank < SESSIONS - 1 else None,
            created_at=world.moment(day - SESSION_EVERY),
        )


def load_drafts(world: World) -> None:
    """Create requests someone began and has not sent yet."""
    drafts = []
    for _ in range(world.count(14)):
        commune = world.commune(world.pick(list(world.communes)))
        prenom, nom, email = world.person()
        created = world.moment(world.days_ago(1, 20))
        values: dict[str, Any] = {"siret": world.siret(), "ridet": "", "verifiee_at": None}
        if world.chance(0.7):
            values |= {"nom": f"Mairie {de(commune.nom)}", "type": _T.COMMUNE, "commune": commune.code, "adresse": ""}
        if world.chance(0.4):
            values |= {"contact_prenom": prenom, "contact_nom": nom, "contact_email": email}
        drafts.append(DemandePoste(brouillon=values, created_at=created))
    DemandePoste.objects.bulk_create(drafts)


def load_demandes(
    world: World, staff: Staff, wanted: list[tuple[Structure, StatutDemande]], *, asked: int | None = None
) -> list[Poste]:
    """Give each structure one request that went as far as asked, with everything each step leaves behind."""
    demandes = []
    for structure, status in wanted:
        created = structure.created_at
        most = 1 if structure.commune.population < VILLAGE else 3
        demandes.append(
            DemandePoste(
                structure=structure,
                status=status,
                contact_email=structure.contact_email,
                postes_souhaites=asked or world.rng.randint(1, most),
                date_debut=created.date() + timedelta(days=world.rng.randint(70, 100)),
                candidat_identifie=world.chance(0.2),
                coordinateur=asked is None and world.chance(0.04),
                motivation=world.pick(MOTIVATIONS_STRUCTURE),
                engagement_version=ENGAGEMENT_VERSION,
                engagement_at=created,
                deposee_at=created,
                created_at=created - timedelta(minutes=25),
            )
        )
    instruction = Instruction(world, staff)
    for demande in demandes:
        instruction.follow(demande, whole=asked is not None)
    return instruction.save(demandes)


class Instruction:
    """Writes, for requests already in their final status, every step that led there."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.world = world
        self.staff = staff
        self.sessions = list(SessionCoselec.objects.order_by("date"))
        self.avis: list[AvisPrefet] = []
        self.decisions: list[DecisionCoselec] = []
        self.conventions: list[tuple[Convention, int]] = []
        self.history: list[tuple[DemandePoste, list[Step]]] = []
        self.prepared = 0

    def follow(self, demande: DemandePoste, *, whole: bool = False) -> None:
        """Collect the steps of one file, from its deposit to its status. `whole`: every post asked for is granted."""
        structure = demande.structure
        assert structure is not None  # noqa: S101  # Requests of the demo are all deposited.
        assert demande.deposee_at is not None  # noqa: S101
        at = demande.deposee_at
        steps = [Step(_S.BROUILLON, demande.created_at), Step(_S.DEPOSEE, at, self.staff.managers.get(structure.pk))]
        self.history.append((demande, steps))
        if demande.status == _S.DEPOSEE:
            return
        if demande.status in {_S.ABANDONNEE, _S.DOUBLON}:
            reason = (
                "Projet reporté par la structure."
                if demande.status == _S.ABANDONNEE
                else "Même projet déposé deux fois."
            )
            steps.append(
                Step(demande.status, at + timedelta(days=self.world.rng.randint(2, 20)), self.staff.anct, reason)
            )
            return
        steps.append(self._advise(demande, structure, at))
        if demande.status == _S.AVIS_RENDU:
            return
        self._decide(demande, steps, whole=whole)
        if demande.status in {_S.A_CONVENTIONNER, _S.CONVENTIONNEE}:
            self._agree(demande, structure, steps)

    def _advise(self, demande: DemandePoste, structure: Structure, at: datetime) -> Step:
        world = self.world
        prefet = self.staff.prefets[structure.commune.departement_id]
        if demande.status in {_S.CONVENTIONNEE, _S.REFUSEE} and world.chance(0.1):
            at += AVIS_DELAY + timedelta(hours=9)
            self.avis.append(AvisPrefet(demande=demande, avis=Avis.SANS_AVIS, at=at))
            return Step(_S.AVIS_RENDU, at, None, Avis.SANS_AVIS.label)
        at += timedelta(days=world.rng.randint(4, 12))
        avis, comment = Avis.FAVORABLE, "Besoin réel sur ce territoire, éloigné des points d'accueil existants."
        if demande.status == _S.REFUSEE:
            avis, comment = Avis.DEFAVORABLE, "Territoire déjà couvert par deux postes."
        self.avis.append(AvisPrefet(demande=demande, avis=avis, commentaire=comment, by=prefet, at=at))
        return Step(_S.AVIS_RENDU, at, prefet, f"Avis {avis.label.lower()}")

    def _decide(self, demande: DemandePoste, steps: list[Step], *, whole: bool) -> None:
        """Put the file on the agenda of the next session; decide it there unless it still waits."""
        world = self.world
        put = steps[-1].at + timedelta(days=1)
        session = next(session for session in self.sessions if session.date > put.date())
        if demande.status == _S.COSELEC:
            session = self.sessions[-2]
            put = min(put, world.moment(session.date - timedelta(days=1)))
        demande.session = session
        preparer, validator = self.staff.two_of_anct(self.prepared)
        steps.append(Step(_S.COSELEC, put, self.staff.anct, str(session)))
        pending = demande.status == _S.COSELEC
        if pending and world.chance(0.3):
            return  # Nobody has prepared its decision yet.
        self.prepared += 1
        at = world.moment(session.date)
        signed = at + timedelta(hours=1) if not pending else None
        refused = demande.status == _S.REFUSEE or (pending and world.chance(0.2))
        granted = demande.postes_souhaites if whole else world.rng.randint(1, demande.postes_souhaites)
        motif = "Offre de médiation suffisante à proximité." if refused else "Priorité du schéma départemental."
        self.decisions.append(
            DecisionCoselec(
                demande=demande,
                session=session,
                decision=Decision.DEFAVORABLE if refused else Decision.FAVORABLE,
                postes=0 if refused else granted,
                motif=motif,
                preparee_par=preparer,
                validee_par=validator if signed else None,
                validee_at=signed,
                created_at=at,
            )
        )
        if signed:
            steps.append(Step(_S.REFUSEE if refused else _S.A_CONVENTIONNER, signed, validator, motif))

    def _agree(self, demande: DemandePoste, structure: Structure, steps: list[Step]) -> None:
        """Write the convention, signed or waiting for its signature; half of those that wait are not written yet."""
        world = self.world
        if demande.status == _S.A_CONVENTIONNER and world.chance(0.5):
            return
        granted = self.decisions[-1].postes
        at = steps[-1].at + timedelta(days=world.rng.randint(3, 9))
        signed = at + timedelta(days=world.rng.randint(2, 10)) if demande.status == _S.CONVENTIONNEE else None
        preparer, signer = self.staff.two_of_bdt(len(self.conventions))
        start = (signed or at).date() + timedelta(days=0 if signed else 15)
        years = annees_aide(start)
        convention = Convention(
            structure=structure,
            demande=demande,
            date_debut=start,
            # The 28th at the latest: the same day exists every year.
            date_fin=start.replace(year=start.year + years, day=min(start.day, 28)) - timedelta(days=1),
            annees_aide=years,
            preparee_par=preparer,
            signee_par=signer if signed else None,
            signee_at=signed,
            created_at=at,
        )
        self.conventions.append((convention, granted))
        if signed:
            steps.append(Step(_S.CONVENTIONNEE, signed, signer))

    def save(self, demandes: list[DemandePoste]) -> list[Poste]:
        DemandePoste.objects.bulk_create(demandes)
        AvisPrefet.objects.bulk_create(self.avis)
        DecisionCoselec.objects.bulk_create(self.decisions)
        self._number()
        Convention.objects.bulk_create([convention for convention, _ in self.conventions])
        history(DemandePosteTransition, self.history)
        return Poste.objects.bulk_create(
            [
                Poste(
                    structure=convention.structure,
                    convention=convention,
                    type=TypePoste.COORDINATEUR
                    if convention.demande.coordinateur and rank == 0
                    else TypePoste.ORDINAIRE,
                    date_debut=max(convention.date_debut, convention.demande.date_debut or convention.date_debut),
                    created_at=convention.signee_at,
                )
                for convention, granted in self.conventions
                if convention.signee_at
                for rank in range(granted)
            ]
        )

    def _number(self) -> None:
        """Number the conventions as the service does: in order, year by year, after those that exist."""
        self.conventions.sort(key=lambda item: item[0].created_at)
        last = Counter(numero[3:7] for numero in Convention.objects.values_list("numero", flat=True))
        for convention, _ in self.conventions:
            year = f"{convention.created_at.year}"
            last[year] += 1
            convention.numero = f"CN-{year}-{last[year]:05d}"


def give_back(world: World, staff: Staff) -> None:
    """A few structures gave a vacant post back."""
    vacant = list(Poste.objects.vacant().order_by("pk"))
    rows = world.rng.sample(vacant[: len(vacant) // 2], world.count(4))
    Poste.objects.filter(pk__in=[poste.pk for poste in rows]).update(status=StatutPoste.RENDU)
    at = world.moment(world.days_ago(5, 30))
    reason = "Restitution à la demande de la structure."
    steps = [Step(StatutPoste.VACANT, at), Step(StatutPoste.RENDU, at, staff.bdt, reason)]
    history(PosteTransition, [(poste, steps) for poste in rows])
