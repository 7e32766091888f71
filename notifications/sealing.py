"""Encryption at rest: messages that carry a secret and can't be built again, second-factor secrets."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.mail import EmailMultiAlternatives


def cipher(purpose: str) -> MultiFernet:
    """Return the cipher of one purpose; keys come from SECRET_KEY, older ones still open."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"{purpose}:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal(message: EmailMultiAlternatives) -> bytes:
    fields = {
        "subject": str(message.subject),
        "body": message.body,
        "to": message.to,
        "html": [content for content, mimetype in message.alternatives if mimetype == "text/html"],
    }
    return cipher("message").encrypt(json.dumps(fields).encode())


def unseal(sealed: bytes) -> EmailMultiAlternatives:
    fields = json.loads(cipher("message").decrypt(sealed))
    message = EmailMultiAlternatives(subject=fields["subject"], body=fields["body"], to=fields["to"])
    for html in fields["html"]:
        message.attach_alternative(html, "text/html")
    return message
