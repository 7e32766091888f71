"""What our forms add to DSFR's."""

from django import forms

from common.forms import Form
from contrats.filters import ContratFilter
from contrats.models import Contrat
from matching.filters import PropositionFilter
from structures.filters import DemandeFilter


class Mixed(Form):
    nom = forms.CharField(label="Nom")
    surnom = forms.CharField(label="Surnom", required=False)


def test_optional_field_is_marked_where_others_are_not():
    html = str(Mixed())
    assert html.count("(Optionnel)") == 1
    assert html.index("Surnom") < html.index("(Optionnel)")


def test_nothing_is_marked_where_everything_is_optional():
    """The filters of a list: what was typed stays, even the words of the mark."""
    for filterset in (ContratFilter, DemandeFilter, PropositionFilter):
        assert "(Optionnel)" not in str(filterset(None, queryset=Contrat.objects.none()).form)
    typed = ContratFilter({"structure": "Mairie (Optionnel)"}, queryset=Contrat.objects.none()).form
    assert "".join(field.as_field_group() for field in typed).count("Mairie (Optionnel)") == 1
