"""Rows as pages print them: ready strings, so that a template decides nothing about what may be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone

from candidatures.enums import RayonKm
from candidatures.models import Candidature
from candidatures.selectors import experience_profil
from common.logs import EMAIL, PHONE
from comptes.enums import RoleKind
from comptes.models import Role
from matching import maps, permissions
from matching.constants import ANSWER_DELAY
from matching.enums import StatutMiseEnRelation
from matching.explanations import explain, format_km, points_table
from matching.models import MiseEnRelation
from matching.scoring import Detail
from matching.selectors import Besoin
from territoires.distance import distance_km
from territoires.models import Commune

_S = StatutMiseEnRelation
BADGES = {
    _S.PROPOSEE: "new",
    _S.INTERESSEE: "info",
    _S.ENTRETIEN: "info",
    _S.RETENUE: "success",
    _S.CONTRAT: "success",
    _S.RECRUTEE: "success",
}
SITUATIONS = {
    "demandeur_emploi": "demandeur d'emploi",
    "en_emploi": "en emploi",
    "en_formation": "en formation",
    "diplome_mediation": "diplômé de la médiation numérique",
    "experience_mediation": "expérience de la médiation numérique",
}


@dataclass(frozen=True)
class Profil:
    """What a structure may read of someone before it has marked its interest, and nothing else."""

    prenom: str
    commune: str
    distance: str
    rayon: str
    situation: str
    diplome: str
    experiences: list[str]
    competences: str
    langues: str
    pix: str
    qualites: list[str]
    disponible: str
    motivation: str


@dataclass(frozen=True)
class Contact:
    nom: str
    email: str
    telephone: str
    telephone_href: str


@dataclass(frozen=True)
class Row:
    """One person in a structure's table."""

    url: str
    name: str
    commune: str
    distance: str
    score: int
    disponible: str
    atouts: str
    # What its box is worth in a form, for those who may be compared or declined.
    pk: int | None = None
    status: str = ""
    badge_type: str = ""
    letter: str = ""
    # The first row of a letter is where the map leads.
    is_first: bool = False


@dataclass(frozen=True)
class Proposition:
    """One proposal as the candidat reads it."""

    pk: int
    structure: str
    place: str
    status: str
    badge_type: str
    next_step: str
    debut: str
    reasons: list[str]
    can: dict[str, bool]


def present_profil(candidature: Candidature, km: float, *, is_unveiled: bool = False) -> Profil:
    """What of a person a structure reads. The names of past employers wait for its interest: they may say who it is."""
    assert candidature.date_disponibilite is not None  # noqa: S101  # A constraint: what was submitted has a date.
    told = experience_profil(candidature, with_employer=is_unveiled)
    situations = [words for name, words in SITUATIONS.items() if getattr(candidature, name)]
    return Profil(
        prenom=candidature.prenom,
        commune=str(candidature.commune),
        distance=format_km(km),
        rayon=rayon_words(candidature),
        situation=", ".join(situations).capitalize(),
        diplome=_diplome(candidature),
        experiences=[without_contact(words) for words in told.experiences],
        competences=without_contact(told.competences),
        langues=told.langues,
        pix=told.pix,
        qualites=told.qualites,
        disponible=formats.date_format(candidature.date_disponibilite, "j F Y"),
        motivation=without_contact(candidature.motivation),
    )


def _diplome(candidature: Candidature) -> str:
    if candidature.titulaire_tp_remn:
        return "Titre professionnel « Responsable d'espace de médiation numérique »"
    return candidature.diplome_nom if candidature.diplome_mediation else ""


def rayon_words(candidature: Candidature) -> str:
    return RayonKm(candidature.rayon_km).label if candidature.rayon_km else ""


def without_contact(text: str) -> str:
    """Blank the addresses and numbers people write about themselves: they appear with the interest, not before."""
    return PHONE.sub("[téléphone masqué]", EMAIL.sub("[adresse masquée]", text))


def present_contact(role: Role, mise: MiseEnRelation) -> Contact | None:
    if not permissions.can_read_contact(role, mise):
        return None
    candidature = mise.candidature
    return Contact(
        nom=f"{candidature.prenom} {candidature.nom}",
        email=candidature.email,
        telephone=format_phone(candidature.telephone),
        telephone_href=candidature.telephone,
    )


def format_phone(e164: str) -> str:
    """+33612345678 → 06 12 34 56 78; a number of elsewhere stays as it is."""
    match = re.fullmatch(r"\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)", e164)
    return "0{} {} {} {} {}".format(*match.groups()) if match else e164


def name_of(mise: MiseEnRelation) -> str:
    """The first name; the last one too, once the structure may know it."""
    candidature = mise.candidature
    return f"{candidature.prenom} {candidature.nom}" if may_be_known(mise) else candidature.prenom


def label_of(mise: MiseEnRelation) -> str:
    """Who it is, where and how far it went, on one line."""
    return f"{name_of(mise)}, {mise.candidature.commune} – {structure_status(mise)}"


def may_be_known(mise: MiseEnRelation) -> bool:
    """Whether the structure may know who it is."""
    return mise.is_unveiled and permissions.may_share_contact(mise.candidature)


def atouts_of(candidature: Candidature) -> str:
    words = [SITUATIONS["experience_mediation"].capitalize()] if candidature.experience_mediation else []
    if candidature.titulaire_tp_remn:
        words.append("Titre professionnel REMN")
    elif candidature.diplome_mediation:
        words.append(candidature.diplome_nom)
    if candidature.niveau_pix is not None:
        words.append(f"Pix {candidature.niveau_pix}")
    return " ; ".join(words)


def proposed_row(mise: MiseEnRelation) -> Row:
    return Row(
        pk=mise.pk,
        url=reverse("matching:detail", args=[mise.pk]),
        name=name_of(mise),
        score=mise.score,
        status=structure_status(mise),
        badge_type=BADGES.get(_S(mise.status), ""),
        **_common(mise.candidature, mise.distance_km),
    )


def explored_row(candidature: Candidature, structure_pk: int, score: int) -> Row:
    return Row(
        url=reverse("matching:explore_detail", args=[structure_pk, candidature.reference]),
        name=candidature.prenom,
        score=score,
        **_common(candidature, candidature.distance_km),  # type: ignore[attr-defined]
    )


def _common(candidature: Candidature, km: float) -> dict[str, Any]:
    return {
        "commune": str(candidature.commune),
        "distance": format_km(km),
        "disponible": _day(candidature.date_disponibilite, "SHORT_DATE_FORMAT"),
        "atouts": atouts_of(candidature),
    }


def _day(day: date | None, form: str = "j F Y") -> str:
    return formats.date_format(day, form) if day else ""


def compared(mises: Sequence[MiseEnRelation]) -> list[tuple[str, list[str]]]:
    """Lay people side by side: one line a criterion, one value a person."""
    columns = []
    for mise in mises:
        profil = present_profil(mise.candidature, mise.distance_km, is_unveiled=may_be_known(mise))
        points = dict(points_table(mise.details))
        columns.append(
            {
                "Statut": structure_status(mise),
                "Commune": profil.commune,
                "Distance": f"{profil.distance} (rayon accepté : {profil.rayon})",
                "Disponible à partir du": profil.disponible,
                "Situation": profil.situation,
                "Diplôme ou titre": profil.diplome or "Aucun déclaré",
                "Expériences": "\n".join(profil.experiences) or "Aucune déclarée",
                "Compétences techniques": profil.competences or "–",
                "Langues": profil.langues or "–",
                "Score Pix déclaré": profil.pix or "–",
                "Qualités, selon la personne": "\n".join(profil.qualites) or "–",
                "Correspondance": f"{mise.score} points sur 100",
                **{f"dont {name[0].lower()}{name[1:]}": words for name, words in points.items()},
                "Motivation": profil.motivation,
            }
        )
    # A mise en relation older than the score has no points to show.
    names = dict.fromkeys(name for column in columns for name in column)
    return [(name, [column.get(name, "–") for column in columns]) for name in names]


EXPORT_HEADER = [
    "prenom", "nom", "email", "telephone", "commune", "distance_km", "rayon_accepte", "score", "disponible_le",
    "situation", "diplome", "experiences", "competences", "langues", "pix", "motivation", "statut", "proposee_le",
]  # fmt: skip


def export_row(role: Role, mise: MiseEnRelation) -> list[Any]:
    """The same as the pages: who it is and how to reach them, only when this role may read it."""
    profil = present_profil(mise.candidature, mise.distance_km, is_unveiled=may_be_known(mise))
    contact = present_contact(role, mise)
    return [
        profil.prenom,
        mise.candidature.nom if contact else "",
        contact.email if contact else "",
        contact.telephone if contact else "",
        profil.commune,
        round(mise.distance_km),
        profil.rayon,
        mise.score,
        mise.candidature.date_disponibilite,
        profil.situation,
        profil.diplome,
        " ; ".join(profil.experiences),
        profil.competences,
        profil.langues,
        profil.pix,
        profil.motivation,
        structure_status(mise),
        timezone.localdate(mise.created_at),
    ]


# --- The map --------------------------------------------------------------------------------------------------


def places_of(here: Commune, people: Sequence[tuple[Candidature, str]]) -> list[maps.Place]:
    """Gather by commune those of a page, under the names it gives them. Where they live today: someone may have moved
    since the proposal whose distance the table keeps."""
    places: dict[str, maps.Place] = {}
    for candidature, name in people:
        commune = candidature.commune
        assert commune is not None  # noqa: S101  # A constraint: what was submitted has a commune.
        is_near, km = commune.zone == here.zone, distance_km(commune, here)
        place = places.setdefault(commune.pk, maps.Place(str(commune), km, [], commune.x, commune.y, is_near))
        place.people.append(name)
    return list(places.values())


def lettered(rows: Sequence[Row], picture: maps.Map) -> list[Row]:
    """Give each row the letter of its commune on the map, and mark the row each letter leads to."""
    seen: set[str] = set()
    given = []
    for row in rows:
        letter = picture.letters.get(row.commune, "")
        given.append(replace(row, letter=letter, is_first=letter not in seen))
        seen.add(letter)
    return given


# --- The candidat ---------------------------------------------------------------------------------------------


def structure_status(mise: MiseEnRelation) -> str:
    """The status in the words of the structure: its own interest, and the person's answer."""
    if mise.status == _S.INTERESSEE:
        return "A accepté votre proposition" if mise.acceptee_at else "Intérêt marqué"
    return mise.get_status_display()


# The status in the words of the person, and what happens next: events, not categories.
FOR_CANDIDAT = {
    _S.PROPOSEE: (
        "Proposée à la structure",
        "Elle a jusqu'au {deadline} pour répondre. Elle ne voit ni votre nom ni vos coordonnées.",
    ),
    _S.INTERESSEE: (
        "La structure est intéressée",
        "Elle voit votre nom et vos coordonnées. Acceptez ou déclinez avant le {deadline}.",
    ),
    _S.ENTRETIEN: ("Entretien", "La structure souhaite vous rencontrer. Elle voit vos coordonnées."),
    _S.RETENUE: ("Votre candidature est retenue", "La structure prépare votre contrat."),
    _S.CONTRAT: ("Contrat en préparation", "Le contrat est soumis à la Banque des Territoires avant votre signature."),
    _S.RECRUTEE: ("Recrutement fait", ""),
    _S.DECLINEE_STRUCTURE: ("Déclinée par la structure", "Motif donné : {motif}."),
    _S.DECLINEE_CANDIDAT: ("Vous avez décliné", "Cette structure ne vous sera plus proposée."),
    _S.EXPIREE: ("Close, sans réponse", "Personne n'a répondu dans les 30 jours."),
    _S.ANNULEE: ("Close", "Le poste est pourvu, ou votre candidature n'est plus proposée."),
}
ACCEPTED = ("Vous avez accepté", "La structure le sait : elle peut vous proposer un entretien.")


def candidat_status(mise: MiseEnRelation) -> tuple[str, str]:
    """Say where it is and what happens next."""
    if mise.status == _S.INTERESSEE and mise.acceptee_at:
        return ACCEPTED
    words, next_step = FOR_CANDIDAT[_S(mise.status)]
    deadline = _day(timezone.localdate(mise.updated_at + ANSWER_DELAY))
    motif = mise.get_motif_display().lower() or "non précisé"
    return words, next_step.format(deadline=deadline, motif=motif)


def proposition(mise: MiseEnRelation, besoin: Besoin | None, can: dict[str, bool]) -> Proposition:
    status, next_step = candidat_status(mise)
    place, reasons = str(mise.structure.commune), reasons_of(mise.details, mise.candidature, RoleKind.CANDIDAT)
    return Proposition(
        pk=mise.pk,
        structure=mise.structure.nom,
        # The first reason says how far it is, when there are reasons.
        place=place if reasons else f"{place}, à {format_km(mise.distance_km)} de chez vous",
        status=status,
        badge_type=BADGES.get(_S(mise.status), ""),
        next_step=next_step,
        debut=_debut(besoin) if besoin else "",
        reasons=reasons,
        can=can,
    )


def _debut(besoin: Besoin) -> str:
    first = besoin.debuts[0]
    if first <= besoin.today:
        return "Le poste est à pourvoir dès maintenant."
    return f"Le poste commence le {_day(first)}."


def reasons_of(details: list[Detail], candidature: Candidature, side: RoleKind) -> list[str]:
    return explain(details, rayon=rayon_words(candidature), side=side)


def points_of(details: list[Detail]) -> list[tuple[str, str]]:
    return points_table(details)
