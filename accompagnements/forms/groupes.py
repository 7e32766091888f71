from typing import Any

from django import forms

from accompagnements.models import Groupe
from accompagnements.selectors import proposable
from accompagnements.widgets import DateWidget
from common.forms import Form
from contrats.models import Conseiller


class ConseillerField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        structure = obj.contrat.structure
        return f"{obj} – {structure.nom}, {structure.commune.nom}"


class ProposeForm(Form):
    conseiller = ConseillerField(
        Conseiller.objects.none(), label="Conseiller", empty_label="Choisir un conseiller",
        help_text="En poste dans la région de votre groupe. L'ANCT vérifie chaque proposition.",
        error_messages={"required": "Choisissez un conseiller.", "invalid_choice": "Choisissez dans la liste."},
    )  # fmt: skip
    debut = forms.DateField(
        label="Membre du groupe depuis le", widget=DateWidget,
        help_text="Son activité compte dans les chiffres du groupe à partir de ce jour.",
    )  # fmt: skip

    def __init__(self, *args: Any, groupe: Groupe, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conseiller"].queryset = proposable(groupe)


class EndForm(Form):
    fin = forms.DateField(
        label="Dernier jour dans le groupe", widget=DateWidget,
        help_text="Son activité compte dans les chiffres du groupe jusqu'à ce jour compris.",
    )  # fmt: skip
