"""« Données ouvertes »: what is published, described and given."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from common.access import public
from common.ratelimit import rate_limited
from pilotage import opendata

# A file is asked again after that, and costs one query when nothing changed.
FRESH = 600  # seconds
# From one address: a file of the whole country is seconds of work.
ASKED_MAX, ASKED_WINDOW = 60, 600


@public
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    context = {"fichiers": opendata.FICHIERS.values(), "resume": opendata.summarize()}
    return render(request, "pilotage/open_data.html", context)


def _version(request: HttpRequest, slug: str) -> opendata.Version:
    """Asked twice a request, for its ETag and its date: counted once."""
    if not hasattr(request, "open_data_version"):
        request.open_data_version = opendata.FICHIERS[slug].version()  # type: ignore[attr-defined]  # Ours.
    found: opendata.Version = request.open_data_version  # type: ignore[attr-defined]  # As above.
    return found


def _etag(request: HttpRequest, slug: str) -> str | None:
    return f'"{slug}-{_version(request, slug).etag}"' if slug in opendata.FICHIERS else None


def _last_modified(request: HttpRequest, slug: str) -> datetime | None:
    return _version(request, slug).modified if slug in opendata.FICHIERS else None


@public
@require_safe
@rate_limited("open_data", amount=ASKED_MAX, seconds=ASKED_WINDOW)
@cache_control(public=True, max_age=FRESH)
@condition(etag_func=_etag, last_modified_func=_last_modified)
def open_data_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    fichier = opendata.FICHIERS.get(slug)
    if fichier is None:
        raise Http404
    name = f"{timezone.localdate():%Y-%m-%d}_{fichier.name}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Access-Control-Allow-Origin": "*"}
    return StreamingHttpResponse(fichier.parts(), content_type=fichier.content_type, headers=headers)
