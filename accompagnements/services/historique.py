"""What every change of a `Modifiable` row shares: what changed, whether a reason is due, whether it is still the row
the person saw."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from accompagnements.models.historique import Modifiable
from common.exceptions import RuleError

Row = TypeVar("Row", bound=Modifiable)


def copy_of(row: Row) -> Row:
    names = [field.attname for field in row._meta.concrete_fields]
    return type(row)(**{name: getattr(row, name) for name in names})


def changes(before: Modifiable, after: Modifiable, fields: Sequence[str]) -> list[str]:
    attributes: Any = {name: before._meta.get_field(name) for name in fields}
    return [
        name for name, field in attributes.items() if getattr(before, field.attname) != getattr(after, field.attname)
    ]


def label_of(model: type[Modifiable], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.verbose_name)


def ask_reason(row: Modifiable, reason: str) -> None:
    if not row.is_free_to_change and not reason.strip():
        raise RuleError("Plus de 30 jours ont passé : dites pourquoi.", field="reason")


def check(row: Modifiable) -> None:
    """Check the columns and the constraints of a row; the rule broken first is the one told."""
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise RuleError(messages[0], field=field) from error
