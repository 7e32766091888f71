"""Rewrites one PDF of unknown origin: the file on standard input, the clean one on standard output.

A program of its own, started by `common.pdf_cleaning` with an empty environment and little time and memory: a hostile
file that breaks the reader breaks this process and nothing else. On refusal it writes one word on standard error.
What is kept is listed (pages, their content, tags for screen readers, web links); everything else is left behind.
"""

import io
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import settings

CPU_SECONDS = 20
MEMORY = 1024**3
MAX_OBJECTS = 50_000
MAX_STREAM = 200 * 1024**2
MAX_DECODED = 400 * 1024**2
MAX_PIXELS = 60_000_000
REFUSED = 3

END = b"%%EOF"
ZIP_END = b"PK\x05\x06"
ZIP_COMMENT = 66_000

CATALOG_KEYS = {"/Type", "/Pages", "/Lang", "/MarkInfo", "/StructTreeRoot", "/OCProperties"}
PAGE_KEYS = {
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Resources", "/Contents", "/Annots", "/Group",
    "/StructParents", "/Tabs",
}  # fmt: skip
LINK_KEYS = {"/Type", "/Subtype", "/Rect", "/A", "/Border", "/BS", "/C", "/F", "/QuadPoints", "/StructParent"}
# Scripts, attached files, private data, traces of who wrote it and with what, wherever they hide.
FORBIDDEN_KEYS = {
    "/AA", "/OpenAction", "/JS", "/JavaScript", "/AF", "/EF", "/RF", "/EmbeddedFiles", "/XFA", "/AcroForm", "/Metadata",
    "/PieceInfo", "/Thumb", "/LastModified", "/Perms", "/DSS", "/Collection", "/Requirements", "/SpiderInfo", "/OPI",
    "/Ref", "/RichMediaContent", "/RichMediaSettings", "/Movie", "/Rendition", "/3DD", "/URLS", "/IDS", "/PresSteps",
}  # fmt: skip
# A stream whose content is elsewhere.
EXTERNAL_KEYS = {"/F", "/FFilter", "/FDecodeParms"}
ACTIONS = {
    "/JavaScript", "/Launch", "/GoToR", "/GoToE", "/SubmitForm", "/ImportData", "/ResetForm", "/Rendition", "/Movie",
    "/Sound", "/Hide", "/Named", "/SetOCGState", "/GoTo3DView", "/RichMediaExecute", "/Thread", "/Trans", "/GoTo",
    "/GoToDp",
}  # fmt: skip
TEXT_FILTERS = {"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode"}
LINK_SCHEMES = (b"http://", b"https://", b"mailto:")


class RefusalError(Exception):
    pass


def limit_resources() -> None:
    """Before anything reads the file. No new file may be written, whatever happens."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_envelope(content: bytes) -> None:
    """A PDF from its first byte to its last, and nothing else at the same time."""
    if not content.startswith(b"%PDF-"):
        raise RefusalError("not_pdf")
    end = content.rfind(END)
    if end == -1:
        raise RefusalError("damaged")
    if content[end + len(END) :].strip(b"\r\n\t \0") or ZIP_END in content[-ZIP_COMMENT:]:
        raise RefusalError("polyglot")


def clean(content: bytes, max_pages: int) -> bytes:
    check_envelope(content)
    settings.set_qpdf_limits(
        flate_max_memory=MAX_STREAM,
        run_length_max_memory=MAX_STREAM,
        png_max_memory=MAX_STREAM,
        tiff_max_memory=MAX_STREAM,
        max_stream_filters=3,
        parser_max_nesting=100,
        parser_max_container_size=200_000,
        doc_max_warnings=200,
    )
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            if pdf.is_encrypted:
                raise RefusalError("encrypted")
            if len(pdf.objects) > MAX_OBJECTS:
                raise RefusalError("complex")
            if not 1 <= len(pdf.pages) <= max_pages:
                raise RefusalError("pages")
            strip(pdf)
            return write(pdf)
    except pikepdf.PasswordError as error:
        raise RefusalError("encrypted") from error
    except MemoryError as error:
        raise RefusalError("complex") from error
    except (pikepdf.PdfError, pikepdf.PikepdfError, LookupError, AttributeError, ValueError, TypeError) as error:
        raise RefusalError("damaged") from error


def strip(pdf: Any) -> None:
    # What was typed in a form becomes ordinary text before the form goes.
    if "/AcroForm" in pdf.Root:
        pdf.flatten_annotations("screen")
    keep_only(pdf.Root, CATALOG_KEYS)
    for page in pdf.pages:
        keep_only(page.obj, PAGE_KEYS)
        links = [annot for annot in page.obj.get("/Annots", []) if is_web_link(annot)]
        for link in links:
            keep_only(link, LINK_KEYS)
            keep_only(link["/A"], {"/S", "/Type", "/URI"})
        page.obj["/Annots"] = pikepdf.Array(links)
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    decoded = 0
    for holder in dictionaries(pdf):
        remove_forbidden(holder)
        if isinstance(holder, pikepdf.Stream):
            decoded += check_stream(holder)
            if decoded > MAX_DECODED:
                raise RefusalError("complex")


def keep_only(holder: Any, keys: set[str]) -> None:
    for key in set(holder.keys()) - keys:
        del holder[key]


def is_web_link(annot: Any) -> bool:
    if not isinstance(annot, pikepdf.Dictionary) or annot.get("/Subtype") != "/Link":
        return False
    action = annot.get("/A")
    if not isinstance(action, pikepdf.Dictionary) or action.get("/S") != "/URI":
        return False
    return bytes(action.get("/URI", b"")).lower().startswith(LINK_SCHEMES)


def dictionaries(pdf: Any) -> Iterator[Any]:
    """Every dictionary and stream of the file, those inside others included, each once."""
    stack = [pdf.trailer, *pdf.objects]
    while stack:
        value = stack.pop()
        if isinstance(value, pikepdf.Array):
            stack += [item for item in value if is_direct_container(item)]
        elif isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
            yield value
            stack += [item for _, item in value.items() if is_direct_container(item)]


def is_direct_container(value: Any) -> bool:
    return isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect


def remove_forbidden(holder: Any) -> None:
    for key in found_forbidden(holder):
        del holder[key]


def found_forbidden(holder: Any) -> list[str]:
    external = EXTERNAL_KEYS if isinstance(holder, pikepdf.Stream) else set()
    found = []
    for key, value in holder.items():
        action = value.get("/S") if isinstance(value, pikepdf.Dictionary) else None
        if key in FORBIDDEN_KEYS or key in external or (isinstance(action, pikepdf.Name) and str(action) in ACTIONS):
            found.append(key)
    return found


def check_stream(stream: Any) -> int:
    """Say how much room the stream takes once decoded. Photos lose what the camera wrote of the place and the time."""
    filters = stream.get("/Filter", [])
    names = [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    if int(stream.get("/Width", 0)) * int(stream.get("/Height", 0)) > MAX_PIXELS:
        raise RefusalError("complex")
    if set(names) <= TEXT_FILTERS:
        return len(stream.read_bytes())
    if names == ["/DCTDecode"]:
        raw = stream.read_raw_bytes()
        bare = without_jpeg_metadata(raw)
        if bare != raw:
            stream.write(bare, filter=pikepdf.Name.DCTDecode, decode_parms=stream.get("/DecodeParms"))
    return 0


def without_jpeg_metadata(raw: bytes) -> bytes:
    """Drop the segments of Exif, XMP, IPTC and comments; those that decide of colours stay."""
    kept, at = bytearray(raw[:2]), 2
    while raw[at : at + 1] == b"\xff" and at + 4 <= len(raw) and raw[at + 1] != 0xDA:
        size = 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
        if raw[at + 1] not in {0xE1, 0xED, 0xFE}:
            kept += raw[at : at + size]
        at += size
    return bytes(kept + raw[at:])


def write(pdf: Any) -> bytes:
    """Write only what the pages lead to, then read it again: nothing forbidden may be left."""
    buffer = io.BytesIO()
    pdf.save(
        buffer,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
    )
    with pikepdf.open(buffer) as written:
        left = [key for holder in dictionaries(written) for key in found_forbidden(holder)]
        if left or written.is_encrypted or "/Info" in written.trailer:
            raise RefusalError("complex")
    return buffer.getvalue()


def main() -> int:
    limit_resources()
    try:
        sys.stdout.buffer.write(clean(sys.stdin.buffer.read(), max_pages=int(sys.argv[1])))
    except RefusalError as refusal:
        sys.stderr.write(str(refusal))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
