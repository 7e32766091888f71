"""PDFs the tests receive: honest ones, and those an attacker would send."""

import io
import zlib

import pikepdf
from pikepdf import Array, Dictionary, Name, String

PAGE = (595, 842)


def build(change=lambda pdf: None, *, pages=1, words="Bonjour", **save):
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=PAGE)
    page = pdf.pages[0].obj
    page.Resources = Dictionary(
        Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    )
    page.Contents = pdf.make_stream(f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET".encode())
    change(pdf)
    buffer = io.BytesIO()
    pdf.save(buffer, **(save or {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}))
    return buffer.getvalue()


def arm(pdf):
    """Put in a file everything that must not survive, and one honest link."""
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('MALICE')"))
    page = pdf.pages[0].obj
    pdf.Root.OpenAction = script
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])))
    pdf.Root.AA = Dictionary(WC=script)
    pdf.Root.Metadata = pdf.make_stream(b"<x>MALICE</x>")
    pdf.docinfo["/Author"] = "MALICE"
    pdf.attachments["MALICE.exe"] = b"MZ MALICE"
    page.AA = Dictionary(O=script)
    page.PieceInfo = Dictionary(App=Dictionary(Private=String("MALICE")))
    page.Resources.Properties = Dictionary(P0=Dictionary(Metadata=pdf.make_stream(b"MALICE")))
    page.Annots = Array(
        [
            _link(Dictionary(S=Name.URI, URI=String("https://exemple.fr/cv"), Next=script)),
            _link(Dictionary(S=Name.URI, URI=String("javascript:MALICE"))),
            _link(Dictionary(S=Name.Launch, F=String("MALICE.exe"))),
            Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], Contents=String("MALICE")),
            Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[0, 0, 9, 9], T=String("MALICE")),
        ]
    )


def _link(action):
    return Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)


def fill_form(pdf):
    """A form whose field holds something: what it shows must stay when the form goes."""
    look = pdf.make_stream(
        b"/Tx BMC BT /F1 12 Tf (Mediatrice) Tj ET EMC",
        Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 20], Resources=pdf.pages[0].obj.Resources,
    )  # fmt: skip
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("metier"), V=String("Mediatrice"), F=4,
            Rect=[72, 600, 272, 620], AP=Dictionary(N=look),
        )
    )  # fmt: skip
    pdf.pages[0].obj.Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))


def photo(pdf):
    """A camera's picture, with the place it was taken at."""
    exif = b"\xff\xe1" + (2 + 18).to_bytes(2, "big") + b"Exif\0\0GPS-MALICE!!"
    jpeg = b"\xff\xd8" + exif + b"\xff\xe0\x00\x04AB" + b"\xff\xda\x00\x02image\xff\xd9"
    pdf.pages[0].obj.Resources.XObject = Dictionary(
        Im0=pikepdf.Stream(
            pdf, jpeg, Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8, BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB, Filter=Name.DCTDecode,
        )
    )  # fmt: skip


def bomb(pdf):
    """A quarter of a megabyte that becomes a quarter of a gigabyte."""
    squeeze = zlib.compressobj(9)
    raw = b"".join(squeeze.compress(b" " * 1_000_000) for _ in range(250)) + squeeze.flush()
    pdf.pages[0].obj.Contents = pikepdf.Stream(pdf, raw, Filter=Name.FlateDecode)


def huge_picture(pdf):
    pdf.pages[0].obj.Resources.XObject = Dictionary(
        Im0=pikepdf.Stream(
            pdf, b"\xff\xd8\xff\xd9", Type=Name.XObject, Subtype=Name.Image, Width=60_000, Height=60_000,
            BitsPerComponent=8, ColorSpace=Name.DeviceRGB, Filter=Name.DCTDecode,
        )
    )  # fmt: skip
