"""Django's SMTP backend, which also tells what the server answered to the last message."""

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend


class _AnswerKept(smtplib.SMTP):
    answer = ""

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)
        self.answer = f"{code} {words.decode(errors='replace')}"
        return code, words


class _AnswerKeptSSL(_AnswerKept, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _AnswerKeptSSL if self.use_ssl else _AnswerKept

    @property
    def answer(self) -> str:
        return str(getattr(self.connection, "answer", ""))
