import datetime as dt
import re
from typing import Any
from uuid import UUID, uuid4

from django import forms

from accompagnements.cles import tidy
from accompagnements.constants import CONSENTEMENT_VERSION, CONSENTEMENTS, RAPPEL
from accompagnements.enums import AGES, ModeConsentement, MotifEffacement
from accompagnements.models import Beneficiaire
from accompagnements.widgets import DateWidget
from common.forms import Form, VersionedForm
from common.phones import display_phone, normalize_phone
from contrats.models import Conseiller

# Letters of any script, spaces, hyphens, apostrophes, dots: neither a number nor an address.
NAME = re.compile(r"[^\W\d_][^\W\d_ .'’\-]*(?:[ .'’\-]+[^\W\d_]+)*\.?")


class IdentiteForm(Form):
    """The least that tells a person from another. There is no free text: nothing else is written about them."""

    prenom = forms.CharField(
        label="Prénom ou surnom", max_length=40,
        help_text="Celui par lequel vous la reconnaissez ; pas son nom de famille.",
        error_messages={
            "required": "Écrivez un prénom ou un surnom.",
            "max_length": "Écrivez 40 lettres au plus.",
        },
    )  # fmt: skip
    initiale = forms.CharField(
        label="Initiale du nom", required=False, max_length=1,
        help_text="Une lettre, si deux personnes ont le même prénom.",
        error_messages={"max_length": "Une seule lettre : pas le nom entier."},
    )  # fmt: skip
    annee_naissance = forms.IntegerField(
        label="Année de naissance", required=False, min_value=1900, max_value=2100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "Indiquez l'année de naissance en quatre chiffres.",
            "min_value": "Indiquez l'année de naissance en quatre chiffres.",
            "max_value": "Indiquez l'année de naissance en quatre chiffres.",
        },
    )  # fmt: skip
    tranche_age = forms.ChoiceField(
        label="Ou tranche d'âge", choices=[("", "Non précisée"), *AGES.items()], required=False
    )
    rappel = forms.BooleanField(label="Elle accepte d'être rappelée", required=False, help_text=RAPPEL[max(RAPPEL)])
    telephone = forms.CharField(
        label="Téléphone", required=False, max_length=25,
        help_text="Gardé seulement si elle accepte d'être rappelée. Par exemple : 06 12 34 56 78.",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, conseiller: Conseiller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conseiller = conseiller

    def clean_prenom(self) -> str:
        text = tidy(self.cleaned_data["prenom"])
        if not NAME.fullmatch(text):
            raise forms.ValidationError("Écrivez un prénom ou un surnom, sans chiffre ni adresse.", code="name")
        return text

    def clean_initiale(self) -> str:
        text = self.cleaned_data["initiale"].strip()
        if text and not text.isalpha():
            raise forms.ValidationError("Écrivez une lettre.", code="name")
        return text.upper()[:1]

    def clean_telephone(self) -> str:
        text = self.cleaned_data["telephone"]
        region = self.conseiller.contrat.structure.commune.phone_region
        return normalize_phone(text, region=region) if text else ""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("annee_naissance") and data.get("tranche_age"):
            message = "Donnez l'année de naissance ou la tranche d'âge, pas les deux."
            self.add_error("tranche_age", forms.ValidationError(message, code="two"))
        if data.get("telephone") and not data.get("rappel"):
            message = "Ce numéro n'est gardé que si elle accepte d'être rappelée : cochez la case, ou retirez-le."
            self.add_error("telephone", forms.ValidationError(message, code="consent"))
        return data


class CorrectionForm(IdentiteForm, VersionedForm):
    """The same, two windows open on one file."""


class BeneficiaireForm(IdentiteForm):
    uuid = forms.CharField(widget=forms.HiddenInput, required=False)
    consent_at = forms.DateField(
        label="Accord donné le", widget=DateWidget,
        error_messages={
            "required": "Indiquez le jour où elle a donné son accord.",
            "invalid": "Cette date n'existe pas : vérifiez-la.",
        },
    )  # fmt: skip
    consent_mode = forms.ChoiceField(
        label="Comment ?", choices=ModeConsentement.choices, widget=forms.RadioSelect,
        error_messages={"required": "Dites comment l'accord a été donné."},
    )  # fmt: skip
    accord = forms.BooleanField(
        label="Cette phrase lui a été lue, et elle l'accepte",
        error_messages={"required": "Sans son accord, l'accompagnement reste anonyme : la fiche n'est pas créée."},
    )

    sentence = CONSENTEMENTS[CONSENTEMENT_VERSION]

    @property
    def typed_uuid(self) -> UUID:
        try:
            return UUID(self.cleaned_data["uuid"])
        except ValueError:
            return uuid4()


def initial_for_beneficiaire(today: dt.date) -> dict[str, Any]:
    return {"uuid": str(uuid4()), "consent_at": today, "consent_mode": ModeConsentement.ORAL}


def initial_for_identite(beneficiaire: Beneficiaire) -> dict[str, Any]:
    names = ("prenom", "initiale", "annee_naissance", "tranche_age", "rappel")
    values = {name: getattr(beneficiaire, name) for name in names}
    return values | {"telephone": display_phone(beneficiaire.telephone)}


class EffacementForm(Form):
    motif = forms.ChoiceField(
        label="Pourquoi ?", widget=forms.RadioSelect,
        choices=[choice for choice in MotifEffacement.choices if choice[0] != MotifEffacement.CONSERVATION],
        error_messages={"required": "Dites pourquoi vous effacez cette fiche."},
    )  # fmt: skip


class RechercheForm(Form):
    q = forms.CharField(label="Chercher un prénom", max_length=60, required=False)
