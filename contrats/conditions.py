"""What a contract must satisfy (DOMAINE §7, S1): data in, sentences out, no database."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from contrats.durations import last_day
from contrats.enums import TypeContrat

_T = TypeContrat
# S1: what each kind of employer may sign, and for how long at most, in months (None: no limit of the programme).
DUREES_PUBLIC: dict[str, int | None] = {_T.CDD: 24, _T.CDI: None, _T.CONTRAT_PROJET: None}
DUREES_PRIVE: dict[str, int | None] = {_T.CDI: None, _T.CDD: 18, _T.PEC: 24}
# A guard against a mistyped year, nothing more.
DEBUT_MAX = timedelta(days=366)


@dataclass(frozen=True)
class Conditions:
    type: str
    date_debut: date
    date_fin: date | None
    salaire_brut_mensuel: Decimal


@dataclass(frozen=True)
class Cadre:
    """What the conditions are compared with."""

    is_private: bool
    decision_on: date
    smic: Decimal
    today: date


def allowed_types(*, is_private: bool) -> list[str]:
    return list(DUREES_PRIVE if is_private else DUREES_PUBLIC)


def find_problems(conditions: Conditions, cadre: Cadre) -> dict[str, str]:
    """Return a sentence for each field that breaks a rule."""
    problems = {}
    durations = DUREES_PRIVE if cadre.is_private else DUREES_PUBLIC
    if conditions.type not in durations:
        names = ", ".join(TypeContrat(name).label for name in durations)
        employer = "privé" if cadre.is_private else "public"
        problems["type"] = f"Un employeur {employer} recrute avec l'un de ces contrats : {names}."
    if problem := _problem_of_start(conditions, cadre):
        problems["date_debut"] = problem
    if problem := _problem_of_end(conditions, cadre, durations):
        problems["date_fin"] = problem
    if conditions.salaire_brut_mensuel < cadre.smic:
        problems["salaire_brut_mensuel"] = (
            f"Le salaire brut mensuel pour 35 h est au moins le SMIC en vigueur le jour du début : "
            f"{format_euros(cadre.smic)}."
        )
    return problems


def _problem_of_start(conditions: Conditions, cadre: Cadre) -> str | None:
    if conditions.date_debut < cadre.decision_on:
        return f"Le contrat ne peut pas commencer avant la signature de la convention, le {cadre.decision_on:%d/%m/%Y}."
    if conditions.date_debut > cadre.today + DEBUT_MAX:
        return "Le contrat commence dans plus d'un an : vérifiez l'année."
    return None


def _problem_of_end(conditions: Conditions, cadre: Cadre, durations: dict[str, int | None]) -> str | None:
    start, end = conditions.date_debut, conditions.date_fin
    if conditions.type == _T.CDI:
        return "Un CDI n'a pas de date de fin : laissez ce champ vide." if end else None
    if end is None:
        return "Indiquez la date de fin : seul un CDI n'en a pas."
    if end <= start:
        return "La date de fin doit suivre la date de début."
    months = durations.get(conditions.type)
    if months is None:
        return None
    latest = last_day(start, months)
    # S1: a public employer recruits « pour une durée de 24 mois », not fewer.
    if not cadre.is_private and conditions.type == _T.CDD and end != latest:
        return f"Un CDD d'employeur public dure {months} mois : il finit le {latest:%d/%m/%Y}."
    if end > latest:
        return f"Ce contrat dure {months} mois au plus : il finit au plus tard le {latest:%d/%m/%Y}."
    return None


def format_euros(amount: Decimal) -> str:
    return f"{amount:,.2f} €".replace(",", "\u202f").replace(".", ",")
