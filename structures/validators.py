"""Identifiers as people type them, and the reason when they are wrong."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from stdnum.exceptions import InvalidChecksum, ValidationError as NumberError
from stdnum.fr import siret as stdnum_siret

# Spaces of all widths, dots and dashes: how numbers are copied from letterheads.
SEPARATORS = re.compile(r"[\s.\u00b7\u2010-\u2015\u2212-]+")


def compact(text: str) -> str:
    """Return a number without its separators, full-width digits made ordinary."""
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


def validate_siret(number: str) -> None:
    """Check a compact SIRET: digits, length, then key (Luhn, or La Poste's own rule)."""
    if not re.fullmatch(r"[0-9]*", number):
        raise ValidationError(
            "Un SIRET ne contient que des chiffres. Retirez les lettres et les signes.", code="letters"
        )
    if len(number) == 9:
        raise ValidationError(
            "Vous avez saisi un SIREN (9 chiffres). Ajoutez les 5 chiffres de l'établissement : un SIRET en compte 14.",
            code="length",
        )
    if len(number) != 14:
        raise ValidationError(
            "Un SIRET compte 14 chiffres : vous en avez saisi %(count)d.", code="length", params={"count": len(number)}
        )
    try:
        # All zeros satisfy the key and belong to nobody.
        if number == "0" * 14:
            raise InvalidChecksum
        stdnum_siret.validate(number)
    except NumberError as error:
        raise ValidationError(
            "Ce SIRET n'existe pas : sa clé de contrôle est fausse. Un chiffre est sans doute mal recopié.",
            code="checksum",
        ) from error


def validate_ridet(number: str) -> None:
    if not re.fullmatch(r"[0-9]*", number):
        raise ValidationError("Un RIDET ne contient que des chiffres.", code="letters")
    if len(number) != 7 or number == "0" * 7:
        raise ValidationError(
            "Un RIDET compte 7 chiffres, sans les 3 chiffres de l'établissement : vous en avez saisi %(count)d.",
            code="length",
            params={"count": len(number)},
        )
