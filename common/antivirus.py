"""The antivirus (clamd), asked through its socket: unix:///chemin/clamd.ctl or tcp://machine:3310."""

import socket
import struct
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT_SECONDS = 30
CHUNK = 64 * 1024


class ScannerUnavailableError(Exception):
    """No answer, or one that says nothing of the file: what waits for it goes on waiting."""


def is_configured() -> bool:
    return bool(settings.CLAMAV_URL)


def find_threat(content: bytes) -> str:
    """Return the name of what the antivirus recognises in a file, nothing if it recognises nothing."""
    try:
        with _connect() as connection:
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                chunk = content[start : start + CHUNK]
                connection.sendall(struct.pack("!L", len(chunk)) + chunk)
            connection.sendall(struct.pack("!L", 0))
            answer = _read(connection)
    except OSError as error:
        raise ScannerUnavailableError(str(error)) from error
    verdict = answer.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ")
    if verdict == "OK":
        return ""
    if verdict.endswith(" FOUND"):
        return verdict.removesuffix(" FOUND")
    raise ScannerUnavailableError(verdict[:200] or "no answer")


def _connect() -> socket.socket:
    if not settings.CLAMAV_URL:
        raise ScannerUnavailableError("CLAMAV_URL is empty")
    url = urlsplit(settings.CLAMAV_URL)
    if url.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(url.path)
        except OSError:
            connection.close()
            raise
        return connection
    return socket.create_connection((url.hostname or "", url.port or 3310), timeout=TIMEOUT_SECONDS)


def _read(connection: socket.socket) -> bytes:
    answer = b""
    while part := connection.recv(4096):
        answer += part
    return answer
