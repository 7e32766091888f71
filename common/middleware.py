from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

GetResponse = Callable[[HttpRequest], HttpResponse]


class HostileInputMiddleware:
    """Refuse, with a 400 page, text PostgreSQL cannot store: NUL and lone surrogates, wherever they stand."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, object]) -> None:
        try:
            values = [request.path, *self._texts(request.GET)]
            if request.method == "POST":
                values += self._texts(request.POST)
        except MultiPartParserError as error:
            raise BadRequest("unreadable form") from error
        if any("\x00" in value or not _is_encodable(value) for value in values):
            raise BadRequest("unstorable text")

    @staticmethod
    def _texts(data: object) -> list[str]:
        return [text for key, values in data.lists() for text in (key, *values)]  # type: ignore[attr-defined]


def _is_encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


class ResponseHeadersMiddleware:
    """Keep what a signed-in person sees out of every cache, and our resources out of other sites."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(self), microphone=()")
        # Whoever is signed in has this cookie, and no database is needed to know it.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
