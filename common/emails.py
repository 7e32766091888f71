from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.text import Truncator

# What a mail reader shows of a subject, and what a header line holds unfolded (RFC 5322, 2.1.1).
LONGEST_SUBJECT = 78


def build_email(template: str, *, to: str, context: dict[str, Any]) -> EmailMultiAlternatives:
    """Build a message from `<template>.txt` (first line: the subject) and `<template>.html`.

    Outside production the subject says where it comes from.
    """
    context = {"SITE_NAME": settings.SITE_NAME, "SITE_URL": settings.SITE_URL, **context}
    subject, _, body = render_to_string(f"{template}.txt", context).strip().partition("\n")
    subject = _label() + Truncator(subject.strip()).chars(LONGEST_SUBJECT)
    message = EmailMultiAlternatives(subject=subject, body=body.strip() + "\n", to=[to])
    message.attach_alternative(render_to_string(f"{template}.html", {"subject": subject, **context}), "text/html")
    return message


def bare_subject(subject: str) -> str:
    """The subject without the name of the environment."""
    return subject.removeprefix(_label())


def html_of(email: EmailMessage) -> str:
    """The HTML part of a message, empty when it has none."""
    parts = email.alternatives if isinstance(email, EmailMultiAlternatives) else []
    return next((str(content) for content, mimetype in parts if mimetype == "text/html"), "")


def _label() -> str:
    return f"[{settings.ENVIRONMENT_LABEL}] " if settings.ENVIRONMENT_LABEL else ""


def absolute_url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
