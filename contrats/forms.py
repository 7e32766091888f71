from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from common.forms import Form
from contrats.conditions import Conditions, allowed_types
from contrats.enums import TypeContrat
from contrats.models import Contrat
from contrats.services import check_conditions
from structures.models import Poste


class PosteField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.get_type_display()}, disponible à partir du {obj.date_debut:%d/%m/%Y} (poste n° {obj.pk})"


class AmountField(forms.DecimalField):
    """An amount as people type it: « 1 823,03 € »."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).replace("€", "").replace(",", ".")
        return super().to_python(value)


def date_field(label: str, **kwargs: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Saisissez une date qui existe, par exemple 04/01/2027."},
        **kwargs,
    )


class ContratForm(Form):
    """The contract as the structure types it. Its rules are `conditions`', its writing a service."""

    poste = PosteField(queryset=Poste.objects.none(), label="Poste", empty_label=None)
    type = forms.ChoiceField(label="Type de contrat", choices=TypeContrat.choices, widget=forms.RadioSelect)
    date_debut = date_field("Début du contrat")
    date_fin = date_field(
        "Fin du contrat", required=False, help_text="Dernier jour du contrat. Laissez ce champ vide pour un CDI."
    )
    salaire_brut_mensuel = AmountField(
        label="Salaire brut mensuel (€)",
        min_value=Decimal("0.01"),
        max_digits=8,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Pour 35 heures par semaine, primes non comprises. Par exemple : 1 900,00.",
        error_messages={"invalid": "Saisissez un montant, par exemple 1 900,00."},
    )
    temps_plein = forms.BooleanField(
        label="Le contrat est à temps plein : 35 heures par semaine",
        error_messages={"required": "Un conseiller numérique est recruté à temps plein."},
    )

    def __init__(self, *args: Any, postes: QuerySet[Poste], is_private: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["poste"].queryset = postes
        types = allowed_types(is_private=is_private)
        # The others stay valid choices: who types one is told the rule, not « choix invalide ».
        self.fields["type"].widget.choices = [(name, TypeContrat(name).label) for name in types]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if {"poste", "type", "date_debut", "salaire_brut_mensuel"} <= values.keys() and "date_fin" in values:
            for field, sentence in check_conditions(values["poste"], self.conditions).items():
                self.add_error(field, forms.ValidationError(sentence, code="rule"))
        return values

    @property
    def conditions(self) -> Conditions:
        values = self.cleaned_data
        return Conditions(values["type"], values["date_debut"], values["date_fin"], values["salaire_brut_mensuel"])


def initial_of(contrat: Contrat) -> dict[str, Any]:
    return {
        "poste": contrat.poste_id,
        "type": contrat.type,
        "date_debut": contrat.date_debut,
        "date_fin": contrat.date_fin,
        "salaire_brut_mensuel": f"{contrat.salaire_brut_mensuel:.2f}".replace(".", ","),
        "temps_plein": True,
    }


class SendBackForm(Form):
    reason = forms.CharField(
        label="Que faut-il corriger ?",
        min_length=10,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="La structure reçoit ce texte. De 10 à 1 000 caractères.",
    )
