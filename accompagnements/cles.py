"""What two names are compared by: case, accents and punctuation tell nobody apart."""

import re
import unicodedata

from territoires.keys import LIGATURES


def fold(text: str) -> str:
    """Return the letters and digits of a name, in any script, without accents nor case, one space between words."""
    plain = unicodedata.normalize("NFKD", text).translate(LIGATURES).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", letters).strip()


def tidy(text: str) -> str:
    """Return a name as it is kept: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())
