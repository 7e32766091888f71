"""What comes out of the rewriting, and what never gets in."""

import io
import subprocess

import pikepdf
import pytest
from pypdf import PdfReader

from common import pdf_cleaning
from common.pdf import html_to_pdf
from common.pdf_cleaning import PdfRefusedError, clean_pdf
from tests import pdfs


def clean(content):
    return clean_pdf(content, max_pages=20)


def text(content):
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_pages_and_web_links_stay_and_nothing_else():
    cleaned = clean(pdfs.build(pdfs.arm))

    assert text(cleaned) == "Bonjour"
    with pikepdf.open(io.BytesIO(cleaned)) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        assert "/Info" not in pdf.trailer
        (link,) = pdf.pages[0].obj.Annots
        assert str(link.A.URI) == "https://exemple.fr/cv"
        assert set(link.A.keys()) == {"/S", "/URI"}
        for holder in pdf.objects:
            assert "MALICE" not in repr(holder)
            assert "JavaScript" not in repr(holder)
            if isinstance(holder, pikepdf.Stream):
                assert b"MALICE" not in holder.read_bytes()


def test_what_was_typed_in_a_form_stays_readable():
    assert "Mediatrice" in text(clean(pdfs.build(pdfs.fill_form)))


def test_a_photo_no_longer_says_where_it_was_taken():
    with pikepdf.open(io.BytesIO(clean(pdfs.build(pdfs.photo)))) as pdf:
        jpeg = pdf.pages[0].obj.Resources.XObject.Im0.read_raw_bytes()
    assert b"GPS" not in jpeg
    assert jpeg.endswith(b"\xff\xe0\x00\x04AB" + b"\xff\xda\x00\x02image\xff\xd9")


def test_a_tagged_document_stays_readable_by_a_screen_reader_and_is_the_same_twice():
    received = html_to_pdf(
        "<html lang=fr><title>CV</title><h1>Inès Morvan</h1><p>Animatrice à la médiathèque</p></html>"
    )

    cleaned = clean(received)

    assert clean(received) == cleaned
    assert "Animatrice à la médiathèque" in text(cleaned)
    with pikepdf.open(io.BytesIO(cleaned)) as pdf:
        assert pdf.Root.StructTreeRoot is not None
        assert pdf.Root.Lang == "fr"


HONEST = pdfs.build()
REFUSED = {
    "a program": (b"MZ\x90\x00", "pas un PDF"),
    "a PDF after something else": (b"GIF89a" + HONEST, "pas un PDF"),
    "a PDF before something else": (HONEST + b"<script>", "autre chose"),
    "an archive at the same time": (HONEST + b"PK\x05\x06" + bytes(18) + b"\n%%EOF", "autre chose"),
    "cut": (HONEST[:200], "abîmé"),
    "only a header": (b"%PDF-1.7\n%%EOF", "abîmé"),
    "a password to open": (pdfs.build(encryption=pikepdf.Encryption(owner="a", user="b")), "mot de passe"),
    "a password to change": (pdfs.build(encryption=pikepdf.Encryption(owner="a", user="")), "mot de passe"),
    "too many pages": (pdfs.build(pages=21), "trop de pages : 20"),
    "a bomb": (pdfs.build(pdfs.bomb), "PDF"),
    "a picture of three billion points": (pdfs.build(pdfs.huge_picture), "trop complexe"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_what_to_do(name):
    content, words = REFUSED[name]
    with pytest.raises(PdfRefusedError, match=words):
        clean(content)


def test_a_file_that_keeps_the_reader_busy_is_refused(monkeypatch):
    monkeypatch.setattr(pdf_cleaning, "TIMEOUT_SECONDS", 0.01)
    with pytest.raises(PdfRefusedError, match="trop complexe"):
        clean(HONEST)


def test_the_reader_knows_no_secret_and_may_write_no_file(monkeypatch, tmp_path):
    """The program that reads hostile files is given another one here, to try."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import os, sys, importlib.util as u\n"
        f"spec = u.spec_from_file_location('sandbox', {str(pdf_cleaning.SANDBOX)!r})\n"
        "sandbox = u.module_from_spec(spec); spec.loader.exec_module(sandbox); sandbox.limit_resources()\n"
        "print(sorted(os.environ))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"try: os.write(os.open({str(tmp_path / 'left')!r}, os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError as error: print('refused')\n"
        "try: bytearray(2 * 1024**3)\n"
        "except MemoryError: print('refused')\n"
    )
    monkeypatch.setenv("SECRET_KEY", "secret")
    monkeypatch.setattr(pdf_cleaning, "SANDBOX", spy)

    lines = clean(HONEST).decode().splitlines()

    assert "SECRET_KEY" not in lines[0]
    assert lines[1:] == ["refused", "refused"]


def test_the_reader_that_crashes_is_a_refusal_not_an_error(monkeypatch):
    crashed = subprocess.CompletedProcess([], returncode=-11, stdout=b"", stderr=b"Segmentation fault")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: crashed)
    with pytest.raises(PdfRefusedError, match="trop complexe"):
        clean(HONEST)
