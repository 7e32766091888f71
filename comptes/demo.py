"""The demo accounts: known by everyone, so they only exist where `settings.DEMO` says so."""

import base64
import hashlib
import hmac

from django.conf import settings
from django.core.management.base import CommandError

from comptes.constants import PREFIXE
from comptes.enums import RoleKind

DEMO_PASSWORD = "demonstration-2026"  # noqa: S105  # Printed on the first screen of the demo.
# Name of the account → its role. ANCT and BdT have two people: whoever prepares does not validate.
DEMO_ACCOUNTS: dict[str, RoleKind] = {
    "candidat": RoleKind.CANDIDAT,
    "structure": RoleKind.STRUCTURE,
    "organisme": RoleKind.ORGANISME_FORMATION,
    "conseiller": RoleKind.CONSEILLER,
    "coordinateur": RoleKind.COORDINATEUR,
    "prefet": RoleKind.PREFET,
    "anct": RoleKind.ANCT,
    "anct2": RoleKind.ANCT,
    "bdt": RoleKind.BDT,
    "bdt2": RoleKind.BDT,
    "hub": RoleKind.HUB,
    "reseau": RoleKind.GRAND_RESEAU,
}


def demo_email(name: str) -> str:
    return f"{name}@demo.conseiller.example"


def demo_totp_secret(email: str) -> str:
    """Derive the second-factor secret of a demo account from the key of this installation."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"totp:{email}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()


def demo_secret(purpose: str, email: str) -> str:
    """Derive what a demo account would have drawn at random from the key of this installation."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{purpose}:{email}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def demo_jeton_api(email: str) -> str:
    return PREFIXE + demo_secret("jeton-api", email)


def refuse_outside_demo() -> None:
    if not settings.DEMO:
        raise CommandError("Les comptes de démonstration n'existent que là où DEMO est vrai.")
