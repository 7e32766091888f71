"""The interviews of the mises en relation that had one: every status, hours to come and hours past."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from matching.enums import (
    ModeEntretien,
    ResultatCandidat,
    ResultatStructure,
    StatutEntretien,
    StatutMiseEnRelation,
)
from matching.models import Creneau, Entretien, EntretienTransition, MiseEnRelation, MiseEnRelationTransition
from pilotage.demo.structures import Staff
from pilotage.demo.world import Step, World, history

_E = StatutEntretien
_M = StatutMiseEnRelation
MINUTES = 45
# What becomes of the interview of a pair that still has only that; the first is the demo structure's.
OUTCOMES = [_E.CONFIRME, _E.PROPOSE, _E.AUTRES_DEMANDES, _E.TERMINE, _E.ANNULE]
PATHS = {
    _E.PROPOSE: [_E.PROPOSE],
    _E.AUTRES_DEMANDES: [_E.PROPOSE, _E.AUTRES_DEMANDES],
    _E.CONFIRME: [_E.PROPOSE, _E.CONFIRME],
    _E.TERMINE: [_E.PROPOSE, _E.CONFIRME, _E.TERMINE],
    _E.ANNULE: [_E.PROPOSE, _E.ANNULE],
}
WORDS = {
    _E.AUTRES_DEMANDES: "Je travaille ces jours-là. Le jeudi ou le vendredi me conviendrait, le matin de préférence.",
    _E.ANNULE: "La personne qui devait vous recevoir est absente. Nous vous proposerons d'autres créneaux.",
}
NOTHING: tuple[str, str] = ("", "")
KEPT: tuple[str, str] = (ResultatStructure.RETENU, ResultatCandidat.EU_LIEU)
RESULTS: list[tuple[str, str]] = [
    (ResultatStructure.A_REVOIR, ResultatCandidat.EU_LIEU),
    # What the ANCT looks at.
    (ResultatStructure.ABSENT, ResultatCandidat.EU_LIEU),
]


def load_entretiens(world: World, staff: Staff, mises: list[MiseEnRelation]) -> None:
    """Write one interview for each pair that got as far as that."""
    met = [mise for mise in mises if mise.status in {_M.ENTRETIEN, _M.RETENUE, _M.CONTRAT}]
    since = dict(
        MiseEnRelationTransition.objects.filter(objet__in=met, to_status=_M.ENTRETIEN).values_list("objet", "at")
    )
    busy: dict[int, int] = defaultdict(int)
    turn = results = 0
    rows: list[tuple[Entretien, list[Step]]] = []
    slots: list[Creneau] = []
    for mise in met:
        offered, author = since[mise.pk], staff.managers[mise.structure_id]
        outcome, result, until = _E.TERMINE, KEPT, mise.updated_at
        if mise.status == _M.ENTRETIEN:
            outcome, until = OUTCOMES[turn % len(OUTCOMES)], world.moment(world.day - timedelta(days=1))
            turn += 1
            result = NOTHING
            if outcome == _E.TERMINE:
                result = RESULTS[results % len(RESULTS)]
                results += 1
        until = max(until, offered + timedelta(hours=2))
        hours = hours_to_come(world, mise, busy[author.pk])
        busy[author.pk] += 1
        if outcome == _E.TERMINE:
            hours = [hour_between(offered, until)]
        agreed = hours[0] if outcome in {_E.CONFIRME, _E.TERMINE} else None
        entretien = Entretien(
            mise_en_relation=mise,
            reference=world.uuid(),
            status=outcome,
            propose_par=author,
            duree=MINUTES,
            debut=agreed,
            fin=agreed and agreed + timedelta(minutes=MINUTES),
            message="Nous parlerons du poste, des lieux d'accueil et de vos disponibilités.",
            motif=WORDS.get(outcome, ""),
            resultat_structure=result[0],
            resultat_candidat=result[1],
            created_at=offered,
            **place_of(mise, turn),
        )
        # Offered, then answered before the hour, then told after it.
        moments = [offered, offered + (min(agreed or until, until) - offered) / 2, until]
        path = zip(PATHS[outcome], moments, strict=False)
        rows.append((entretien, [Step(status, at, author, WORDS.get(status, "")) for status, at in path]))
        slots += [
            Creneau(entretien=entretien, debut=at, fin=at + timedelta(minutes=MINUTES), created_at=offered)
            for at in hours
        ]
    Entretien.objects.bulk_create([entretien for entretien, _ in rows])
    Creneau.objects.bulk_create(slots)
    history(EntretienTransition, rows)


def hour_between(first: datetime, last: datetime) -> datetime:
    """Ten in the morning of a day between two moments, where there is one."""
    middle = first + (last - first) / 2
    hour = middle.replace(hour=10, minute=0, second=0, microsecond=0)
    return hour if first < hour < last else middle


def hours_to_come(world: World, mise: MiseEnRelation, rank: int) -> list[datetime]:
    """Two hours of the next working days, by the clock of the structure; never twice the same for one author."""
    first = next_working_day(world.day + timedelta(days=1 + rank))
    fuseau = ZoneInfo(mise.structure.commune.fuseau)
    return [
        datetime.combine(day, time(hour + rank % 3), tzinfo=fuseau)
        for day, hour in ((first, 9), (next_working_day(first + timedelta(days=1)), 14))
    ]


def next_working_day(day: date) -> date:
    return day if day.weekday() < 5 else day + timedelta(days=7 - day.weekday())


def place_of(mise: MiseEnRelation, turn: int) -> dict[str, str]:
    if turn % 3 == 0:
        return {"mode": ModeEntretien.DISTANCE, "lien": "https://visio.exemple.fr/entretien"}
    adresse = ", ".join(part for part in (mise.structure.adresse, mise.structure.commune.nom) if part)
    return {"mode": ModeEntretien.SUR_PLACE, "adresse": adresse}
