"""One function per message: from keys to an e-mail, or None when it has lost its reason."""

from datetime import date, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import Count, F, Sum
from django.urls import reverse

from accompagnements.models import Accompagnement, AccompagnementQuerySet, Groupe
from accompagnements.presentation import minutes_text
from accompagnements.selectors import presences, rows_of_groupe, today_in
from common.dates import today_in as today_at
from common.emails import absolute_url, build_email
from common.numbers import number
from contrats.models import Conseiller
from notifications.registry import message
from pilotage.constants import NAMES_TOLD
from pilotage.suivi import BUSY, follow_groupe, with_last_day

SILENCE = "pilotage.silence"
WEEK = "pilotage.week"
GROUP_WEEK = "pilotage.group_week"
SIX_DAYS = timedelta(days=6)


@message(SILENCE)
def silence(conseiller: int, since: str) -> EmailMessage | None:
    """Nothing was logged for long. Whoever has logged since, left or begun a training is left alone."""
    available = Conseiller.objects.in_post().exclude(dossier_formation__status__in=BUSY).filter(pk=conseiller)
    rows = with_last_day(available.annotate(suivi_depuis=F("contrat__date_debut")))
    row: Any = rows.select_related("compte", "contrat__structure__commune__departement").first()
    if row is None or row.derniere > date.fromisoformat(since):
        return None
    days = (today_in(row.contrat.structure.commune) - date.fromisoformat(since)).days
    return build_email(
        "pilotage/emails/silence",
        to=row.compte.email,
        context={
            "prenom": row.compte.get_short_name(),
            "days": days,
            "url": absolute_url(reverse("accompagnements:create")),
        },
    )


@message(WEEK)
def week(conseiller: int, monday: str) -> EmailMessage | None:
    first = date.fromisoformat(monday)
    row = Conseiller.objects.select_related("compte").get(pk=conseiller)
    figures = _figures_of(Accompagnement.objects.filter(conseiller=row, date__range=(first, first + SIX_DAYS)))
    if figures is None:
        return None
    return build_email(
        "pilotage/emails/week",
        to=row.compte.email,
        context={
            "prenom": row.compte.get_short_name(),
            "debut": first,
            "fin": first + SIX_DAYS,
            **figures,
            "url": absolute_url(
                f"{reverse('accompagnements:statistics')}?du={first.isoformat()}&au={(first + SIX_DAYS).isoformat()}"
            ),
        },
    )


def _figures_of(rows: AccompagnementQuerySet) -> dict[str, str] | None:
    found = rows.aggregate(n=Count("pk"), participations=Sum("participants"), minutes=Sum("duree"))
    if not found["n"]:
        return None
    return {
        "accompagnements": number(found["n"]),
        "participations": number(found["participations"]),
        "duree": minutes_text(found["minutes"]),
    }


@message(GROUP_WEEK)
def group_week(groupe: int, monday: str) -> EmailMessage | None:
    """How many of a group logged something, and who stopped. Nothing of what they wrote."""
    first = date.fromisoformat(monday)
    row = Groupe.objects.select_related("coordinateur", "departement").get(pk=groupe)
    held = presences(row.pk, first, first + SIX_DAYS)
    members = {one.conseiller for one in held}
    if not members:
        return None
    rows = rows_of_groupe(row.pk).filter(date__range=(first, first + SIX_DAYS))
    suivi = follow_groupe(row, today_at(row.departement.fuseau))
    stopped = [str(one) for one in suivi.stopped().order_by("compte__nom", "compte__prenom", "pk")]
    return build_email(
        "pilotage/emails/group_week",
        to=row.coordinateur.email,
        context={
            "prenom": row.coordinateur.get_short_name(),
            "debut": first,
            "fin": first + SIX_DAYS,
            "members": len(members),
            "active": rows.order_by().values("conseiller").distinct().count(),
            **(_figures_of(rows) or {"accompagnements": "0", "participations": "0", "duree": minutes_text(0)}),
            "stopped": stopped[:NAMES_TOLD],
            "others": len(stopped) - NAMES_TOLD,
            "url": absolute_url(reverse("pilotage:groupe")),
        },
    )
