"""A service of someone else, asked over HTTP. It may be away, slow or wrong.

Nothing asked here is on the path of a decision: an answer fills something in, a silence leaves it to the person.
"""

import json
import logging
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
# Of the whole call, name resolution and a server that drips its answer included (DOMAINE §5: 3 seconds).
TOTAL_TIMEOUT = 2.8
MAX_BYTES = 512 * 1024
# After a failure nobody waits again for a while; a 429 says itself for how long, within reason.
PAUSE_SECONDS = 30
PAUSE_MAX_SECONDS = 600
# Threads a hostile server may hold at once; beyond, it counts as away.
SLOTS = 8


class _AwayError(Exception):
    """The service gave no usable answer; `pause` is how long it asked to be left alone."""

    def __init__(self, reason: str, pause: int = PAUSE_SECONDS) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True)
class Service:
    """One service: its name, in the journal and in keys of the cache, and the setting that holds its base address.

    An empty address is never called.
    """

    name: str
    setting: str
    _slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(SLOTS), init=False, compare=False)
    _session: requests.Session = field(default_factory=requests.Session, init=False, compare=False)

    def __post_init__(self) -> None:
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = f"conseiller-numerique (+mailto:{settings.CONTACT_EMAIL})"

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:
        """Return what it answers, read from JSON, or None: not asked, or away.

        Takes less than three seconds whatever the server does, and raises nothing.
        """
        base, pause = getattr(settings, self.setting), f"outside:{self.name}:pause"
        if not base or cache.get(pause):
            return None
        try:
            return self._within(TOTAL_TIMEOUT, base.rstrip("/") + path, parameters)
        except _AwayError as error:
            logger.warning("%s: %s", self.name, error)
            cache.set(pause, True, error.pause)
            return None

    def _within(self, seconds: float, url: str, parameters: Mapping[str, str]) -> Any:
        """Ask in a thread, because only a thread bounds the resolution of a name and a dripping header."""
        if not self._slots.acquire(blocking=False):
            raise _AwayError("too many calls under way")
        box: SimpleQueue[Any] = SimpleQueue()
        Thread(target=self._ask_and_put, args=(url, parameters, seconds, box), daemon=True).start()
        try:
            answer = box.get(timeout=seconds)
        except Empty:
            raise _AwayError("no answer in time") from None
        if isinstance(answer, _AwayError):
            raise answer
        return answer

    def _ask_and_put(self, url: str, parameters: Mapping[str, str], seconds: float, box: SimpleQueue[Any]) -> None:
        try:
            box.put(self._ask(url, parameters, time.monotonic() + seconds))
        except _AwayError as error:
            box.put(error)
        except (requests.RequestException, OSError, ValueError, RecursionError) as error:
            # The name of the class only: messages quote addresses and contents.
            box.put(_AwayError(type(error).__name__))
        finally:
            self._slots.release()

    def _ask(self, url: str, parameters: Mapping[str, str], deadline: float) -> Any:
        with self._session.get(
            url,
            params=parameters,
            headers={"Accept": "application/json"},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            # Another host would be another service: what is not answered here is not answered.
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code == 429:
                raise _AwayError("429", _retry_after(response.headers.get("Retry-After", "")))
            if response.status_code != 200:
                raise _AwayError(f"status {response.status_code}")
            body = bytearray()
            for chunk in response.iter_content(16 * 1024):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise _AwayError("answer too large")
                if time.monotonic() > deadline:
                    raise _AwayError("no answer in time")
        return json.loads(body)


def _retry_after(value: str) -> int:
    return min(int(value), PAUSE_MAX_SECONDS) if value.isascii() and value.isdigit() and value != "0" else PAUSE_SECONDS


# --- What an answer holds is never what it should --------------------------------------------------------------


def value_at(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def dicts_of(data: Any) -> list[dict[str, Any]]:
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def text_of(value: Any, max_length: int) -> str:
    """Return a text as safe as a typed one: one line, no control character nor lone surrogate, cut to the column."""
    if not isinstance(value, str):
        return ""
    printable = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in value)
    return " ".join(printable.split())[:max_length]
