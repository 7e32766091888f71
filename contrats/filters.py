import django_filters

from common.forms import Form
from contrats.enums import StatutContrat, TypeContrat


class ContratFilter(django_filters.FilterSet):
    statut = django_filters.ChoiceFilter(
        field_name="status", label="Statut", choices=StatutContrat.choices, empty_label="Tous"
    )
    type = django_filters.ChoiceFilter(label="Type", choices=TypeContrat.choices, empty_label="Tous")
    structure = django_filters.CharFilter(
        field_name="structure__nom", lookup_expr="icontains", label="Nom de la structure", max_length=100
    )

    class Meta:
        form = Form
