"""Fields as strict as the document says: no number written as a text, no date that only looks like one."""

import re
from datetime import date
from typing import Any
from uuid import UUID

from rest_framework import serializers

from accompagnements.models import Accompagnement
from pilotage.api.vocabulaire import NON_COMMUNIQUE, iso_date

UUID_SHAPE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
BIGINT_MAX = 2**63 - 1
COUNT_MAX = 1000


class IntegerField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not _is_whole(data):
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class TextField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class CodeField(serializers.ChoiceField):
    """One code of a closed list. `names`: code → our value. Null stands for our empty value."""

    def __init__(self, names: dict[str, str], **kwargs: Any) -> None:
        self.names = names
        self.codes = {value: code for code, value in names.items()}
        super().__init__(choices=list(names), **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.names:
            self.fail("invalid_choice", input=str(data)[:60])
        return self.names[data]

    def to_representation(self, value: Any) -> Any:
        return self.codes[value] if value else None


class DateField(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        found = iso_date(value) if isinstance(value, str) else None
        if found is None:
            self.fail("invalid", format="AAAA-MM-JJ")
        return found


class UUIDField(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or not UUID_SHAPE.fullmatch(data):
            self.fail("invalid", value=str(data)[:60])
        return UUID(data)


class CountsField(serializers.Field):
    """How many people of each kind. Those of whom nothing is known are read, never written: they are what is left."""

    default_error_messages = {
        "invalid": "Donnez un objet : un nombre par code.",
        "unknown": "Ce code n'existe pas.",
        "number": "Donnez un nombre entier, de 0 à 1 000.",
    }

    def __init__(self, columns: dict[str, str], **kwargs: Any) -> None:
        self.columns = columns
        super().__init__(source="*", required=False, **kwargs)

    def to_representation(self, value: Accompagnement) -> dict[str, int]:
        counts = {code: int(getattr(value, column)) for code, column in self.columns.items()}
        return {**counts, NON_COMMUNIQUE: value.participants - sum(counts.values())}

    def to_internal_value(self, data: Any) -> dict[str, int]:
        if not isinstance(data, dict):
            self.fail("invalid")
        errors = {}
        for code, count in data.items():
            if code not in self.columns:
                errors[code] = [self.error_messages["unknown"]]
            elif not _is_whole(count) or not 0 <= count <= COUNT_MAX:
                errors[code] = [self.error_messages["number"]]
        if errors:
            raise serializers.ValidationError(errors)
        return {self.columns[code]: int(count) for code, count in data.items()}


def _is_whole(value: Any) -> bool:
    """Say whether JSON Schema calls it an integer: 30, or 30.0, and not true."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
