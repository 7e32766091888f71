from typing import Any

from django import forms

from accompagnements.enums import Canal, TypeAccompagnement
from accompagnements.models import Etiquette, Theme
from accompagnements.selectors import Perimetre, find_perimetre, narrowed, own_perimetre, perimetre_choices
from accompagnements.widgets import DateWidget
from common.forms import Form
from comptes.models import Role
from territoires.fields import CommuneField

# Asked of raw rows, so of those one answers for, never of a whole territory.
DETAILS = {"type": "type", "theme": "themes__contains", "canal": "canal", "etiquette": "etiquettes"}


class PerimetreField(forms.ChoiceField):
    """A scope of the list, or one that a link names: a structure, a conseiller, a lieu this role may read."""

    def __init__(self, *, role: Role, **kwargs: Any) -> None:
        self.offered = perimetre_choices(role)
        super().__init__(choices=self.offered, **kwargs)
        self.role = role
        self.found: Perimetre | None = None

    def valid_value(self, value: Any) -> bool:
        self.found = find_perimetre(self.role, value)
        if self.found and not super().valid_value(value):
            self.choices = [*self.offered, (value, self.found.label)]
        return self.found is not None


class StatistiquesForm(Form):
    du = forms.DateField(required=False, label="Du", widget=DateWidget)
    au = forms.DateField(required=False, label="Au", widget=DateWidget)
    commune = CommuneField(required=False, label="Commune")
    type = forms.ChoiceField(
        choices=[("", "Tous les types"), *TypeAccompagnement.choices], required=False, label="Type"
    )
    theme = forms.ChoiceField(required=False, label="Thème")
    canal = forms.ChoiceField(choices=[("", "Tous les lieux"), *Canal.choices], required=False, label="Lieu")
    etiquette = forms.ModelChoiceField(
        Etiquette.objects.none(), required=False, label="Étiquette", empty_label="Avec ou sans",
        error_messages={"invalid_choice": "Cette étiquette n'existe plus, ou n'est pas pour vous."},
    )  # fmt: skip

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data)
        self.role = role
        self.perimetre_field = PerimetreField(role=role, required=False, label="Périmètre")
        self.fields["perimetre"] = self.perimetre_field
        self.order_fields(["perimetre"])
        self.fields["etiquette"].queryset = Etiquette.objects.visible_to(role).order_by("cle", "pk").distinct()
        self.fields["theme"].choices = [("", "Tous les thèmes"), *Theme.objects.values_list("pk", "nom")]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("du") and data.get("au") and data["au"] < data["du"]:
            self.add_error("au", forms.ValidationError("La fin de la période précède son début.", code="order"))
        scope = self._scope
        for name in DETAILS:
            if data.get(name) and scope.territoire:
                message = "Ce filtre s'applique à l'activité d'un conseiller, d'un lieu ou d'une structure."
                self.add_error(name, forms.ValidationError(message, code="territory"))
        return data

    @property
    def _scope(self) -> Perimetre:
        return self.perimetre_field.found or own_perimetre(self.role)

    @property
    def perimetre(self) -> Perimetre:
        """Return the scope asked for, narrowed by the other filters."""
        data = self.cleaned_data if self.is_valid() else {}
        filters = {lookup: data[name] for name, lookup in DETAILS.items() if data.get(name)}
        if "themes__contains" in filters:
            filters["themes__contains"] = [int(filters["themes__contains"])]
        if data.get("commune"):
            filters["commune"] = data["commune"]
        return narrowed(self._scope, filters)

    @property
    def narrowing(self) -> list[tuple[str, str]]:
        """Return what the scope is narrowed by, in words."""
        found = []
        for name in ("commune", *DETAILS):
            if value := self.cleaned_data.get(name):
                field: Any = self.fields[name]
                words = {str(key): text for key, text in getattr(field, "choices", ())}
                found.append((str(field.label), str(words.get(str(value), value))))
        return found

    @property
    def period(self) -> dict[str, Any]:
        data = self.cleaned_data if self.is_valid() else {}
        return {"du": data.get("du"), "au": data.get("au")}
