"""The details of a score, in words, for each side. Words are all a person gets: no bare number decides."""

from collections.abc import Sequence

from django.db.models import TextChoices

from candidatures.enums import Langue, SavoirEtre
from comptes.enums import RoleKind
from matching.scoring import Detail

WAIT_WORTH_SAYING_DAYS = 30
CRITERIA = {
    "distance": "Distance",
    "dates": "Dates",
    "experience": "Expérience de la médiation numérique",
    "diplome": "Diplôme ou titre professionnel",
    "attente": "Temps d'attente",
    "pix": "Score Pix déclaré",
    "langues": "Langues attendues",
    "savoir_etre": "Savoir-être attendus",
}


def explain(details: Sequence[Detail], *, rayon: str, side: RoleKind) -> list[str]:
    """Return one sentence a criterion that speaks for the pair. `rayon` is the candidat's own, in words.

    A criterion without a detail (a mise en relation older than the score) says nothing.
    """
    facts = {name: fact for name, _, _, fact in details}
    for_structure = side != RoleKind.CANDIDAT
    sentences = []
    if "distance" in facts:
        sentences.append(_distance(facts["distance"], rayon, for_structure))
    if "dates" in facts:
        sentences.append(_dates(facts["dates"], for_structure))
    if facts.get("experience"):
        who = "A déjà" if for_structure else "Vous avez déjà"
        sentences.append(f"{who} une expérience de la médiation numérique.")
    if facts.get("diplome"):
        sentences.append(_diplome(facts["diplome"], for_structure))
    if (days := facts.get("attente", 0)) >= WAIT_WORTH_SAYING_DAYS:
        sentences.append(
            f"Attend un poste depuis {days} jours."
            if for_structure
            else f"Votre candidature attend depuis {days} jours."
        )
    if facts.get("pix"):
        who = "A déclaré" if for_structure else "Vous avez déclaré"
        sentences.append(f"{who} un score Pix de {facts['pix']}.")
    if facts.get("langues"):
        names = _enumerate(Langue, facts["langues"])
        sentences.append(
            f"Parle une langue que vous demandez : {names}."
            if for_structure
            else f"Vous parlez une langue que la structure demande : {names}."
        )
    if facts.get("savoir_etre"):
        names = _enumerate(SavoirEtre, facts["savoir_etre"])
        sentences.append(
            f"Se reconnaît des points forts que vous attendez : {names}."
            if for_structure
            else f"Vous vous reconnaissez des points forts que la structure attend : {names}."
        )
    return sentences


def _distance(km: float, rayon: str, for_structure: bool) -> str:
    place = "de la commune" if for_structure else "de chez vous"
    where = f"À {format_km(km)} {place}" if km >= 1 else "Dans la même commune, ou tout près"
    if rayon == "France entière":
        return f"{where} ; " + (
            "accepte de travailler partout en France." if for_structure else "vous acceptez toute la France."
        )
    return f"{where}, pour un rayon de {rayon}."


def _dates(gap: int, for_structure: bool) -> str:
    if gap == 0:
        return "Disponible le jour où le poste commence." if for_structure else "Le poste commence à votre date."
    days = f"{gap} jour{'s' if gap > 1 else ''}"
    if for_structure:
        return f"Disponible {days} avant le début du poste."
    return f"Le poste commence {days} après la date où vous êtes disponible."


def _enumerate(kind: type[TextChoices], names: Sequence[str]) -> str:
    return ", ".join(kind(name).label[0].lower() + kind(name).label[1:] for name in names)


def _diplome(kind: str, for_structure: bool) -> str:
    if kind == "tp_remn":
        name = "le titre professionnel « Responsable d'espace de médiation numérique »"
    else:
        name = "un diplôme de la médiation numérique"
    return f"A {name}." if for_structure else f"Vous avez {name}."


def format_km(km: float) -> str:
    """Short distances to the kilometre; below one, say so."""
    if km < 1:
        return "moins de 1 km"
    return f"{round(km):,} km".replace(",", " ")


def points_table(details: Sequence[Detail]) -> list[tuple[str, str]]:
    return [(CRITERIA[name], f"{points} sur {maximum}") for name, points, maximum, _ in details]
