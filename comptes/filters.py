from typing import Any

import django_filters
from django import forms

from common.forms import Form
from notifications.enums import EtatEffet
from notifications.models import Effet
from notifications.registry import KINDS


class DateWidget(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def _genres() -> list[tuple[str, str]]:
    return sorted(((kind.name, kind.label) for kind in KINDS.values()), key=lambda choice: choice[1])


class LogFilter(django_filters.FilterSet):
    """What the mails of one address are narrowed by."""

    genre = django_filters.ChoiceFilter(choices=_genres, label="Message", empty_label="Tous les messages")
    etat = django_filters.ChoiceFilter(choices=EtatEffet.choices, label="État", empty_label="Tous les états")
    du = django_filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label="Du", widget=DateWidget)
    au = django_filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label="Au", widget=DateWidget)

    class Meta:
        model = Effet
        form = Form
        fields = ["genre", "etat", "du", "au"]
