"""What the machine sends of its own accord: reminders and digests, in the working hours of whoever reads them.

Each is keyed by what it is about: a job that runs late, twice or in two places sends it once.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accompagnements.models import Accompagnement, Groupe
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from notifications.models import Envoi
from notifications.services import queue_effets
from pilotage import emails
from pilotage.constants import DIGEST_DAYS, SECOND_SILENCE, SILENCE, WORK_BEGINS, WORK_ENDS
from pilotage.suivi import has_stopped, with_last_day
from territoires.jours import is_working_day, working_days_ago
from territoires.models import Departement

PLACE = "contrat__structure__commune__departement__in"
WEEK = timedelta(days=7)
# What is typed late is about recent days: this is how far it is looked for, for the few who seem silent.
LATE_ENTRIES = timedelta(days=180)


def _at_work(now: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield the départements where a working day is going on, with the hour there."""
    for code, fuseau in Departement.objects.order_by("code").values_list("code", "fuseau"):
        there = now.astimezone(ZoneInfo(fuseau))
        if WORK_BEGINS <= there.time() < WORK_ENDS and is_working_day(there.date(), code):
            yield code, there


@transaction.atomic
def remind_silent_conseillers(*, now: datetime) -> int:
    """Remind whoever has logged nothing for long: once, then once more, until they log again."""
    # Those that share dates are asked about together: a handful of queries, whatever the hour.
    places = defaultdict(list)
    for code, there in _at_work(now):
        day = there.date()
        since = working_days_ago(day, SILENCE, code), working_days_ago(day, SECOND_SILENCE, code)
        places[(there.utcoffset(), there.tzname(), *since)].append((code, there))
    envois = [
        envoi
        for (*_, since, long_since), found in places.items()
        for envoi in _reminders([code for code, _ in found], since, long_since, found[0][1])
    ]
    queue_effets(envois)
    return len(envois)


def _reminders(places: list[str], since: date, long_since: date, there: datetime) -> Iterator[Envoi]:
    midnight = datetime.combine(since, time(), there.tzinfo)
    recent = Accompagnement.objects.filter(conseiller=OuterRef("pk"), date__gte=there.date() - LATE_ENTRIES)
    rows = Conseiller.objects.in_post().filter(**{PLACE: places}).annotate(suivi_depuis=F("contrat__date_debut"))
    silent = with_last_day(rows).filter(has_stopped(since), ~Exists(recent.filter(created_at__gte=midnight)))
    for pk, email, last, begun in silent.values_list("pk", "compte__email", "derniere", "depuis"):
        quiet_since = max(last, begun)
        rank = 2 if quiet_since < long_since else 1
        yield Envoi(
            emails.SILENCE,
            f"{emails.SILENCE}:{pk}:{quiet_since}:{rank}",
            email,
            {"conseiller": pk, "since": quiet_since.isoformat()},
        )


@transaction.atomic
def send_weekly_digests(*, now: datetime) -> int:
    """Tell conseillers what they logged last week, and coordinateurs how their group is doing."""
    places = defaultdict(list)
    for code, there in _at_work(now):
        monday = there.date() - timedelta(days=there.weekday())
        gone = sum(is_working_day(monday + timedelta(days=n), code) for n in range(there.weekday()))
        if gone < DIGEST_DAYS:
            places[monday - WEEK].append(code)
    envois = [
        envoi
        for monday, codes in places.items()
        for envoi in (*_weeks(codes, monday), *_weeks_of_groups(codes, monday))
    ]
    queue_effets(envois)
    return len(envois)


def _weeks(places: list[str], monday: date) -> Iterator[Envoi]:
    week = Accompagnement.objects.filter(conseiller=OuterRef("pk"), date__gte=monday, date__lt=monday + WEEK)
    rows = Conseiller.objects.in_post().filter(Exists(week), **{PLACE: places})
    for pk, email in rows.values_list("pk", "compte__email"):
        key = f"{emails.WEEK}:{pk}:{monday}"
        yield Envoi(emails.WEEK, key, email, {"conseiller": pk, "monday": monday.isoformat()})


def _weeks_of_groups(places: list[str], monday: date) -> Iterator[Envoi]:
    leads = Role.objects.active().filter(kind=RoleKind.COORDINATEUR, compte=OuterRef("coordinateur"))
    held = Q(appartenances__acceptee_at__isnull=False, appartenances__debut__lt=monday + WEEK)
    still = Q(appartenances__fin=None) | Q(appartenances__fin__gte=monday)
    rows = Groupe.objects.filter(held & still, Exists(leads), departement__in=places).distinct()
    for pk, email in rows.values_list("pk", "coordinateur__email"):
        key = f"{emails.GROUP_WEEK}:{pk}:{monday}"
        yield Envoi(emails.GROUP_WEEK, key, email, {"groupe": pk, "monday": monday.isoformat()})
