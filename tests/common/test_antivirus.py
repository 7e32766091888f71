"""The conversation with clamd, over a real socket: what it says, and what it says when it is not well."""

import socketserver
import struct
import tempfile
import threading

import pytest

from common import antivirus
from common.antivirus import ScannerUnavailableError, find_threat
from common.checks import antivirus_is_configured


@pytest.fixture
def clamd(settings):
    """A clamd that recognises the word MALICE, or gives the answer asked of it. `received` is what it was sent."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            assert self.rfile.read(10) == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack("!L", self.rfile.read(4))[0]:
                content += self.rfile.read(size)
            server.received.append(content)
            verdict = b"stream: Malice.Test FOUND\0" if b"MALICE" in content else b"stream: OK\0"
            self.wfile.write(verdict if server.answer is None else server.answer)

    folder = tempfile.TemporaryDirectory()  # A socket's name is short.
    path = f"{folder.name}/clamd"
    server = socketserver.UnixStreamServer(path, Handler)
    server.received, server.answer = [], None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.CLAMAV_URL = f"unix://{path}"
    yield server
    server.shutdown()
    server.server_close()
    folder.cleanup()


def test_a_file_is_sent_whole_and_the_verdict_understood(clamd):
    large = b"x" * (3 * antivirus.CHUNK + 7)

    assert find_threat(large) == ""
    assert find_threat(b"MALICE") == "Malice.Test"
    assert clamd.received == [large, b"MALICE"]


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: "])
def test_an_answer_that_says_nothing_of_the_file_is_no_verdict(clamd, answer):
    clamd.answer = answer
    with pytest.raises(ScannerUnavailableError):
        find_threat(b"content")


@pytest.mark.parametrize("url", ["", "unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:1"])
def test_an_antivirus_that_is_away_is_no_verdict(settings, url):
    settings.CLAMAV_URL = url
    with pytest.raises(ScannerUnavailableError):
        find_threat(b"content")


@pytest.mark.parametrize(("required", "url", "faults"), [(True, "", 1), (True, "tcp://clamav:3310", 0), (False, "", 0)])
def test_a_site_that_needs_an_antivirus_and_has_none_is_told_so(settings, required, url, faults):
    settings.ANTIVIRUS_REQUIRED, settings.CLAMAV_URL = required, url
    assert len(antivirus_is_configured()) == faults
