"""Conseillers followed by those who answer for them: a coordinateur their group, a structure its own.

Figures only, never what a person wrote; each conseiller's since the day they have been followed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse

from accompagnements.models import Accompagnement, Appartenance, Groupe
from accompagnements.presentation import minutes_text
from accompagnements.selectors import own_groupe, today_for
from common.numbers import number
from comptes.models import Role
from contrats.models import Conseiller
from formation.enums import StatutDossier
from pilotage.constants import SILENCE
from structures.models import Structure
from territoires.jours import working_days_ago

NEVER = date(1900, 1, 1)
BUSY = [StatutDossier.EN_FORMATION]

# What the address says → order, with what makes it unique.
_NAME = ["compte__nom", "compte__prenom", "pk"]
TRIS = {
    "nom": ("Par nom", _NAME),
    "saisie": ("Dernière activité la plus ancienne", ["derniere", *_NAME]),
    "mois": ("Le plus d'accompagnements ce mois-ci", ["-mois_accompagnements", *_NAME]),
}
ETATS = {"": "Tous", "silence": "Sans activité notée depuis longtemps", "formation": "En formation"}


@dataclass(frozen=True)
class Suivi:
    """The conseillers someone follows, on one day."""

    rows: QuerySet[Conseiller]
    today: date
    # The first of the last `SILENCE` working days.
    since: date
    groupe: Groupe | None = None

    def stopped(self) -> QuerySet[Conseiller]:
        return self.rows.filter(has_stopped(self.since))

    def in_training(self) -> QuerySet[Conseiller]:
        return self.rows.filter(dossier_formation__status__in=BUSY)


def has_stopped(since: date) -> Q:
    """Say who logged nothing from `since` on, in post long enough, and not in training. Leave is unknown."""
    still_there = Q(contrat__date_fin=None) | Q(contrat__date_fin__gte=since)
    return still_there & Q(derniere__lt=since, depuis__lt=since) & ~Q(dossier_formation__status__in=BUSY)


def follow_groupe(groupe: Groupe, today: date) -> Suivi:
    """Return the members of the day."""
    held = Appartenance.objects.accepted().filter(groupe=groupe).on(today)
    first = held.filter(conseiller=OuterRef("pk")).values("debut")[:1]
    members = Conseiller.objects.filter(pk__in=held.values("conseiller"))
    rows = _measured(members.annotate(suivi_depuis=Subquery(first)), today)
    return Suivi(rows, today, working_days_ago(today, SILENCE, groupe.departement_id), groupe)


def follow_structure(role: Role, today: date) -> Suivi:
    """Return the conseillers in post in one's structures."""
    structures = Structure.objects.visible_to(role)
    own = Conseiller.objects.in_post().filter(contrat__structure__in=structures.values("pk"))
    place = structures.order_by("pk").values_list("commune__departement", flat=True).first() or ""
    rows = _measured(own.annotate(suivi_depuis=F("contrat__date_debut")), today)
    return Suivi(rows, today, working_days_ago(today, SILENCE, place))


def suivi_of(role: Role) -> Suivi | None:
    """Return who a coordinateur follows; None while they have no group."""
    groupe = own_groupe(role)
    return follow_groupe(groupe, today_for(role)) if groupe else None


def with_last_day(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add the last day of activity, and the day one's silence may begin: one line of an index for each."""
    own = Accompagnement.objects.filter(conseiller=OuterRef("pk"))
    last = Coalesce(Subquery(own.order_by("-date").values("date")[:1]), NEVER)
    return rows.annotate(depuis=Greatest("suivi_depuis", "contrat__date_debut"), derniere=last)


def _measured(rows: QuerySet[Any], today: date) -> QuerySet[Any]:
    """Add the month's figures: a few lines of an index for each conseiller."""
    own = Accompagnement.objects.filter(conseiller=OuterRef("pk")).order_by()
    month = own.filter(date__gte=today.replace(day=1)).filter(date__gte=OuterRef("suivi_depuis")).values("conseiller")
    figures = {"accompagnements": Count("pk"), "participations": Sum("participants"), "minutes": Sum("duree")}
    return (
        with_last_day(rows)
        .annotate(
            **{
                f"mois_{name}": Coalesce(Subquery(month.annotate(n=figure).values("n")), 0)
                for name, figure in figures.items()
            },
        )
        .select_related("compte", "contrat__structure__commune", "dossier_formation")
    )


def chosen(suivi: Suivi, etat: str) -> QuerySet[Conseiller]:
    match etat:
        case "silence":
            return suivi.stopped()
        case "formation":
            return suivi.in_training()
    return suivi.rows


class Row(TypedDict):
    pk: int
    name: str
    place: str
    last: str
    stopped: bool
    training: str
    accompagnements: str
    participations: str
    duree: str
    url: str


def present(rows: Iterable[Any], suivi: Suivi) -> list[Row]:
    url = reverse("accompagnements:statistics")
    return [
        Row(
            pk=one.pk,
            name=str(one),
            place=f"{one.contrat.structure.nom}, {one.contrat.structure.commune.nom}",
            last=f"{one.derniere:%d/%m/%Y}" if one.derniere > NEVER else "",
            stopped=_has_stopped(one, suivi),
            training=_training(one),
            accompagnements=number(one.mois_accompagnements),
            participations=number(one.mois_participations),
            duree=minutes_text(one.mois_minutes),
            url=f"{url}?perimetre=conseiller-{one.pk}",
        )
        for one in rows
    ]


def _status(conseiller: Any) -> str:
    dossier = getattr(conseiller, "dossier_formation", None)
    return dossier.status if dossier else ""


def _training(conseiller: Any) -> str:
    status = _status(conseiller)
    return str(StatutDossier(status).label) if status else ""


def _has_stopped(conseiller: Any, suivi: Suivi) -> bool:
    end, since = conseiller.contrat.date_fin, suivi.since
    is_quiet = conseiller.derniere < since and conseiller.depuis < since and (end is None or end >= since)
    return is_quiet and _status(conseiller) not in BUSY


HEADER = (
    "Conseiller", "Structure", "Dernière activité", "Sans activité depuis longtemps", "Formation",
    "Accompagnements du mois", "Participations du mois", "Minutes du mois",
)  # fmt: skip


def lines(rows: Iterable[Any], suivi: Suivi) -> Iterable[list[Any]]:
    """Return the lines of the file."""
    for one in rows:
        yield [
            str(one), one.contrat.structure.nom, one.derniere.isoformat() if one.derniere > NEVER else "",
            "oui" if _has_stopped(one, suivi) else "non", _training(one), one.mois_accompagnements,
            one.mois_participations, one.mois_minutes,
        ]  # fmt: skip
