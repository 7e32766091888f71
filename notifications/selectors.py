from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from notifications.constants import FUSEAU, GRACE, HEURE_RECAPITULATIF
from notifications.enums import Rythme
from notifications.registry import KINDS, TIME_ZONES, Kind

RYTHMES = {rythme.value: rythme for rythme in Rythme}
Wishes = dict[tuple[str, str], Rythme]


def wishes_of(adresses: Collection[str]) -> Wishes:
    """What these addresses chose, (address, kind) → rhythm: one query whatever their number."""
    rows = _rows("SELECT adresse, genre, rythme FROM notifications_preference WHERE adresse = ANY(%s)", adresses)
    return {(adresse, genre): RYTHMES[rythme] for adresse, genre, rythme in rows}


def _rows(query: str, adresses: Collection[str]) -> list[Any]:
    """Read by one array: hundreds of `IN` parameters take longer to write than to look for."""
    if not adresses:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query, [list(adresses)])
        return cursor.fetchall()


def rhythm(kind: Kind, adresse: str, wishes: Wishes) -> Rythme:
    """The rhythm in force: the one chosen, unless the kind no longer allows it."""
    chosen = wishes.get((adresse, kind.name), kind.default)
    return chosen if chosen in kind.rhythms else kind.default


def refused_addresses(adresses: Collection[str]) -> set[str]:
    rows = _rows("SELECT adresse FROM notifications_adresserefusee WHERE adresse = ANY(%s)", adresses)
    return {adresse for (adresse,) in rows}


def kinds_for(roles: Iterable[str]) -> list[Kind]:
    """The kinds of message these roles may receive, by topic, in the order they were declared."""
    wanted = set(map(str, roles))  # A member of an enumeration and its value do not hash alike.
    kinds = [kind for kind in KINDS.values() if not wanted.isdisjoint(map(str, kind.roles))]
    topics = list(dict.fromkeys(kind.topic for kind in kinds))
    return sorted(kinds, key=lambda kind: topics.index(kind.topic))


def mornings_of(adresses: Collection[str], now: datetime) -> dict[str, datetime]:
    """When the digest of each address leaves: at eight where its owner lives, in Paris when nobody knows.

    This morning's still counts for an hour: what was kept for it comes to the relay a moment later.
    """
    zones: dict[str, str] = {}
    for find in TIME_ZONES:
        zones |= find(adresses)
    return {adresse: _morning(now, ZoneInfo(zones.get(adresse, FUSEAU))) for adresse in adresses}


def _morning(now: datetime, zone: ZoneInfo) -> datetime:
    """The first morning not over yet. Wall clock, so that the night the hour changes is a night like another."""
    day = (now.astimezone(zone) - GRACE).date()
    morning = datetime.combine(day, HEURE_RECAPITULATIF, zone)
    return morning if now - GRACE < morning else datetime.combine(day + timedelta(days=1), HEURE_RECAPITULATIF, zone)
