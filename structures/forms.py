"""The shape of what is typed. The forms of a request read and give back the JSON values of its draft."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from common.dates import today_in
from common.fields import normalize_email, normalize_name
from common.forms import Form, VersionedForm
from common.phones import display_phone, normalize_phone
from structures.constants import (
    DATE_DEBUT_HORIZON,
    MOTIF_MAX_LENGTH,
    MOTIF_MIN_LENGTH,
    MOTIVATION_MAX_LENGTH,
    POSTES_MAX,
)
from structures.enums import Avis, Decision, TypeStructure
from structures.models import SessionCoselec, Structure
from structures.services.structure import CONTACT_FIELDS
from structures.validators import compact, validate_ridet, validate_siret
from territoires.enums import ZoneMobilite
from territoires.fields import CommuneField
from territoires.models import Commune

INVISIBLE = "Ce texte contient un caractère invisible. Saisissez-le à nouveau."


class NomField(forms.CharField):
    """One line of text of any alphabet, without invisible characters."""

    def to_python(self, value: Any) -> str:
        return normalize_name(super().to_python(value) or "")


class ParagraphField(forms.CharField):
    """Several lines. Browsers send two characters for the end of a line they count as one."""

    widget = forms.Textarea(attrs={"rows": 6})

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text):
            raise forms.ValidationError(INVISIBLE, code="control")
        return text


class DateField(forms.DateField):
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def motif_field(label: str, help_text: str = "") -> ParagraphField:
    limits = f"De {MOTIF_MIN_LENGTH} à {MOTIF_MAX_LENGTH} caractères."
    return ParagraphField(
        label=label,
        help_text=f"{help_text} {limits}".strip(),
        min_length=MOTIF_MIN_LENGTH,
        max_length=MOTIF_MAX_LENGTH,
    )


class StepForm(VersionedForm):
    """One step of a request. `draft` is what the other steps hold already."""

    def __init__(self, *args: Any, draft: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft

    def values(self) -> dict[str, Any]:
        """Return the step as JSON values."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    @property
    def place(self) -> Commune | None:
        """Where the structure is, once it is known: dates and telephones depend on it."""
        code = self.draft.get("commune")
        return Commune.objects.select_related("departement").filter(pk=code).first() if code else None


class IdentifiantForm(StepForm):
    identifiant = forms.CharField(
        label="Numéro SIRET de la structure",
        help_text="14 chiffres, avec ou sans espaces. En Nouvelle-Calédonie, saisissez le RIDET (7 chiffres).",
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def clean_identifiant(self) -> str:
        number = compact(self.cleaned_data["identifiant"])
        if len(number) == 7 and number.isdecimal():
            validate_ridet(number)
        else:
            validate_siret(number)
        return number

    def values(self) -> dict[str, Any]:
        number = self.cleaned_data["identifiant"]
        return {"siret": "", "ridet": number} if len(number) == 7 else {"siret": number, "ridet": ""}


class StructureForm(StepForm):
    nom = NomField(
        label="Nom de la structure", max_length=200, widget=forms.TextInput({"autocomplete": "organization"})
    )
    type = forms.ChoiceField(label="Type de structure", choices=[("", "Choisissez un type"), *TypeStructure.choices])
    adresse = NomField(
        label="Adresse",
        help_text="Numéro et voie.",
        max_length=250,
        required=False,
        widget=forms.TextInput({"autocomplete": "street-address"}),
    )
    commune = CommuneField(label="Commune", help_text="Nom ou code postal.")

    def clean_commune(self) -> Commune:
        commune: Commune = self.cleaned_data["commune"]
        if self.draft.get("ridet") and commune.zone != ZoneMobilite.NOUVELLE_CALEDONIE:
            raise forms.ValidationError(
                "Un RIDET désigne une structure de Nouvelle-Calédonie : choisissez une commune de ce territoire, "
                "ou revenez saisir un SIRET.",
                code="ridet_elsewhere",
            )
        return commune

    def values(self) -> dict[str, Any]:
        return super().values() | {"commune": self.cleaned_data["commune"].pk}


class ContactMixin(Form):
    contact_prenom = NomField(label="Prénom", max_length=150, widget=forms.TextInput({"autocomplete": "given-name"}))
    contact_nom = NomField(label="Nom", max_length=150, widget=forms.TextInput({"autocomplete": "family-name"}))
    contact_fonction = NomField(
        label="Fonction", max_length=150, widget=forms.TextInput({"autocomplete": "organization-title"})
    )
    contact_email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Exemple : nom@domaine.fr",
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    contact_telephone = forms.CharField(
        label="Téléphone",
        help_text="Exemple : 02 40 12 34 56",
        max_length=30,
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    # Where the structure is: the same digits are not the same number overseas.
    place: Any

    def clean_contact_email(self) -> str:
        return normalize_email(self.cleaned_data["contact_email"])

    def clean_contact_telephone(self) -> str:
        text: str = self.cleaned_data["contact_telephone"]
        region = self.place.phone_region if self.place else "FR"
        return normalize_phone(text, region=region) if text else ""


class ContactForm(ContactMixin, StepForm):
    field_order = CONTACT_FIELDS


class BesoinForm(StepForm):
    postes_souhaites = forms.IntegerField(label="Nombre de postes souhaités", min_value=1, max_value=POSTES_MAX)
    date_debut = DateField(label="Date de début souhaitée", help_text="Au plus tôt aujourd'hui.")
    candidat_identifie = forms.BooleanField(label="Nous avons déjà un candidat en vue", required=False)
    coordinateur = forms.BooleanField(
        label="L'un des postes est un poste de coordinateur",
        help_text="Il anime un groupe de conseillers numériques.",
        required=False,
    )
    motivation = ParagraphField(
        label="Pourquoi demandez-vous un conseiller numérique ?",
        help_text=f"Publics, lieux, besoins du territoire… {MOTIVATION_MAX_LENGTH} caractères au maximum.",
        max_length=MOTIVATION_MAX_LENGTH,
    )

    def clean_date_debut(self) -> date:
        debut: date = self.cleaned_data["date_debut"]
        place = self.place
        today = today_in(place.fuseau) if place else today_in()
        if debut < today:
            raise forms.ValidationError(
                "Cette date est passée. Choisissez aujourd'hui ou un jour à venir.", code="past"
            )
        if debut > today + DATE_DEBUT_HORIZON:
            raise forms.ValidationError("Cette date est trop lointaine : deux ans au maximum.", code="far")
        return debut

    def values(self) -> dict[str, Any]:
        return super().values() | {"date_debut": self.cleaned_data["date_debut"].isoformat()}


STEP_FORMS: dict[str, type[StepForm]] = {
    "identifiant": IdentifiantForm,
    "structure": StructureForm,
    "contact": ContactForm,
    "besoin": BesoinForm,
}
STEP_TITLES = {
    "identifiant": "Votre numéro SIRET",
    "structure": "Votre structure",
    "contact": "La personne à contacter",
    "besoin": "Votre besoin",
    "recapitulatif": "Récapitulatif et engagement",
}


def step_data(draft: dict[str, Any]) -> dict[str, Any]:
    """Return a draft as a form would send it, to show it again or to check it again."""
    commune = Commune.objects.filter(pk=draft.get("commune") or "").first()
    return draft | {
        "identifiant": draft.get("siret") or draft.get("ridet") or "",
        "contact_telephone": display_phone(draft.get("contact_telephone") or ""),
        "commune": commune.libelle if commune else "",
        "commune_code": commune.pk if commune else "",
    }


def invalid_steps(draft: dict[str, Any]) -> list[str]:
    """Steps that would be refused today: a date has passed, a commune merged, a step was never filled in."""
    data = step_data(draft)
    return [step for step, form in STEP_FORMS.items() if not form(data, draft=draft).is_valid()]


class EngagementForm(Form):
    engagement = forms.BooleanField(
        label="La structure s'engage à respecter ces points",
        error_messages={"required": "Cochez la case : sans cet engagement, la demande ne peut pas être déposée."},
    )


class ConfirmForm(Form):
    """A button. `read_at` is the version of what was read, so that nobody signs another one."""

    read_at = forms.CharField(widget=forms.HiddenInput, required=False)


def show_version(form: Form) -> None:
    """Give a refused form the version now on the page: sending it again accepts, or replaces, it knowingly."""
    if "read_at" in form.fields:
        form.data = form.data.copy()
        form.data["read_at"] = form.initial["read_at"]


class AvisForm(Form):
    avis = forms.ChoiceField(
        label="Votre avis",
        choices=[(Avis.FAVORABLE, Avis.FAVORABLE.label), (Avis.DEFAVORABLE, Avis.DEFAVORABLE.label)],
        widget=forms.RadioSelect,
    )
    commentaire = motif_field("Commentaire", "Il est lu par la structure, l'ANCT et la Banque des Territoires.")


class SessionChoiceForm(Form):
    session = forms.ModelChoiceField(
        label="Session du COSELEC", queryset=SessionCoselec.objects.open(), empty_label="Choisissez une session"
    )


class SessionForm(Form):
    date = DateField(label="Date de la session")

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        today = timezone.localdate()
        if not today <= day <= today + DATE_DEBUT_HORIZON:
            raise forms.ValidationError("Choisissez une date à venir, dans les deux ans.", code="range")
        return day


class DecisionForm(Form):
    decision = forms.ChoiceField(label="Décision de la session", choices=Decision.choices, widget=forms.RadioSelect)
    postes = forms.IntegerField(
        label="Postes accordés",
        help_text="À remplir si la décision est favorable.",
        min_value=1,
        max_value=POSTES_MAX,
        required=False,
    )
    motif = motif_field("Motif", "Il est communiqué à la structure.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("decision") == Decision.FAVORABLE and data.get("postes") is None and "postes" not in self.errors:
            self.add_error("postes", forms.ValidationError("Indiquez le nombre de postes accordés.", code="required"))
        return data


class ConventionForm(Form):
    date_debut = DateField(
        label="Début de la convention",
        help_text="La date de fin et le nombre d'années d'aide en découlent.",
    )

    def clean_date_debut(self) -> date:
        debut: date = self.cleaned_data["date_debut"]
        if debut > timezone.localdate() + DATE_DEBUT_HORIZON:
            raise forms.ValidationError("Cette date est trop lointaine : deux ans au maximum.", code="far")
        return debut


class MotifForm(Form):
    motif = motif_field("Motif", "Il est gardé dans l'historique et communiqué à la structure.")


class StructureContactForm(ContactMixin):
    field_order = (*CONTACT_FIELDS, "read_at")
    read_at = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, structure: Structure, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(structure, name) for name in CONTACT_FIELDS}
        kwargs["initial"]["contact_telephone"] = display_phone(structure.contact_telephone)
        kwargs["initial"]["read_at"] = structure.updated_at.isoformat()
        super().__init__(*args, **kwargs)
        self.place = structure.commune

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in CONTACT_FIELDS}
