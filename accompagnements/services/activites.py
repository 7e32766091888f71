from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import cached_property

from accompagnements.constants import (
    NOTES_MAX,
    PREMIER_JOUR,
    THEMES_MAX,
)
from accompagnements.enums import AGES, GENRES, STATUTS, ActeRevision, Canal, Suite, TypeAccompagnement
from accompagnements.exceptions import AlreadyRecordedError, StaleError
from accompagnements.models import (
    Accompagnement,
    AccompagnementRevision,
    Theme,
)
from accompagnements.selectors import Periode, contract_periods, today_in
from accompagnements.services import (
    liens,
)
from accompagnements.services.historique import (
    ask_reason,
    changes,
    check,
    copy_of,
    label_of,
)
from common.exceptions import RuleError
from comptes.models import Role
from contrats.models import Conseiller
from territoires.models import Commune

COUNTS = [*GENRES, *AGES, *STATUTS]
FIELDS = [
    "type", "date", "duree", "canal", "lieu", "commune", "participants", "recurrents", *COUNTS, "themes",
    "type_public", "materiel", "autonomie", "niveau", "suite", "orientation", "organisme", "dispositifs",
    "titre", "notes",
]  # fmt: skip


class Reperes:
    """What the rules look up, each read once: for one entry it costs what it did, for a file of thousands nothing."""

    def __init__(self, conseiller: Conseiller) -> None:
        self.conseiller = conseiller
        self._today: dict[str, date] = {}

    @cached_property
    def themes(self) -> dict[int, Theme]:
        return Theme.objects.in_bulk()

    @cached_property
    def lieux(self) -> set[int]:
        return set(self.conseiller.lieux.values_list("pk", flat=True))

    @cached_property
    def periods(self) -> list[Periode]:
        return contract_periods(self.conseiller)

    def today_in(self, commune: Commune) -> date:
        if commune.fuseau not in self._today:
            self._today[commune.fuseau] = today_in(commune)
        return self._today[commune.fuseau]


def fill(accompagnement: Accompagnement, values: Mapping[str, Any], reperes: Reperes | None = None) -> Accompagnement:
    """Write the values on an unsaved row, with what follows from them.

    A place gives its commune, only an atelier counts several people, a démarche brings the theme it belongs to, an
    organisme the kind it is of.
    """
    for name in FIELDS:
        if name in values:
            setattr(accompagnement, name, values[name])
    if accompagnement.canal != Canal.LIEU_ACTIVITE:
        accompagnement.lieu = None
    elif accompagnement.lieu is not None:
        accompagnement.commune = accompagnement.lieu.commune
    if accompagnement.type != TypeAccompagnement.ATELIER:
        accompagnement.participants = 1
        accompagnement.niveau = accompagnement.titre = ""
    if accompagnement.suite != Suite.ORIENTATION:
        accompagnement.orientation = ""
        accompagnement.organisme = None
    elif accompagnement.organisme is not None:
        accompagnement.orientation = accompagnement.organisme.categorie
    themes = list(accompagnement.themes or [])
    known = (reperes or Reperes(accompagnement.conseiller)).themes
    parents = {parent for pk in themes if pk in known and (parent := known[pk].parent_id)}
    accompagnement.themes = sorted(themes + [pk for pk in parents if pk not in themes])
    return accompagnement


def rule_errors(accompagnement: Accompagnement, reperes: Reperes | None = None) -> Iterator[RuleError]:
    """Yield the rules a filled row breaks that its columns alone cannot tell."""
    reperes = reperes or Reperes(accompagnement.conseiller)
    date_error = _date_error(reperes, accompagnement.date, accompagnement.commune)
    if date_error:
        yield RuleError(date_error, field="date")
    lieu = accompagnement.lieu
    # A lieu left or archived since stays on the rows that name it.
    own = lieu is None or lieu.pk in reperes.lieux
    if not own and not Accompagnement.objects.filter(pk=accompagnement.pk, lieu=lieu).exists():
        yield RuleError("Ce lieu d'activité n'est pas l'un des vôtres.", field="lieu")
    if len(accompagnement.notes) > NOTES_MAX:
        yield RuleError(f"Les notes comptent {NOTES_MAX} caractères au plus.", field="notes")
    if len(set(accompagnement.themes)) != len(accompagnement.themes):
        yield RuleError("Un thème est choisi deux fois.", field="themes")
    elif len(accompagnement.themes) > THEMES_MAX:
        yield RuleError(f"Choisissez {THEMES_MAX} thèmes au plus, celui des démarches compris.", field="themes")
    elif not date_error and _has_unknown_theme(accompagnement, reperes):
        yield RuleError("Un des thèmes choisis n'existe pas à cette date. Choisissez-en un autre.", field="themes")
    if not date_error and _has_unknown_organisme(accompagnement):
        yield RuleError("Cet organisme n'existe pas à cette date. Choisissez-en un autre.", field="orientation")


def _has_unknown_organisme(accompagnement: Accompagnement) -> bool:
    """Say whether the organisme is not of that day; the one a row already holds that day is not asked again."""
    organisme = accompagnement.organisme
    if organisme is None or organisme.is_valid_on(accompagnement.date):
        return False
    before = {"date": accompagnement.date, "organisme": organisme, "orientation": accompagnement.orientation}
    return not Accompagnement.objects.filter(pk=accompagnement.pk, **before).exists()


def _date_error(reperes: Reperes, day: date, commune: Commune) -> str:
    if day < PREMIER_JOUR:
        return f"Le programme a commencé le {PREMIER_JOUR:%d/%m/%Y} : indiquez une date à partir de ce jour."
    today = reperes.today_in(commune)
    if day > today:
        return f"Cette date est à venir : à {commune.nom}, nous sommes le {today:%d/%m/%Y}."
    if not any(day in period for period in reperes.periods):
        dates = " ou ".join(str(period) for period in reperes.periods) or "aucun n'est en vigueur"
        return f"Cette date est hors de votre contrat ({dates})."
    return ""


def _has_unknown_theme(accompagnement: Accompagnement, reperes: Reperes) -> bool:
    """Say whether a theme is not of that day; what a row already holds is not asked again, as in the database."""
    if accompagnement.pk is not None:
        before = Accompagnement.objects.filter(pk=accompagnement.pk, date=accompagnement.date).first()
        if before is not None and before.themes == accompagnement.themes:
            return False
    themes = [reperes.themes.get(pk) for pk in accompagnement.themes]
    return not all(theme and theme.is_valid_on(accompagnement.date) for theme in themes)


def _check(accompagnement: Accompagnement, values: Mapping[str, Any]) -> None:
    check(accompagnement)
    for broken in chain(rule_errors(accompagnement), liens.link_errors(accompagnement, values)):
        raise broken


def create_accompagnement(*, conseiller: Conseiller, uuid: UUID, values: Mapping[str, Any], by: Role) -> Accompagnement:
    """Record an entry once, however many times it is sent: the browser gave it its uuid."""
    accompagnement = fill(Accompagnement(conseiller=conseiller, uuid=uuid), values)
    _check(accompagnement, values)
    try:
        with transaction.atomic():
            accompagnement.save(force_insert=True)
            liens.link(accompagnement, values)
    except IntegrityError:
        recorded = Accompagnement.objects.filter(uuid=uuid).first()
        if recorded is None:
            raise
        is_other = changes(recorded, accompagnement, FIELDS) or liens.are_persons_changed(recorded, values)
        if recorded.conseiller_id != conseiller.pk or is_other:
            raise AlreadyRecordedError from None
        return recorded
    return accompagnement


@transaction.atomic
def update_accompagnement(
    *, accompagnement: Accompagnement, values: Mapping[str, Any], version: str, reason: str = "", by: Role
) -> Accompagnement:
    """Change an entry and keep what it was. `version` is the one the person saw: another one is never overwritten."""
    accompagnement = _lock(accompagnement)
    before, avant = copy_of(accompagnement), snapshot(accompagnement)
    fill(accompagnement, values)
    changed = changes(before, accompagnement, FIELDS)
    if liens.are_persons_changed(accompagnement, values):
        changed.append(liens.BENEFICIAIRES)
    if not changed:
        # Words only order one's own rows: they ask for no reason and leave no history.
        for broken in liens.link_errors(accompagnement, values):
            raise broken
        liens.unlink(accompagnement, values)
        liens.link(accompagnement, values)
        return accompagnement
    if version != before.version:
        raise StaleError([f"{label(name)} : {avant[name]}" for name in changed])
    ask_reason(before, reason)
    _check(accompagnement, values)
    liens.unlink(accompagnement, values)
    accompagnement.save()
    liens.link(accompagnement, values)
    _keep(accompagnement, ActeRevision.MODIFICATION, avant, snapshot(accompagnement), reason, by)
    return accompagnement


@transaction.atomic
def delete_accompagnement(*, accompagnement: Accompagnement, reason: str = "", by: Role) -> None:
    accompagnement = _lock(accompagnement)
    ask_reason(accompagnement, reason)
    _keep(accompagnement, ActeRevision.SUPPRESSION, snapshot(accompagnement), None, reason, by)
    accompagnement.delete()


def _lock(accompagnement: Accompagnement) -> Accompagnement:
    rows = Accompagnement.objects.select_for_update(of=("self",)).select_related("conseiller", "lieu", "commune")
    row = rows.filter(pk=accompagnement.pk).first()
    if row is None:
        raise RuleError("Cet accompagnement a été supprimé entre-temps.")
    return row


def label(name: str) -> str:
    if name == liens.BENEFICIAIRES:
        return "personnes suivies"
    return label_of(Accompagnement, name)


def snapshot(accompagnement: Accompagnement) -> dict[str, Any]:
    """Return the row as its history keeps it: exchange values, and never the text of the notes."""
    codes = dict(Theme.objects.filter(pk__in=accompagnement.themes).values_list("pk", "code"))
    values = {name: getattr(accompagnement, name) for name in FIELDS}
    return values | {
        "date": accompagnement.date.isoformat(),
        "lieu": str(accompagnement.lieu) if accompagnement.lieu else "",
        "commune": accompagnement.commune_id,
        "themes": [codes[pk] for pk in accompagnement.themes],
        "organisme": accompagnement.organisme.code if accompagnement.organisme else "",
        "notes": f"{len(accompagnement.notes)} caractères" if accompagnement.notes else "",
        # How many, never who: they may ask to be forgotten, and history can't.
        liens.BENEFICIAIRES: len(liens.persons_of(accompagnement)),
    }


def _keep(
    accompagnement: Accompagnement,
    acte: ActeRevision,
    avant: dict[str, Any],
    apres: dict[str, Any] | None,
    reason: str,
    by: Role,
) -> None:
    AccompagnementRevision.objects.create(
        accompagnement_pk=accompagnement.pk,
        conseiller=accompagnement.conseiller,
        acte=acte,
        avant=avant,
        apres=apres,
        reason=reason.strip(),
        by=by.compte,
        at=timezone.now(),
    )
