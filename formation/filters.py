import django_filters
from django import forms
from django.db.models import Q, QuerySet

from common.forms import Form
from formation.enums import StatutDossier, StatutSession
from formation.models import DossierFormation, ReferentielParcours, SessionFormation


class DossierFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(label="Personne ou structure", method="search", max_length=100)
    statut = django_filters.ChoiceFilter(
        label="Statut", field_name="status", choices=StatutDossier, empty_label="Tous les statuts"
    )
    parcours = django_filters.ModelChoiceFilter(
        label="Parcours", queryset=ReferentielParcours.objects.all(), empty_label="Tous les parcours"
    )

    class Meta:
        model = DossierFormation
        fields: list[str] = []
        form = Form

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Every word must be in the name of the person or of the structure."""
        for word in value.split():
            queryset = queryset.filter(
                Q(conseiller__compte__prenom__icontains=word)
                | Q(conseiller__compte__nom__icontains=word)
                | Q(conseiller__contrat__structure__nom__icontains=word)
            )
        return queryset


class SessionFilter(django_filters.FilterSet):
    statut = django_filters.ChoiceFilter(
        label="Statut", field_name="status", choices=StatutSession, empty_label="Tous les statuts"
    )
    parcours = django_filters.ModelChoiceFilter(
        label="Parcours", queryset=ReferentielParcours.objects.all(), empty_label="Tous les parcours"
    )
    apres = django_filters.DateFilter(
        label="Commence à partir du",
        field_name="date_debut",
        lookup_expr="gte",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    class Meta:
        model = SessionFormation
        fields: list[str] = []
        form = Form
