import pytest
from django import forms
from django.http import QueryDict

from common.forms import Form
from territoires.fields import CommuneField
from territoires.models import Commune
from tests.territoires.test_search import HOSTILE

pytestmark = pytest.mark.usefixtures("referentiel")


class LieuForm(Form):
    nom = forms.CharField()
    commune = CommuneField(label="Commune", help_text="Nom ou code postal.")


class OptionalForm(Form):
    commune = CommuneField(required=False)


def send(text=None, code=None, form=LieuForm, **kwargs):
    data = QueryDict(mutable=True)
    data["nom"] = "Mairie"
    if text is not None:
        data["commune"] = text
    if code is not None:
        data["commune_code"] = code
    return form(data, **kwargs)


def error_codes(form):
    return [error.code for error in form.errors.as_data().get("commune", [])]


@pytest.mark.parametrize("text", ["Nantes", "nantes (44000)", "44000", "44200", " NANTES "])
def test_typed_commune_becomes_the_commune(text):
    form = send(text)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["commune"] == Commune.objects.get(pk="44109")


def test_every_label_designates_its_own_commune():
    """The label is what the field shows again: sent back as it is, it must not change the commune."""
    communes = Commune.objects.filter(nom__in=["Saint-Denis", "Sainte-Marie", "Œuilly", "Y", "L'Île-d'Yeu", "Paris"])
    assert len(communes) > 15
    for commune in communes:
        assert send(commune.libelle).is_valid()
        assert send(commune.libelle).fields["commune"].clean(commune.libelle) == commune


@pytest.mark.parametrize("text", [None, "", "   "])
def test_commune_is_required(text):
    assert error_codes(send(text)) == ["required"]
    assert send(text).errors["commune"] == ["Indiquez une commune."]


def test_commune_may_be_optional():
    form = send("", form=OptionalForm)
    assert form.is_valid()
    assert form.cleaned_data["commune"] is None


def test_unknown_commune_is_refused_and_what_was_typed_is_kept():
    form = send("Zzyzx <b>")
    assert error_codes(form) == ["unknown"]
    html = form.as_div() + str(form["commune"])
    assert 'value="Zzyzx &lt;b&gt;"' in html
    assert "<b>" not in html
    assert 'type="radio"' not in html


def test_ambiguous_name_is_answered_with_choices_beside_what_was_typed():
    form = send("ste marie")
    assert error_codes(form) == ["ambiguous"]
    html = str(form["commune"])
    assert 'value="ste marie"' in html
    assert html.count('type="radio"') == 9
    assert 'value="97418"' in html
    assert "Sainte-Marie (97438)" in html
    assert "La Réunion" in html
    assert 'type="hidden"' not in html


def test_choice_in_the_list_settles_the_name():
    form = send("ste marie", "97418")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["commune"].code == "97418"


def test_choice_is_kept_when_another_field_is_wrong():
    form = LieuForm(QueryDict("nom=&commune=ste marie&commune_code=97418"))
    assert list(form.errors) == ["nom"]
    assert 'value="97418"\n                               checked' in str(form["commune"])


def test_commune_picked_by_script_is_taken_with_its_label():
    form = send("Saint-Denis (93200)", "93066")
    assert form.is_valid()
    assert form.cleaned_data["commune"].code == "93066"
    assert 'name="commune_code" value="93066"' in str(form["commune"])


def test_text_changed_after_the_choice_wins():
    form = send("Rezé", "44109")
    assert form.is_valid()
    assert form.cleaned_data["commune"].code == "44143"


@pytest.mark.parametrize("code", ["99999", "0", "' OR 1=1", "4\x00109", "é" * 5, "44109" * 1_000])
def test_forged_code_is_ignored(code):
    form = send("Nantes", code)
    assert form.is_valid()
    assert form.cleaned_data["commune"].code == "44109"
    assert error_codes(send("ste marie", code)) == ["ambiguous"]


def test_commune_of_the_past_is_found_under_its_old_name():
    form = send("Châlons-sur-Marne")
    assert form.is_valid()
    assert form.cleaned_data["commune"].nom == "Châlons-en-Champagne"


def test_merged_commune_cannot_be_chosen_any_more():
    Commune.objects.filter(pk="44109").update(is_active=False)
    assert not send("Nantes (44000)", "44109").is_valid()


@pytest.mark.parametrize("text", [*HOSTILE, "Nan\x00tes \ud800", "<script>alert(1)</script>"])
def test_hostile_text_never_breaks_the_form(text):
    form = send(text)
    form.is_valid()
    html = form.as_div()
    assert "<script>alert" not in html
    assert "\x00" not in html


@pytest.mark.parametrize("initial", ["97411", Commune(code="97411", nom="Saint-Denis", codes_postaux=["97400"])])
def test_initial_commune_is_shown_by_its_label_and_is_no_change(initial):
    form = LieuForm(initial={"commune": initial})
    assert 'value="Saint-Denis (97400)"' in str(form["commune"])
    assert 'name="commune_code" value="97411"' in str(form["commune"])

    sent = send("Saint-Denis (97400)", "97411", initial={"commune": initial, "nom": "Mairie"})
    assert not sent.has_changed()
    assert send("Saint-Denis (93200)", initial={"commune": initial, "nom": "Mairie"}).changed_data == ["commune"]


def test_field_in_error_keeps_its_help_and_its_label():
    html = str(send("ste marie")["commune"].as_field_group())
    assert '<label for="id_commune"' in html
    assert 'aria-describedby="id_commune_helptext id_commune-desc-error"' in html
    assert 'aria-invalid="true"' in html


def test_prefix_names_both_inputs():
    form = LieuForm({"a-nom": "x", "a-commune": "ste marie", "a-commune_code": "97418"}, prefix="a")
    assert form.is_valid()
    assert 'name="a-commune_code"' in str(form["commune"])


def test_widget_has_no_inline_code():
    html = str(LieuForm()["commune"])
    assert "style=" not in html
    assert " on" not in html.replace(" ou", "")
    assert (
        html.count("<script") == html.count('<script type="module" src="/static/territoires/commune.js"></script>') == 1
    )


def test_clean_form_asks_the_database_little(django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        assert send("Saint-Denis (93200)").is_valid()
    with django_assert_max_num_queries(1):
        assert send("Saint-Denis (93200)", "93066").is_valid()
