"""What is typed about an interview. Its rules are those of `agenda` and `entretiens`."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils import timezone

from common.dates import today_in
from common.exceptions import RuleError
from common.forms import Form
from matching.agenda import check_slots, local_to_aware, say_hour
from matching.constants import (
    CRENEAUX_MAX,
    DUREE_MAX,
    DUREE_MIN,
    LIEN_MAX_LENGTH,
    LIEU_MAX_LENGTH,
    MESSAGE_MAX_LENGTH,
    MOTIF_MAX_LENGTH,
)
from matching.entretiens import Offre
from matching.enums import ModeEntretien, MotifRefus, ResultatCandidat, ResultatStructure
from matching.exceptions import SlotGoneError
from matching.models import Creneau, Entretien
from structures.models import Structure
from territoires.models import Commune

INVISIBLE = "Ce texte contient un caractère invisible. Saisissez-le à nouveau."
# What a browser sends, then what people type where it has no picker.
HOUR_FORMATS = [
    "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%d/%m/%Y %Hh%M", "%d/%m/%Y %Hh",
    "%d/%m/%Y à %H:%M", "%d/%m/%Y à %Hh%M", "%d/%m/%Y à %Hh",
]  # fmt: skip


class TextField(forms.CharField):
    """A few words or lines. Browsers send two characters for the end of a line they count as one."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
            raise forms.ValidationError(INVISIBLE, code="control")
        return text

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # No maxlength: a pasted text would be cut without a word.
        return {}


class LineField(forms.CharField):
    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if re.search(r"[\x00-\x1f\x7f]", text):
            raise forms.ValidationError(INVISIBLE, code="control")
        return text


class HttpsField(forms.URLField):
    """A link people will click: to a site, encrypted, and nothing else."""

    default_validators = [URLValidator(schemes=["https"])]


class HourField(forms.CharField):
    """A civil date and hour, as the clock of a place shows them; the form knows which place."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})

    def to_python(self, value: Any) -> Any:
        text = " ".join((super().to_python(value) or "").split()).replace(" h ", "h").replace(" h", "h")
        if not text:
            return None
        for wanted in HOUR_FORMATS:
            try:
                return datetime.strptime(text, wanted)  # noqa: DTZ007  # Civil: the form gives it its zone.
            except ValueError:
                continue
        raise forms.ValidationError(
            "Saisissez une date et une heure qui existent, par exemple : 24/11/2026 14:30.", code="invalid"
        )


class OffreForm(Form):
    creneau_1 = HourField(
        label="Premier créneau",
        help_text="Jour et heure, par exemple : 24/11/2026 14:30.",
        error_messages={"required": "Proposez au moins un créneau."},
    )
    creneau_2 = HourField(label="Deuxième créneau", required=False)
    creneau_3 = HourField(label="Troisième créneau", required=False)
    creneau_4 = HourField(label="Quatrième créneau", required=False)
    creneau_5 = HourField(label="Cinquième créneau", required=False)
    duree = forms.IntegerField(
        label="Durée (minutes)",
        help_text=f"De {DUREE_MIN} à {DUREE_MAX} minutes.",
        min_value=DUREE_MIN,
        max_value=DUREE_MAX,
        initial=45,
        error_messages={
            "invalid": "Saisissez un nombre entier de minutes.",
            "min_value": f"Un entretien dure au moins {DUREE_MIN} minutes.",
            "max_value": f"Un entretien dure au plus {DUREE_MAX} minutes.",
        },
    )
    mode = forms.ChoiceField(
        label="Comment se passe l'entretien ?",
        choices=ModeEntretien.choices,
        widget=forms.RadioSelect,
        initial=ModeEntretien.SUR_PLACE,
        error_messages={"required": "Choisissez un mode.", "invalid_choice": "Choisissez l'un de ces modes."},
    )
    adresse = LineField(label="Adresse, si l'entretien a lieu sur place", required=False, max_length=LIEU_MAX_LENGTH)
    lien = HttpsField(
        label="Lien de visioconférence, si l'entretien a lieu à distance",
        help_text="Il commence par https://.",
        required=False,
        max_length=LIEN_MAX_LENGTH,
        assume_scheme="https",
        error_messages={"invalid": "Saisissez un lien complet qui commence par https://."},
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    message = TextField(
        label="Message à la personne",
        help_text=f"Ce qu'il est utile de préparer, qui sera présent… {MESSAGE_MAX_LENGTH} caractères au maximum.",
        required=False,
        max_length=MESSAGE_MAX_LENGTH,
    )

    def __init__(self, *args: Any, structure: Structure, telephone: str, **kwargs: Any) -> None:
        self.place: Commune = structure.commune
        self.telephone = telephone
        here = ", ".join(part for part in (structure.adresse, structure.commune.nom) if part)
        kwargs["initial"] = {"adresse": here[:LIEU_MAX_LENGTH], **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        for name in self.slot_names:
            self.fields[name].widget.attrs["min"] = f"{today_in(self.place.fuseau):%Y-%m-%d}T00:00"

    @property
    def slot_names(self) -> list[str]:
        return [f"creneau_{rank}" for rank in range(1, CRENEAUX_MAX + 1)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        self._clean_slots(values)
        self._clean_place(values)
        return values

    def _clean_slots(self, values: dict[str, Any]) -> None:
        self.slots: dict[str, datetime] = {}
        for name in self.slot_names:
            if typed := values.get(name):
                if not 2020 <= typed.year <= 2200:  # Beyond, zones have no rule and dates overflow.
                    self.add_error(name, forms.ValidationError("Vérifiez l'année.", code="year"))
                elif (slot := local_to_aware(typed, self.place.fuseau)) is None:
                    sentence = "Cette heure n'existe pas ce jour-là : les horloges avancent. Choisissez-en une autre."
                    self.add_error(name, forms.ValidationError(sentence, code="gap"))
                else:
                    self.slots[name] = slot
        length = timedelta(minutes=values.get("duree") or DUREE_MIN)
        faults = check_slots(list(self.slots.values()), length, timezone.now())
        for name, rank in zip(list(self.slots), range(CRENEAUX_MAX), strict=False):
            if rank in faults:
                self.add_error(name, forms.ValidationError(faults[rank], code="slot"))

    def _clean_place(self, values: dict[str, Any]) -> None:
        mode = values.get("mode")
        if mode == ModeEntretien.SUR_PLACE and not values.get("adresse") and "adresse" not in self.errors:
            self.add_error("adresse", forms.ValidationError("Indiquez où se rendre.", code="required"))
        if mode == ModeEntretien.DISTANCE and not values.get("lien") and "lien" not in self.errors:
            self.add_error("lien", forms.ValidationError("Indiquez le lien de la visioconférence.", code="required"))
        if mode == ModeEntretien.TELEPHONE and not self.telephone:
            sentence = "Cette personne n'a pas donné de numéro de téléphone. Choisissez un autre mode."
            self.add_error("mode", forms.ValidationError(sentence, code="telephone"))

    def add_rule_error(self, error: Any) -> None:
        """Slots are numbered among those filled in; fields, among all."""
        rank = re.fullmatch(r"creneau_(\d)", error.field or "")
        if rank and self.is_bound and getattr(self, "slots", None):
            error.field = list(self.slots)[int(rank[1]) - 1]
        super().add_rule_error(error)

    @property
    def offre(self) -> Offre:
        values = self.cleaned_data
        return Offre(
            debuts=tuple(self.slots.values()),
            duree=values["duree"],
            mode=ModeEntretien(values["mode"]),
            adresse=values["adresse"],
            lien=values["lien"],
            message=values["message"],
        )


class MoveForm(OffreForm):
    """Other slots in place of an hour already agreed upon: the person is told why."""

    field_order = ("motif",)
    motif = TextField(
        label="Pourquoi déplacez-vous l'entretien ?",
        help_text=f"La personne le lit. {MOTIF_MAX_LENGTH} caractères au maximum.",
        max_length=MOTIF_MAX_LENGTH,
        rows=2,
        error_messages={"required": "Dites en quelques mots pourquoi l'entretien est déplacé."},
    )


class ChoiceForm(Form):
    creneau = forms.TypedChoiceField(
        label="Quel créneau vous convient ?",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez un créneau.",
            "invalid_choice": str(SlotGoneError()),
        },
    )

    def __init__(self, *args: Any, creneaux: list[Creneau], place: Commune, other: Commune | None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        words = [(creneau.pk, say_hour(creneau.debut, place, other)) for creneau in creneaux]
        self.fields["creneau"].choices = words


class OthersForm(Form):
    message = TextField(
        label="Quand seriez-vous disponible ?",
        help_text=f"La structure lit ce message. {MOTIF_MAX_LENGTH} caractères au maximum.",
        max_length=MOTIF_MAX_LENGTH,
        error_messages={"required": "Dites en quelques mots quels jours ou quelles heures vous conviennent."},
    )
    # The status as it was read: asking for other slots gives up an hour agreed upon in another tab.
    lu = forms.CharField(widget=forms.HiddenInput, required=False)


def check_read(form: OthersForm, entretien: Entretien) -> None:
    """Refuse what was written about an interview that has moved since; sent again, it is meant."""
    if form.cleaned_data["lu"] == entretien.status:
        return
    form.data = form.data.copy()
    form.data["lu"] = entretien.status
    raise RuleError(
        f"L'entretien a changé pendant que cette page était ouverte : « {entretien.get_status_display()} ». "
        "Renvoyez votre demande si vous la maintenez."
    )


class CancelForm(Form):
    motif = TextField(
        label="Pourquoi annulez-vous cet entretien ?",
        help_text=f"L'autre partie le lit. {MOTIF_MAX_LENGTH} caractères au maximum.",
        max_length=MOTIF_MAX_LENGTH,
        error_messages={"required": "Dites en quelques mots pourquoi l'entretien est annulé."},
    )


def refusal_field(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", "Choisissez un motif"), *MotifRefus.choices],
        error_messages={"invalid_choice": "Choisissez l'un de ces motifs."},
    )


def result_field(choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Comment s'est passé l'entretien ?",
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une réponse.", "invalid_choice": "Choisissez l'une de ces réponses."},
    )


class ResultForm(Form):
    """What one side says of an interview. Saying no asks for a reason, as everywhere."""

    refusal = ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        refused = values.get("resultat") == self.refusal
        if refused and not values.get("motif") and "motif" not in self.errors:
            self.add_error("motif", forms.ValidationError("Choisissez un motif : il est transmis.", code="required"))
        return values

    @property
    def values(self) -> dict[str, Any]:
        motif = self.cleaned_data["motif"] if self.cleaned_data["resultat"] == self.refusal else ""
        return {"resultat": self.cleaned_data["resultat"], "motif": MotifRefus(motif) if motif else None}


class StructureResultForm(ResultForm):
    refusal = ResultatStructure.NON_RETENU
    resultat = result_field(ResultatStructure.choices)
    motif = refusal_field("Si vous ne la retenez pas, pour quel motif ?")


class CandidatResultForm(ResultForm):
    refusal = ResultatCandidat.NE_POURSUIT_PAS
    resultat = result_field(ResultatCandidat.choices)
    motif = refusal_field("Si vous ne souhaitez pas poursuivre, pour quel motif ?")
