from collections.abc import Sequence
from typing import Any

from django import forms
from dsfr.widgets import InlineCheckboxSelectMultiple

from candidatures.enums import Langue, SavoirEtre
from common.forms import Form
from matching.constants import ATTENTES_MAX
from matching.enums import MotifRefus

COMPARED_MIN, COMPARED_MAX = 2, 3


class DeclineForm(Form):
    motif = forms.ChoiceField(
        label="Pourquoi ?",
        choices=MotifRefus.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un motif."},
    )


class SelectionForm(Form):
    """The people ticked in a list: shown again, ticked, wherever the ticks may be put right."""

    choix = forms.MultipleChoiceField(
        label="Personnes choisies",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins une personne."},
    )
    # The filters of the list, to come back to it as it was.
    liste = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["choix"].choices = people


class CompareForm(SelectionForm):
    def clean_choix(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["choix"]
        if not COMPARED_MIN <= len(chosen) <= COMPARED_MAX:
            raise forms.ValidationError(
                "Cochez deux ou trois personnes : vous en avez coché %(count)d.",
                code="count",
                params={"count": len(chosen)},
            )
        return chosen


class AttentesForm(Form):
    """What a structure asks of its posts. How many it may is a rule of the model, said here beside the field."""

    langues = forms.MultipleChoiceField(
        label="Langues",
        help_text=f"{ATTENTES_MAX} au plus.",
        choices=Langue.choices,
        required=False,
        widget=InlineCheckboxSelectMultiple,
    )
    savoir_etre = forms.MultipleChoiceField(
        label="Savoir-être",
        help_text=f"{ATTENTES_MAX} au plus. Les candidats notent eux-mêmes leurs points forts.",
        choices=SavoirEtre.choices,
        required=False,
        widget=InlineCheckboxSelectMultiple,
    )

    def clean_langues(self) -> list[str]:
        return self._few("langues")

    def clean_savoir_etre(self) -> list[str]:
        return self._few("savoir_etre")

    def _few(self, name: str) -> list[str]:
        chosen = list(dict.fromkeys(self.cleaned_data[name]))
        if len(chosen) > ATTENTES_MAX:
            raise forms.ValidationError(
                "Gardez-en %(max)d au plus : vous en avez coché %(count)d.",
                code="count",
                params={"max": ATTENTES_MAX, "count": len(chosen)},
            )
        return chosen


class DeclineSeveralForm(SelectionForm, DeclineForm):
    field_order = ["choix", "motif", "liste"]
