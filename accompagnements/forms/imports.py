from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from accompagnements.constants import DUREE_MAX, DUREE_MIN, IMPORT_MAX_SIZE, MOTS_MAX
from accompagnements.lecture import ELSEWHERE
from accompagnements.models import ImportActivite, Organisme, Theme
from accompagnements.vocabulaires import CHAMPS, CHOIX, CONNUS, IGNORE, ORGANISME, REQUIRED, SEVERAL, fold
from common.forms import Form
from territoires.fields import CommuneField
from territoires.models import Commune

LEAVE = [(IGNORE, "Ne pas importer")]


class ImportForm(Form):
    """Size only: what the file is, is found in quarantine."""

    fichier = forms.FileField(
        label="Votre fichier XLSX ou CSV",
        help_text="40 Mo et 100 000 lignes au maximum, sans mot de passe. La première ligne nomme les colonnes.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> UploadedFile:
        fichier: UploadedFile = self.cleaned_data["fichier"]
        if (fichier.size or 0) > IMPORT_MAX_SIZE:
            message = "Ce fichier dépasse 40 Mo. Enregistrez-le au format XLSX, plus léger, ou découpez-le."
            raise ValidationError(message, code="size")
        return fichier


class ColonnesForm(Form):
    """What each column of the file holds. A column recognised by its name offers that, unless all is asked for."""

    def __init__(self, *args: Any, importation: ImportActivite, proposed: Mapping[str, str], full: bool) -> None:
        super().__init__(*args)
        self.importation = importation
        self.ranks = {f"colonne_{rank}": str(rank) for rank in range(len(importation.entetes))}
        every = [*LEAVE, *CHAMPS.items()]
        for name, rank in self.ranks.items():
            known = proposed.get(rank, IGNORE)
            initial = importation.colonnes.get(rank, known)
            is_plain = not full and known and initial in {known, IGNORE}
            column = int(rank)
            examples = [row[column] for row in importation.exemples if column < len(row) and row[column]]
            self.fields[name] = forms.ChoiceField(
                label=f"« {importation.entetes[column][:80] or f'Colonne {column + 1}'} »",
                help_text=f"Par exemple : {' · '.join(text[:40] for text in examples[:3])}" if examples else "",
                choices=[*LEAVE, (known, CHAMPS[known])] if is_plain else every,
                initial=initial,
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        taken: dict[str, str] = {}
        for name in self.ranks:
            field = data.get(name) or IGNORE
            if field and field not in SEVERAL and field in taken:
                message = f"« {CHAMPS[field]} » est déjà pris par une autre colonne."
                self.add_error(name, ValidationError(message, code="twice"))
            taken[field] = name
        missing = [CHAMPS[field] for field in REQUIRED if field not in taken]
        if not {"canal", "lieu"} & set(taken):
            missing.append(f"{CHAMPS['canal']} ou {CHAMPS['lieu']}")
        if missing and not self.errors:
            message = f"Aucune colonne ne donne : {', '.join(missing)}. Dites laquelle."
            self.add_error(None, ValidationError(message, code="missing"))
        return data

    @property
    def colonnes(self) -> dict[str, str]:
        return {rank: self.cleaned_data[name] for name, rank in self.ranks.items() if self.cleaned_data.get(name)}


class MotsForm(Form):
    """Words nobody explained yet, each asked about once. Left without an answer, a word is an error in its rows."""

    def __init__(self, *args: Any, importation: ImportActivite) -> None:
        super().__init__(*args)
        self.importation = importation
        self.asked: dict[str, tuple[str, str]] = {}
        for name, words in importation.bilan.get("inconnus", []):
            for word in words:
                if len(self.asked) < MOTS_MAX:
                    key = f"mot_{len(self.asked)}"
                    self.asked[key] = (name, word)
                    self.fields[key] = self._field(name, word)

    def _field(self, name: str, word: str) -> forms.Field:
        proposed = CONNUS.get(name, {}).get(fold(word), "")
        if name == "duree":
            return forms.IntegerField(
                label=f"Durée « {word} », en minutes", initial=proposed, required=False,
                min_value=DUREE_MIN, max_value=DUREE_MAX,
                help_text="Le fichier donne une tranche : dites combien de minutes compter. La tranche est gardée."
                if proposed else "",
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
        if name == "commune":
            commune = self.importation.conseiller.contrat.structure.commune
            return CommuneField(
                label="Commune des lignes qui n'en donnent pas", initial=commune, required=True,
                error_messages={"required": "Indiquez la commune."},
            )  # fmt: skip
        label = f"{CHAMPS[name]} : « {word} »"
        if name == "lieu":
            label = f"Lieu « {word} »" if word else "Lieu d'activité des lignes qui n'en nomment pas"
        return forms.ChoiceField(
            label=label, choices=[("", "Je ne sais pas"), *self._choices(name)], initial=proposed, required=False
        )

    def _choices(self, name: str) -> list[tuple[str, str]]:
        if name == "themes":
            return [(str(theme.pk), theme.nom) for theme in Theme.objects.all()]
        if name == "lieu":
            mine = self.importation.conseiller.lieux.order_by("nom", "pk")
            return [*((str(lieu.pk), lieu.nom) for lieu in mine), (ELSEWHERE, "Un autre lieu, pas l'un des miens")]
        if name in {"orientation", "organisme"}:
            organismes = [(f"{ORGANISME}{one.pk}", one.nom) for one in Organisme.objects.all()]
            return [*CHOIX.get(name, []), *organismes]
        return CHOIX[name]

    @property
    def mots(self) -> dict[str, dict[str, str]]:
        """Return what was said: field → word → value."""
        told: dict[str, dict[str, str]] = {}
        for name, word, value in self._answers():
            told.setdefault(name, {})[fold(word)] = value
        return told

    def _answers(self) -> Iterator[tuple[str, str, str]]:
        for key, (name, word) in self.asked.items():
            value = self.cleaned_data.get(key)
            yield name, word, value.pk if isinstance(value, Commune) else str(value or "")


class ConfirmForm(Form):
    """The last word before writing. What the entry form would ask about is asked once for the whole file."""

    confirmer = forms.BooleanField(
        label="J'ai vérifié ces lignes : elles sont exactes et ne contiennent pas de donnée personnelle",
        error_messages={"required": "Vérifiez ces lignes, puis cochez cette case."},
    )

    def __init__(self, *args: Any, importation: ImportActivite) -> None:
        super().__init__(*args)
        if not importation.bilan.get("avertissements"):
            del self.fields["confirmer"]
