"""Candidates in every status, in every département."""

from datetime import date, timedelta
from typing import Any

from candidatures.constants import EXPIRY_AFTER
from candidatures.enums import Langue, MotifRetrait, RayonKm, SavoirEtre, StatutCandidature
from candidatures.models import Candidature, CandidatureTransition, Experience
from comptes.enums import RoleKind
from pilotage.demo.names import COMPETENCES, EMPLOYEURS, MOTIVATIONS_CANDIDAT, POSTES
from pilotage.demo.world import Step, World, create_comptes, history
from territoires.models import Commune

# Those one hears most; the others are in the form.
LANGUES = [Langue.ANGLAIS, Langue.ARABE, Langue.ESPAGNOL, Langue.LSF, Langue.PORTUGAIS, Langue.TURC]
STATUS_WEIGHTS = {
    StatutCandidature.A_CONFIRMER: 4,
    StatutCandidature.ACTIVE: 72,
    StatutCandidature.EN_PAUSE: 8,
    StatutCandidature.RETIREE: 10,
    StatutCandidature.EXPIREE: 6,
}
RAYONS = {
    RayonKm.KM_5: 4,
    RayonKm.KM_10: 12,
    RayonKm.KM_15: 12,
    RayonKm.KM_20: 28,
    RayonKm.KM_40: 26,
    RayonKm.KM_100: 11,
    RayonKm.FRANCE: 7,
}
# How many days ago an application was sent, by status: an active one shows a sign of life within eleven months.
AGES = {
    StatutCandidature.A_CONFIRMER: (1, 25),
    StatutCandidature.EN_PAUSE: (40, 330),
    StatutCandidature.RETIREE: (40, 330),
    StatutCandidature.EXPIREE: (370, 720),
}


def build_candidature(
    world: World, commune: Commune, status: StatutCandidature, submitted: date, **fields: Any
) -> Candidature:
    prenom, nom, email = world.person()
    at = world.moment(submitted)
    experience = world.chance(0.3)
    diplome = world.chance(0.12)
    # Of age two years ago already; the minors of the demo are made by `load_minors`.
    years = world.rng.randint(20, 58)
    birth = date(world.day.year - years - 1, world.rng.randint(1, 12), world.rng.randint(1, 28))
    values: dict[str, Any] = {
        "reference": world.uuid(),
        "draft_key": world.uuid(),
        "prenom": prenom,
        "nom": nom,
        "email": email,
        "telephone": f"+3363998{world.rng.randrange(10_000):04d}",  # a range kept for fiction by the regulator
        "date_naissance": birth,
        "commune": commune,
        "rayon_km": world.weighted(RAYONS),
        "demandeur_emploi": world.chance(0.6),
        "en_emploi": world.chance(0.2),
        "en_formation": True,
        "experience_mediation": experience,
        "diplome_mediation": diplome,
        "diplome_nom": "BPJEPS, mention médiation numérique" if diplome else "",
        "titulaire_tp_remn": diplome and world.chance(0.4),
        **draw_skills(world),
        "date_disponibilite": submitted + timedelta(days=world.rng.randint(0, 90)),
        "motivation": world.pick(MOTIVATIONS_CANDIDAT),
        "submitted_at": at,
        "created_at": at - timedelta(minutes=9),
        "last_seen_at": at,
    }
    values["en_formation"] = not (values["demandeur_emploi"] or values["en_emploi"])
    if status != StatutCandidature.A_CONFIRMER:
        values["email_confirmed_at"] = at + timedelta(minutes=6)
    if status in {StatutCandidature.EN_PAUSE, StatutCandidature.RETIREE}:
        values["last_seen_at"] = at + timedelta(days=world.rng.randint(8, 38))
    if status == StatutCandidature.RETIREE:
        values["motif_retrait"] = world.pick([MotifRetrait.EMPLOI, MotifRetrait.PLUS_INTERESSE, MotifRetrait.AUTRE])
    return Candidature(status=status, **values | fields)


def draw_skills(world: World) -> dict[str, Any]:
    """Draw what the optional step holds: nothing, for most."""
    strong = world.rng.sample(SavoirEtre.values, 3)
    chance = world.aside
    notes = {name: chance.randint(4, 5) if name in strong else chance.randint(1, 3) for name in SavoirEtre.values}
    told = chance.random() < 0.4
    return {
        "auto_evaluation": notes if told else {},
        "savoir_etre": [name for name in SavoirEtre.values if told and name in strong],
        "competences": chance.choice(COMPETENCES) if chance.random() < 0.35 else "",
        "niveau_pix": chance.randint(12, 96) * 8 if chance.random() < 0.3 else None,
        "langues": sorted(chance.sample(LANGUES, chance.randint(1, 2))) if chance.random() < 0.3 else [],
    }


def draw_experiences(world: World, row: Candidature) -> list[Experience]:
    """Draw one to three for whoever has an experience of the field, and for some of the others."""
    chance = world.aside
    if not (row.experience_mediation or chance.random() < 0.2):
        return []
    return [
        Experience(candidature=row, poste=poste, employeur=chance.choice(EMPLOYEURS), mois=chance.randint(3, 96))
        for poste in chance.sample(POSTES, chance.randint(1, 3))
    ]


def save_candidatures(world: World, candidatures: list[Candidature]) -> None:
    """Create the rows, the account of each confirmed person, and the history."""
    confirmed = [row for row in candidatures if row.email_confirmed_at and row.compte_id is None]
    comptes = create_comptes(
        ((row.prenom, row.nom, row.email, row.email_confirmed_at or row.created_at) for row in confirmed),
        RoleKind.CANDIDAT,
    )
    for row, compte in zip(confirmed, comptes, strict=True):
        row.compte = compte
    Candidature.objects.bulk_create(candidatures)
    Experience.objects.bulk_create([one for row in candidatures for one in draw_experiences(world, row)])
    history(CandidatureTransition, [(row, _steps(row)) for row in candidatures])


def _steps(row: Candidature) -> list[Step]:
    _S = StatutCandidature  # noqa: N806
    at = row.submitted_at
    if at is None:  # A draft.
        return []
    steps = [Step(_S.BROUILLON, row.created_at), Step(_S.A_CONFIRMER, at)]
    active_at = row.representant_at or row.email_confirmed_at
    if active_at is None or row.status == _S.A_CONFIRMER:
        return steps
    steps.append(Step(_S.ACTIVE, active_at, row.compte))
    reason = MotifRetrait(row.motif_retrait).label if row.motif_retrait else ""
    match row.status:
        case _S.EN_PAUSE | _S.RETIREE:
            assert row.last_seen_at is not None  # noqa: S101
            steps.append(Step(row.status, row.last_seen_at, row.compte, reason))
        case _S.EXPIREE:
            assert row.last_seen_at is not None  # noqa: S101
            steps.append(Step(row.status, row.last_seen_at + EXPIRY_AFTER, None, "sans nouvelles depuis douze mois"))
    return steps  # A recruitment is written with its contract.


def load_candidatures(world: World) -> None:
    """Create about nine hundred candidats, more where more people live."""
    candidatures = []
    for code, communes in world.communes.items():
        population = sum(commune.population for commune in communes)
        for _ in range(world.count(3 + population / 110_000)):
            status = world.weighted(STATUS_WEIGHTS)
            submitted = world.days_ago(*AGES.get(status, (2, 330)))
            candidatures.append(build_candidature(world, world.commune(code), status, submitted))
    save_candidatures(world, candidatures + build_minors(world))
    load_drafts(world)


def build_minors(world: World) -> list[Candidature]:
    """Build the applications of people of 16 and 17, whose representative agreed or has yet to."""
    rows = []
    for rank in range(world.count(10)):
        agreed = rank % 2 == 0
        submitted = world.days_ago(3, 25)
        row = build_candidature(
            world,
            world.commune(world.pick(list(world.communes))),
            StatutCandidature.ACTIVE,
            submitted,
            date_naissance=world.day - timedelta(days=365 * 16 + 40 + world.rng.randrange(600)),
            representant_prenom=world.person()[0],
            demandeur_emploi=False,
            en_emploi=False,
            en_formation=True,
            diplome_mediation=False,
            diplome_nom="",
            titulaire_tp_remn=False,
        )
        assert row.email_confirmed_at is not None  # noqa: S101
        row.representant_nom = row.nom
        row.representant_email = world.person()[2]
        if agreed:
            row.representant_at = row.email_confirmed_at + timedelta(days=1)
        else:
            row.status = StatutCandidature.A_CONFIRMER
        rows.append(row)
    return rows


def load_drafts(world: World) -> None:
    """Create applications someone began and has not sent yet."""
    drafts = []
    for _ in range(world.count(18)):
        prenom, nom, email = world.person()
        drafts.append(
            Candidature(
                reference=world.uuid(),
                draft_key=world.uuid(),
                prenom=prenom,
                nom=nom,
                email=email,
                date_naissance=date(world.day.year - world.rng.randint(20, 50), 5, 17),
                commune=world.commune(world.pick(list(world.communes))) if world.chance(0.6) else None,
                created_at=world.moment(world.days_ago(1, 20)),
            )
        )
    Candidature.objects.bulk_create(drafts)
