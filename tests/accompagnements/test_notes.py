import pytest

from accompagnements.notes import find_sensitive


@pytest.mark.parametrize(
    "text",
    [
        "Numéro 255081416802538",
        "2 55 08 14 168 025 38",
        "2.55.08.14.168.025-38, à rappeler",
        "1 84 07 2A 123 456 17",
        "le 12 2 55 08 14 168 025 38",
        "1 84 07 2B 123 456 44",
        "sans sa clé : 2550814168025.",
        "2 55 08 14 168 025, sans sa clé",
        "1 84 07 2A 123 456 (Corse)",
    ],
)
def test_social_security_number_is_found(text):
    (found,) = find_sensitive(text)
    assert found.startswith("un numéro de sécurité sociale (« ")


@pytest.mark.parametrize(
    "text",
    [
        "2 55 08 14 168 025 39",
        "06 12 34 56 78",
        "le 12/11/2026 à 14 h",
        "dossier 255081416802",
        "2 55 18 14 168 025",
        "SIRET 13002526500013",
        "5550814168025",
    ],
)
def test_number_without_the_right_key_is_not(text):
    assert find_sensitive(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "FR76 3000 6000 0112 3456 7890 189",
        "son rib fr7630006000011234567890189.",
        "IBAN FR76-3000-6000-0112-3456-7890-189 merci beaucoup",
        "GB82 WEST 1234 5698 7654 32",
    ],
)
def test_iban_is_found(text):
    (found,) = find_sensitive(text)
    assert found.startswith("un numéro de compte bancaire (IBAN : « ")


def test_iban_with_a_wrong_key_is_not():
    assert find_sensitive("FR76 3000 6000 0112 3456 7890 188") == []


@pytest.mark.parametrize(
    "text", ["Il est DIABÉTIQUE", "suit un traitement", "en arrêt maladie", "dépression", "handicapée"]
)
def test_health_is_found(text):
    (found,) = find_sensitive(text)
    assert found.startswith("une information de santé")


@pytest.mark.parametrize(
    "text", ["Mon espace santé", "traitement de texte", "diagnostic numérique", "ordinateur à prendre en main", ""]
)
def test_words_of_the_trade_are_not(text):
    assert find_sensitive(text) == []


def test_everything_found_is_said():
    assert len(find_sensitive("2 55 08 14 168 025 38 et FR76 3000 6000 0112 3456 7890 189, enceinte")) == 3


def test_what_is_found_is_quoted_as_it_stands():
    text = "Sa carte 2 55 08 14 168 025 38 et son rib FR76 3000 6000 0112 3456 7890 189 merci beaucoup"
    assert find_sensitive(text) == [
        "un numéro de sécurité sociale (« 2 55 08 14 168 025 38 »)",
        "un numéro de compte bancaire (IBAN : « FR76 3000 6000 0112 3456 7890 189 »)",
    ]
