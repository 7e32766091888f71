"""Posts filled: the person, the mise en relation, the contract, the conseiller, in one coherent story."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from candidatures.enums import RayonKm, StatutCandidature
from candidatures.models import Candidature, CandidatureTransition
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.durations import last_day
from contrats.enums import StatutContrat, TypeContrat
from contrats.models import Conseiller, Contrat, ContratTransition
from matching.enums import MotifRefus, Origine, StatutMiseEnRelation
from matching.models import MiseEnRelation, MiseEnRelationTransition, PoidsMatching
from matching.scoring import Poids, Profil, Score, compute_score
from matching.services import weights_of
from pilotage.demo.candidatures import build_candidature, save_candidatures
from pilotage.demo.structures import Staff
from pilotage.demo.world import Step, World, history
from structures.enums import StatutPoste
from structures.models import Poste, PosteTransition
from territoires.distance import distance_km

_C = StatutContrat
_M = StatutMiseEnRelation
FILLED_SHARE = 0.68
# From the opening of a post to the validation of its contract, at most.
LONGEST_RECRUITMENT = 38
RUPTURE_SHARE = 0.08


@dataclass
class Recrutement:
    """The dates of one recruitment, from the proposal to the contract."""

    candidature: Candidature
    poste: Poste
    proposed: datetime
    interested: datetime
    met: datetime
    retained: datetime
    prepared: datetime
    sent: datetime
    validated: datetime
    starts: date


def plan(world: World, candidature: Candidature, poste: Poste) -> Recrutement:
    def after(at: datetime, least: int, most: int) -> datetime:
        return at + timedelta(days=world.rng.randint(least, most), minutes=world.rng.randint(-40, 40))

    proposed = world.moment(poste.date_debut + timedelta(days=world.rng.randint(2, 12)))
    interested = after(proposed, 1, 6)
    met = after(interested, 1, 4)
    retained = after(met, 1, 3)
    prepared = after(retained, 1, 3)
    sent = after(prepared, 1, 2)
    validated = after(sent, 2, 7)
    # Some leave a job first.
    notice = world.rng.randint(40, 80) if world.chance(0.15) else world.rng.randint(3, 21)
    starts = validated.date() + timedelta(days=notice)
    return Recrutement(candidature, poste, proposed, interested, met, retained, prepared, sent, validated, starts)


def load_recrutements(world: World, staff: Staff, postes: list[Poste]) -> list[Conseiller]:
    """Fill two posts in three, and return the conseillers."""
    old = [poste for poste in postes if (world.day - poste.date_debut).days > LONGEST_RECRUITMENT]
    chosen = [poste for poste in old if world.chance(FILLED_SHARE)]
    people = []
    for poste in chosen:
        submitted = poste.date_debut - timedelta(days=world.rng.randint(12, 60))
        people.append(
            build_candidature(
                world,
                world.near(poste.structure.commune),
                StatutCandidature.RECRUTEE,
                submitted,
                rayon_km=world.pick([RayonKm.KM_20, RayonKm.KM_40, RayonKm.KM_100]),
                date_disponibilite=submitted + timedelta(days=world.rng.randint(0, 10)),
            )
        )
    save_candidatures(world, people)
    pairs = list(zip(people, chosen, strict=True))
    conseillers = recruit(world, staff, pairs)
    load_unlucky(world, pairs)
    return conseillers


def recruit(
    world: World, staff: Staff, pairs: list[tuple[Candidature, Poste]], *, steady: bool = False
) -> list[Conseiller]:
    """Write the recruitment of each pair of a candidature already `recrutee` and a post still vacant.

    `steady`: these stay in post.
    """
    plans = [plan(world, candidature, poste) for candidature, poste in pairs]
    poids = read_poids(world)
    mises = MiseEnRelation.objects.bulk_create([build_mise_en_relation(row, poids) for row in plans])
    contrats = []
    for rank, (row, mise) in enumerate(zip(plans, mises, strict=True)):
        contrat = build_contrat(world, row.poste, row.starts)
        contrat.candidature, contrat.mise_en_relation = row.candidature, mise
        contrat.transmis_par = staff.managers[row.poste.structure_id]
        contrat.valide_par, _ = staff.two_of_bdt(rank)
        contrat.valide_at, contrat.created_at = row.validated, row.prepared
        contrat.status = status_on(world, contrat, steady=steady)
        contrats.append(contrat)
    Contrat.objects.bulk_create(contrats)
    for contrat in contrats:
        if contrat.status == _C.ROMPU:
            # Often within the first weeks, before the end of the training.
            most = 60 if world.chance(0.6) else (world.day - contrat.date_debut).days - 5
            worked = world.rng.randint(20, most)
            world.ruptures[contrat.pk] = contrat.date_debut + timedelta(days=worked)
    fill(world, contrats)
    write_history(world, plans, mises, contrats)
    return appoint(world, contrats)


def build_mise_en_relation(row: Recrutement, poids: Poids) -> MiseEnRelation:
    commune = row.candidature.commune
    assert commune is not None  # noqa: S101  # Submitted candidatures have one.
    km = distance_km(commune, row.poste.structure.commune)
    score = score_on(row.candidature, row.poste, km, row.proposed.date(), poids)
    return MiseEnRelation(
        candidature=row.candidature,
        structure=row.poste.structure,
        status=_M.RECRUTEE,
        origine=Origine.MATCHING,
        distance_km=km,
        score=score.total,
        details=score.details,
        interessee_at=row.interested,
        created_at=row.proposed,
    )


def score_on(candidature: Candidature, poste: Poste, km: float, day: date, poids: Poids) -> Score:
    """Score a pair as the platform did that day."""
    assert candidature.rayon_km is not None  # noqa: S101  # Submitted candidatures have all three.
    assert candidature.date_disponibilite is not None  # noqa: S101
    assert candidature.submitted_at is not None  # noqa: S101
    profil = Profil(
        rayon_km=candidature.rayon_km,
        disponible_le=candidature.date_disponibilite,
        experience=candidature.experience_mediation,
        diplome=candidature.diplome_mediation,
        tp_remn=candidature.titulaire_tp_remn,
        inscrit_le=candidature.submitted_at.date(),
    )
    score = compute_score(profil, debuts=[max(poste.date_debut, day)], distance_km=km, poids=poids, today=day)
    assert score is not None  # noqa: S101  # They are recruited available.
    return score


def read_poids(world: World) -> Poids:
    return weights_of(PoidsMatching.objects.valid_on(world.day))


def build_contrat(world: World, poste: Poste, start: date) -> Contrat:
    """Build a contract that the rules of its employer allow."""
    private = poste.structure.is_private
    type_ = world.weighted({TypeContrat.CDD: 5, TypeContrat.CDI: 3, TypeContrat.CONTRAT_PROJET: 0 if private else 4})
    months = {TypeContrat.CDD: 18 if private else 24, TypeContrat.CONTRAT_PROJET: 36}
    return Contrat(
        structure=poste.structure,
        poste=poste,
        type=type_,
        date_debut=start,
        date_fin=last_day(start, months[type_]) if type_ in months else None,
        salaire_brut_mensuel=Decimal(world.rng.randrange(1850, 2300, 25)),
    )


def status_on(world: World, contrat: Contrat, *, steady: bool) -> StatutContrat:
    if contrat.date_debut > world.day:
        return _C.VALIDE
    if contrat.date_fin and contrat.date_fin < world.day:
        return _C.TERMINE
    if (world.day - contrat.date_debut).days > 120 and not steady and world.chance(RUPTURE_SHARE):
        return _C.ROMPU
    return _C.EN_COURS


def last_day_in_post(world: World, contrat: Contrat) -> date:
    """Return the last day worked so far."""
    ended = world.ruptures.get(contrat.pk) or contrat.date_fin or world.day
    return min(ended, world.day - timedelta(days=1))


def left_at(world: World, contrat: Contrat) -> datetime | None:
    """Return when someone whose contract is over left, None for those still in post."""
    if contrat.status not in {_C.TERMINE, _C.ROMPU}:
        return None
    return world.moment(last_day_in_post(world, contrat))


def appoint(world: World, contrats: list[Contrat]) -> list[Conseiller]:
    """Create the conseillers and their role, withdrawn from those who left."""
    rows, roles = [], []
    for contrat in contrats:
        compte = contrat.candidature.compte
        assert compte is not None  # noqa: S101
        assert contrat.valide_at is not None  # noqa: S101
        equipped = contrat.date_debut + timedelta(days=20)
        delivered = equipped + timedelta(days=12)
        rows.append(
            Conseiller(
                compte=compte,
                contrat=contrat,
                tenue_remise_at=equipped if equipped < world.day else None,
                mobilier_remis_at=delivered if delivered < world.day and world.chance(0.8) else None,
                created_at=contrat.valide_at,
            )
        )
        ended = left_at(world, contrat)
        roles.append(Role(compte=compte, kind=RoleKind.CONSEILLER, created_at=contrat.valide_at, ended_at=ended))
    # The demo account has its role from the start.
    has_role = set(Role.objects.filter(kind=RoleKind.CONSEILLER, ended_at=None).values_list("compte", flat=True))
    Role.objects.bulk_create([role for role in roles if role.compte_id not in has_role])
    return Conseiller.objects.bulk_create(rows)


def fill(world: World, contrats: list[Contrat]) -> None:
    """Occupy the posts; those of contracts that are over became vacant again."""
    Poste.objects.filter(pk__in=[contrat.poste_id for contrat in contrats]).update(status=StatutPoste.POURVU)
    over = [contrat.poste_id for contrat in contrats if contrat.status in {_C.TERMINE, _C.ROMPU}]
    Poste.objects.filter(pk__in=over).update(status=StatutPoste.VACANT)
    rows = []
    for contrat in contrats:
        assert contrat.valide_at is not None  # noqa: S101
        steps = [
            Step(StatutPoste.VACANT, contrat.poste.created_at),
            Step(StatutPoste.POURVU, contrat.valide_at, contrat.valide_par),
        ]
        if ended := left_at(world, contrat):
            steps.append(Step(StatutPoste.VACANT, ended, None, "fin du contrat"))
        rows.append((contrat.poste, steps))
    history(PosteTransition, rows)


def write_history(world: World, plans: list[Recrutement], mises: list[MiseEnRelation], contrats: list[Contrat]) -> None:
    mise_rows, contrat_rows, candidature_rows = [], [], []
    for row, mise, contrat in zip(plans, mises, contrats, strict=True):
        manager, bdt = contrat.transmis_par, contrat.valide_par
        mise_rows.append(
            (
                mise,
                [
                    Step(_M.PROPOSEE, row.proposed),
                    Step(_M.INTERESSEE, row.interested, manager),
                    Step(_M.ENTRETIEN, row.met, manager),
                    Step(_M.RETENUE, row.retained, manager),
                    Step(_M.CONTRAT, row.prepared, manager),
                    Step(_M.RECRUTEE, row.validated, bdt),
                ],
            )
        )
        steps = [
            Step(_C.PREPARE, row.prepared),
            Step(_C.TRANSMIS, row.sent, manager),
            Step(_C.VALIDE, row.validated, bdt),
        ]
        if contrat.status != _C.VALIDE:
            steps.append(Step(_C.EN_COURS, world.moment(row.starts)))
        if ended := left_at(world, contrat):
            reason = "démission" if contrat.status == _C.ROMPU else ""
            steps.append(Step(contrat.status, ended, None, reason))
        contrat_rows.append((contrat, steps))
        recruited = [
            Step(StatutCandidature.ACTIVE, row.proposed),
            Step(StatutCandidature.RECRUTEE, row.validated, bdt),
        ]
        candidature_rows.append((row.candidature, recruited))
    history(MiseEnRelationTransition, mise_rows)
    history(ContratTransition, contrat_rows)
    history(CandidatureTransition, candidature_rows)


def load_unlucky(world: World, pairs: list[tuple[Candidature, Poste]]) -> None:
    """Half of the people recruited had been proposed to another structure of the département as well."""
    by_departement = defaultdict(list)
    for _, poste in pairs:
        by_departement[poste.structure.commune.departement_id].append(poste.structure)
    poids = read_poids(world)
    mises, rows = [], []
    for candidature, poste in pairs:
        commune, rayon = candidature.commune, candidature.rayon_km
        assert commune is not None  # noqa: S101
        assert rayon is not None  # noqa: S101
        others = [
            row
            for row in by_departement[poste.structure.commune.departement_id]
            if row.pk != poste.structure_id
            and row.created_at < poste.structure.created_at
            and distance_km(commune, row.commune) <= rayon
        ]
        if not others or world.chance(0.5):
            continue
        structure = world.pick(others)
        proposed = world.moment(poste.date_debut + timedelta(days=1))
        ended = proposed + timedelta(days=world.rng.randint(2, 9))
        declined = world.chance(0.5)
        km = distance_km(commune, structure.commune)
        score = score_on(candidature, poste, km, proposed.date(), poids)
        mise = MiseEnRelation(
            candidature=candidature,
            structure=structure,
            status=_M.DECLINEE_STRUCTURE if declined else _M.ANNULEE,
            motif=world.pick([MotifRefus.AUTRE_CHOIX, MotifRefus.DATES, MotifRefus.COMPETENCES]) if declined else "",
            distance_km=km,
            score=score.total,
            details=score.details,
            created_at=proposed,
        )
        reason = MotifRefus(mise.motif).label if declined else "recrutement par une autre structure"
        mises.append(mise)
        rows.append((mise, [Step(_M.PROPOSEE, proposed), Step(mise.status, ended, None, reason)]))
    MiseEnRelation.objects.bulk_create(mises)
    history(MiseEnRelationTransition, rows)
