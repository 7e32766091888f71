import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from accompagnements.constants import LIENS_MAX
from accompagnements.models import LienPartage
from common.exceptions import RuleError
from comptes.models import Compte, Role, hash_token
from comptes.services import record
from notifications.sealing import cipher

PURPOSE = "lien-partage"


@transaction.atomic
def create_lien(
    *, cle: UUID, nom: str, debut: date, fin: date, filtres: Mapping[str, str], lifetime: timedelta, by: Role
) -> LienPartage:
    """Open figures to whoever has the address: 256 random bits. The same form sent twice makes one link."""
    Compte.objects.select_for_update().get(pk=by.compte_id)
    made = LienPartage.objects.filter(role=by, cle=cle).first()
    if made is not None:
        return made
    if LienPartage.objects.usable().filter(role__compte=by.compte_id).count() >= LIENS_MAX:
        raise RuleError(f"Vous avez déjà {LIENS_MAX} liens, le maximum : révoquez-en un d'abord.")
    token = secrets.token_urlsafe(32)
    lien = LienPartage.objects.create(
        role=by,
        cle=cle,
        nom=nom,
        digest=hash_token(token),
        scelle=cipher(PURPOSE).encrypt(token.encode()),
        debut=debut,
        fin=fin,
        filtres=dict(filtres),
        expires_at=timezone.now() + lifetime,
    )
    record(by=by, verbe="partager des statistiques", objet=lien)
    return lien


@transaction.atomic
def revoke_lien(*, lien: LienPartage, by: Role) -> None:
    if not LienPartage.objects.filter(pk=lien.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise RuleError("Ce lien est déjà révoqué.")
    record(by=by, verbe="ne plus partager des statistiques", objet=lien)


def delete_old_liens(*, dry_run: bool) -> int:
    """Delete the links that ended twelve months ago; `dry_run` only counts them."""
    rows = LienPartage.objects.outdated()
    return rows.count() if dry_run else rows.delete()[0]


def find_lien(token: str) -> LienPartage | None:
    liens = LienPartage.objects.usable().select_related("role__compte", "role__departement", "role__region")
    return liens.filter(digest=hash_token(token)).first()


def token_of(lien: LienPartage) -> str:
    """Return the secret part of the address; nothing once the key that sealed it is gone."""
    try:
        return cipher(PURPOSE).decrypt(bytes(lien.scelle)).decode()
    except InvalidToken:
        return ""
