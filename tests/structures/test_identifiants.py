import pytest

from structures.forms import IdentifiantForm
from structures.validators import compact, validate_siret
from tests.structures.factories import siret


def check(text):
    form = IdentifiantForm({"identifiant": text}, draft={})
    form.is_valid()
    return form


@pytest.mark.parametrize(
    "text",
    [
        "21440109300015",
        "214 401 093 00015",
        "214.401.093.00015",
        " 214-401-093-00015 ",
        "214\u00a0401\u202f093\u00a000015",
        "２１４４０１０９３０００１５",
    ],
)
def test_siret_is_read_however_it_is_spaced(text):
    assert check(text).values() == {"siret": "21440109300015", "ridet": ""}


@pytest.mark.parametrize("number", ["35600000000048", "35600000009075", "35600000000014"])
def test_la_poste_has_its_own_key(number):
    valid = number == "35600000000048" or sum(map(int, number)) % 5 == 0
    assert ("identifiant" not in check(number).errors) == valid


def test_la_poste_establishment_that_luhn_would_refuse():
    assert check("356 000 000 09075").is_valid() == (sum(map(int, "35600000009075")) % 5 == 0)
    # Sum of digits 20: accepted although its Luhn key is wrong.
    assert check("35600000000006").is_valid()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "required", "obligatoire"),
        ("214401093000", "length", "vous en avez saisi 12"),
        ("214401093", "length", "SIREN"),
        ("214401093000150", "length", "vous en avez saisi 15"),
        ("2144010930001O", "letters", "que des chiffres"),
        ("21440109300016", "checksum", "clé de contrôle"),
        ("00000000000000", "checksum", "clé de contrôle"),
        ("٢١٤٤٠١٠٩٣٠٠٠١٥", "letters", "que des chiffres"),
        ("<script>alert(1)</script>", "letters", "que des chiffres"),
        ("' OR 1=1 --", "letters", "que des chiffres"),
        ("1" * 61, "max_length", "60"),
        ("0000000", "length", "RIDET"),
    ],
)
def test_wrong_number_is_refused_with_its_reason(text, code, words):
    form = check(text)
    error = form.errors.as_data()["identifiant"][0]
    assert error.code == code
    assert words in error.messages[0]


@pytest.mark.parametrize("text", ["0 123 456", "1.234.567", "1234567"])
def test_seven_digits_are_a_ridet(text):
    assert check(text).values() == {"siret": "", "ridet": compact(text)}


def test_series_of_the_factories_is_valid():
    for n in range(50):
        validate_siret(siret(n))
