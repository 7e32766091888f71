from typing import Any

from django import forms

from common.fields import normalize_email
from common.forms import Form
from comptes.models import Role
from pilotage.suivi import ETATS, TRIS
from structures.models import Structure


class InviteColleagueForm(Form):
    email = forms.EmailField(
        label="Adresse e-mail de votre collègue",
        help_text="Format attendu : nom@domaine.fr. Le lien envoyé sert une fois, pendant sept jours.",
        max_length=254,
    )
    structure = forms.ModelChoiceField(label="Structure", queryset=Structure.objects.none(), empty_label=None)

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["structure"].queryset = Structure.objects.visible_to(role).order_by("nom", "pk")

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])


class SuiviForm(Form):
    """How a list of conseillers is sorted and narrowed: the address says it all."""

    tri = forms.ChoiceField(label="Trier", choices=[(key, label) for key, (label, _) in TRIS.items()], required=False)
    etat = forms.ChoiceField(label="Afficher", choices=list(ETATS.items()), required=False)

    @property
    def order(self) -> list[str]:
        tri = self.cleaned_data.get("tri") if self.is_valid() else ""
        return TRIS[tri or "nom"][1]

    @property
    def etat_chosen(self) -> str:
        return str(self.cleaned_data.get("etat", "")) if self.is_valid() else ""
