"""The search key of a place name, written twice: `cn_cle` in SQL for the stored names, `search_key` for what is typed.

A test compares them on every name of the referential.
"""

import re
import unicodedata

from django.db import models

LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})


class Cle(models.Func):
    """The SQL function created by the first migration; immutable, so that a stored column may use it."""

    function = "cn_cle"
    arity = 1
    output_field = models.TextField()


def search_key(text: str) -> str:
    """Return the letters and digits of a name, without accents, with "St" and "Ste" written in full."""
    text = unicodedata.normalize("NFKD", text).translate(LIGATURES).lower()
    text = re.sub("[\u0300-\u036f]", "", text)
    text = re.sub(r"[^a-z0-9]+", " ", text)
    text = re.sub(r"\bst(es?|s)?\b", lambda match: f"saint{match[1] or ''}", text)
    return text.replace(" ", "")
