import datetime as dt
import hashlib
from typing import Any
from uuid import UUID, uuid4

from django import forms

from accompagnements import services
from accompagnements.constants import DUREE_MAX, DUREE_MIN, NOTES_MAX, PARTENAIRES_MAX, PARTICIPANTS_MAX
from accompagnements.enums import Echelon, NaturePartenaire, Objet, TypeCoordination
from accompagnements.forms.activites import (
    Confirmation,
    CountField,
    DureeField,
    InlineChoiceField,
    NotesField,
    TypeField,
)
from accompagnements.models import Coordination
from accompagnements.notes import find_sensitive
from accompagnements.widgets import DateWidget, DureeWidget
from common.forms import Form
from territoires.fields import CommuneField

HINTS = {
    TypeCoordination.ANIMATION: "Réunir, former, soutenir des conseillers",
    TypeCoordination.EVENEMENT: "Un salon, un forum, une journée",
    TypeCoordination.PARTENARIAT: "Avec un ou plusieurs organismes",
}
ORGANISME_MAX = 120
# What a new entry takes from the last one: the activity, not who came.
HABITS = ["duree", "commune", "echelon", "objet"]


class OrganismesField(forms.CharField):
    """Several names in one line: quicker on a phone than one field each."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").replace(";", ",")
        names = [" ".join(name.split()) for name in text.split(",")]
        return list(dict.fromkeys(name for name in names if name))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > PARTENAIRES_MAX:
            raise forms.ValidationError(f"Indiquez {PARTENAIRES_MAX} organismes au plus.", code="max")
        if any(len(name) > ORGANISME_MAX for name in value):
            raise forms.ValidationError(f"Un nom fait {ORGANISME_MAX} caractères au plus.", code="max_length")

    def run_validators(self, value: Any) -> None:
        """Those of a text have nothing to say of a list."""


class CoordinationForm(Form):
    """One activity, typed on a phone in seconds. It checks what was typed; recording it is a service."""

    uuid = forms.CharField(widget=forms.HiddenInput, required=False)
    version = forms.CharField(widget=forms.HiddenInput, required=False)
    type = TypeField(
        label="Type d'activité", choices=TypeCoordination.choices, widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le type d'activité."},
    )  # fmt: skip
    titre = forms.CharField(
        label="Titre", max_length=120, help_text="Par exemple : Réunion mensuelle des conseillers.",
        error_messages={"required": "Donnez un titre à cette activité."},
    )  # fmt: skip
    participants = CountField(
        label="Participants", required=False, min_value=1, max_value=PARTICIPANTS_MAX,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "min_value": "Comptez au moins un participant.",
            "max_value": "Une activité compte 1 000 participants au plus.",
        },
    )  # fmt: skip
    partenaire = forms.ChoiceField(
        label="Nature du partenaire", required=False, choices=[("", "Choisir"), *NaturePartenaire.choices]
    )
    organismes = OrganismesField(
        label="Organismes", required=False,
        help_text="Partenaires ou structures concernées, séparés par des virgules. Aucun nom de personne.",
    )  # fmt: skip
    objet = InlineChoiceField(
        label="Pour quoi faire ?", choices=Objet.choices, widget=forms.RadioSelect,
        error_messages={"required": "Indiquez pour quoi faire."},
    )  # fmt: skip
    duree = DureeField(
        label="Durée", min_value=DUREE_MIN, max_value=DUREE_MAX, widget=DureeWidget,
        error_messages={
            "required": "Indiquez la durée.",
            "invalid": "Indiquez la durée en minutes, par exemple 50.",
            "min_value": "Une activité dure au moins 5 minutes.",
            "max_value": "Notez une activité par jour : 480 minutes (8 heures) au plus.",
        },
    )  # fmt: skip
    commune = CommuneField(label="Commune", help_text="Là où cela s'est passé, ou d'où vous l'avez animé à distance.")
    echelon = forms.ChoiceField(label="Territoire concerné", choices=Echelon.choices)
    date = forms.DateField(
        label="Date", widget=DateWidget,
        error_messages={"required": "Indiquez la date.", "invalid": "Indiquez une date, par exemple 18/11/2026."},
    )  # fmt: skip
    notes = NotesField(
        label="Notes", max_length=NOTES_MAX, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="1 000 caractères au plus. Aucune donnée personnelle.",
        error_messages={"max_length": "Vos notes comptent %(show_value)d caractères : gardez-en 1 000 au plus."},
    )  # fmt: skip
    reason = forms.CharField(
        label="Motif", max_length=300, required=False,
        help_text="Plus de 30 jours ont passé depuis la saisie : votre motif est gardé dans l'historique.",
    )  # fmt: skip

    def __init__(self, *args: Any, coordination: Coordination | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.coordination = coordination
        self.values: dict[str, Any] = {}
        self.confirmation: Confirmation | None = None
        if coordination is None or coordination.is_free_to_change:
            del self.fields["reason"]

    @property
    def type_hints(self) -> dict[str, str]:
        return {str(kind): hint for kind, hint in HINTS.items()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        is_partenariat = data.get("type") == TypeCoordination.PARTENARIAT
        if is_partenariat:
            self.errors.pop("participants", None)
            if not data.get("partenaire"):
                self._add("partenaire", "Choisissez la nature du partenaire.")
            if not data.get("organismes"):
                self._add("organismes", "Indiquez au moins un organisme.")
        elif data.get("participants") is None:
            self._add("participants", "Indiquez le nombre de participants.")
        if "reason" in self.fields and not data.get("reason"):
            self._add("reason", "Dites pourquoi vous modifiez cette activité.")
        self.values = {name: data[name] for name in services.COORDINATION_FIELDS if name in data}
        self.values["participants"] = data.get("participants") or 0
        if not self.errors:
            for error in services.coordination_errors(services.fill_coordination(Coordination(), self.values)):
                self.add_rule_error(error)
        self._ask_confirmation(data.get("notes") or "")
        return data

    def _add(self, field: str, message: str) -> None:
        if field not in self.errors:
            self.add_error(field, forms.ValidationError(message, code="rule"))

    def _ask_confirmation(self, notes: str) -> None:
        found = find_sensitive(notes)
        if not found or (self.coordination is not None and self.coordination.notes == notes):
            return
        digest = hashlib.sha256(notes.encode()).hexdigest()[:16]
        is_checked = self.data.get("confirmer_notes") == digest
        label = "Ce n'est pas une donnée personnelle : enregistrer ces notes"
        self.confirmation = Confirmation("confirmer_notes", digest, label, is_checked)
        if not is_checked:
            self._add(
                "notes", f"Vos notes semblent contenir {' et '.join(found)}. Retirez-le, ou confirmez ci-dessous."
            )

    @property
    def typed_uuid(self) -> UUID:
        """Return the identifier the browser was given. A damaged one only loses the protection against a retry."""
        try:
            return UUID(self.cleaned_data["uuid"])
        except ValueError:
            return uuid4()


def initial_for_new_coordination(last: Coordination | None, today: dt.date, kind: str) -> dict[str, Any]:
    initial: dict[str, Any] = {"duree": 120, "echelon": Echelon.DEPARTEMENTAL, "date": today, "uuid": str(uuid4())}
    if last is not None:
        initial |= {name: getattr(last, name) for name in HABITS}
    return initial | {"type": kind if kind in TypeCoordination.values else None}


def initial_for_coordination(coordination: Coordination) -> dict[str, Any]:
    initial = {name: getattr(coordination, name) for name in services.COORDINATION_FIELDS}
    return initial | {"version": coordination.version, "participants": coordination.participants or None}
