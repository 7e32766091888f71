"""Column types and form fields that know no domain word."""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

CONTROL_CHARACTERS = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Joiners that real names in Indic and Persian scripts need, though Unicode files them under "Cf".
ALLOWED_FORMAT_CHARACTERS = {"\u200c", "\u200d"}


class PointField(models.Field):
    """PostgreSQL's core `point`, written by a trigger from the commune and never by Python."""

    def db_type(self, connection: Any) -> str:
        return "point"

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "%s::point"


def normalize_email(value: str) -> str:
    """Return the form under which an address is unique: NFKC, case-folded, no surrounding space."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


def normalize_name(value: str) -> str:
    """Return a person's name in NFC with single spaces. Raises ValidationError on control characters."""
    value = re.sub(r"\s+", " ", unicodedata.normalize("NFC", value)).strip()
    if any(unicodedata.category(c) in CONTROL_CHARACTERS and c not in ALLOWED_FORMAT_CHARACTERS for c in value):
        raise ValidationError("Ce nom contient un caractère invisible. Saisissez-le à nouveau.", code="control")
    return value
