from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from common.access import public
from notifications import services
from notifications.constants import RECAPITULATIF
from notifications.tokens import read_token


@public
@never_cache
# RFC 8058: a mail reader posts here without cookie and without page. The link is the right, and it only takes away.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop one kind of message, by POST only: mail scanners open every link. Never a redirection (RFC 8058)."""
    found = read_token(token)
    if found is None:
        return _answer(request, "notifications/unsubscribe_invalid.html", {}, status=404)
    kind, adresse = found
    done = request.method == "POST"
    if done:
        services.unsubscribe(kind=kind, adresse=adresse)
    context = {"kind": kind, "adresse": mask(adresse), "done": done, "is_digest": kind.name == RECAPITULATIF}
    return _answer(request, "notifications/unsubscribe.html", context)


def mask(adresse: str) -> str:
    """Enough for its owner to know it, not for whom the message was forwarded to."""
    name, _, domain = adresse.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def _answer(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    # The address of the page is a right: no other page learns it, no search engine keeps it.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
