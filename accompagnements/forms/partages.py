from typing import Any
from uuid import uuid4

from django import forms
from dsfr.widgets import RadioSelect

from accompagnements.constants import LIEN_DUREES
from common.fields import normalize_name
from common.forms import Form

LOST = "Cette page est abîmée : rechargez-la, puis recommencez."


class PartageForm(Form):
    cle = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, error_messages={"required": LOST, "invalid": LOST})
    nom = forms.CharField(
        label="Nom du lien",
        max_length=60,
        help_text="Il est montré en tête de la page. N'y mettez pas le nom de quelqu'un.",
    )
    duree = forms.TypedChoiceField(
        label="Ce lien fonctionnera pendant", coerce=int, choices=[(days, f"{days} jours") for days in LIEN_DUREES],
        initial=30, widget=RadioSelect,
    )  # fmt: skip

    def clean_nom(self) -> Any:
        return normalize_name(self.cleaned_data["nom"])
