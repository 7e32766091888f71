"""What the outbox itself writes, and what it adds to each message as it leaves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from common.emails import absolute_url, bare_subject, build_email, html_of
from notifications.constants import ADRESSE_REFUSEE, SECTIONS_COMPLETES
from notifications.models import AdresseRefusee
from notifications.registry import Kind, message
from notifications.tokens import unsubscribe_url

# Where templates/emails/base.html holds the words of the message, and where its foot goes.
CONTENT = re.compile(r"<!-- contenu -->(.*)<!-- /contenu -->", re.DOTALL)
FOOT = "<!-- pied -->"
GREETING_HTML = re.compile(r"^\s*<p>\s*Bonjour[^<]*</p>")
GREETING_TEXT = re.compile(r"^\s*Bonjour[^\n]*\n+")


def dress(email: EmailMessage, *, kind: Kind | None, adresse: str, message_id: str) -> None:
    """Add what every message carries, and the way out of those one may do without (RFC 8058)."""
    email.reply_to = email.reply_to or [settings.CONTACT_EMAIL]
    # No out-of-office answer comes back (RFC 3834).
    email.extra_headers |= {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    if kind is None or not kind.can_be_stopped:
        return
    url = unsubscribe_url(kind, adresse)
    email.extra_headers |= {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    context = {"label": kind.label, "url": url, "preferences": preferences_url()}
    email.body = f"{email.body}\n-- \n{render_to_string('emails/foot.txt', context).strip()}\n"
    if isinstance(email, EmailMultiAlternatives):
        foot = render_to_string("emails/foot.html", context)
        html = html_of(email).replace(FOOT, foot)
        email.alternatives = []
        email.attach_alternative(html, "text/html")


def preferences_url() -> str:
    """The page of an app above: named, never imported."""
    return absolute_url(reverse("comptes:notifications"))


@dataclass(frozen=True)
class Section:
    """One message told inside a digest: without its greeting, which the digest has."""

    subject: str
    text: str
    html: str
    attachments: tuple[Any, ...] = ()


def section_of(email: EmailMessage) -> Section:
    found = CONTENT.search(html_of(email))
    return Section(
        subject=bare_subject(str(email.subject)),
        text=GREETING_TEXT.sub("", str(email.body)).strip(),
        html=GREETING_HTML.sub("", found[1]).strip() if found else "",
        attachments=tuple(email.attachments),
    )


def recapitulatif(adresse: str, sections: Sequence[Section]) -> EmailMultiAlternatives:
    """One mail for a day's messages. The same message twice is told once."""
    sections = list(dict.fromkeys(sections))
    email = build_email(
        "notifications/emails/recapitulatif",
        to=adresse,
        context={
            "count": len(sections),
            "sections": sections[:SECTIONS_COMPLETES],
            "others": [section.subject for section in sections[SECTIONS_COMPLETES:]],
            "url": absolute_url(reverse("pilotage:espace")),
        },
    )
    email.attachments = [attachment for section in sections for attachment in section.attachments]
    return email


@message(ADRESSE_REFUSEE)
def adresse_refusee(pk: int) -> EmailMessage | None:
    """Tell support that an address takes nothing more. Which one waits behind the sign-in."""
    row = AdresseRefusee.objects.filter(pk=pk).first()
    if row is None:
        return None
    return build_email(
        "notifications/emails/adresse_refusee",
        to=settings.CONTACT_EMAIL,
        context={"reponse": row.reponse, "at": row.refused_at, "url": absolute_url(reverse("comptes:log_search"))},
    )
