"""What the lists are narrowed by. A value that cannot be read is a 400; one that names nothing readable, a 422."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from rest_framework import serializers

from accompagnements.enums import Canal, Suite
from accompagnements.models import Accompagnement, AccompagnementQuerySet, LieuActivite, Theme
from comptes.models import Role
from contrats.models import Conseiller
from pilotage.api.errors import RefusedError
from pilotage.api.vocabulaire import TYPES, iso_date
from territoires.models import Commune, Departement

# Codes of the errors that are about what a value means, not about its shape.
MEANING = frozenset({"unknown", "order", "territory"})
PER_PAGE, PER_PAGE_MAX = 50, 100
LARGEST = 10**18 - 1
AUCUNE = "aucune"
SUITES = {value: value for value in Suite.values if value} | {AUCUNE: ""}
CANAUX = {value: value for value in Canal.values}


class IsoDateField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found = iso_date(text) if text else None
        if text and found is None:
            raise ValidationError("Donnez une date qui existe, comme 2026-11-18.", code="invalid")
        return found


class CodeField(forms.CharField):
    def __init__(self, *, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and text not in self.names:
            raise ValidationError(f"Donnez l'une de ces valeurs : {', '.join(self.names)}.", code="invalid")
        return text


class NumberField(forms.CharField):
    def __init__(self, *, largest: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(validators=[RegexValidator(r"^[1-9][0-9]{0,17}\Z", "Donnez un nombre entier.")], **kwargs)
        self.largest = largest

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and int(text) > self.largest:
            raise ValidationError(f"Ce nombre va de 1 à {self.largest}.", code="invalid")
        return int(text) if text else None


class NamedField(forms.CharField):
    """The key of a row: its shape first, then that it exists among those one may name."""

    def __init__(self, *, shape: str, **kwargs: Any) -> None:
        super().__init__(validators=[RegexValidator(shape, "Ce code n'est pas de la bonne forme.")], **kwargs)
        self.rows: QuerySet[Any] | None = None
        self.key = "pk"

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text or self.rows is None:
            return None
        found = self.rows.filter(**{self.key: text}).first()
        if found is None:
            raise ValidationError("Rien ne porte ce code, ou rien que vous puissiez lire.", code="unknown")
        return found


class NumberedField(NamedField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(shape=r"^[1-9][0-9]{0,17}\Z", **kwargs)


class _Filter(django_filters.Filter):
    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs if value in (None, "") else qs.filter(**{f"{self.field_name}__{self.lookup_expr}": value})


class DateFilter(_Filter):
    field_class = IsoDateField


class CodeFilter(_Filter):
    field_class = CodeField

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(**{self.field_name: self.extra["names"][value]}) if value else qs


class NamedFilter(_Filter):
    field_class = NamedField


class NumberedFilter(_Filter):
    field_class = NumberedField


class ThemeFilter(NamedFilter):
    def filter(self, qs: QuerySet[Any], value: Theme | None) -> QuerySet[Any]:
        return qs.filter(themes__contains=[value.pk]) if value else qs


THEME_SHAPE = r"^[a-z0-9_]{1,60}\Z"
COMMUNE_SHAPE = r"^[0-9AB]{5}\Z"
DEPARTEMENT_SHAPE = r"^[0-9AB]{2,3}\Z"


class OrderedForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("du") and data.get("au") and data["au"] < data["du"]:
            self.add_error("au", ValidationError("La fin de la période précède son début.", code="order"))
        return data


class AccompagnementFilter(django_filters.FilterSet):
    du = DateFilter(field_name="date", lookup_expr="gte")
    au = DateFilter(field_name="date", lookup_expr="lte")
    type = CodeFilter(field_name="type", names=TYPES)
    canal = CodeFilter(field_name="canal", names=CANAUX)
    suite = CodeFilter(field_name="suite", names=SUITES)
    theme = ThemeFilter(shape=THEME_SHAPE)
    commune = NamedFilter(field_name="commune", shape=COMMUNE_SHAPE)
    lieu = NumberedFilter(field_name="lieu")
    conseiller = NumberedFilter(field_name="conseiller")

    class Meta:
        model = Accompagnement
        form = OrderedForm
        fields: list[str] = []

    def __init__(self, data: Any, *, role: Role) -> None:
        rows: AccompagnementQuerySet = Accompagnement.objects.visible_to(role)
        super().__init__(data, queryset=rows.select_related("lieu", "commune", "organisme"))
        fields: Any = self.form.fields
        fields["theme"].rows, fields["theme"].key = Theme.objects.order_by(), "code"
        fields["commune"].rows = Commune.objects.order_by()
        # What one has rows of, one may name.
        fields["lieu"].rows = LieuActivite.objects.filter(pk__in=rows.order_by().values("lieu"))
        fields["conseiller"].rows = Conseiller.objects.visible_to(role).order_by()


class LieuFilter(django_filters.FilterSet):
    departement = NamedFilter(field_name="commune__departement", shape=DEPARTEMENT_SHAPE)
    commune = NamedFilter(field_name="commune", shape=COMMUNE_SHAPE)

    class Meta:
        model = LieuActivite
        fields: list[str] = []

    def __init__(self, data: Any, *, queryset: QuerySet[LieuActivite]) -> None:
        super().__init__(data, queryset=queryset)
        fields: Any = self.form.fields
        fields["departement"].rows = Departement.objects.order_by()
        fields["commune"].rows = Commune.objects.order_by()


class PageForm(forms.Form):
    curseur = forms.CharField(required=False, max_length=500)
    taille = NumberField(required=False, largest=PER_PAGE_MAX)


class StatistiquesForm(forms.Form):
    """The shape of what is asked; what it means is for the form of the page, whose figures these are."""

    perimetre = forms.CharField(
        required=False,
        validators=[RegexValidator(r"^[A-Za-z0-9-]{1,80}\Z", "Ce périmètre n'est pas de la bonne forme.")],
    )
    du = IsoDateField(required=False)
    au = IsoDateField(required=False)
    type = CodeField(required=False, names=TYPES)
    canal = CodeField(required=False, names=CANAUX)
    theme = NamedField(required=False, shape=THEME_SHAPE)
    commune = NamedField(required=False, shape=COMMUNE_SHAPE)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["theme"].rows, fields["theme"].key = Theme.objects.order_by(), "code"
        fields["commune"].rows = Commune.objects.active().select_related("departement")


def read(form: forms.BaseForm) -> dict[str, Any]:
    """Return what was asked, or refuse it."""
    if form.is_valid():
        return form.cleaned_data
    shapes: dict[str, list[str]] = {}
    meanings: dict[str, list[str]] = {}
    for name, errors in form.errors.as_data().items():
        for error in errors:
            where = meanings if error.code in MEANING else shapes
            where.setdefault(name, []).extend(error.messages)
    if shapes:
        raise serializers.ValidationError(shapes)
    raise RefusedError(meanings)
