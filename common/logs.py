"""Structured logs: one JSON object a line, without anything that names a person."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

EMAIL = re.compile(r"[\w.+%'’-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<!\d)(?:\+\d{2,3}|0)\d(?:[\s.-]?\d{2}){4}(?!\d)")
QUERY = re.compile(r"\?[^\s\"']+")


def remove_personal_data(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank addresses, phone numbers and query strings, whatever library wrote the message."""
    for key, value in event.items():
        if isinstance(value, str):
            text = PHONE.sub("[téléphone]", EMAIL.sub("[e-mail]", value))
            event[key] = QUERY.sub("?[…]", text) if key != "exception" else text
    return event


def json_formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            remove_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
