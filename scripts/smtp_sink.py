"""A mail server on loopback that keeps every message as an .eml file and sends nothing on."""

import email
import email.policy
import itertools
import time
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class _Controller(Controller):
    """Listen on a port chosen by the system when asked for port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class SmtpSink:
    """Receive real SMTP while the `with` block lasts.

    The address is `sink.url` (for `EMAIL_URL`); `sink.messages()` reads what came, in order.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        # Address → answer to RCPT, and words of a message → answer to DATA: what a real server may refuse.
        self.refused: dict[str, str] = {}
        self.refused_words: dict[bytes, str] = {}
        self._numbers = itertools.count(1)
        self._controller = _Controller(self, hostname="127.0.0.1", port=port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    def messages(self) -> list[EmailMessage]:
        files = sorted(self.folder.glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        for words, answer in self.refused_words.items():
            if words in (envelope.original_content or b""):
                return answer
        name = f"{time.time_ns()}-{next(self._numbers):06}"
        # Whom the message was really for: hidden recipients are in no header.
        received = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        partial = self.folder / f"{name}.part"
        partial.write_bytes(received + (envelope.original_content or b""))
        partial.rename(self.folder / f"{name}.eml")  # A reader never sees half a message.
        return f"250 2.0.0 Message accepted as {name}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop(no_assert=True)
