"""Names for what the outbox can do. Apps register functions of their `emails.py` and `tasks.py`, and declare in their
`kinds.py` what each message is: both are found by themselves (`notifications.apps`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives

from common.emails import build_email
from notifications.enums import Categorie, Rythme

Message = Callable[..., EmailMessage | None]
Action = Callable[..., None]
# From addresses to the time zone of those it knows.
TimeZones = Callable[[Iterable[str]], Mapping[str, str]]

# A message function returns None when the message has lost its reason (an interest withdrawn meanwhile).
MESSAGES: dict[str, Message] = {}
ACTIONS: dict[str, Action] = {}
KINDS: dict[str, "Kind"] = {}
TIME_ZONES: list[TimeZones] = []

SAMPLE_ADDRESS = "camille.martin@exemple.fr"
ALL_RHYTHMS = tuple(Rythme)


@dataclass(frozen=True)
class Sample:
    """One of the forms a message takes, with values nobody has, for the preview and for the tests."""

    template: str
    context: Mapping[str, Any]

    def build(self) -> EmailMultiAlternatives:
        return build_email(self.template, to=SAMPLE_ADDRESS, context=dict(self.context))


def sample(template: str, **context: Any) -> Sample:
    return Sample(template, context)


@dataclass(frozen=True)
class Kind:
    """What a message is: to whom, when, and whether one may do without it."""

    name: str
    label: str
    when: str
    recipient: str
    topic: str
    # Kinds of role whose page of preferences shows it.
    roles: frozenset[str]
    samples: tuple[Sample, ...]
    category: Categorie = Categorie.INDISPENSABLE
    rhythms: tuple[Rythme, ...] = (Rythme.IMMEDIAT,)
    default: Rythme = Rythme.IMMEDIAT

    def __post_init__(self) -> None:
        if self.default not in self.rhythms or self.default == Rythme.JAMAIS:
            raise ImproperlyConfigured(f"{self.name}: a message leaves until someone says no")
        if (Rythme.JAMAIS in self.rhythms) != (self.category == Categorie.INFORMATIVE):
            raise ImproperlyConfigured(f"{self.name}: what is informative can be stopped, and nothing else")

    @property
    def can_be_stopped(self) -> bool:
        return Rythme.JAMAIS in self.rhythms

    @property
    def has_choice(self) -> bool:
        return len(self.rhythms) > 1


def message(name: str) -> Callable[[Message], Message]:
    """Register the function that builds an e-mail from ids, called when it is about to leave."""

    def register(function: Message) -> Message:
        MESSAGES[name] = function
        return function

    return register


def action(name: str) -> Callable[[Action], Action]:
    """Register any other effect (a PDF, a recount). It must be idempotent."""

    def register(function: Action) -> Action:
        ACTIONS[name] = function
        return function

    return register


def declare(*kinds: Kind) -> None:
    """Say what messages are. A test refuses a message nobody declared."""
    KINDS.update({kind.name: kind for kind in kinds})


def time_zones(function: TimeZones) -> TimeZones:
    """Register who knows where people live: a daily digest leaves in the morning of its reader."""
    TIME_ZONES.append(function)
    return function
