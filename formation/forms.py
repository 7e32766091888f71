from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from dsfr.widgets import InlineRadioSelect

from common.forms import Form, ModelForm
from comptes.models import Role
from formation.constants import (
    PDF_TAILLE_MAX,
    PIX_MAX,
    SESSION_AVANCE_MAX_JOURS,
    SESSION_DUREE_MAX_JOURS,
    SESSION_RETARD_MAX_JOURS,
)
from formation.enums import TECHNIQUES, Competence, Niveau, Resultat, StatutSession
from formation.models import DossierFormation, Inscription, Organisme, ReferentielParcours, SessionFormation
from formation.selectors import canonical_reference
from formation.services import Bilan
from territoires.fields import CommuneField


class DateInput(forms.DateInput):
    """The browser's own date field, which wants ISO dates."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class GrilleForm(Form):
    """The interview: eight competences, technical and relational, on four levels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for competence in Competence:
            self.fields[competence.value] = forms.TypedChoiceField(
                label=competence.label,
                help_text="Compétence technique" if competence in TECHNIQUES else "Compétence relationnelle",
                choices=Niveau.choices,
                coerce=lambda value: Niveau(int(value)),
                widget=self.grid_widget(),
                error_messages={"required": "Choisissez un niveau."},
            )

    def grid_widget(self) -> forms.Widget:
        return InlineRadioSelect()

    @property
    def grille(self) -> dict[Competence, Niveau]:
        return {competence: self.cleaned_data[competence.value] for competence in Competence}


class DecisionForm(GrilleForm):
    """The decision, with the grid carried along: nothing is kept before both are sent."""

    def __init__(self, *args: Any, parcours: Iterable[ReferentielParcours], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decide"] = forms.ModelChoiceField(
            label="Parcours décidé",
            queryset=ReferentielParcours.objects.filter(pk__in=[one.pk for one in parcours]),
            empty_label=None,
            error_messages={"required": "Choisissez un parcours."},
        )
        self.fields["motif"] = forms.CharField(
            label="Motif",
            help_text="Nécessaire si le parcours décidé n'est pas celui recommandé. 1 000 caractères au maximum.",
            max_length=1000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 4}),
        )

    def grid_widget(self) -> forms.Widget:
        return forms.HiddenInput()


class OrganismeForm(Form):
    organisme = forms.ModelChoiceField(
        label="Organisme de formation", queryset=Organisme.objects.select_related("commune")
    )


class ExemptionForm(Form):
    """The title that exempts, as read on the original document."""

    numero = forms.CharField(
        label="Numéro du titre professionnel", help_text="Tel qu'imprimé sur le parchemin.", max_length=60
    )
    date_obtention = forms.DateField(label="Date d'obtention", widget=DateInput())
    verifie = forms.BooleanField(
        label="J'ai vu l'original du titre professionnel Responsable d'espace de médiation numérique",
        error_messages={"required": "Confirmez que vous avez vu l'original."},
    )

    def clean_date_obtention(self) -> date:
        day: date = self.cleaned_data["date_obtention"]
        if day > timezone.localdate():
            raise forms.ValidationError("Cette date est dans le futur.", code="future")
        return day


class SessionChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        free = obj.capacite - obj.places_taken
        place = obj.commune.nom if obj.commune else "à distance"
        places = "1 place libre" if free == 1 else f"{free} places libres"
        return f"Du {obj.date_debut:%d/%m/%Y} au {obj.date_fin:%d/%m/%Y}, {place} ({places})"


class InscriptionForm(Form):
    session = SessionChoiceField(
        label="Session",
        queryset=SessionFormation.objects.none(),
        error_messages={"invalid_choice": "Cette session n'est plus ouverte ou est complète. Choisissez-en une autre."},
    )

    def __init__(self, *args: Any, dossier: DossierFormation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sessions = SessionFormation.objects.filter(
            status=StatutSession.OUVERTE, organisme=dossier.organisme, parcours=dossier.parcours
        )
        field: Any = self.fields["session"]
        field.queryset = sessions.with_free_places().select_related("commune").order_by("date_debut", "pk")


class MotifForm(Form):
    """Why: kept in the history, and told to the person when they are concerned."""

    motif = forms.CharField(label="Motif", max_length=250, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, help_text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self["motif"].help_text = help_text


class SessionForm(ModelForm):
    commune = CommuneField(
        label="Commune", help_text="Nom ou code postal. Laissez vide si la session est à distance.", required=False
    )
    date_fin = forms.DateField(
        label="Dernier jour",
        help_text="Laissez vide pour retenir la date calculée : 28 heures de cours par semaine, jours fériés exclus.",
        widget=DateInput(),
        required=False,
    )

    class Meta:
        model = SessionFormation
        fields = ["organisme", "parcours", "commune", "lieu", "date_debut", "jour_structure", "date_fin", "capacite"]
        widgets = {"date_debut": DateInput()}
        help_texts = {
            "lieu": "Imprimé sur la convocation.",
            "jour_structure": "Le jour de la semaine passé dans la structure d'accueil, chaque semaine.",
        }

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisme: Any = self.fields["organisme"]
        organisme.queryset = Organisme.objects.of_role(role)
        organisme.empty_label = None
        self.fields["lieu"].required = True
        if self.instance.pk:
            self.fields["organisme"].disabled = True
        if self.instance.status == StatutSession.EN_COURS:
            for name in ("parcours", "commune", "date_debut", "jour_structure", "capacite"):
                del self.fields[name]

    def clean_date_debut(self) -> date:
        day: date = self.cleaned_data["date_debut"]
        today = timezone.localdate()
        if day == self.instance.date_debut:
            return day
        if day < today - timedelta(days=SESSION_RETARD_MAX_JOURS):
            raise forms.ValidationError("Une session s'enregistre dans l'année qui suit son début.", code="past")
        if day > today + timedelta(days=SESSION_AVANCE_MAX_JOURS):
            raise forms.ValidationError("Une session se prévoit deux ans à l'avance au plus.", code="far")
        return day

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        parcours, fin = data.get("parcours"), data.get("date_fin")
        debut = data.get("date_debut", self.instance.date_debut)
        if debut and fin and fin <= debut:
            self.add_error(
                "date_fin", forms.ValidationError("La fin de la session doit suivre son début.", code="order")
            )
        elif debut and fin and fin > debut + timedelta(days=SESSION_DUREE_MAX_JOURS):
            self.add_error("date_fin", forms.ValidationError("Une session dure un an au plus.", code="long"))
        valid = ReferentielParcours.objects.valid_on(debut) if debut else None
        if parcours and valid is not None and parcours not in valid:
            self.add_error(
                "parcours", forms.ValidationError("Ce parcours n'est pas ouvert à cette date.", code="closed")
            )
        return data


class BilanForm(Form):
    """The result of one person. Several stand on one page: the page writes the summary of errors."""

    template_name = "formation/forms/fields.html"

    heures = forms.IntegerField(label="Heures réalisées", error_messages={"required": "Indiquez les heures réalisées."})
    ccp1 = forms.ChoiceField(label="CCP1 du titre professionnel", choices=Resultat.choices)
    pix = forms.ChoiceField(label="Certification Pix", choices=Resultat.choices)
    pix_score = forms.IntegerField(
        label="Score Pix",
        help_text=f"De 1 à {PIX_MAX}, si la certification est obtenue.",
        required=False,
        validators=[
            MinValueValidator(1, message=f"Un score Pix va de 1 à {PIX_MAX}."),
            MaxValueValidator(PIX_MAX, message=f"Un score Pix va de 1 à {PIX_MAX}."),
        ],
    )

    def __init__(self, *args: Any, inscription: Inscription, heures_max: int, **kwargs: Any) -> None:
        kwargs.setdefault("prefix", f"i{inscription.pk}")
        super().__init__(*args, **kwargs)
        self.inscription = inscription
        self.heures_max = heures_max
        self["heures"].help_text = f"De 1 à {heures_max}, la durée du parcours."

    @property
    def personne(self) -> str:
        return self.inscription.dossier.conseiller.compte.get_full_name()

    def clean_heures(self) -> int:
        heures: int = self.cleaned_data["heures"]
        if not 1 <= heures <= self.heures_max:
            raise forms.ValidationError(
                "Indiquez de 1 à %(max)s heures, la durée du parcours.", code="range", params={"max": self.heures_max}
            )
        return heures

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "pix" not in data:
            return data
        obtained = data["pix"] == Resultat.OBTENU
        if obtained and data.get("pix_score") is None and "pix_score" not in self.errors:
            self.add_error("pix_score", forms.ValidationError("Indiquez le score obtenu.", code="required"))
        if not obtained and data.get("pix_score") is not None:
            self.add_error(
                "pix_score",
                forms.ValidationError(
                    "Un score suppose une certification obtenue : corrigez l'un des deux.", code="score"
                ),
            )
        return data

    @property
    def bilan(self) -> Bilan:
        data = self.cleaned_data
        return Bilan(data["heures"], Resultat(data["ccp1"]), Resultat(data["pix"]), data["pix_score"])


class ReferenceForm(Form):
    """What one reads on the paper: the number, or the code under the QR code."""

    reference = forms.CharField(
        label="Numéro ou code de l'attestation",
        help_text="Par exemple ATT-2026-000123, ou les 24 caractères imprimés sous le QR code.",
        max_length=60,
    )

    def clean_reference(self) -> str:
        reference = canonical_reference(self.cleaned_data["reference"])
        if reference is None:
            raise forms.ValidationError(
                "Ce n'est ni un numéro ni un code d'attestation. Recopiez-le tel qu'il est imprimé.", code="format"
            )
        return reference


class FichierForm(Form):
    fichier = forms.FileField(
        label="Fichier PDF de l'attestation",
        help_text="5 Mo au maximum. Le fichier est comparé puis oublié.",
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> Any:
        fichier = self.cleaned_data["fichier"]
        if fichier.size > PDF_TAILLE_MAX:
            raise forms.ValidationError("Ce fichier dépasse 5 Mo : ce n'est pas une attestation.", code="size")
        if fichier.read(5) != b"%PDF-":
            raise forms.ValidationError("Ce fichier n'est pas un PDF.", code="type")
        fichier.seek(0)
        return fichier
