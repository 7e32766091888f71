import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accompagnements.constants import LIEU_EXTENT_KM, RECHERCHE_KM
from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.horaires import (
    EXEMPLE,
    HORAIRES_MAX,
    JOURS,
    Creneau,
    Semaine,
    hour_text,
    read_week,
    spans,
    validate_horaires,
)
from accompagnements.models import LieuActivite
from accompagnements.widgets import DateWidget
from common.forms import Form, VersionedForm
from common.phones import display_phone, normalize_phone
from structures.validators import compact, validate_siret
from territoires.distance import distance_km
from territoires.fields import CommuneField
from territoires.models import Commune


def _clean_siret(text: str) -> str:
    number = compact(text)
    if number:
        validate_siret(number)
    return number


class LieuForm(Form):
    """What makes a place known: enough to begin with, the rest can wait."""

    nom = forms.CharField(label="Nom du lieu", max_length=200, help_text="Par exemple : Médiathèque Floresca-Guépin.")
    adresse = forms.CharField(label="Adresse", max_length=250, help_text="Numéro et rue.")
    commune = CommuneField(label="Commune")
    siret = forms.CharField(
        label="SIRET du lieu", required=False, max_length=30,
        help_text="14 chiffres. Il évite les doublons et fait reconnaître le lieu sur les cartes.",
    )  # fmt: skip
    acces = forms.ChoiceField(
        label="Accès", choices=AccesLieu.choices, initial=AccesLieu.LIBRE, widget=forms.RadioSelect,
        help_text="Un lieu privé n'est ni montré au public ni publié.",
    )  # fmt: skip

    def clean_siret(self) -> str:
        return _clean_siret(self.cleaned_data["siret"])


class DistinctForm(Form):
    """Places that look like the one being added are shown: it is another one."""

    distinct = forms.BooleanField(label="Aucun de ces lieux n'est le mien : en ajouter un nouveau")


class _Point:
    latitude: float
    longitude: float


def _degrees(label: str, most: int, example: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, required=False, min_value=-most, max_value=most, help_text=f"Par exemple : {example}.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), localize=True,
        error_messages={"invalid": f"Écrivez un nombre décimal, par exemple {example}."},
    )  # fmt: skip


def _several(label: str, choices: Any, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


class LieuDetailsForm(VersionedForm):
    """All that is published of a place but its hours. Two people may share it: what the other saved is shown."""

    nom = forms.CharField(label="Nom du lieu", max_length=200)
    adresse = forms.CharField(label="Adresse", max_length=250, help_text="Numéro et rue.")
    complement_adresse = forms.CharField(
        label="Complément d'adresse", max_length=250, required=False, help_text="Bâtiment, étage, lieu-dit."
    )
    commune = CommuneField(label="Commune")
    code_postal = forms.CharField(
        label="Code postal", max_length=5, required=False, help_text="Vide : le premier de la commune."
    )
    latitude = _degrees("Latitude", 90, "47.2186")
    longitude = _degrees("Longitude", 180, "-1.5541")
    siret = forms.CharField(label="SIRET du lieu", required=False, max_length=30, help_text="14 chiffres.")
    acces = forms.ChoiceField(
        label="Accès", choices=AccesLieu.choices, widget=forms.RadioSelect,
        help_text="Un lieu privé n'est ni montré au public ni publié.",
    )  # fmt: skip
    itinerant = forms.BooleanField(
        label="Ce lieu se déplace (bus, camion, permanence tournante)", required=False,
        help_text="Vous indiquerez ses passages, commune par commune.",
    )  # fmt: skip
    services = _several(
        "Services proposés", ServiceLieu.choices, "Il en faut au moins un pour paraître sur la cartographie nationale."
    )
    modalites = _several("Modalités d'accompagnement", ModaliteLieu.choices)
    publics = _several(
        "Publics spécifiquement adressés", PublicLieu.choices, "Aucun : le lieu accueille tout le monde."
    )
    prises_en_charge = _several("Prises en charge spécifiques", PriseEnCharge.choices)
    presentation = forms.CharField(
        label="Présentation", max_length=280, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="En deux ou trois phrases : 280 caractères au plus.",
    )  # fmt: skip
    telephone = forms.CharField(label="Téléphone du lieu", max_length=30, required=False)
    courriel = forms.EmailField(
        label="Adresse e-mail du lieu", required=False, help_text="Une adresse du lieu, pas d'une personne."
    )
    site_web = forms.URLField(label="Site web", required=False, assume_scheme="https")
    prise_rdv = forms.URLField(label="Prise de rendez-vous en ligne", required=False, assume_scheme="https")
    fiche_acces_libre = forms.URLField(
        label="Fiche Accès libre", required=False, assume_scheme="https",
        help_text="L'adresse de la page du lieu sur acceslibre.beta.gouv.fr.",
    )  # fmt: skip

    def clean_siret(self) -> str:
        return _clean_siret(self.cleaned_data["siret"])

    def clean_fiche_acces_libre(self) -> str:
        url: str = self.cleaned_data["fiche_acces_libre"]
        if url and not url.startswith("https://acceslibre.beta.gouv.fr/"):
            raise ValidationError("Cette adresse commence par https://acceslibre.beta.gouv.fr/.", code="acceslibre")
        return url

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        commune = data.get("commune")
        if commune is not None:
            self._check_postcode(commune, data)
            self._check_point(commune, data)
            self._check_phone(commune, data)
        return data

    def _check_postcode(self, commune: Commune, data: dict[str, Any]) -> None:
        code = data.get("code_postal")
        if code and code not in commune.codes_postaux:
            known = ", ".join(commune.codes_postaux[:10])
            self.add_error(
                "code_postal", ValidationError(f"{commune.nom} a pour code postal : {known}.", code="postcode")
            )

    def _check_point(self, commune: Commune, data: dict[str, Any]) -> None:
        if "latitude" in self.errors or "longitude" in self.errors:
            return
        latitude, longitude = data["latitude"], data["longitude"]
        if (latitude is None) != (longitude is None):
            missing = "latitude" if latitude is None else "longitude"
            self.add_error(missing, ValidationError("Indiquez les deux coordonnées, ou aucune.", code="incomplete"))
        elif latitude is not None:
            point = _Point()
            point.latitude, point.longitude = latitude, longitude
            km = distance_km(commune, point)
            if km > LIEU_EXTENT_KM:
                self.add_error(
                    "latitude",
                    ValidationError(
                        f"Ce point est à {km:.0f} km de {commune.nom} : latitude et longitude sont-elles inversées ?",
                        code="far",
                    ),
                )

    def _check_phone(self, commune: Commune, data: dict[str, Any]) -> None:
        if data.get("telephone"):
            try:
                data["telephone"] = normalize_phone(data["telephone"], region=commune.phone_region)
            except ValidationError as error:
                self.add_error("telephone", error)


DETAILS = [name for name in LieuDetailsForm.base_fields if name != "version"]


def initial_details(lieu: LieuActivite) -> dict[str, Any]:
    return {name: getattr(lieu, name) for name in DETAILS} | {"telephone": display_phone(lieu.telephone)}


# --- Hours ----------------------------------------------------------------------------------------------------

BORNES = ("matin_de", "matin_a", "apres_midi_de", "apres_midi_a")
BORNES_LABELS = {
    "matin_de": "matin, de", "matin_a": "matin, à", "apres_midi_de": "après-midi, de", "apres_midi_a": "après-midi, à"
}  # fmt: skip


class HeureField(forms.TimeField):
    """An hour, typed in a browser's own control or as people write it: 9h, 9h30, 9:30."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label, required=False, input_formats=["%H:%M", "%H:%M:%S", "%Hh%M", "%Hh", "%H h %M", "%H h", "%H"],
            widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "fr-input cn-heure"}),
            error_messages={"invalid": "Écrivez une heure, par exemple 9:30."},
        )  # fmt: skip


def read_half_days(values: dict[str, dt.time | None]) -> list[Creneau]:
    """Return the periods of a day typed as half-days. Without a break: from the morning, to the afternoon.

    Raises ValidationError.
    """
    matin_de, matin_a, apres_midi_de, apres_midi_a = (values.get(name) for name in BORNES)
    if matin_de and apres_midi_a and not matin_a and not apres_midi_de:
        creneaux = [(matin_de, apres_midi_a)]
    else:
        creneaux = []
        for debut, fin in ((matin_de, matin_a), (apres_midi_de, apres_midi_a)):
            if (debut is None) != (fin is None):
                raise ValidationError("Indiquez l'heure de début et l'heure de fin.", code="incomplete")
            if debut and fin:
                creneaux.append((debut, fin))
    times = [hour for creneau in creneaux for hour in creneau]
    for before, after in pairwise(times):
        if after <= before:
            raise ValidationError(
                "%(after)s vient après %(before)s : vérifiez l'ordre des heures.",
                code="order",
                params={"before": hour_text(before), "after": hour_text(after)},
            )
    return creneaux


def half_days(creneaux: tuple[Creneau, ...]) -> dict[str, dt.time]:
    """Return the periods of a day as the form by half-days shows them."""
    if len(creneaux) == 2:
        times = [hour for creneau in creneaux for hour in creneau]
        return dict(zip(BORNES, times, strict=True))
    if not creneaux:
        return {}
    [(debut, fin)] = creneaux
    if debut >= dt.time(12):
        return {"apres_midi_de": debut, "apres_midi_a": fin}
    return {"matin_de": debut, "matin_a" if fin <= dt.time(14) else "apres_midi_a": fin}


class HorairesForm(VersionedForm):
    """Hours by half-days, or in OSM syntax for those who know it and for what half-days cannot say."""

    PAR_JOUR, SYNTAXE = "par_jour", "syntaxe"

    mode = forms.ChoiceField(
        label="Comment les indiquer ?", widget=forms.RadioSelect,
        choices=[(PAR_JOUR, "Jour par jour"), (SYNTAXE, "En syntaxe OSM opening_hours")],
    )  # fmt: skip
    ferme_feries = forms.BooleanField(label="Fermé les jours fériés", required=False)
    syntaxe = forms.CharField(
        label="Syntaxe OSM", max_length=HORAIRES_MAX, required=False, help_text=f"Par exemple : {EXEMPLE}"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for jour in JOURS:
            for borne, label in BORNES_LABELS.items():
                self.fields[f"{jour}_{borne}"] = HeureField(f"{jour.capitalize()} {label}")

    @property
    def days(self) -> Iterator[tuple[str, list[Any]]]:
        """Yield the rows of the table: a day and its four hours."""
        for jour in JOURS:
            yield jour.capitalize(), [self[f"{jour}_{borne}"] for borne in BORNES]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("mode") == self.SYNTAXE:
            data["horaires"] = self._clean_syntax(data)
        elif data.get("mode") == self.PAR_JOUR:
            data["horaires"] = self._clean_days(data)
        return data

    def _clean_syntax(self, data: dict[str, Any]) -> str:
        text: str = data.get("syntaxe", "")
        if text:
            try:
                validate_horaires(text)
            except ValidationError as error:
                self.add_error("syntaxe", error)
        return text

    def _clean_days(self, data: dict[str, Any]) -> str:
        jours = []
        for jour in JOURS:
            values = {borne: data.get(f"{jour}_{borne}") for borne in BORNES}
            try:
                wrong = any(f"{jour}_{borne}" in self.errors for borne in BORNES)
                jours.append(() if wrong else tuple(read_half_days(values)))
            except ValidationError as error:
                empty = [borne for borne in BORNES if values[borne] is None]
                self.add_error(f"{jour}_{(empty or BORNES)[0]}", error)
        if self.errors:
            return ""
        return Semaine(tuple(jours), data["ferme_feries"]).syntax()


def initial_horaires(lieu: LieuActivite) -> dict[str, Any]:
    semaine = read_week(lieu.horaires)
    if semaine is None:
        return {"mode": HorairesForm.SYNTAXE, "syntaxe": lieu.horaires, "ferme_feries": True}
    hours = {
        f"{jour}_{borne}": hour
        for jour, creneaux in zip(JOURS, semaine.jours, strict=True)
        for borne, hour in half_days(creneaux).items()
    }
    return {"mode": HorairesForm.PAR_JOUR, "syntaxe": lieu.horaires, "ferme_feries": semaine.ferme_feries, **hours}


class ExceptionForm(Form):
    """Closed from a day to another, or open at other hours that day."""

    FERME, AUTRES = "ferme", "autres"

    du = forms.DateField(label="Du", widget=DateWidget)
    au = forms.DateField(label="Au", widget=DateWidget, required=False, help_text="Vide : ce jour seulement.")
    ouverture = forms.ChoiceField(
        label="Ces jours-là", widget=forms.RadioSelect, initial=FERME,
        choices=[(FERME, "Le lieu est fermé"), (AUTRES, "Il ouvre à d'autres heures")],
    )  # fmt: skip
    matin_de = HeureField("Matin, de")
    matin_a = HeureField("Matin, à")
    apres_midi_de = HeureField("Après-midi, de")
    apres_midi_a = HeureField("Après-midi, à")
    motif = forms.CharField(
        label="Motif", max_length=60, required=False, help_text="Montré au public. Par exemple : congés, travaux."
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_motif(self) -> str:
        motif: str = self.cleaned_data["motif"].replace('"', "”")
        return motif

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        du, au = data.get("du"), data.get("au") or data.get("du")
        if du and au and "au" not in self.errors:
            if au < du:
                self.add_error("au", ValidationError("Le dernier jour précède le premier.", code="order"))
            elif au < self.today:
                self.add_error("du", ValidationError("Ces jours sont passés.", code="past"))
            elif (au - du).days > 366:
                self.add_error("au", ValidationError("Une exception dure un an au plus.", code="long"))
        data["au"], data["creneaux"] = au, ""
        if data.get("ouverture") == self.AUTRES:
            try:
                data["creneaux"] = spans(read_half_days(data))
            except ValidationError as error:
                self.add_error("matin_de", error)
            else:
                if not data["creneaux"]:
                    self.add_error("matin_de", ValidationError("Indiquez ces heures.", code="required"))
        return data

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("du", "au", "creneaux", "motif")}


class PassageForm(Form):
    date = forms.DateField(label="Date", widget=DateWidget)
    debut = HeureField("De")
    fin = HeureField("À")
    commune = CommuneField(label="Commune")
    adresse = forms.CharField(label="Où", max_length=250, help_text="Par exemple : place du Marché.")

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["debut"].required = self.fields["fin"].required = True

    def clean_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["date"]
        if not self.today <= day <= self.today + dt.timedelta(days=366):
            raise ValidationError("Un passage est à venir, dans l'année.", code="date")
        return day

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        debut, fin = data.get("debut"), data.get("fin")
        if debut and fin and fin <= debut:
            self.add_error("fin", ValidationError("L'heure de fin précède celle du début.", code="order"))
        return data


# --- The public -----------------------------------------------------------------------------------------------


class TrouverForm(Form):
    """Where one looks, and what for. Nothing of it is kept."""

    commune = CommuneField(
        label="Commune ou code postal", required=False,
        help_text=f"Une commune suffit : les lieux sont classés par distance, jusqu'à {RECHERCHE_KM} km.",
    )  # fmt: skip
    acces = forms.ChoiceField(
        label="Accès", required=False,
        choices=[("", "Tous les accès"), *((one.value, one.label) for one in AccesLieu if one != AccesLieu.PRIVE)],
    )  # fmt: skip
    service = forms.ChoiceField(
        label="Service", required=False, choices=[("", "Tous les services"), *ServiceLieu.choices]
    )
    ouvert = forms.BooleanField(label="Ouvert maintenant", required=False)


class AdresseForm(Form):
    """An address to look around. It goes to the State's geocoder, and nowhere else."""

    adresse = forms.CharField(
        label="Adresse", min_length=3, max_length=200,
        help_text="Numéro, rue et commune. Elle est transmise au seul service de géocodage de l'État, sans rien qui "
        "vous désigne, et n'est pas conservée.",
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        error_messages={"required": "Indiquez une adresse.", "min_length": "Indiquez une rue et une commune."},
    )  # fmt: skip


class PositionForm(Form):
    """A position, of the browser or of an address: coarse to about 100 m as soon as it is read."""

    latitude = forms.FloatField(min_value=-90, max_value=90, widget=forms.HiddenInput)
    longitude = forms.FloatField(min_value=-180, max_value=180, widget=forms.HiddenInput)
    # What the geocoder calls it, to say it again on the next pages.
    autour = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def clean_latitude(self) -> float:
        return round(float(self.cleaned_data["latitude"]), 3)

    def clean_longitude(self) -> float:
        return round(float(self.cleaned_data["longitude"]), 3)


# --- Support --------------------------------------------------------------------------------------------------


class _Described(forms.ModelChoiceField):
    def label_from_instance(self, obj: LieuActivite) -> str:
        return f"n° {obj.pk} – {obj.nom}, {obj.adresse_complete}{f', SIRET {obj.siret}' if obj.siret else ''}"


class MergeForm(forms.Form):
    """Which of these lieux stays; the others are archived, what refers to them goes to it."""

    garde = _Described(LieuActivite.objects.none(), label="Garder", widget=forms.RadioSelect, empty_label=None)

    def __init__(self, *args: Any, lieux: QuerySet[LieuActivite], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["garde"].queryset = lieux.select_related("commune")  # type: ignore[attr-defined]
        self.lieux = lieux

    def clean(self) -> dict[str, Any]:
        if self.lieux.count() < 2:
            raise ValidationError("Cochez au moins deux lieux.", code="alone")
        return super().clean() or {}
