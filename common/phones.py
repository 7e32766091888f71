"""French and overseas telephone numbers, stored in E.164."""

import re

import phonenumbers
from django.core.exceptions import ValidationError

# Ten digits, starting with 0: the number itself says where it is.
NATIONAL_REGIONS = ("FR", "GP", "MQ", "GF", "RE", "YT")
# Six or eight digits: the same digits may be a number of several territories.
LOCAL_REGIONS = ("PM", "WF", "PF", "NC")
FRENCH_REGIONS = frozenset({*NATIONAL_REGIONS, *LOCAL_REGIONS, "BL", "MF"})


def normalize_phone(value: str, *, region: str = "FR") -> str:
    """Return the E.164 form of a French number, read first as one of `region`. Raises ValidationError."""
    # The library would find a number inside any sentence.
    regions = dict.fromkeys([region, *NATIONAL_REGIONS]) if re.fullmatch(r"[-+0-9().\s/]+", value) else {}
    for candidate in regions:
        try:
            number = phonenumbers.parse(value, candidate)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and number.extension is None:
            if phonenumbers.region_code_for_number(number) not in FRENCH_REGIONS:
                break
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise ValidationError(
        "Saisissez un numéro français, par exemple 06 12 34 56 78. Pour la Nouvelle-Calédonie, la Polynésie française, "
        "Saint-Pierre-et-Miquelon ou Wallis-et-Futuna, commencez par l'indicatif, par exemple +687 75 12 34.",
        code="phone",
    )


def display_phone(value: str) -> str:
    """Write an E.164 number as people read it in its country."""
    if not value:
        return ""
    number = phonenumbers.parse(value)
    national = phonenumbers.region_code_for_number(number) in {*NATIONAL_REGIONS, "BL", "MF"}
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
