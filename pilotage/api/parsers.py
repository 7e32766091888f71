import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

BODY_MAX = 32 * 1024  # bytes: one accompagnement, its notes in any alphabet


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class SmallJSONParser(JSONParser):
    """JSON whose size and depth are bounded."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(BODY_MAX + 1)
        if len(body) > BODY_MAX:
            raise TooLarge
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError("Ce n'est pas du JSON en UTF-8.") from error


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and infinities are not JSON.


class AlwaysJSON(BaseContentNegotiation):
    """Nothing to negotiate: JSON is all there is, whatever a browser asks for."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
