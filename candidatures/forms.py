import unicodedata
from copy import copy
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from dsfr.widgets import InlineCheckboxSelectMultiple

from candidatures.constants import (
    AGE_MAXIMUM,
    COMPETENCES_MAX_LENGTH,
    CV_MAX_SIZE,
    MAJORITE,
    MOIS_MAX,
    MOTIVATION_MAX_LENGTH,
    NOTE_POINT_FORT,
    PIX_MAX,
    SITUATIONS,
)
from candidatures.enums import MOTIFS_PERSONNE, Etape, Langue, RayonKm, SavoirEtre, StatutCandidature
from candidatures.models import Candidature, too_young
from common.dates import age_on
from common.fields import normalize_email, normalize_name
from common.forms import Form, ModelForm, VersionedForm
from common.phones import display_phone, normalize_phone
from territoires.fields import CommuneField

NAME_MAX_LENGTH = 150


class NameField(forms.CharField):
    """A person's name in any alphabet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=NAME_MAX_LENGTH, **kwargs)

    def to_python(self, value: Any) -> str:
        name = normalize_name(super().to_python(value) or "")
        if name and not any(unicodedata.category(character).startswith("L") for character in name):
            raise ValidationError("Saisissez un nom, avec au moins une lettre.", code="letter")
        return name


class NormalizedEmailField(forms.EmailField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        kwargs.setdefault("error_messages", {}).setdefault(
            "invalid", "Saisissez une adresse e-mail complète, par exemple : nom@domaine.fr."
        )
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return normalize_email(super().to_python(value) or "")


class DayField(forms.DateField):
    """A day, typed with the browser's calendar where there is one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {}).setdefault(
            "invalid", "Saisissez une date qui existe, par exemple : 17/05/1995."
        )
        super().__init__(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **kwargs)


class TextField(forms.CharField):
    """Several lines of text. A new line counts for one character, as in the browser's own count."""

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n"))
        if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
            raise ValidationError("Ce texte contient un caractère invisible. Saisissez-le à nouveau.", code="control")
        return text

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # No maxlength: a pasted text would be cut without a word. The counter says what is too long.
        return {}


class StepForm(VersionedForm, ModelForm):  # type: ignore[misc]
    """A few fields of a candidature. It checks what was typed; writing it is a service."""

    instance: Candidature

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Checking the form writes on the instance: this is what it was filled with.
        self.before = copy(self.instance)

    def values(self) -> dict[str, Any]:
        """Return what is valid, by column. Leaving a step by its "previous" button keeps that much."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or [] if name in self.cleaned_data}

    def experience(self) -> dict[str, Any] | None:
        """Return what this step adds to the list of experiences."""
        return None


class IdentiteForm(StepForm):
    prenom = NameField(label="Prénom", widget=forms.TextInput(attrs={"autocomplete": "given-name"}))
    nom = NameField(label="Nom", widget=forms.TextInput(attrs={"autocomplete": "family-name"}))
    email = NormalizedEmailField(
        label="Adresse e-mail",
        help_text="Format attendu : nom@domaine.fr. Nous y enverrons un lien pour confirmer votre candidature.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    telephone = forms.CharField(
        label="Téléphone",
        required=False,
        max_length=30,
        help_text="Format attendu : 06 12 34 56 78.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    date_naissance = DayField(
        label="Date de naissance",
        help_text="Il faut avoir au moins 16 ans. Format attendu : jour, mois, année.",
    )

    class Meta:
        model = Candidature
        fields = ["prenom", "nom", "email", "telephone", "date_naissance"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["telephone"] = display_phone(self.instance.telephone)
        self.fields["date_naissance"].widget.attrs["autocomplete"] = "bday"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and email == self.instance.representant_email:
            raise ValidationError("Cette adresse est déjà celle de votre représentant légal.", code="representant")
        return email

    def clean_telephone(self) -> str:
        telephone: str = self.cleaned_data["telephone"]
        return normalize_phone(telephone, region=self.instance.phone_region) if telephone else ""

    def clean_date_naissance(self) -> date:
        birth: date = self.cleaned_data["date_naissance"]
        today = self.instance.today
        if birth > today or age_on(birth, today) > AGE_MAXIMUM:
            raise ValidationError("Vérifiez l'année de votre date de naissance.", code="year")
        if sentence := too_young(birth, today):
            raise ValidationError(sentence, code="too_young")
        return birth


class IdentiteEditForm(IdentiteForm):
    """Once the address is proved it stays, and so does being a minor or an adult."""

    class Meta(IdentiteForm.Meta):
        fields = ["prenom", "nom", "telephone", "date_naissance"]

    email = None  # type: ignore[assignment]  # Django's way to leave an inherited field out.

    def clean_date_naissance(self) -> date:
        birth = super().clean_date_naissance()
        minor = age_on(birth, self.instance.today) < MAJORITE
        if minor != self.instance.is_minor:
            raise ValidationError(
                "Ce changement de date de naissance doit être vérifié : écrivez-nous.", code="majority"
            )
        return birth


class RepresentantForm(StepForm):
    representant_prenom = NameField(label="Prénom de votre représentant légal")
    representant_nom = NameField(label="Nom de votre représentant légal")
    representant_email = NormalizedEmailField(
        label="Adresse e-mail de votre représentant légal",
        help_text="Différente de la vôtre. Format attendu : nom@domaine.fr. Nous y demanderons son accord.",
    )

    class Meta:
        model = Candidature
        fields = ["representant_prenom", "representant_nom", "representant_email"]

    def clean_representant_email(self) -> str:
        email: str = self.cleaned_data["representant_email"]
        if email == self.instance.email:
            raise ValidationError("Cette adresse doit être différente de la vôtre.", code="same")
        return email


class LieuForm(StepForm):
    commune = CommuneField(
        label="Votre commune", help_text="Saisissez son nom ou son code postal, par exemple : Nantes ou 44000."
    )
    rayon_km = forms.TypedChoiceField(
        label="Distance maximale entre votre commune et votre lieu de travail",
        choices=[("", "Choisissez une distance"), *RayonKm.choices],
        coerce=int,
        help_text="« France entière » : vous acceptez de déménager, y compris outre-mer.",
    )

    class Meta:
        model = Candidature
        fields = ["commune", "rayon_km"]


class SituationForm(StepForm):
    situations = forms.MultipleChoiceField(
        label="Votre situation",
        help_text="Cochez au moins une case. Aucun diplôme ni aucune expérience ne sont exigés.",
        choices=[
            ("demandeur_emploi", "Je suis à la recherche d'un emploi"),
            ("en_emploi", "Je suis en emploi"),
            ("en_formation", "Je suis en formation"),
            ("diplome_mediation", "J'ai un diplôme de la médiation numérique"),
            ("experience_mediation", "J'ai une expérience de la médiation numérique"),
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins une situation."},
    )
    diplome_nom = NameField(
        label="Nom de votre diplôme",
        required=False,
        help_text="À remplir si vous avez un diplôme de la médiation numérique.",
    )
    titulaire_tp_remn = forms.BooleanField(
        label="Je suis titulaire du titre professionnel « Responsable d'espace de médiation numérique »",
        required=False,
        help_text="Il dispense de la formation initiale. Le justificatif vous sera demandé avant la formation.",
    )

    class Meta:
        model = Candidature
        fields = ["diplome_nom", "titulaire_tp_remn"]

    field_order = ["situations", "diplome_nom", "titulaire_tp_remn"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["situations"] = [name for name in SITUATIONS if getattr(self.instance, name)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        diplome = "diplome_mediation" in data.get("situations", [])
        if diplome and not data.get("diplome_nom") and "diplome_nom" not in self.errors:
            self.add_error("diplome_nom", ValidationError("Indiquez le nom de votre diplôme.", code="required"))
        return data

    def values(self) -> dict[str, Any]:
        values = super().values()
        if "situations" in self.cleaned_data:
            chosen = self.cleaned_data["situations"]
            values |= {name: name in chosen for name in SITUATIONS}
            if "diplome_mediation" not in chosen:
                values["diplome_nom"] = ""
        return values


class DisponibiliteForm(StepForm):
    date_disponibilite = DayField(
        label="Disponible à partir du", help_text="Aujourd'hui ou plus tard. Format attendu : jour, mois, année."
    )
    motivation = TextField(
        label="Votre motivation",
        max_length=MOTIVATION_MAX_LENGTH,
        help_text="Ce qui vous donne envie d'aider les habitants avec le numérique. 2 500 caractères au maximum.",
        widget=forms.Textarea(attrs={"rows": 10, "data-cn-compteur": MOTIVATION_MAX_LENGTH}),
        error_messages={
            "max_length": "Votre texte compte %(show_value)d caractères : 2 500 au maximum.",
            "required": "Écrivez quelques phrases sur votre motivation.",
        },
    )

    class Meta:
        model = Candidature
        fields = ["date_disponibilite", "motivation"]

    def clean_date_disponibilite(self) -> date:
        day: date = self.cleaned_data["date_disponibilite"]
        # A date that has passed since the application was sent may stay: the person is available.
        unchanged = self.instance.status != StatutCandidature.BROUILLON and day == self.instance.date_disponibilite
        if day < self.instance.today and not unchanged:
            raise ValidationError("Cette date est passée : indiquez aujourd'hui ou une date à venir.", code="past")
        if day.year > self.instance.today.year + 5:
            raise ValidationError("Cette date est trop lointaine : vérifiez l'année.", code="far")
        return day


NOTES = [("", "Sans réponse"), (1, "1 sur 5"), (2, "2 sur 5"), (3, "3 sur 5"), (4, "4 sur 5"), (5, "5 sur 5")]


class ExperienceForm(StepForm):
    """All optional. The three first fields are one more experience, added to those already told."""

    poste = NameField(label="Poste ou mission", required=False, help_text="Par exemple : animatrice en médiathèque.")
    employeur = NameField(
        label="Employeur",
        required=False,
        help_text="Une structure le lit seulement après vous avoir marqué son intérêt.",
    )
    mois = forms.IntegerField(label="Durée, en mois", required=False, min_value=1, max_value=MOIS_MAX)
    competences = TextField(
        label="Vos compétences techniques",
        required=False,
        max_length=COMPETENCES_MAX_LENGTH,
        help_text="Logiciels, matériel… 500 caractères au maximum.",
        widget=forms.Textarea(attrs={"rows": 3, "data-cn-compteur": COMPETENCES_MAX_LENGTH}),
        error_messages={"max_length": "Votre texte compte %(show_value)d caractères : 500 au maximum."},
    )
    langues = forms.MultipleChoiceField(
        label="Les langues que vous parlez, en plus du français",
        choices=Langue.choices,
        required=False,
        help_text="Assez pour accueillir quelqu'un.",
        widget=InlineCheckboxSelectMultiple,
    )
    niveau_pix = forms.IntegerField(
        label="Votre score Pix",
        required=False,
        min_value=0,
        max_value=PIX_MAX,
        help_text="Le nombre écrit sur votre profil ou votre certificat Pix, de 0 à 895.",
    )

    class Meta:
        model = Candidature
        fields = ["competences", "langues", "niveau_pix"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for quality in SavoirEtre:
            self.fields[f"note_{quality}"] = forms.TypedChoiceField(
                label=quality.label, choices=NOTES, coerce=int, empty_value=None, required=False
            )
            self.initial[f"note_{quality}"] = self.instance.auto_evaluation.get(quality, "")

    @property
    def notes(self) -> list[forms.BoundField]:
        return [self[f"note_{quality}"] for quality in SavoirEtre]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("employeur") or data.get("mois") or data.get("poste"):
            for name, sentence in {"poste": "Indiquez le poste ou la mission.", "mois": "Indiquez la durée."}.items():
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, ValidationError(sentence, code="required"))
        return data

    def values(self) -> dict[str, Any]:
        notes = {quality: self.cleaned_data.get(f"note_{quality}") for quality in SavoirEtre}
        given = {quality.value: note for quality, note in notes.items() if note is not None}
        values = super().values() | {"auto_evaluation": given}
        if given or self.instance.auto_evaluation:
            values["savoir_etre"] = [quality for quality, note in given.items() if note >= NOTE_POINT_FORT]
        return values

    def experience(self) -> dict[str, Any] | None:
        """Return the experience to add, when one was told and told right."""
        if not (self.cleaned_data.get("poste") and self.cleaned_data.get("mois")):
            return None
        return {name: self.cleaned_data.get(name) or "" for name in ("poste", "employeur", "mois")}


STEP_FORMS: dict[Etape, type[StepForm]] = {
    Etape.IDENTITE: IdentiteForm,
    Etape.REPRESENTANT: RepresentantForm,
    Etape.LIEU: LieuForm,
    Etape.SITUATION: SituationForm,
    Etape.DISPONIBILITE: DisponibiliteForm,
    Etape.EXPERIENCE: ExperienceForm,
}
EDIT_FORMS: dict[Etape, type[StepForm]] = {**STEP_FORMS, Etape.IDENTITE: IdentiteEditForm}


class CvForm(Form):
    """Size and first bytes: enough to answer at once. The rest is examined in quarantine."""

    fichier = forms.FileField(
        label="Votre CV au format PDF",
        help_text="10 Mo et 20 pages au maximum, sans mot de passe.",
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> UploadedFile:
        fichier: UploadedFile = self.cleaned_data["fichier"]
        if (fichier.size or 0) > CV_MAX_SIZE:
            raise ValidationError("Ce fichier dépasse 10 Mo.", code="size")
        if fichier.read(5) != b"%PDF-":
            raise ValidationError(
                "Ce fichier n'est pas un PDF. Enregistrez votre document au format PDF, puis déposez-le.", code="type"
            )
        fichier.seek(0)
        return fichier


class ResumeLinkForm(Form):
    email = NormalizedEmailField(
        label="Adresse e-mail",
        help_text="Celle que vous avez saisie au début de votre candidature. Format attendu : nom@domaine.fr.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class WithdrawForm(Form):
    motif = forms.ChoiceField(
        label="Pourquoi retirez-vous votre candidature ?",
        choices=[("", "Choisissez une raison"), *MOTIFS_PERSONNE],
        error_messages={"required": "Choisissez une raison."},
    )


class AdminWithdrawForm(forms.Form):
    """Support's version, in the admin's own dress: the reason is written in the history."""

    motif = forms.ChoiceField(label="Motif", choices=[("", "Choisissez une raison"), *MOTIFS_PERSONNE])
    reason = TextField(label="Explication, gardée dans l'historique", max_length=255, widget=forms.TextInput)
