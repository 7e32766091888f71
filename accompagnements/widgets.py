from collections.abc import Mapping
from typing import Any

from django import forms

from accompagnements.enums import Famille

# Minutes in one tap; anything else is typed.
QUICK_DURATIONS = {15: "15 min", 30: "30 min", 45: "45 min", 60: "1 h", 90: "1 h 30", 120: "2 h"}
OTHER = "autre"


class DateWidget(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DureeWidget(forms.NumberInput):
    """Minutes: the usual ones as radio buttons, and a free number. Nothing here needs JavaScript."""

    template_name = "accompagnements/widgets/duree.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        chosen = data.get(name)
        return data.get(f"{name}_libre") if chosen in (None, OTHER) else chosen

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and f"{name}_libre" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        typed = context["widget"]["value"]
        is_quick = typed in {str(minutes) for minutes in QUICK_DURATIONS}
        context["widget"] |= {
            "quick": [(str(minutes), label) for minutes, label in QUICK_DURATIONS.items()],
            "is_other": typed is not None and not is_quick,
            "is_invalid": "aria-invalid" in context["widget"]["attrs"],
            "free": "" if is_quick or typed is None else typed,
        }
        return context


class ThemesWidget(forms.CheckboxSelectMultiple):
    """Checkboxes by family; a family that is neither the first nor in use stays folded."""

    template_name = "accompagnements/widgets/themes.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        groups = context["widget"]["optgroups"]
        context["widget"]["groups"] = [
            {
                "nom": nom,
                "options": options,
                "is_open": not index or any(option["selected"] for option in options),
                # Where the public page says what this family is about; the favourites have none.
                "anchor": Famille(nom).anchor if nom in Famille.values else "",
            }
            for index, (nom, options, _) in enumerate(groups)
        ]
        return context
