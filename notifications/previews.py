"""What the service sends, as its reader gets it, with values nobody has."""

from dataclasses import dataclass
from functools import cached_property

from django.core.mail import EmailMultiAlternatives

from common.emails import html_of
from notifications.emails import dress
from notifications.registry import KINDS, SAMPLE_ADDRESS, Kind

MESSAGE_ID = "<exemple@conseiller.example>"


@dataclass(frozen=True)
class Preview:
    kind: Kind
    numero: int

    @cached_property
    def email(self) -> EmailMultiAlternatives:
        email = self.kind.samples[self.numero - 1].build()
        dress(email, kind=self.kind, adresse=SAMPLE_ADDRESS, message_id=MESSAGE_ID)
        return email

    @property
    def subject(self) -> str:
        return str(self.email.subject)

    @property
    def text(self) -> str:
        return str(self.email.body)

    @property
    def html(self) -> str:
        return html_of(self.email)

    @property
    def rhythms(self) -> str:
        return ", ".join(str(rythme.label).lower() for rythme in self.kind.rhythms)


def find_preview(genre: str, numero: int) -> Preview | None:
    kind = KINDS.get(genre)
    return Preview(kind, numero) if kind and 1 <= numero <= len(kind.samples) else None


def all_previews() -> list[tuple[str, list[Preview]]]:
    """Every form of every message, by topic."""
    topics: dict[str, list[Preview]] = {}
    for kind in KINDS.values():
        topics.setdefault(kind.topic, []).extend(Preview(kind, n) for n in range(1, len(kind.samples) + 1))
    return list(topics.items())
