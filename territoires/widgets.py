from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse

from territoires.constants import SEARCH_MAX_LENGTH
from territoires.selectors import Proposition, resolve_commune


@dataclass(frozen=True)
class Saisie:
    """What a commune field holds: the text, and the code picked in a list, if any."""

    text: str = ""
    code: str = ""
    # False for the value of an instance: nothing to look up, nothing to choose.
    typed: bool = False

    def __str__(self) -> str:
        return self.text


class CommuneWidget(forms.TextInput):
    """A text input that suggests communes as one types; without JavaScript, radio buttons after a first send."""

    template_name = "territoires/widgets/commune.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Saisie:
        return Saisie(text=_clean(data.get(name)), code=_clean(data.get(self._code_name(name))), typed=True)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        saisie = value if isinstance(value, Saisie) else Saisie(text=value or "")
        context = super().get_context(name, saisie.text, attrs)
        context["widget"] |= {
            "url": reverse("territoires:communes"),
            "code_name": self._code_name(name),
            "code": saisie.code,
            "choices": self._choices(saisie) if saisie.typed else [],
        }
        context["widget"]["attrs"].setdefault("maxlength", str(SEARCH_MAX_LENGTH))
        return context

    @staticmethod
    def _choices(saisie: Saisie) -> list[Proposition]:
        return resolve_commune(saisie.text).choices if saisie.text else []

    @staticmethod
    def _code_name(name: str) -> str:
        return f"{name}_code"


def _clean(value: Any) -> str:
    """Drop what PostgreSQL cannot store and what a form can hold without a browser: NUL, lone surrogates, files."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip()
