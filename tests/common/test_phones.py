import pytest
from django.core.exceptions import ValidationError

from common.phones import display_phone, normalize_phone


@pytest.mark.parametrize(
    ("typed", "region", "stored"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06.12.34.56.78", "FR", "+33612345678"),
        ("+33 6 12 34 56 78", "FR", "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        # A ten-digit overseas number is recognised even before the commune is known.
        ("0639 70 12 34", "FR", "+262639701234"),
        ("0692 12 34 56", "FR", "+262692123456"),
        ("0690 12 34 56", "FR", "+590690123456"),
        ("0694 20 12 34", "FR", "+594694201234"),
        ("0696 20 12 34", "FR", "+596696201234"),
        # A mainland number is still one overseas.
        ("06 12 34 56 78", "NC", "+33612345678"),
        ("75 12 34", "NC", "+687751234"),
        ("+687 75 12 34", "FR", "+687751234"),
        ("87 12 34 56", "PF", "+68987123456"),
        ("0690 12 34 56", "MF", "+590690123456"),
    ],
)
def test_french_and_overseas_numbers(typed, region, stored):
    assert normalize_phone(typed, region=region) == stored


@pytest.mark.parametrize(
    "typed",
    ["abc", "12", "06 12 34 56", "+32 470 12 34 56", "+1 202 555 0100", "75 12 34", "06 12 34 56 78 poste 3", "0" * 30,
     "'; DROP TABLE", "<b>", "\u202e0612345678x", "☎️"],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(typed):
    with pytest.raises(ValidationError, match="06 12 34 56 78"):
        normalize_phone(typed)


def test_numbers_are_shown_as_people_write_them():
    assert display_phone("+33612345678") == "06 12 34 56 78"
    assert display_phone("+687751234") == "+687 75.12.34"
    assert display_phone("") == ""
