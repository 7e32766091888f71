"""What must not be written in notes: the form warns before it saves (DOMAINE §9). It warns, it cannot be sure."""

import re
import unicodedata

from stdnum import iban
from stdnum.exceptions import ValidationError as NumberError
from stdnum.fr import nir

# The words of a person's health; not those of the trade ("traitement de texte", "diagnostic numérique").
HEALTH = re.compile(
    r"\b(?:"
    r"maladies?|malades?|medicaments?|medicamente\w*|medica(?:l|le|les|ux)|"
    r"traitements?(?! de texte| de donnees| d image)|hospitalis\w*|hopita(?:l|ux)|clinique|urgences|ordonnances?|"
    r"operations? chirurgicales?|chirurgie|"
    r"cancers?|tumeurs?|chimiotherapie|diabet\w*|depressi\w*|bipolaires?|schizophren\w*|psychiatr\w*|psychotherap\w*|"
    r"suicid\w*|alcooli\w*|toxicoman\w*|addictions?|enceinte|grossesse|avortement|ivg|vih|sida|hepatites?|epilep\w*|"
    r"alzheimer|parkinson|sclerose|avc|infarctus|handicap\w*|invalid(?:e|ite)|ald|autis\w*|trisomi\w*|dyslexi\w*|"
    r"demence|surdite|malvoyant\w*|aveugles?|fauteuil roulant|vaccin\w*|seropositi\w*|asthm\w*|arret maladie"
    r")\b"
)
SEPARATORS = r"[\s.\-]*"
# Looked for ahead, so that a match never hides the next one.
NIR = re.compile(r"(?<!\d)(?=([1-478](?:" + SEPARATORS + r"[0-9AB]){14}(?!\d)))", re.IGNORECASE)
# Without its key nothing proves it: the shape must be right, month and department in their places.
GAP = r"[ .\-\u00a0\u202f]?"
NIR_WITHOUT_KEY = re.compile(
    rf"(?<!\d)[1-478]{GAP}\d{{2}}{GAP}(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d){GAP}(?:\d{{2}}|2[AB]){GAP}\d{{3}}{GAP}\d{{3}}"
    rf"(?!\d)(?!{GAP}\d{{2}}(?!\d))",
    re.IGNORECASE,
)
IBAN = re.compile(r"(?<![A-Z0-9])(?=([A-Z]{2}[\s-]?\d{2}(?:[\s-]?[A-Z0-9]){11,60}))", re.IGNORECASE)
IBAN_LENGTHS = range(15, 35)


def find_sensitive(text: str) -> list[str]:
    """Return, in words, what in a note looks like data we do not want to hold, quoted as it stands there.

    `static/accompagnements/sensible.js` says the same while one types.
    """
    found = []
    if number := _nir(text):
        found.append(f"un numéro de sécurité sociale (« {number} »)")
    if number := next(filter(None, (_leading_iban(match[1]) for match in IBAN.finditer(text))), ""):
        found.append(f"un numéro de compte bancaire (IBAN : « {number} »)")
    if match := HEALTH.search(_fold(text)):
        found.append(f"une information de santé (« {match[0]} »)")
    return found


def _nir(text: str) -> str:
    for match in NIR.finditer(text):
        if nir.is_valid(re.sub(r"[^0-9AB]", "", match[1].upper())):
            return match[1].strip()
    without_key = NIR_WITHOUT_KEY.search(text)
    return without_key[0] if without_key else ""


def _leading_iban(text: str) -> str:
    """Return the IBAN that starts the text, if one does: what follows it, once spaces are gone, is not part of it."""
    ends = [match.end() for match in re.finditer(r"[A-Z0-9]", text, re.IGNORECASE)]
    compact = re.sub(r"[\s-]", "", text).upper()
    for length in IBAN_LENGTHS:
        if length <= len(compact) and _is_iban(compact[:length]):
            return text[: ends[length - 1]]
    return ""


def _is_iban(number: str) -> bool:
    try:
        iban.validate(number)
    except NumberError:
        return False
    return True


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()
