"""What one conseiller reads of the persons they follow, and how many they are for everyone else.

Persons are counted distinct from the links: someone who left and came back is one person, however many times they came.
Followed by two conseillers they are two: nothing says that they are the same, and nothing should.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from django.utils import timezone

from accompagnements.cles import fold
from accompagnements.enums import TypeAccompagnement
from accompagnements.models import AccompagnementQuerySet, Beneficiaire, Suivi, Theme
from common.phones import display_phone
from comptes.models import Role
from contrats.models import Conseiller

FOUND_MAX = 50


def followed_by(conseiller: Conseiller) -> QuerySet[Beneficiaire]:
    return Beneficiaire.objects.filter(conseiller=conseiller).order_by("cle", "pk")


def persons_found(role: Role, text: str) -> QuerySet[Beneficiaire]:
    """Return those whose name holds these letters, without accents nor case: short lists, no index of words."""
    rows = Beneficiaire.objects.visible_to(role).filter(cle__contains=fold(text))
    return rows.with_path().order_by("cle", "pk")[:FOUND_MAX]


@dataclass(frozen=True)
class Seance:
    pk: int
    date: date
    type: str
    titre: str
    duree: int
    themes: str
    suite: str
    # Only where they were alone: the notes of an atelier are about others too.
    notes: str


@dataclass(frozen=True)
class PersonneSuivie:
    seances: list[Seance]
    minutes: int


def path_of(beneficiaire: Beneficiaire) -> PersonneSuivie:
    """Return the accompagnements of a person, in the order of their path."""
    names = dict(Theme.objects.values_list("pk", "nom"))
    rows = list(beneficiaire.accompagnements.order_by("date", "pk"))
    seances = [
        Seance(
            pk=one.pk,
            date=one.date,
            type=one.get_type_display(),
            titre=one.titre,
            duree=one.duree,
            themes=", ".join(names[pk] for pk in one.themes),
            suite=one.get_suite_display() if one.suite else "",
            notes=one.notes if one.type != TypeAccompagnement.ATELIER else "",
        )
        for one in rows
    ]
    return PersonneSuivie(seances, sum(one.duree for one in rows))


def held_about(beneficiaire: Beneficiaire) -> dict[str, Any]:
    """Return everything that is held about a person, in words, for that person."""
    one = beneficiaire
    return {
        "personne": {
            "prenom_ou_surnom": one.prenom,
            "initiale_du_nom": one.initiale,
            "annee_de_naissance": one.annee_naissance,
            "tranche_d_age": one.age_text if one.tranche_age else "",
            "accepte_d_etre_rappelee": one.rappel,
            "telephone": display_phone(one.telephone),
            "fiche_creee_le": timezone.localdate(one.created_at),
            "fiche_modifiee_le": timezone.localdate(one.updated_at),
        },
        "accord": {
            "donne_le": one.consent_at,
            "comment": one.get_consent_mode_display(),
            "phrase_lue": one.consent_sentence,
            "phrase_numero": one.consent_version,
        },
        "conseiller": str(one.conseiller),
        "accompagnements": [
            {
                "date": seance.date,
                "type": seance.type,
                "titre": seance.titre,
                "duree_minutes": seance.duree,
                "themes": seance.themes,
                "suite": seance.suite,
                "notes": seance.notes,
            }
            for seance in path_of(one).seances
        ],
    }


def count_personnes(rows: AccompagnementQuerySet, debut: date, fin: date) -> int:
    """Count the followed persons who came to these accompagnements from `debut` to `fin`, each once."""
    came = rows.filter(date__range=(debut, fin)).order_by().values("pk")
    try:
        return Suivi.objects.filter(accompagnement__in=came).values("beneficiaire").distinct().count()
    except EmptyResultSet:
        return 0
