from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from accompagnements.enums import (
    Canal,
    Dispositif,
    NaturePartenaire,
    Objet,
    Suite,
    TypeAccompagnement,
    TypeCoordination,
)
from accompagnements.models import (
    Accompagnement,
    AccompagnementQuerySet,
    Coordination,
    CoordinationQuerySet,
    Etiquetage,
    Etiquette,
    LieuActivite,
    Theme,
)
from accompagnements.widgets import DateWidget
from common.forms import Form
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from territoires.fields import CommuneField


class PeriodeForm(Form):
    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("du") and data.get("au") and data["au"] < data["du"]:
            self.add_error("au", forms.ValidationError("La fin de la période précède son début.", code="order"))
        return data


def _theme_choices() -> list[tuple[int, str]]:
    return list(Theme.objects.values_list("pk", "nom"))


class AccompagnementFilter(django_filters.FilterSet):
    """What the list, the figures and the export are narrowed by: the address says it all."""

    du = django_filters.DateFilter(field_name="date", lookup_expr="gte", label="Du", widget=DateWidget)
    au = django_filters.DateFilter(field_name="date", lookup_expr="lte", label="Au", widget=DateWidget)
    type = django_filters.ChoiceFilter(choices=TypeAccompagnement.choices, label="Type", empty_label="Tous les types")
    theme = django_filters.ChoiceFilter(
        field_name="themes", lookup_expr="contains", choices=_theme_choices, label="Thème",
        empty_label="Tous les thèmes", method="filter_theme",
    )  # fmt: skip
    canal = django_filters.ChoiceFilter(choices=Canal.choices, label="Où", empty_label="Partout")
    conseiller = django_filters.ModelChoiceFilter(
        queryset=Conseiller.objects.none(), label="Conseiller", empty_label="Tous les conseillers"
    )

    class Meta:
        model = Accompagnement
        form = PeriodeForm
        fields = ["du", "au", "type", "theme", "canal", "conseiller"]

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data, queryset=Accompagnement.objects.visible_to(role).for_list())
        if role.kind == RoleKind.CONSEILLER:
            del self.filters["conseiller"]
        else:
            readable = Conseiller.objects.visible_to(role).select_related("compte")
            self.filters["conseiller"].queryset = readable.order_by("compte__nom", "compte__prenom", "pk")

    def filter_theme(self, rows: AccompagnementQuerySet, _name: str, value: str) -> AccompagnementQuerySet:
        return rows.filter(themes__contains=[int(value)])

    @property
    def rows(self) -> AccompagnementQuerySet:
        """Return the rows asked for; none while a filter is in error, rather than other ones."""
        rows: AccompagnementQuerySet = self.qs if not self.is_bound or self.is_valid() else self.queryset.none()
        return rows

    @property
    def period(self) -> dict[str, Any]:
        """Return `du` and `au`, as far as they were given and make sense."""
        data = self.form.cleaned_data if self.is_valid() else {}
        return {"du": data.get("du"), "au": data.get("au")}


class CommuneFilter(django_filters.Filter):
    field_class = CommuneField


AVEC, SANS = "avec", "sans"
# Django keeps the empty value for « not asked »: what was noted without a follow-up has its own word in the address.
SANS_SUITE = "aucune"
SUITES = [(SANS_SUITE, Suite.AUCUNE.label), *(choice for choice in Suite.choices if choice[0])]


class ListeFilter(AccompagnementFilter):
    """What one's own list is narrowed by, words included: notes are searched by who wrote them only."""

    q = django_filters.CharFilter(label="Mots du titre ou des notes", max_length=100, method="filter_words")
    lieu = django_filters.ModelChoiceFilter(
        queryset=LieuActivite.objects.none(), label="Lieu d'activité", empty_label="Tous vos lieux"
    )
    commune = CommuneFilter(label="Commune")
    suite = django_filters.ChoiceFilter(choices=SUITES, label="Suite", empty_label="Toutes", method="filter_suite")
    dispositif = django_filters.ChoiceFilter(
        choices=Dispositif.choices, label="Dispositif", empty_label="Avec ou sans", method="filter_dispositif"
    )
    etiquette = django_filters.ModelChoiceFilter(
        queryset=Etiquette.objects.none(), label="Étiquette", empty_label="Avec ou sans", method="filter_etiquette",
        error_messages={"invalid_choice": "Cette étiquette n'existe plus, ou n'est pas pour vous."},
    )  # fmt: skip
    notes = django_filters.ChoiceFilter(
        choices=[(AVEC, "Avec des notes"), (SANS, "Sans notes")], label="Notes", empty_label="Avec ou sans",
        method="filter_notes",
    )  # fmt: skip

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data, role=role)
        self.role = role
        been = Accompagnement.objects.visible_to(role).filter(lieu__isnull=False).values("lieu")
        places = LieuActivite.objects.filter(Q(pk__in=LieuActivite.objects.visible_to(role)) | Q(pk__in=been))
        self.filters["lieu"].queryset = places.order_by("nom", "pk")
        worn = Etiquette.objects.filter(accompagnements__conseiller__compte=role.compte_id).values("pk")
        words = Etiquette.objects.filter(Q(pk__in=Etiquette.objects.visible_to(role).values("pk")) | Q(pk__in=worn))
        self.filters["etiquette"].queryset = words.order_by("cle", "pk")
        self.filters.move_to_end("q", last=False)

    def filter_words(self, rows: AccompagnementQuerySet, _name: str, value: str) -> AccompagnementQuerySet:
        conseiller = Conseiller.objects.filter(compte=self.role.compte_id).values_list("pk", flat=True).first()
        return rows.found_by(value, conseiller) if conseiller else rows.none()

    def filter_suite(self, rows: AccompagnementQuerySet, _name: str, value: str) -> AccompagnementQuerySet:
        return rows.filter(suite="" if value == SANS_SUITE else value)

    def filter_dispositif(self, rows: AccompagnementQuerySet, _name: str, value: str) -> AccompagnementQuerySet:
        return rows.filter(dispositifs__contains=[value])

    def filter_etiquette(self, rows: AccompagnementQuerySet, _name: str, value: Etiquette) -> AccompagnementQuerySet:
        return rows.filter(Exists(Etiquetage.objects.filter(accompagnement=OuterRef("pk"), etiquette=value)))

    def filter_notes(self, rows: AccompagnementQuerySet, _name: str, value: str) -> AccompagnementQuerySet:
        return rows.exclude(notes="") if value == AVEC else rows.filter(notes="")

    @property
    def is_used(self) -> bool:
        """Say whether something narrows the list: a page number alone does not."""
        return self.is_bound and bool(self.form.changed_data)

    @property
    def address(self) -> str:
        """Return what was asked and understood, as a query string: what a saved filter keeps."""
        return self._address(self.form.fields)

    @property
    def shared_address(self) -> str:
        """Return the part of it that the figures understand too."""
        return self._address(AccompagnementFilter.base_filters)

    def _address(self, names: Any) -> str:
        kept = QueryDict(mutable=True)
        if self.is_bound and self.is_valid():
            for name in names:
                if self.form.cleaned_data.get(name):
                    kept[name] = str(self.form[name].data)
        return kept.urlencode()

    @property
    def summary(self) -> list[str]:
        """Return, in words, what was asked."""
        fields = [self.form[name] for name in self.form.fields if self.form.cleaned_data.get(name)]
        return [f"{field.label} : {_words(field)}" for field in fields] if self.is_valid() else []


def _words(field: Any) -> str:
    value = field.form.cleaned_data[field.name]
    return str(dict(getattr(field.field, "choices", ())).get(value, value))


class CoordinationFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="titre", lookup_expr="icontains", label="Mots du titre", max_length=100)
    du = django_filters.DateFilter(field_name="date", lookup_expr="gte", label="Du", widget=DateWidget)
    au = django_filters.DateFilter(field_name="date", lookup_expr="lte", label="Au", widget=DateWidget)
    type = django_filters.ChoiceFilter(choices=TypeCoordination.choices, label="Type", empty_label="Tous les types")
    objet = django_filters.ChoiceFilter(choices=Objet.choices, label="Pour quoi faire", empty_label="Tout")
    partenaire = django_filters.ChoiceFilter(choices=NaturePartenaire.choices, label="Partenaire", empty_label="Tous")

    class Meta:
        model = Coordination
        form = PeriodeForm
        fields = ["q", "du", "au", "type", "objet", "partenaire"]

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data, queryset=Coordination.objects.visible_to(role).for_list())

    @property
    def rows(self) -> CoordinationQuerySet:
        """Return the rows asked for; none while a filter is in error, rather than other ones."""
        rows: CoordinationQuerySet = self.qs if not self.is_bound or self.is_valid() else self.queryset.none()
        return rows

    @property
    def is_used(self) -> bool:
        return self.is_bound and bool(self.form.changed_data)
