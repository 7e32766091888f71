"""The public directory of companies (API Recherche d'entreprises). It may be away, slow or wrong.

Nothing here is on the path of a decision: an answer fills fields in, a silence leaves them to be typed.
"""

import json
import logging
import time
import unicodedata
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache

from structures.enums import TypeStructure

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
# Of the whole call, name resolution and a server that drips its answer included (DOMAINE §5: 3 seconds).
TOTAL_TIMEOUT = 2.8
MAX_BYTES = 512 * 1024
# After a failure nobody waits again for a while; a 429 says itself for how long, within reason.
PAUSE_SECONDS = 30
PAUSE_MAX_SECONDS = 600
PAUSE_KEY = "structures:annuaire:pause"

# An établissement of a ward of Paris, Lyon or Marseille: the referential has the commune.
WARDS = {"75": "75056", "69": "69123", "13": "13055"}

# INSEE's catégories juridiques, longest prefix first.
CATEGORIES = (
    ("7210", TypeStructure.COMMUNE),
    ("7220", TypeStructure.DEPARTEMENT),
    ("7225", TypeStructure.COLLECTIVITE_OUTRE_MER),
    ("7230", TypeStructure.REGION),
    ("734", TypeStructure.EPCI),
    ("735", TypeStructure.EPCI),
    ("741", TypeStructure.GIP),
    ("73", TypeStructure.ETABLISSEMENT_PUBLIC),
    ("74", TypeStructure.ETABLISSEMENT_PUBLIC),
    ("92", TypeStructure.ASSOCIATION),
)

# Threads a hostile server may hold at once; beyond, the directory counts as away.
_slots = BoundedSemaphore(8)
_session = requests.Session()
_session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
_session.headers["User-Agent"] = f"conseiller-numerique (+mailto:{settings.CONTACT_EMAIL})"


@dataclass(frozen=True)
class Etablissement:
    siret: str
    nom: str
    adresse: str
    code_commune: str
    type: TypeStructure | None
    is_open: bool


class _AwayError(Exception):
    """The directory gave no usable answer; `pause` is how long it asked to be left alone."""

    def __init__(self, reason: str, pause: int = PAUSE_SECONDS) -> None:
        super().__init__(reason)
        self.pause = pause


def find_etablissement(siret: str) -> Etablissement | None:
    """Return what the directory knows of a SIRET, or None: not asked, away, or not listed there.

    Takes less than three seconds whatever the server does, and raises nothing.
    """
    if not settings.ANNUAIRE_ENTREPRISES_URL or cache.get(PAUSE_KEY):
        return None
    try:
        answer = _within(TOTAL_TIMEOUT, siret)
    except _AwayError as error:
        logger.warning("directory of companies: %s", error)
        cache.set(PAUSE_KEY, True, error.pause)
        return None
    return _read(answer, siret)


def _within(seconds: float, siret: str) -> Any:
    """Ask in a thread, because only a thread bounds the resolution of a name and a dripping header."""
    if not _slots.acquire(blocking=False):
        raise _AwayError("too many calls under way")
    box: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_ask_and_put, args=(siret, seconds, box), daemon=True).start()
    try:
        answer = box.get(timeout=seconds)
    except Empty:
        raise _AwayError("no answer in time") from None
    if isinstance(answer, _AwayError):
        raise answer
    return answer


def _ask_and_put(siret: str, seconds: float, box: SimpleQueue[Any]) -> None:
    try:
        box.put(_ask(siret, time.monotonic() + seconds))
    except _AwayError as error:
        box.put(error)
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        # The name of the class only: messages quote addresses and contents.
        box.put(_AwayError(type(error).__name__))
    finally:
        _slots.release()


def _ask(siret: str, deadline: float) -> Any:
    with _session.get(
        settings.ANNUAIRE_ENTREPRISES_URL.rstrip("/") + "/search",
        params={"q": siret, "page": "1", "per_page": "1"},
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


def _read(answer: Any, siret: str) -> Etablissement | None:
    """Find the établissement itself: the one of the head office is not the one that was asked for."""
    for company in _dicts(_get(answer, "results")):
        candidates = [*_dicts(_get(company, "matching_etablissements")), *_dicts([_get(company, "siege")])]
        for found in candidates:
            if _get(found, "siret") == siret:
                return Etablissement(
                    siret=siret,
                    nom=_text(_get(company, "nom_complet") or _get(company, "nom_raison_sociale"), 200),
                    adresse=_text(_get(found, "adresse"), 250),
                    code_commune=_commune(_get(found, "commune")),
                    type=_type(company),
                    # Only a plain "F" closes: a missing or unknown state says nothing.
                    is_open=_get(found, "etat_administratif") != "F",
                )
    return None


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _dicts(data: Any) -> list[dict[str, Any]]:
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _text(value: Any, max_length: int) -> str:
    """Return a text as safe as a typed one: one line, no control character nor lone surrogate, cut to the column."""
    if not isinstance(value, str):
        return ""
    printable = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in value)
    return " ".join(printable.split())[:max_length]


def _commune(value: Any) -> str:
    code = _text(value, 5)
    if code.startswith(("751", "6938", "132")) and len(code) == 5:
        return WARDS[code[:2]]
    return code


def _type(company: dict[str, Any]) -> TypeStructure | None:
    code = _text(_get(company, "nature_juridique"), 4)
    if kind := next((kind for prefix, kind in CATEGORIES if code.startswith(prefix)), None):
        return kind
    return TypeStructure.ENTREPRISE_ESS if _get(_get(company, "complements"), "est_ess") is True else None
