"""WeasyPrint, behind `common.pdf`: import that one."""

import hashlib
from functools import cache
from typing import Any, NoReturn

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from common.pdf import PdfError

# One for the life of the process: a fresh one for each document grows memory without end.
FONTS = FontConfiguration()


class DenyAll(URLFetcher):
    """A document holds all it needs: nothing is read from a file, an address or a `data:` URL."""

    def fetch(self, url: str, headers: Any = None) -> NoReturn:
        raise FatalURLFetchingError(url)


@cache
def parse(css: str) -> CSS:
    """Parse a style sheet once per process."""
    return CSS(string=css, font_config=FONTS, url_fetcher=DenyAll())


def render(html: str, css: str) -> bytes:
    try:
        pdf: bytes = HTML(string=html, url_fetcher=DenyAll()).write_pdf(
            stylesheets=[parse(css)],
            font_config=FONTS,
            pdf_variant="pdf/ua-1",
            pdf_identifier=hashlib.sha256((css + html).encode()).digest()[:16],
        )
    except FatalURLFetchingError as error:
        # It derives from BaseException: left as it is, it would go through every `except Exception` above.
        raise PdfError("le document a voulu charger une ressource extérieure") from error
    return pdf
