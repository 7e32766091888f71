"""How much may be asked: by one token, and by one address whatever its tokens.

Fails open, as the limits of the pages do: a counter that cannot be read stops nobody. The database being away stops
everything anyway.
"""

from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from comptes.constants import APPELS_BY_ADDRESS, APPELS_BY_JETON, APPELS_WINDOW
from comptes.models import JetonApi
from comptes.services import count_appel


@dataclass(frozen=True)
class Quota:
    """The limit that leaves least."""

    name: str
    limit: int
    used: int
    left: int  # seconds before it starts again

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """The fields of the IETF's draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={APPELS_WINDOW}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.left}',
        }


def count(request: Request) -> Quota:
    address = get_adapter().get_client_ip(request._request)  # noqa: SLF001  # allauth reads Django's request.
    # Hashed with our key: the table is no list of visitors.
    limits = {salted_hmac("comptes.appels", address).hexdigest(): ("adresse", APPELS_BY_ADDRESS)}
    if isinstance(request.auth, JetonApi):
        limits[f"jeton:{request.auth.pk}"] = ("jeton", APPELS_BY_JETON)
    counts, left = count_appel(cles=limits, seconds=APPELS_WINDOW)
    quotas = [Quota(name, limit, counts.get(cle, 0), left) for cle, (name, limit) in limits.items()]
    return min(quotas, key=lambda quota: quota.limit - quota.used)
