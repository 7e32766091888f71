import secrets
from datetime import timedelta

from django.utils import timezone

from common.fields import normalize_email
from comptes.enums import JetonPurpose
from comptes.models import Jeton, hash_token

JETON_LIFETIME = timedelta(days=7)


def mint_jeton(*, purpose: JetonPurpose, objet_id: int, email: str, lifetime: timedelta = JETON_LIFETIME) -> str:
    """Create a single-use token (256 bits) and return it: the only time it exists in clear.

    Call it from the function that renders the e-mail, so that neither the outbox nor the database holds it.
    """
    token = secrets.token_urlsafe(32)
    Jeton.objects.create(
        purpose=purpose,
        objet_id=objet_id,
        email=normalize_email(email),
        digest=hash_token(token),
        expires_at=timezone.now() + lifetime,
    )
    return token
