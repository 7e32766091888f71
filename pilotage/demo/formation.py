"""Training bodies, sessions of the past two years and of the next months, attestations."""

from collections import Counter, defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from django.utils import timezone

from comptes.enums import RoleKind
from comptes.models import Compte
from contrats.models import Conseiller
from formation.calendrier import course_days, is_course_day
from formation.constants import CODE_ALPHABET, CODE_LONGUEUR
from formation.enums import (
    RELATIONNELLES,
    Competence,
    GenreAttestation,
    JourSemaine,
    Niveau,
    Resultat,
    StatutDossier,
    StatutInscription,
    StatutSession,
)
from formation.models import (
    Attestation,
    CompteurAttestation,
    DossierFormation,
    DossierFormationTransition,
    Formateur,
    Inscription,
    InscriptionTransition,
    Organisme,
    Positionnement,
    ReferentielParcours,
    SessionFormation,
    SessionFormationTransition,
)
from formation.positionnement import recommend
from formation.services import attestation_contenu
from notifications.enums import EtatEffet
from notifications.models import Effet
from notifications.services import queue_effets
from pilotage.demo.world import Step, World, create_comptes, history
from territoires.jours import public_holidays
from territoires.models import Commune, Region

_D = StatutDossier
_I = StatutInscription
_SE = StatutSession
NOMS = ["Campus numérique {}", "Ligue des médiateurs {}", "Fabrique des compétences {}", "Institut de la médiation {}"]
# The organisme the Banque des Territoires gives to those outside every région.
ELSEWHERE = "11"
# People positioned within so many days make one session, which starts a little later.
GATHERED_DAYS, NOTICE_DAYS = 50, 10
MISHAP = 0.03
# The worker renders them after the start, never so many at once that the pages suffer.
RENDERING_EVERY = timedelta(seconds=2)


@dataclass
class Dossier:
    """One conseiller's training, and what is known of it so far."""

    row: DossierFormation
    conseiller: Conseiller
    positioned: date
    left: date | None
    steps: list[Step] = field(default_factory=list)


@dataclass
class Written:
    """Rows collected, written at the end in the order of their keys."""

    sessions: list[tuple[SessionFormation, list[Step]]] = field(default_factory=list)
    inscriptions: list[tuple[Inscription, list[Step]]] = field(default_factory=list)
    positionnements: list[Positionnement] = field(default_factory=list)


@cache
def holidays_of(departement: str) -> Container[date]:
    return public_holidays(departement)


def load_formation(
    world: World, organisme_compte: Compte, conseillers: list[Conseiller], demo_conseiller: Conseiller
) -> None:
    """Open the training of every conseiller and take it as far as its dates allow."""
    home = demo_conseiller.contrat.structure.commune.departement.region
    assert home is not None  # noqa: S101  # The demo's town is in a région.
    organismes = create_organismes(world, home, organisme_compte)
    formateurs = {row.organisme_id: row.compte for row in Formateur.objects.order_by("-pk").select_related("compte")}
    dossiers = [open_dossier(world, row, organismes) for row in conseillers]
    written = Written()
    groups: dict[tuple[Organisme, int], list[Dossier]] = defaultdict(list)
    parcours = {row.heures: row for row in ReferentielParcours.objects.valid_on(world.day)}
    for dossier in dossiers:
        favourite = dossier.conseiller.pk == demo_conseiller.pk
        if dossier.row.status == _D.EXEMPTE or not position(world, dossier, parcours, formateurs, written, favourite):
            continue
        assert dossier.row.organisme is not None  # noqa: S101
        assert dossier.row.parcours is not None  # noqa: S101
        groups[dossier.row.organisme, dossier.row.parcours.heures].append(dossier)
    for (organisme, heures), members in groups.items():
        train(world, organisme, parcours[heures], members, formateurs[organisme.pk], written, demo_conseiller)
    for organisme in organismes.values():
        announce_sessions(world, organisme, parcours, formateurs[organisme.pk], written)
    save(dossiers, written)
    deliver(world, written, demo_conseiller)


def create_organismes(world: World, home: Region, compte: Compte) -> dict[str, Organisme]:
    """Create one organisme a région, in its largest town, with its formateurs; `compte` works for that of home."""
    largest: dict[str, Commune] = {}
    for communes in world.communes.values():
        region = communes[0].departement.region
        if region is not None:
            best = max(communes, key=lambda commune: (commune.population, commune.code))
            largest[region.code] = max(best, largest.get(region.code, best), key=lambda commune: commune.population)
    created = world.moment(world.day - timedelta(days=1000))
    organismes = {
        code: Organisme(
            nom=NOMS[rank % len(NOMS)].format(commune.departement.region.nom),
            siret=world.siret(),
            commune=commune,
            habilite_du=created.date(),
            created_at=created,
        )
        for rank, (code, commune) in enumerate(sorted(largest.items()))
        if commune.departement.region
    }
    Organisme.objects.bulk_create(organismes.values())
    through = Organisme.regions.through
    through.objects.bulk_create(through(organisme=row, region_id=code) for code, row in organismes.items())
    people = create_comptes(
        [(*world.person(), created) for _ in range(2 * len(organismes))], RoleKind.ORGANISME_FORMATION
    )
    pairs = list(zip([*organismes.values(), *organismes.values()], people, strict=True))
    Formateur.objects.bulk_create(
        Formateur(organisme=organisme, compte=one, created_at=created)
        for organisme, one in [*pairs, (organismes[home.code], compte)]
    )
    return organismes


def open_dossier(world: World, conseiller: Conseiller, organismes: dict[str, Organisme]) -> Dossier:
    contrat = conseiller.contrat
    region = contrat.structure.commune.departement.region
    opened = conseiller.created_at
    row = DossierFormation(conseiller=conseiller, created_at=opened)
    left = world.ruptures.get(contrat.pk)
    dossier = Dossier(row, conseiller, contrat.date_debut + timedelta(days=world.rng.randint(5, 20)), left)
    dossier.steps.append(Step(_D.A_POSITIONNER, opened))
    if contrat.candidature.titulaire_tp_remn:
        row.status = _D.EXEMPTE
        dossier.steps.append(Step(_D.EXEMPTE, opened, None, "TP REMN déclaré dans la candidature, titre à vérifier"))
        if world.chance(0.6):
            row.tp_remn_numero = f"REMN-{world.rng.randrange(10**6):06d}"
            row.tp_remn_date = contrat.date_debut - timedelta(days=world.rng.randint(200, 1500))
    elif region is not None:
        row.organisme = organismes.get(region.code)
    elif world.chance(0.6):
        row.organisme = organismes.get(ELSEWHERE)
    return dossier


def position(
    world: World,
    dossier: Dossier,
    parcours: dict[int, ReferentielParcours],
    formateurs: dict[int, Compte],
    written: Written,
    favourite: bool,
) -> bool:
    """Write the positioning interview when its day has come. False when the training stops before a session."""
    row = dossier.row
    if dossier.left and dossier.left <= dossier.positioned:
        interrupt(world, dossier)
        return False
    if dossier.positioned >= world.day or row.organisme is None:
        return False
    formateur = formateurs[row.organisme.pk]
    grille = draw_grille(world, best=favourite)
    recommandation = recommend(grille, parcours=parcours)
    decided = recommandation.heures
    motif = ""
    lengths = sorted(parcours)
    if not favourite and world.chance(0.15):
        index = lengths.index(decided)
        decided = lengths[index - 1] if index else lengths[1]
        motif = "Parcours adapté à l'expérience décrite pendant l'entretien et aux dates de la structure."
    row.parcours, row.status = parcours[decided], _D.POSITIONNE
    at = world.moment(dossier.positioned)
    written.positionnements.append(
        Positionnement(
            dossier=row,
            grille={str(competence): int(niveau) for competence, niveau in grille.items()},
            recommande=parcours[recommandation.heures],
            explication=recommandation.explication,
            decide=row.parcours,
            motif=motif,
            by=formateur,
            at=at,
        )
    )
    dossier.steps.append(Step(_D.POSITIONNE, at, formateur))
    return True


def draw_grille(world: World, *, best: bool) -> dict[Competence, Niveau]:
    """Draw the levels of someone: around one's own, rarely nothing at all in relations."""
    own = 2 if best else world.weighted({1: 1, 2: 6, 3: 3})
    grille = {}
    for competence in Competence:
        niveau = min(3, max(0, own + world.weighted({-1: 1, 0: 5, 1: 1})))
        if competence in RELATIONNELLES and niveau == 0 and (best or world.chance(0.7)):
            niveau = 1
        grille[competence] = Niveau(niveau)
    return grille


def interrupt(world: World, dossier: Dossier) -> None:
    assert dossier.left is not None  # noqa: S101
    dossier.row.status = _D.INTERROMPU
    dossier.steps.append(Step(_D.INTERROMPU, world.moment(dossier.left), None, "fin du contrat"))


def train(
    world: World,
    organisme: Organisme,
    parcours: ReferentielParcours,
    members: list[Dossier],
    formateur: Compte,
    written: Written,
    favourite: Conseiller,
) -> None:
    """Gather the people of one organisme and one path into sessions, in the order they were positioned."""
    waiting = sorted((dossier.positioned, dossier.conseiller.pk, dossier) for dossier in members)
    while waiting:
        first = waiting[0][0]
        if (world.day - first).days < NOTICE_DAYS:
            return  # Positioned, and enrolled nowhere yet.
        session = build_session(world, organisme, parcours, first + timedelta(days=GATHERED_DAYS + NOTICE_DAYS))
        gathered = [row for row in waiting if (row[0] - first).days <= GATHERED_DAYS][: session.capacite]
        waiting = waiting[len(gathered) :]
        present = []
        for since, _, dossier in gathered:
            if dossier.left and dossier.left <= session.date_debut:
                interrupt(world, dossier)
            else:
                present.append((since, dossier))
        if not present:
            continue
        written.sessions.append((session, steps_of_session(world, session, formateur)))
        for since, dossier in present:
            steady = dossier.conseiller.pk == favourite.pk
            if enrol(world, session, dossier, since, formateur, written, mishap=not steady and world.chance(MISHAP)):
                waiting.append((session.date_debut, dossier.conseiller.pk, dossier))
        waiting.sort(key=lambda row: row[:2])


def build_session(world: World, organisme: Organisme, parcours: ReferentielParcours, wanted: date) -> SessionFormation:
    """Build a session that starts on the first day of course from a date on, and ends with its last hour."""
    remote = world.chance(0.2)
    jour = world.weighted({JourSemaine.VENDREDI: 6, JourSemaine.LUNDI: 3, JourSemaine.MERCREDI: 1})
    holidays = holidays_of(organisme.commune.departement_id)
    while not is_course_day(wanted, jour_structure=jour, holidays=holidays):
        wanted += timedelta(days=1)
    days = course_days(debut=wanted, heures=parcours.heures, jour_structure=jour, holidays=holidays)
    session = SessionFormation(
        organisme=organisme,
        parcours=parcours,
        commune=None if remote else organisme.commune,
        lieu="https://visio.example/formation" if remote else f"{world.rng.randint(1, 90)} rue Jean-Jaurès",
        date_debut=wanted,
        date_fin=days[-1].jour,
        capacite=world.pick([6, 8, 10]),
        jour_structure=jour,
        created_at=world.moment(min(wanted - timedelta(days=60), world.day - timedelta(days=1))),
    )
    # The organisme closes its sessions within a few days.
    if session.date_fin < world.day - timedelta(days=4):
        session.status = _SE.CLOSE
    elif session.date_debut < world.day:
        session.status = _SE.EN_COURS
    return session


def steps_of_session(world: World, session: SessionFormation, formateur: Compte) -> list[Step]:
    steps = [Step(_SE.OUVERTE, session.created_at)]
    if session.status in {_SE.EN_COURS, _SE.CLOSE}:
        steps.append(Step(_SE.EN_COURS, world.moment(session.date_debut), formateur))
    if session.status == _SE.CLOSE:
        steps.append(Step(_SE.CLOSE, world.moment(session.date_fin + timedelta(days=2)), formateur))
    return steps


def enrol(
    world: World,
    session: SessionFormation,
    dossier: Dossier,
    since: date,
    formateur: Compte,
    written: Written,
    *,
    mishap: bool,
) -> bool:
    """Write one person's way through a session. True when it is put off: another session is to be found."""
    at = world.moment(min(since + timedelta(days=world.rng.randint(1, 8)), world.day - timedelta(days=1)))
    inscription = Inscription(session=session, dossier=dossier.row, created_at=at)
    steps = [Step(_I.CONFIRMEE, at)]
    written.inscriptions.append((inscription, steps))
    if mishap and session.status != _SE.OUVERTE:
        inscription.status = _I.REPORTEE
        steps.append(Step(_I.REPORTEE, at + timedelta(days=3), formateur, "Indisponible à ces dates."))
        return True
    if session.status == _SE.OUVERTE:
        return False
    started = world.moment(session.date_debut)
    inscription.status, dossier.row.status = _I.EN_COURS, _D.EN_FORMATION
    steps.append(Step(_I.EN_COURS, started, formateur))
    dossier.steps.append(Step(_D.EN_FORMATION, started, formateur))
    if dossier.left and dossier.left < session.date_fin:
        inscription.status = _I.ABANDONNEE
        steps.append(Step(_I.ABANDONNEE, world.moment(dossier.left), formateur, "Fin du contrat."))
        interrupt(world, dossier)
    elif session.status == _SE.CLOSE:
        ended = world.moment(session.date_fin + timedelta(days=2))
        inscription.status, dossier.row.status = _I.TERMINEE, _D.FORME
        steps.append(Step(_I.TERMINEE, ended, formateur))
        dossier.steps.append(Step(_D.FORME, ended, formateur))
        record_results(world, inscription, session.parcours.heures)
    return False


def record_results(world: World, inscription: Inscription, heures: int) -> None:
    inscription.heures_realisees = heures - (0 if world.chance(0.8) else world.pick([7, 14, 21]))
    inscription.ccp1 = world.weighted({Resultat.OBTENU: 80, Resultat.NON_OBTENU: 8, Resultat.EN_ATTENTE: 12})
    inscription.pix = world.weighted({Resultat.OBTENU: 85, Resultat.NON_OBTENU: 7, Resultat.ABSENT: 8})
    inscription.pix_score = world.rng.randint(310, 760) if inscription.pix == Resultat.OBTENU else None


def announce_sessions(
    world: World, organisme: Organisme, parcours: dict[int, ReferentielParcours], formateur: Compte, written: Written
) -> None:
    """Open sessions of the next months to enrolment, and cancel one for want of people."""
    for heures, days in ((105, 30), (280, 55)):
        session = build_session(world, organisme, parcours[heures], world.day + timedelta(days=days))
        written.sessions.append((session, [Step(_SE.OUVERTE, session.created_at)]))
    session = build_session(world, organisme, parcours[420], world.day + timedelta(days=25))
    session.status = _SE.ANNULEE
    cancelled = Step(_SE.ANNULEE, world.moment(world.days_ago(1, 6)), formateur, "Trop peu d'inscrits.")
    session.created_at = world.moment(world.day - timedelta(days=20))
    written.sessions.append((session, [Step(_SE.OUVERTE, session.created_at), cancelled]))


def save(dossiers: list[Dossier], written: Written) -> None:
    DossierFormation.objects.bulk_create([dossier.row for dossier in dossiers])
    history(DossierFormationTransition, [(dossier.row, dossier.steps) for dossier in dossiers])
    Positionnement.objects.bulk_create(written.positionnements)
    SessionFormation.objects.bulk_create([session for session, _ in written.sessions])
    history(SessionFormationTransition, written.sessions)
    Inscription.objects.bulk_create([inscription for inscription, _ in written.inscriptions])
    history(InscriptionTransition, written.inscriptions)


def deliver(world: World, written: Written, favourite: Conseiller) -> None:
    """Number an attestation for each result and leave its rendering to the worker, the demo conseiller's first.

    The others were told of theirs long ago: the message that follows a rendering is noted as already sent.
    """
    ended = [
        (steps[-1].at, inscription) for inscription, steps in written.inscriptions if inscription.status == _I.TERMINEE
    ]
    numbers: Counter[int] = Counter()
    attestations = []
    for at, inscription in sorted(ended, key=lambda row: (row[0], row[1].pk)):
        numbers[at.year] += 1
        code = "".join(world.rng.choices(CODE_ALPHABET, k=CODE_LONGUEUR))
        attestations.append(
            Attestation(
                numero=f"ATT-{at.year}-{numbers[at.year]:06d}",
                code=code,
                genre=GenreAttestation.FIN,
                inscription=inscription,
                contenu=attestation_contenu(inscription, inscription.session, code=code, today=at.date()),
                created_at=at,
            )
        )
    Attestation.objects.bulk_create(attestations)
    CompteurAttestation.objects.bulk_create(CompteurAttestation(annee=year, dernier=n) for year, n in numbers.items())
    attestations.sort(key=lambda row: (row.inscription.dossier.conseiller_id != favourite.pk, -row.pk))
    queue_effets(
        [
            Effet(
                cle=f"formation.render_attestation:{attestation.pk}:",
                genre="formation.render_attestation",
                charge={"attestation": attestation.pk},
                prochain_at=timezone.now() + rank * RENDERING_EVERY,
            )
            for rank, attestation in enumerate(attestations)
        ]
    )
    Effet.objects.bulk_create(
        Effet(
            cle=f"formation.attestation_ready:{attestation.pk}:conseiller",
            genre="formation.attestation_ready",
            charge={"attestation": attestation.pk},
            destinataire=attestation.inscription.dossier.conseiller.compte.email,
            etat=EtatEffet.FAIT,
            done_at=attestation.created_at,
        )
        for attestation in attestations
        if attestation.inscription.dossier.conseiller_id != favourite.pk
    )
