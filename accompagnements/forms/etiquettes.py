from typing import Any

from django import forms

from accompagnements.cles import fold
from accompagnements.models import Etiquette
from accompagnements.selectors import owners_for
from common.forms import Form
from comptes.models import Role

NOM = {
    "label": "Nom",
    "max_length": 40,
    "help_text": "Une activité, un public, un projet ; jamais une personne. 40 caractères au plus.",
    "error_messages": {"required": "Écrivez le nom de l'étiquette.", "max_length": "Écrivez 40 caractères au plus."},
}


class EtiquetteForm(Form):
    nom = forms.CharField(**NOM)  # type: ignore[arg-type]

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owners = {str(owner.pk): owner for owner in owners_for(role)}
        if len(self.owners) > 1:
            self.fields["pour"] = forms.ChoiceField(
                label="Pour", choices=[(pk, str(owner)) for pk, owner in self.owners.items()],
                error_messages={"required": "Choisissez pour qui.", "invalid_choice": "Choisissez dans la liste."},
            )  # fmt: skip

    @property
    def owner(self) -> Any:
        only = next(iter(self.owners.values()), None)
        return self.owners.get(self.cleaned_data.get("pour", ""), only)


class RenommerForm(Form):
    nom = forms.CharField(**NOM)  # type: ignore[arg-type]


class ReunirForm(Form):
    vers = forms.ModelChoiceField(
        Etiquette.objects.none(), label="Réunir avec", empty_label="Choisir une étiquette",
        help_text="Celle-ci disparaît ; ses accompagnements prennent l'autre.",
        error_messages={
            "required": "Choisissez l'étiquette à garder.",
            "invalid_choice": "Cette étiquette n'existe plus, ou n'est pas à vous.",
        },
    )  # fmt: skip

    def __init__(self, *args: Any, etiquette: Etiquette, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        same = Etiquette.objects.managed_by(role).filter(
            portee=etiquette.portee, structure=etiquette.structure_id, departement=etiquette.departement_id
        )
        self.fields["vers"].queryset = same.exclude(pk=etiquette.pk).order_by("cle").distinct()


class EtiquettePartageeForm(forms.ModelForm):
    """A word of the country, or of one département, as the administration names it."""

    class Meta:
        model = Etiquette
        fields = ["nom", "departement"]
        help_texts = {"departement": "vide : toute la France"}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        departement = self.instance.departement if self.instance.pk else data.get("departement")
        known = Etiquette.objects.shared().filter(
            cle=fold(data.get("nom", "")), structure=None, departement=departement
        )
        if known.exclude(pk=self.instance.pk).exists():
            self.add_error("nom", "Cette étiquette existe déjà.")
        return data
