import base64
import gc
import http.server
import io
import subprocess
import sys
import threading

import pikepdf
import pypdf
import pytest

from common.pdf import PdfError, html_to_pdf
from tests.pdfua import problems

CSS = '@page { font-family: "DejaVu Sans" } body { font-family: "DejaVu Sans" }'
PAGE = (
    '<!DOCTYPE html><html lang="fr"><head><title>Titre</title>{head}</head><body><h1>Bonjour</h1>{body}</body></html>'
)
PIXEL = base64.b64encode(b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;").decode()


def page(body="", head=""):
    return PAGE.format(body=body, head=head)


def test_a_page_becomes_a_tagged_pdf():
    content = html_to_pdf(page("<p>Un texte accentué : œuvre.</p>"), css=CSS)

    assert problems(content) == []
    text = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "Un texte accentué : œuvre." in text


def test_checker_sees_an_untagged_file():
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        out = io.BytesIO()
        pdf.save(out)
    assert len(problems(out.getvalue())) >= 5


@pytest.mark.parametrize("lost", ["/MarkInfo", "/Lang", "/ViewerPreferences", "/StructTreeRoot", "/Metadata"])
def test_checker_sees_each_loss(lost):
    with pikepdf.open(io.BytesIO(html_to_pdf(page(), css=CSS))) as pdf:
        del pdf.Root[lost]
        out = io.BytesIO()
        pdf.save(out)
    assert problems(out.getvalue()) != []


@pytest.mark.parametrize(
    "html",
    [
        page('<img src="{url}">'),
        page('<object data="{url}"></object>'),
        page('<embed src="{url}">'),
        page('<svg width="9" height="9"><image href="{url}" width="9" height="9"/></svg>'),
        page('<a rel="attachment" href="{url}">pièce</a>'),
        page('<p style="background: url({url})">fond</p>'),
        page('<ul style="list-style-image: url({url})"><li>puce</li></ul>'),
        page(head='<link rel="attachment" href="{url}">'),
        page(head='<link rel="stylesheet" href="{url}">'),
        page(head="<style>@import '{url}';</style>"),
        page(
            "<p style='font-family: volee'>x</p>", head="<style>@font-face{{font-family:volee;src:url({url})}}</style>"
        ),
        page(head="<style>p::before {{ content: url({url}) }}</style>", body="<p>x</p>"),
    ],
)
@pytest.mark.parametrize("target", ["file", "http", "data"])
def test_nothing_outside_the_page_is_read(html, target, tmp_path):
    """Whatever the way in: either the document is refused, or what it wanted is simply not there."""
    secret = tmp_path / "secret.txt"
    secret.write_text("MOT-DE-PASSE")
    with counting_server() as (address, hits):
        url = {
            "file": secret.as_uri(),
            "http": f"{address}/x",
            "data": f"data:image/gif;base64,{PIXEL}",
        }[target]
        source = html.replace("{url}", url).replace("{{", "{").replace("}}", "}")
        try:
            content = html_to_pdf(source, css=CSS)
        except PdfError:
            content = b""

    assert hits == []
    if content:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            assert len(pdf.attachments) == 0
            assert not any(len(one.get_images()) for one in pdf.pages)
        assert b"MOT-DE-PASSE" not in content


@pytest.mark.parametrize(
    "html",
    [
        page('<img src="file:///etc/passwd">'),
        page(head='<link rel="attachment" href="file:///etc/passwd">'),
        page(head='<link rel="stylesheet" href="http://169.254.169.254/">'),
        page(head="<style>@import 'http://169.254.169.254/';</style>"),
    ],
)
def test_the_usual_ways_in_refuse_the_whole_document(html):
    """As an ordinary exception: the library's own derives from BaseException and would kill more than the task."""
    with pytest.raises(PdfError):
        html_to_pdf(html, css=CSS)


def test_the_same_content_gives_the_same_bytes_in_another_process():
    html = page("<p>Identique à chaque fois</p>")
    html_to_pdf(page("<p>Un autre document entre les deux, Ελληνικά</p>"), css=CSS)
    here = html_to_pdf(html, css=CSS)

    script = "import sys, common.pdf as p; sys.stdout.buffer.write(p.html_to_pdf(sys.argv[1], css=sys.argv[2]))"
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", script, html, CSS],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        assert there == here


def test_importing_the_module_does_not_import_weasyprint():
    """Web processes start without Pango and without its memory."""
    script = "import sys, common.pdf; sys.exit('weasyprint' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=True)


def test_memory_stays_flat():
    html = page("<p>Toujours la même page</p>")

    def render(times):
        for _ in range(times):
            html_to_pdf(html, css=CSS)
        gc.collect()
        return resident_kilobytes()

    render(10)
    before = render(10)
    # A fresh FontConfiguration for each document costs about 360 kB each: 21 MB over these sixty.
    assert render(60) - before < 8_000


def resident_kilobytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class counting_server:  # noqa: N801  # Reads as a function.
    """A server of the loopback that remembers who called."""

    def __enter__(self):
        hits = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hits.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}", hits

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
