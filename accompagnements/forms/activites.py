import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from django import forms
from dsfr.widgets import InlineCheckboxSelectMultiple

from accompagnements import services
from accompagnements.constants import (
    DUREE_MAX,
    DUREE_MIN,
    ETIQUETTES_MAX,
    NOTES_MAX,
    PARTICIPANTS_DEFAULT,
    PARTICIPANTS_MAX,
    PARTICIPANTS_USUAL_MAX,
    THEMES_MAX,
)
from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from accompagnements.models import Accompagnement, Etiquette, LieuActivite, ModeleAtelier
from accompagnements.models.historique import Modifiable
from accompagnements.notes import HEALTH, find_sensitive
from accompagnements.selectors import (
    Famille,
    followed_by,
    lieux_for_entry,
    organismes_for_entry,
    themes_for_entry,
    words_for_entry,
)
from accompagnements.vocabulaires import ORGANISME
from accompagnements.widgets import DateWidget, DureeWidget, ThemesWidget
from common.forms import Form
from contrats.models import Conseiller
from territoires.fields import CommuneField

# The same columns, said of one person.
ONE_PERSON = {
    "personne_genre": {"genre_feminin": "Femme", "genre_masculin": "Homme"},
    "personne_age": AGES,
    "personne_statut": {
        "statut_scolarise": "À l'école ou en études",
        "statut_sans_emploi": "Sans emploi",
        "statut_en_emploi": "En emploi",
        "statut_retraite": "À la retraite",
    },
}
GROUPS = {"genre": GENRES, "age": AGES, "statut": STATUTS}
# Shown, and read, for an atelier only; the others for one person only.
ATELIER_FIELDS = ["participants", "recurrents", "niveau", "titre", "personnes", *GENRES, *AGES, *STATUTS]
PERSONNE_FIELDS = ["deja_venu", "personne", *ONE_PERSON]
# What a new entry takes from the last one, and what a copy takes from its model: the activity, not the people.
HABITS = ["canal", "lieu", "commune", "duree"]
COPIED = ["type", *services.ACTIVITE]
COMPLEMENTS = ["suite", "orientation", "dispositifs", "titre", "niveau", "materiel", "autonomie", "etiquettes", "notes"]

# Free text: field, how the warning about it begins, and how the confirmation names it.
SENSITIVE = [
    ("titre", "Ce titre semble", "ce titre"),
    ("notes", "Vos notes semblent", "ces notes"),
]

# What stands for a kind of orientation when nobody says to whom.
UNNAMED = {kind: f"{label}, sans préciser" for kind, label in Orientation.choices} | {"autre": "Un autre organisme"}

HINTS = {
    TypeAccompagnement.INDIVIDUEL: "Une personne, le temps de progresser",
    TypeAccompagnement.ATELIER: "Plusieurs personnes ensemble",
    TypeAccompagnement.PONCTUEL: "Une personne, un coup de main",
}


@dataclass(frozen=True)
class Confirmation:
    """A box that appears under a field when its value is unusual; it confirms that value and no other."""

    name: str
    value: str
    label: str
    is_checked: bool


class TypeField(forms.ChoiceField):
    template_name = "accompagnements/fields/rich_choices.html"


class InlineChoiceField(forms.ChoiceField):
    template_name = "accompagnements/fields/choices.html"


class CountField(forms.IntegerField):
    template_name = "accompagnements/fields/count.html"


class DureeField(forms.IntegerField):
    template_name = "accompagnements/fields/duree.html"


class ThemesField(forms.TypedMultipleChoiceField):
    template_name = "accompagnements/fields/themes.html"


class NotesField(forms.CharField):
    def to_python(self, value: Any) -> str:
        """Count a line break as one character, as the browser does."""
        return str(super().to_python(value)).replace("\r\n", "\n")


def _choices(label: str, choices: Any, *, required: bool = True, **kwargs: Any) -> forms.ChoiceField:
    return InlineChoiceField(label=label, choices=choices, required=required, widget=forms.RadioSelect, **kwargs)


def _of_one(field: str) -> list[tuple[str, str]]:
    return [*ONE_PERSON[field].items(), ("", "Non communiqué")]


def _optional(label: str, choices: Any, empty: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", empty), *choices], required=False)


def _number(label: str, *, lowest: int = 0, **kwargs: Any) -> CountField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric"})
    return CountField(
        label=label, required=False, min_value=lowest, max_value=PARTICIPANTS_MAX, widget=widget, **kwargs
    )


class AccompagnementForm(Form):
    """One entry, typed on a phone in a few taps. It checks what was typed; recording it is a service."""

    uuid = forms.CharField(widget=forms.HiddenInput, required=False)
    version = forms.CharField(widget=forms.HiddenInput, required=False)
    type = TypeField(
        label="Type d'accompagnement", choices=TypeAccompagnement.choices, widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le type d'accompagnement."},
    )  # fmt: skip
    participants = _number("Participants", lowest=1, error_messages={
        "min_value": "Un atelier compte au moins un participant.",
        "max_value": "Un atelier compte 1 000 participants au plus.",
    })  # fmt: skip
    recurrents = _number("Dont déjà venus")
    duree = DureeField(
        label="Durée", min_value=DUREE_MIN, max_value=DUREE_MAX, widget=DureeWidget,
        error_messages={
            "required": "Indiquez la durée.",
            "invalid": "Indiquez la durée en minutes, par exemple 50.",
            "min_value": "Un accompagnement dure au moins 5 minutes.",
            "max_value": "Un accompagnement dure au plus 480 minutes (8 heures).",
        },
    )  # fmt: skip
    themes = ThemesField(
        label="Thèmes", help_text=f"De 1 à {THEMES_MAX}.", coerce=int, widget=ThemesWidget,
        error_messages={
            "required": "Choisissez au moins un thème.",
            "invalid_choice": "Un des thèmes choisis n'existe pas. Choisissez dans la liste.",
        },
    )  # fmt: skip
    personne_genre = _choices("Genre", _of_one("personne_genre"), required=False)
    personne_age = _choices("Âge", _of_one("personne_age"), required=False)
    personne_statut = _choices("Situation", _of_one("personne_statut"), required=False)
    deja_venu = forms.BooleanField(label="Cette personne était déjà venue", required=False)
    personne = forms.TypedChoiceField(
        label="Personne suivie", coerce=int, empty_value=None, required=False,
        error_messages={"invalid_choice": "Cette personne n'est plus suivie : choisissez à nouveau."},
    )  # fmt: skip
    personnes = forms.TypedMultipleChoiceField(
        label="Personnes suivies venues à l'atelier", coerce=int, required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        error_messages={"invalid_choice": "Une de ces personnes n'est plus suivie : choisissez à nouveau."},
    )  # fmt: skip
    canal = _choices("Où ?", Canal.choices, error_messages={"required": "Indiquez où cela s'est passé."})
    lieu = forms.ModelChoiceField(
        LieuActivite.objects.none(), label="Lieu d'activité", empty_label="Choisir un lieu",
        error_messages={
            "required": "Choisissez le lieu d'activité.",
            "invalid_choice": "Ce lieu d'activité n'est pas l'un des vôtres.",
        },
    )  # fmt: skip
    commune = CommuneField(label="Commune", error_messages={"required": "Indiquez la commune où cela s'est passé."})
    date = forms.DateField(
        label="Date", widget=DateWidget,
        error_messages={"required": "Indiquez la date.", "invalid": "Cette date n'existe pas : vérifiez-la."},
    )  # fmt: skip
    type_public = _choices("Public", TypePublic.choices, required=False)
    materiel = forms.MultipleChoiceField(
        label="Matériel utilisé", choices=Materiel.choices, required=False, widget=InlineCheckboxSelectMultiple,
    )  # fmt: skip
    autonomie = _optional("Autonomie", Autonomie.choices, "Non précisée")
    niveau = _optional("Niveau de l'atelier", NiveauAtelier.choices, "Non précisé")
    titre = forms.CharField(label="Titre de l'atelier", max_length=120, required=False)
    suite = forms.ChoiceField(label="Suite donnée", choices=Suite.choices, required=False)
    orientation = _optional("Orientation vers", Orientation.choices, "Choisir un organisme")
    dispositifs = forms.MultipleChoiceField(
        label="Dispositifs mobilisés", choices=Dispositif.choices, required=False, widget=InlineCheckboxSelectMultiple,
    )  # fmt: skip
    etiquettes = forms.TypedMultipleChoiceField(
        label="Étiquettes", coerce=int, required=False, widget=InlineCheckboxSelectMultiple,
        help_text=f"{ETIQUETTES_MAX} au plus.",
        error_messages={"invalid_choice": "Une de ces étiquettes n'existe plus : choisissez à nouveau."},
    )  # fmt: skip
    notes = NotesField(
        label="Notes", max_length=NOTES_MAX, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="1 000 caractères au plus. N'écrivez ni nom, ni numéro de sécurité sociale, ni donnée de santé.",
        error_messages={"max_length": "Vos notes comptent %(show_value)d caractères : gardez-en 1 000 au plus."},
    )  # fmt: skip
    reason = forms.CharField(
        label="Motif", max_length=300, required=False,
        help_text="Plus de 30 jours ont passé depuis la saisie : votre motif est gardé dans l'historique.",
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        conseiller: Conseiller,
        today: dt.date,
        accompagnement: Accompagnement | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.conseiller = conseiller
        self.accompagnement = accompagnement
        self.values: dict[str, Any] = {}
        self.confirmations: dict[str, Confirmation] = {}
        self._add_counts()
        self.fields["lieu"].queryset = lieux_for_entry(conseiller, accompagnement.lieu_id if accompagnement else None)
        kept = accompagnement.themes if accompagnement else ()
        self.fields["themes"].choices = _grouped(themes_for_entry(conseiller, today, kept))
        self._offer_organismes(today)
        self._offer_links()
        if accompagnement is None or accompagnement.is_free_to_change:
            del self.fields["reason"]

    def _add_counts(self) -> None:
        for columns in GROUPS.values():
            for column, label in columns.items():
                self.fields[column] = _number(label)
        self.order_fields([*self.fields])

    def _offer_organismes(self, today: dt.date) -> None:
        """Under each kind of orientation, the organismes of today, and the one the row has."""
        kept = self.accompagnement.organisme if self.accompagnement else None
        self.organismes = {f"{ORGANISME}{one.pk}": one for one in organismes_for_entry(today, kept)}
        groups: list[tuple[str, Any]] = [("", "Choisir un organisme")]
        for kind, label in Orientation.choices:
            names = [(value, one.nom) for value, one in self.organismes.items() if one.categorie == kind]
            groups.append((label, [*names, (kind, UNNAMED[kind])]))
        self.fields["orientation"].choices = groups

    def _offer_links(self) -> None:
        """Offer the persons this conseiller follows, and the words they may use or the row already has."""
        persons = [(one.pk, ", ".join(filter(None, [str(one), one.age_text]))) for one in followed_by(self.conseiller)]
        self.fields["personne"].choices = [("", "Personne anonyme"), *persons]
        self.fields["personnes"].choices = persons
        self.follows = bool(persons)
        self.fields["etiquettes"].choices = [
            (one.pk, one.nom) for one in words_for_entry(self.conseiller, self.accompagnement)
        ]

    @property
    def has_words(self) -> bool:
        return bool(self.fields["etiquettes"].choices)

    @property
    def has_complements(self) -> bool:
        """Say whether the folded part holds something to see."""
        return any(name in self.errors or self[name].value() for name in COMPLEMENTS)

    @property
    def confirmation_participants(self) -> Confirmation | None:
        return self.confirmations.get("participants")

    @property
    def confirmation_notes(self) -> Confirmation | None:
        return self.confirmations.get("notes")

    @property
    def confirmation_titre(self) -> Confirmation | None:
        return self.confirmations.get("titre")

    @property
    def health_pattern(self) -> str:
        """Return the words the browser warns about while one types: those of the server."""
        return HEALTH.pattern

    @property
    def type_hints(self) -> dict[str, str]:
        return {str(kind): hint for kind, hint in HINTS.items()}

    @property
    def count_groups(self) -> list[tuple[str, str, list[Any]]]:
        """Return what the template prints of the counts: name, legend, bound fields."""
        legends = {"genre": "Genre", "age": "Âge", "statut": "Situation"}
        return [(name, legends[name], [self[column] for column in GROUPS[name]]) for name in GROUPS]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        is_atelier = data.get("type") == TypeAccompagnement.ATELIER
        self._forget_errors(PERSONNE_FIELDS if is_atelier else ATELIER_FIELDS)
        if is_atelier:
            self._check_counts(data)
        self._check_place(data)
        if data.get("suite") == Suite.ORIENTATION and not data.get("orientation"):
            self._add("orientation", "Indiquez vers qui vous avez orienté la personne.")
        if "reason" in self.fields and not data.get("reason"):
            self._add("reason", "Dites pourquoi vous modifiez cet accompagnement.")
        self.values = self._read(data, is_atelier)
        self._check_rules()
        self._ask_confirmations(data, is_atelier)
        return data

    def _add(self, field: str, message: str) -> None:
        if field not in self.errors:
            self.add_error(field, forms.ValidationError(message, code="rule"))

    def _forget_errors(self, names: list[str]) -> None:
        """Forget what was left in fields that this entry does not show."""
        for name in names:
            self.errors.pop(name, None)

    def _check_counts(self, data: Mapping[str, Any]) -> None:
        if "participants" in self.errors:
            return
        participants = data.get("participants")
        if participants is None:
            self._add("participants", "Indiquez le nombre de participants.")
            return
        if (data.get("recurrents") or 0) > participants:
            self._add("recurrents", "Il ne peut pas y avoir plus de personnes déjà venues que de participants.")
        for columns in GROUPS.values():
            total = sum(data.get(column) or 0 for column in columns)
            if total > participants:
                self._add(
                    next(iter(columns)),
                    f"Le total est de {total} pour {participants} participants : retirez-en {total - participants}.",
                )

    def _check_place(self, data: Mapping[str, Any]) -> None:
        """Ask for the place or for the commune, as the page does."""
        canal = data.get("canal")
        if canal != Canal.LIEU_ACTIVITE:
            self._forget_errors(["lieu"])
        if canal in {None, Canal.LIEU_ACTIVITE}:
            self._forget_errors(["commune"])

    def _read(self, data: Mapping[str, Any], is_atelier: bool) -> dict[str, Any]:
        """Return the columns of the row; for one person, each answer is a count of one."""
        names = [*services.FIELDS]
        values = {name: data[name] for name in names if name in data and name not in services.COUNTS}
        counted = [column for column in services.COUNTS if is_atelier and data.get(column)]
        answered = [data[field] for field in ONE_PERSON if not is_atelier and data.get(field)]
        values["organisme"] = self.organismes.get(values.get("orientation", ""))
        values |= {column: data[column] if is_atelier else 1 for column in counted + answered}
        values |= {column: 0 for column in services.COUNTS if column not in values}
        values["recurrents"] = (data.get("recurrents") or 0) if is_atelier else int(bool(data.get("deja_venu")))
        values["type_public"] = data.get("type_public") or TypePublic.HABITANTS
        one = data.get("personne")
        values["beneficiaires"] = data.get("personnes", []) if is_atelier else [one] if one else []
        values["etiquettes"] = data.get("etiquettes", [])
        return values

    def _check_rules(self) -> None:
        if self.errors:
            return
        row = Accompagnement(pk=self.accompagnement.pk if self.accompagnement else None, conseiller=self.conseiller)
        services.fill(row, self.values)
        for error in chain(services.rule_errors(row), services.link_errors(row, self.values)):
            self.add_rule_error(error)

    def _ask_confirmations(self, data: Mapping[str, Any], is_atelier: bool) -> None:
        participants = data.get("participants") or 0
        if is_atelier and participants > PARTICIPANTS_USUAL_MAX:
            message = f"{participants} participants, est-ce bien le nombre ? Corrigez-le, ou confirmez-le ci-dessous."
            self._confirm("participants", str(participants), f"Oui, {participants} participants", message)
        for field, subject, what in SENSITIVE:
            text = data.get(field) or "" if is_atelier or field == "notes" else ""
            unchanged = self.accompagnement is not None and getattr(self.accompagnement, field) == text
            if not unchanged and (found := find_sensitive(text)):
                message = f"{subject} contenir {' et '.join(found)}. Retirez-le, ou confirmez ci-dessous."
                digest = hashlib.sha256(text.encode()).hexdigest()[:16]
                label = f"Ce n'est pas une donnée personnelle : enregistrer {what}"
                self._confirm(field, digest, label, message)

    def _confirm(self, field: str, value: str, label: str, message: str) -> None:
        name = f"confirmer_{field}"
        is_checked = self.data.get(name) == value
        self.confirmations[field] = Confirmation(name, value, label, is_checked)
        if not is_checked:
            self._add(field, message)

    @property
    def typed_uuid(self) -> UUID:
        """Return the identifier the browser was given. A damaged one only loses the protection against a retry."""
        try:
            return UUID(self.cleaned_data["uuid"])
        except ValueError:
            return uuid4()


def _grouped(familles: list[Famille]) -> list[tuple[str, list[tuple[int, str]]]]:
    return [(famille.nom, [(theme.pk, theme.nom) for theme in famille.themes]) for famille in familles]


def initial_for_new(
    conseiller: Conseiller, today: dt.date, *, kind: str = "", lieu: str = "", personne: str = ""
) -> dict[str, Any]:
    """Return the values of a new entry: those of the last one for the place and the duration."""
    last = conseiller.accompagnements.select_related("lieu", "commune").order_by("-pk").first()
    lieux = conseiller.lieux.order_by("-pk")
    initial: dict[str, Any] = {
        "duree": 30,
        "commune": conseiller.contrat.structure.commune,
        "canal": Canal.LIEU_ACTIVITE,
    }
    if last is not None:
        initial |= {name: getattr(last, name) for name in HABITS}
    if lieu.isdecimal() and (added := lieux.filter(pk=lieu[:18]).first()):
        initial |= {"lieu": added, "canal": Canal.LIEU_ACTIVITE}
    elif not initial.get("lieu"):
        initial["lieu"] = lieux.first()
    if personne.isdecimal() and (one := conseiller.beneficiaires.filter(pk=personne[:18]).first()):
        kind = kind or TypeAccompagnement.INDIVIDUEL
        initial |= {"personne": one.pk, "personnes": [one.pk]}
    return _fresh(today) | initial | {"type": kind if kind in TypeAccompagnement.values else None}


def initial_for_copy(model: Accompagnement, today: dt.date) -> dict[str, Any]:
    """Begin from another entry. Of the people, only the one person who is followed: an atelier is attended anew."""
    initial = _fresh(today) | {name: getattr(model, name) for name in COPIED} | {"etiquettes": _words(model)}
    if model.type != TypeAccompagnement.ATELIER and (persons := _persons(model)):
        initial |= {"personne": persons[0], "deja_venu": True}
    return initial


def _persons(accompagnement: Accompagnement) -> list[int]:
    return list(accompagnement.beneficiaires.order_by("cle", "pk").values_list("pk", flat=True))


def _words(accompagnement: Accompagnement) -> list[int]:
    return list(accompagnement.etiquettes.values_list("pk", flat=True))


def initial_for_modele(modele: ModeleAtelier, conseiller: Conseiller, today: dt.date) -> dict[str, Any]:
    """Begin from a model, with those of its words this person may still use."""
    kept = {name: getattr(modele, name) for name in services.ACTIVITE}
    words = Etiquette.objects.usable_by(conseiller).filter(modeles=modele).values_list("pk", flat=True)
    return _fresh(today) | kept | {"type": TypeAccompagnement.ATELIER, "etiquettes": list(words)}


def _fresh(today: dt.date) -> dict[str, Any]:
    return {
        "date": today,
        "uuid": str(uuid4()),
        "participants": PARTICIPANTS_DEFAULT,
        "type_public": TypePublic.HABITANTS,
    }


def initial_for_change(accompagnement: Accompagnement) -> dict[str, Any]:
    initial: dict[str, Any] = {name: getattr(accompagnement, name) for name in services.FIELDS}
    for field, columns in ONE_PERSON.items():
        initial[field] = next((column for column in columns if getattr(accompagnement, column)), "")
    for column in services.COUNTS:
        initial[column] = initial[column] or None
    if accompagnement.organisme_id:
        initial["orientation"] = f"{ORGANISME}{accompagnement.organisme_id}"
    persons = _persons(accompagnement)
    initial |= {"personne": next(iter(persons), None), "personnes": persons, "etiquettes": _words(accompagnement)}
    return initial | {"version": accompagnement.version, "deja_venu": bool(accompagnement.recurrents)}


class DeleteForm(Form):
    reason = forms.CharField(
        label="Motif", max_length=300, help_text="Il est gardé dans l'historique avec ce qui est supprimé.",
        error_messages={"required": "Dites pourquoi vous supprimez cet accompagnement."},
    )  # fmt: skip

    def __init__(self, *args: Any, accompagnement: Modifiable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not accompagnement.is_free_to_change
