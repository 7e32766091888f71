"""A ceiling on what one address may ask of an open page. The count is shared by all web processes (the cache)."""

import hashlib
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from common.views import too_many_requests

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]


def rate_limited(action: str, *, amount: int, seconds: int, posts_only: bool = False) -> Callable[[View], View]:
    """Answer 429 once an address has sent `amount` requests in the current window of `seconds`.

    With `posts_only`, reading is free: what writes or sends is counted.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            counted = request.method == "POST" or not posts_only
            if counted and _count(action, request, seconds) > amount:
                response = too_many_requests(request)
                response.headers["Retry-After"] = str(seconds)
                return response
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def _count(action: str, request: HttpRequest, seconds: int) -> int:
    """Count this request. A cache that is away counts nothing: people go on, and the log says it."""
    # The address is hashed: the cache table is no list of visitors.
    address = hashlib.sha256(get_adapter().get_client_ip(request).encode()).hexdigest()[:32]
    key = f"ratelimit:{action}:{address}:{int(time.time()) // seconds}"
    try:
        cache.add(key, 0, timeout=seconds)
        return int(cache.incr(key))
    except ValueError:  # Expired between the two: a new window begins.
        return 1
    except (DatabaseError, OSError) as error:
        logger.warning("rate limits away: %s", type(error).__name__)
        return 0
