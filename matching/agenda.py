"""The hours of an interview: which slots may be offered, how an hour is said, and what a calendar is given.

An hour is civil: the one of the structure's clock (DOMAINE §3). Calendars get UTC and turn it into their own.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from email.mime.text import MIMEText
from email.utils import parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from icalendar import Calendar, Event, vCalAddress

from common.emails import absolute_url
from matching.constants import OFFRE_HORIZON, RAPPEL_FROM, RAPPEL_UNTIL
from matching.enums import ModeEntretien
from matching.models import Entretien
from territoires.models import Commune

DAY = timedelta(days=1)


# --- Slots ----------------------------------------------------------------------------------------------------


def local_to_aware(moment: datetime, fuseau: str) -> datetime | None:
    """Return the moment a clock of this zone shows that hour; None when it jumps over it in spring."""
    aware = moment.replace(tzinfo=ZoneInfo(fuseau))
    # In autumn an hour comes twice: the first is meant. In spring one never comes.
    back = datetime.fromtimestamp(aware.timestamp(), ZoneInfo(fuseau))
    return aware if back.replace(tzinfo=None) == moment else None


def check_slots(debuts: Sequence[datetime], duree: timedelta, now: datetime) -> dict[int, str]:
    """Return what is wrong with a list of slots, by rank."""
    faults = {}
    for rank, debut in enumerate(debuts):
        if debut <= now:
            faults[rank] = "Cette heure est déjà passée. Choisissez-en une à venir."
        elif debut > now + OFFRE_HORIZON:
            faults[rank] = f"Cette date est trop lointaine : {OFFRE_HORIZON.days} jours au maximum."
        elif any(abs(debut - other) < duree for other in debuts[:rank]):
            faults[rank] = "Ce créneau en chevauche un autre de la liste."
    return faults


# --- Words ----------------------------------------------------------------------------------------------------


def say_hour(moment: datetime, place: Commune, other: Commune | None = None) -> str:
    """Say an hour by the clock of a place, and by another's when it shows something else."""
    here, there = place.fuseau, other.fuseau if other else place.fuseau
    words = f"{_say(moment, here)} (heure de {place.nom})"
    if other is None or _offset(moment, here) == _offset(moment, there):
        return words
    return f"{words}, soit {_say(moment, there)} à {other.nom}"


def _say(moment: datetime, fuseau: str) -> str:
    return formats.date_format(moment.astimezone(ZoneInfo(fuseau)), r"l j F Y à G \h i")


def _offset(moment: datetime, fuseau: str) -> timedelta | None:
    return moment.astimezone(ZoneInfo(fuseau)).utcoffset()


def say_place(entretien: Entretien) -> str:
    match entretien.mode:
        case ModeEntretien.SUR_PLACE:
            return f"Sur place : {entretien.adresse}"
        case ModeEntretien.DISTANCE:
            return "Par visioconférence"
    return "Par téléphone : la structure appelle le numéro de la candidature"


# --- Reminders ------------------------------------------------------------------------------------------------


def reminder_moment(debut: datetime, fuseau: str, now: datetime) -> datetime:
    """Return when to remind someone: the day before, at a decent hour of their clock; late rather than never.

    The night before an early interview is the exception: nothing decent is left before it.
    """
    zone = ZoneInfo(fuseau)
    opening, closing = time(RAPPEL_FROM, tzinfo=zone), time(RAPPEL_UNTIL, tzinfo=zone)
    moment = (debut - DAY).astimezone(zone)
    if moment.timetz() < opening:
        moment = datetime.combine(moment.date(), opening)
    elif moment.timetz() > closing:
        moment = datetime.combine(moment.date(), closing)
    if moment >= now:
        return moment
    here = now.astimezone(zone)
    if here.hour < RAPPEL_FROM:
        later = datetime.combine(here.date(), opening)
    elif here.hour >= RAPPEL_UNTIL:
        later = datetime.combine(here.date() + DAY, opening)
    else:
        return now
    return later if later < debut else now


# --- Calendars ------------------------------------------------------------------------------------------------


def calendar_file(entretien: Entretien, *, summary: str, attendee: str = "", cancelled: bool = False) -> bytes:
    """Return the interview as iCalendar (RFC 5545): an invitation to `attendee`, or a copy to keep without one.

    One UID for its whole life, and a SEQUENCE that grows with each move, so that calendars follow (docs/adr/0014).
    """
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    url = absolute_url(reverse("matching:detail", args=[entretien.mise_en_relation_id]))
    event = Event()
    event.add("uid", f"{entretien.reference}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", entretien.sequence)
    event.add("dtstamp", entretien.updated_at)
    event.add("dtstart", _utc(entretien.debut))
    event.add("dtend", _utc(entretien.fin))
    event.add("summary", summary)
    event.add("location", entretien.adresse or entretien.lien or say_place(entretien))
    event.add("description", f"{say_place(entretien)}\n\nPour déplacer ou annuler cet entretien : {url}")
    event.add("url", url)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _address(address, CN=name))
    if attendee:
        # Both have already said yes, here: no calendar is to ask for an answer nobody would read.
        event.add("attendee", _address(attendee, PARTSTAT="ACCEPTED", RSVP="FALSE", ROLE="REQ-PARTICIPANT"))
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Entretiens//FR")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", _method(attendee, cancelled=cancelled))
    calendar.add_component(event)
    return calendar.to_ical()


def attachment(content: bytes, *, cancelled: bool) -> MIMEText:
    """Return a calendar file as mail readers recognise it: its method in its type, and this very name."""
    part = MIMEText(content.decode(), "calendar", "utf-8")
    part.set_param("method", "CANCEL" if cancelled else "REQUEST")
    part.add_header("Content-Disposition", "attachment", filename="invite.ics")
    return part


def _method(attendee: str, *, cancelled: bool) -> str:
    if not attendee:
        return "PUBLISH"
    return "CANCEL" if cancelled else "REQUEST"


def _address(email: str, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params.update(parameters)
    return address


def _utc(moment: datetime | None) -> datetime:
    assert moment is not None  # noqa: S101  # A constraint: what is in a calendar has an hour.
    return moment.astimezone(ZoneInfo("UTC"))
