from collections.abc import Iterator

from django.core.files import File
from django.db.models.fields.files import FieldFile
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header


def private_pdf(file: File, *, name: str) -> HttpResponse:
    """Send a file someone gave us: saved, never opened inside our pages, never kept on the way."""
    with file:
        content = file.read()
    return HttpResponse(content, content_type="application/pdf", headers=_private_headers(name))


def private_file(file: FieldFile, *, name: str, content_type: str) -> StreamingHttpResponse:
    """The same for a file of any size, read as it is sent."""
    return StreamingHttpResponse(_parts(file), content_type=content_type, headers=_private_headers(name))


def _parts(file: FieldFile) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from opened.chunks()


def _private_headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
        "Cache-Control": "no-store, private",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
