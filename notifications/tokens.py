"""The right to stop one kind of message to one address, carried by a link of that very message.

Encrypted, then authenticated (Fernet): nothing is kept, nothing is readable in the URL, nothing expires. It opens
nothing but this refusal. Replacing SECRET_KEY without keeping the old one as a fallback revokes every link.
"""

from cryptography.fernet import InvalidToken
from django.urls import reverse

from common.emails import absolute_url
from notifications.registry import KINDS, Kind
from notifications.sealing import cipher

PURPOSE = "unsubscribe"


def unsubscribe_url(kind: Kind, adresse: str) -> str:
    token = cipher(PURPOSE).encrypt(f"{kind.name} {adresse}".encode()).decode()
    return absolute_url(reverse("notifications:unsubscribe", args=[token.rstrip("=")]))


def read_token(token: str) -> tuple[Kind, str] | None:
    """Return the kind and the address a link is about; None when it is not one of ours."""
    padded = token + "=" * (-len(token) % 4)
    try:
        name, _, adresse = cipher(PURPOSE).decrypt(padded).decode().partition(" ")
    except (InvalidToken, ValueError):
        return None
    kind = KINDS.get(name)
    return (kind, adresse) if kind and kind.can_be_stopped else None
