import pytest
from django.db import connection
from hypothesis import given, strategies as st

from territoires.keys import search_key
from territoires.models import AncienNom, Commune
from territoires.selectors import Recherche, parse_recherche, resolve_commune, search_communes

pytestmark = pytest.mark.usefixtures("referentiel")

HOSTILE = [
    "",
    " ",
    "%",
    "_",
    "\\",
    "(",
    "'; DROP TABLE",
    "日本",
    "🏛️" * 30,
    "a" * 10_000,
    "7" * 10_000,
    "\n2A\n",
    "-1",
    "٤٤٠٠٠",
]


def codes(text):
    return [found.commune.code for found in search_communes(text)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Saint-Étienne", "saintetienne"),
        ("st etienne", "saintetienne"),
        ("SAINT ETIENNE", "saintetienne"),
        ("St.-Étienne", "saintetienne"),
        ("Ste-Marie", "saintemarie"),
        ("Stes Maries de la Mer", "saintesmariesdelamer"),
        ("Œuilly", "oeuilly"),
        ("L'Haÿ-les-Roses", "lhaylesroses"),
        ("L’Haÿ les Roses", "lhaylesroses"),
        ("Estaing", "estaing"),
        ("Brest", "brest"),
        ("日本", ""),
    ],
)
def test_search_key(text, key):
    assert search_key(text) == key
    with connection.cursor() as cursor:
        cursor.execute("SELECT cn_cle(%s)", [text])
        assert cursor.fetchone() == (key,)


@given(st.text())
def test_search_key_holds_letters_and_digits_only(text):
    assert set(search_key(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789")


def test_both_writings_of_the_key_agree_on_every_name():
    for model in (Commune, AncienNom):
        for nom, cle in model.objects.values_list("nom", "cle"):
            assert search_key(nom) == cle


@pytest.mark.parametrize("text", ["st etienne", "Saint-Étienne", "SAINT ETIENNE", "saintetienne", "Saint–Étienne"])
def test_accents_hyphens_and_abbreviations_do_not_matter(text):
    assert codes(text)[0] == "42218"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nantes", "44109"),
        ("Nantes (44000)", "44109"),
        ("44000", "44109"),
        ("44000 Nantes", "44109"),
        ("Nantes (44)", "44109"),
        ("havre", "76351"),
        ("haye les roses", None),
        ("lhay les roses", "94038"),
        ("lisle adam", "95313"),
        ("Ajaccio (2A)", "2A004"),
        ("saint denis 974", "97411"),
        ("saint denis 93", "93066"),
        ("Y", "80829"),
        ("Nouméa", "98818"),
        ("98800", "98818"),
        ("hiva oa", "98723"),
        ("Châlons-sur-Marne", "51108"),
        ("octeville", "50129"),
        ("Chalinargues", "15035"),
        ("75011", "75056"),
        ("Paris 11e Arrondissement", "75056"),
    ],
)
def test_text_that_designates_one_commune(text, code):
    resolution = resolve_commune(text)
    assert (resolution.commune and resolution.commune.code) == code


@pytest.mark.parametrize("text", ["sainte marie", "nante", "Rennes 44000", "35042 Rennes Cedex", "4400", "01400"])
def test_what_is_only_close_is_offered_and_never_taken(text):
    resolution = resolve_commune(text)
    assert resolution.commune is None
    assert resolution.choices


def test_namesakes_are_all_offered():
    noms = {choice.commune.nom for choice in resolve_commune("sainte colombe").choices}
    assert noms == {"Sainte-Colombe"}
    assert len(resolve_commune("sainte colombe").choices) > 10


def test_communes_of_one_code_postal_are_all_offered():
    assert len(resolve_commune("51300").choices) == 46


def test_exact_name_comes_first_then_former_name_then_population():
    found = search_communes("octeville")
    assert [one.commune.nom for one in found] == ["Cherbourg-en-Cotentin", "Octeville-sur-Mer", "Octeville-l'Avenel"]
    assert found[0].ancien_nom == "Octeville"
    assert found[1].ancien_nom == ""

    beginnings = [one.commune.population for one in search_communes("saint-et")]
    assert len(beginnings) == 10
    assert beginnings == sorted(beginnings, reverse=True)


def test_article_is_optional_but_no_letter_is():
    assert codes("rochelle")[0] == "17300"
    assert "59350" not in codes("ille")


def test_beginning_of_a_code_postal_is_searched_overseas_and_in_corse_too():
    assert "97801" in codes("9715")
    assert codes("2000") == ["2A004"]


def test_inactive_commune_is_not_found():
    Commune.objects.filter(pk="44109").update(is_active=False)
    assert "44109" not in codes("nantes") + codes("44000")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_finds_nothing_and_breaks_nothing(text):
    assert resolve_commune(text).commune is None


@given(st.text(max_size=120))
def test_any_text_is_understood(text):
    recherche = parse_recherche(text)
    assert isinstance(recherche, Recherche)
    assert set(recherche.code_postal) <= set("0123456789")


def test_search_uses_the_index():
    plan = Commune.objects.filter(cle__startswith="saintet").explain()
    assert "commune_cle" in plan


@pytest.mark.parametrize(
    ("text", "queries"), [("nantes", 2), ("44000", 1), ("44000 Nantes", 2), ("Paris 15", 4), ("Rennes 44000", 4)]
)
def test_number_of_queries_is_bounded(text, queries, django_assert_num_queries):
    with django_assert_num_queries(queries):
        assert search_communes(text)
