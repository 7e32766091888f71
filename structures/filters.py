import django_filters
from django import forms
from django.db.models import Q

from common.forms import Form
from structures.enums import StatutDemande
from structures.models import DemandePoste, DemandePosteQuerySet, SessionCoselec
from structures.validators import compact
from territoires.keys import Cle, search_key
from territoires.models import Departement


class DemandeFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        label="Structure, commune ou SIRET", method="search", max_length=100, widget=forms.TextInput
    )
    statut = django_filters.ChoiceFilter(
        label="Statut",
        field_name="status",
        choices=[choice for choice in StatutDemande.choices if choice[0] != StatutDemande.BROUILLON],
        empty_label="Tous",
    )
    departement = django_filters.ModelChoiceFilter(
        label="Département",
        field_name="structure__commune__departement",
        queryset=Departement.objects.all(),
        empty_label="Tous",
    )
    session = django_filters.ModelChoiceFilter(
        label="Session du COSELEC", queryset=SessionCoselec.objects.all(), empty_label="Toutes"
    )

    class Meta:
        model = DemandePoste
        form = Form
        fields: list[str] = []

    def search(self, queryset: DemandePosteQuerySet, name: str, value: str) -> DemandePosteQuerySet:
        """Find by words of the name whatever their accents, by commune, or by the beginning of a SIRET."""
        key, number = search_key(value), compact(value)
        found = Q(structure__siret__startswith=number) | Q(structure__ridet__startswith=number)
        if key:
            found |= Q(cle__contains=key) | Q(structure__commune__cle__startswith=key)
        return queryset.alias(cle=Cle("structure__nom")).filter(found)
