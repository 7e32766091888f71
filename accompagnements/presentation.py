"""What pages print: ready strings, so that templates compute nothing and lists stay cheap."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format

from accompagnements.constants import IMPORT_UNDO
from accompagnements.enums import (
    AGES,
    GENRES,
    IMPORTS_A_SUIVRE,
    STATUTS,
    Canal,
    Dispositif,
    Materiel,
    StatutImport,
    StatutLivraison,
    TypeAccompagnement,
)
from accompagnements.models import (
    Accompagnement,
    AccompagnementRevision,
    Etiquetage,
    ImportActivite,
    Livraison,
    Origine,
    Theme,
)
from accompagnements.services import label
from common.numbers import number

TYPES = dict(TypeAccompagnement.choices)
CANAUX = dict(Canal.choices)


def minutes_text(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{number(hours)} h {rest:02d}" if rest else f"{number(hours)} h"


class Row(TypedDict):
    """A line of the list. A template asks for a key first: an attribute costs it an exception more."""

    pk: int
    iso_date: str
    date: str
    type: str
    titre: str
    themes: str
    etiquettes: str
    place: str
    duree: str
    participants: str
    # What tells it from others of its type, for who hears links out of their line.
    which: str


def present_list(accompagnements: Iterable[Accompagnement]) -> list[Row]:
    names = dict(Theme.objects.values_list("pk", "nom"))
    accompagnements = list(accompagnements)
    words = _words_by_row([one.pk for one in accompagnements])
    return [
        Row(
            pk=one.pk,
            iso_date=one.date.isoformat(),
            date=f"{one.date:%d/%m/%Y}",
            type=TYPES[one.type],
            titre=one.titre,
            themes=", ".join(names[pk] for pk in one.themes),
            etiquettes=", ".join(words.get(one.pk, ())),
            place=str(one.lieu) if one.lieu else f"{CANAUX[one.canal]}, {one.commune.nom}",
            duree=minutes_text(one.duree),
            participants=str(one.participants),
            which=f"du {one.date:%d/%m/%Y}, n° {one.pk}",
        )
        for one in accompagnements
    ]


def details_of(accompagnement: Accompagnement) -> list[tuple[str, str]]:
    """Return what a row holds, in words; what was not filled in is left out."""
    one = accompagnement
    names = dict(Theme.objects.filter(pk__in=one.themes).values_list("pk", "nom"))
    materiel, dispositifs = dict(Materiel.choices), dict(Dispositif.choices)
    lines = [
        ("Date", date_format(one.date, "j F Y")),
        ("Durée", minutes_text(one.duree)),
        ("Où", f"{one.get_canal_display()}{f' : {one.lieu}' if one.lieu else ''}, {one.commune}"),
        ("Titre", one.titre),
        ("Thèmes", ", ".join(names[pk] for pk in one.themes)),
        ("Participants", f"{one.participants}{f', dont {one.recurrents} déjà venus' if one.recurrents else ''}"),
        ("Genre", _counts(one, GENRES)),
        ("Âge", _counts(one, AGES)),
        ("Situation", _counts(one, STATUTS)),
        ("Public", one.get_type_public_display()),
        ("Matériel", ", ".join(materiel[value] for value in one.materiel)),
        ("Autonomie", one.get_autonomie_display() if one.autonomie else ""),
        ("Niveau", one.get_niveau_display() if one.niveau else ""),
        ("Suite donnée", one.get_suite_display() if one.suite else ""),
        ("Orientation vers", str(one.organisme or one.get_orientation_display()) if one.orientation else ""),
        ("Dispositifs", ", ".join(dispositifs[value] for value in one.dispositifs)),
        ("Notes", one.notes),
    ]
    origine = Origine.objects.filter(accompagnement=one.pk).select_related("importation").first() if one.pk else None
    if origine is not None:
        lines.append(("Importé", f"ligne {origine.ligne} de « {origine.importation.nom} »"))
        lines += [(f"Dans le fichier, {name}", text) for name, text in origine.valeurs.items()]
    return [(name, text) for name, text in lines if text]


def links_of(accompagnement: Accompagnement) -> list[tuple[str, str]]:
    """Return who came and the words it is found by, in words: their conseiller's only."""
    lines = [
        ("Personnes suivies", ", ".join(map(str, accompagnement.beneficiaires.order_by("cle", "pk")))),
        ("Étiquettes", ", ".join(_words_by_row([accompagnement.pk]).get(accompagnement.pk, ()))),
    ]
    return [(name, text) for name, text in lines if text]


def _words_by_row(pks: list[int]) -> dict[int, list[str]]:
    links = Etiquetage.objects.filter(accompagnement__in=pks).order_by("etiquette__cle", "pk")
    words: dict[int, list[str]] = {}
    for pk, nom in links.values_list("accompagnement", "etiquette__nom"):
        words.setdefault(pk, []).append(nom)
    return words


def _counts(accompagnement: Accompagnement, columns: dict[str, str]) -> str:
    known = {label: getattr(accompagnement, column) for column, label in columns.items()}
    parts = [f"{label} : {value}" for label, value in known.items() if value]
    rest = accompagnement.participants - sum(known.values())
    return " ; ".join([*parts, f"Non communiqué : {rest}"] if rest and parts else parts)


@dataclass(frozen=True)
class Past:
    at: str
    by: str
    reason: str
    changes: list[str]


def history_of(accompagnement: Accompagnement) -> list[Past]:
    return past_of(AccompagnementRevision.objects.filter(accompagnement_pk=accompagnement.pk), label)


def past_of(revisions: QuerySet[Any], label: Callable[[str], str]) -> list[Past]:
    """Return what a row was, in words. `label` names its columns."""
    return [
        Past(
            at=date_format(timezone.localtime(revision.at), "j F Y à H:i"),
            by=str(revision.by),
            reason=revision.reason,
            changes=_differences(revision.avant, revision.apres or {}, label),
        )
        for revision in revisions.select_related("by")
    ]


def _differences(before: dict[str, Any], after: dict[str, Any], label: Callable[[str], str]) -> list[str]:
    changed = [name for name in before if before[name] != after.get(name)]
    return [f"{label(name)} : {_words(before[name])} → {_words(after.get(name))}" for name in changed] or [
        "Texte des notes"
    ]


def _words(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, list) else str(value or "")
    return text or "vide"


class LivraisonRow(TypedDict):
    pk: int
    titre: str
    genre: str
    asked: str
    badge: str
    status: str
    progression: int
    is_on_its_way: bool
    is_ready: bool
    size: str
    until: str
    failure: str


BADGES = {
    StatutLivraison.EN_ATTENTE: "info",
    StatutLivraison.EN_COURS: "info",
    StatutLivraison.PRETE: "success",
    StatutLivraison.ECHEC: "error",
}


def present_livraison(livraison: Livraison) -> LivraisonRow:
    status = StatutLivraison(livraison.status)
    return LivraisonRow(
        pk=livraison.pk,
        titre=livraison.titre,
        genre=livraison.get_genre_display(),
        asked=_moment(livraison.created_at),
        badge=BADGES.get(status, "info"),
        status=status.label,
        progression=livraison.progression,
        is_on_its_way=livraison.is_on_its_way,
        is_ready=status == StatutLivraison.PRETE,
        size=filesizeformat(livraison.taille) if livraison.taille else "",
        until=date_format(timezone.localtime(livraison.expire_at), "j F Y") if livraison.expire_at else "",
        failure=livraison.motif_echec,
    )


IMPORT_BADGES = {
    StatutImport.VERIFIE: "success",
    StatutImport.FAIT: "success",
    StatutImport.ERRONE: "error",
    StatutImport.REFUSE: "error",
    StatutImport.A_ASSOCIER: "new",
    StatutImport.A_PRECISER: "new",
}


def present_import(importation: ImportActivite) -> dict[str, Any]:
    status = StatutImport(importation.status)
    return {
        "pk": importation.pk,
        "nom": importation.nom,
        "asked": _moment(importation.created_at),
        "status": status.label,
        "step": status.value,
        "badge": IMPORT_BADGES.get(status, "info"),
        "progression": importation.progression,
        "is_at_work": importation.is_at_work,
        "waits": status in IMPORTS_A_SUIVRE,
        "format": importation.format,
        "lignes": number(importation.lignes),
        "bilan": importation.bilan,
        "refusal": importation.motif_refus,
        "is_unscanned": importation.analyse_at is None and bool(importation.format),
        "importes": importation.importes,
        "can_be_undone": importation.can_be_undone,
        "until": date_format(importation.importe_at + IMPORT_UNDO, "j F Y") if importation.importe_at else "",
        "erreurs": importation.erreurs_id,
    }


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{date_format(local, 'j F Y')} à {local:%H:%M}"
