from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.utils import timezone

from accompagnements.constants import LIEU_EXTENT_KM, LIEUX_MAX
from accompagnements.models import (
    Accompagnement,
    ExceptionHoraires,
    FiltreEnregistre,
    LieuActivite,
    ModeleAtelier,
    Passage,
)
from common.exceptions import RuleError
from comptes.models import Role
from comptes.services import record
from contrats.models import Conseiller
from notifications.services import queue_effet
from territoires.distance import distance_km
from territoires.geocodage import geocode
from territoires.models import Commune

# Two merges at once could each wait for what the other holds: one after the other.
MERGE_LOCK = 4_021_001
REFUSALS = {
    "lieux_quinze_au_plus": RuleError(f"Vous avez déjà {LIEUX_MAX} lieux d'activité, le maximum."),
    "lieu_archive": RuleError("Ce lieu vient d'être archivé : choisissez-en un autre."),
    "exception_sans_recouvrement": RuleError("Une autre exception couvre déjà une partie de ces jours.", field="du"),
    "passage_unique": RuleError("Un passage commence déjà à cette heure ce jour-là.", field="debut"),
}


@contextmanager
def refusing() -> Iterator[None]:
    """Say in French what the database refuses: it alone sees what two people do at once."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        diagnostic = getattr(error.__cause__, "diag", None)
        if refusal := REFUSALS.get(getattr(diagnostic, "constraint_name", "")):
            raise RuleError(str(refusal), field=refusal.field) from error
        raise


def _lock(lieu: LieuActivite) -> LieuActivite:
    return LieuActivite.objects.select_for_update(of=("self",), no_key=True).get(pk=lieu.pk)


@transaction.atomic
def create_lieu(
    *, conseiller: Conseiller, nom: str, adresse: str, commune: Commune, by: Role, **details: Any
) -> LieuActivite:
    """Add a place where this conseiller receives."""
    with refusing():
        lieu = LieuActivite.objects.create(nom=nom, adresse=adresse, commune=commune, **details)
        lieu.conseillers.add(conseiller)
    _ask_place(lieu)
    return lieu


def _ask_place(lieu: LieuActivite) -> None:
    """Have an address without coordinates looked for: the geocoder may be away, nobody waits for it."""
    if settings.GEOCODAGE_URL and LieuActivite.objects.to_place().filter(pk=lieu.pk).exists():
        queue_effet(
            "accompagnements.place_lieu",
            cle=f"accompagnements.place_lieu:{lieu.pk}:{lieu.updated_at.isoformat()}",
            lieu=lieu.pk,
        )


def place_lieu(lieu: int) -> None:
    """Give a lieu the coordinates of its address, if the geocoder knows it well enough.

    Away, it is asked again by the hourly job; what it does not know stays at the town hall.
    """
    row = LieuActivite.objects.to_place().select_related("commune").filter(pk=lieu).first()
    if row is None:
        return
    commune = row.commune
    text = f"{row.adresse} {row.code_postal or commune.codes_postaux[0]} {commune.nom}"
    found = geocode(text, code_commune=commune.code)
    if found is None:
        return
    values: dict[str, Any] = {"geocode_at": timezone.now()}
    if found and distance_km(commune, found[0]) <= LIEU_EXTENT_KM:
        # To a metre.
        point = {"latitude": round(found[0].latitude, 5), "longitude": round(found[0].longitude, 5)}
        values |= point | {"geocode_score": min(found[0].score, 1.0), "updated_at": timezone.now()}
    # Unless it moved, or someone placed it, meanwhile.
    unchanged = {"adresse": row.adresse, "code_postal": row.code_postal, "commune": commune}
    LieuActivite.objects.to_place().filter(pk=row.pk, **unchanged).update(**values)


def place_waiting_lieux(limit: int) -> int:
    """Try again for those the geocoder gave no answer about, and return how many were tried."""
    waiting = list(LieuActivite.objects.to_place().order_by("?").values_list("pk", flat=True)[:limit])
    for pk in waiting:
        place_lieu(pk)
    return len(waiting)


@transaction.atomic
def join_lieu(*, lieu: LieuActivite, conseiller: Conseiller, by: Role) -> LieuActivite:
    """Receive in a place someone else described: one place, several conseillers."""
    lieu = _lock(lieu)
    with refusing():
        lieu.conseillers.add(conseiller)
    _touch(lieu)
    return lieu


@transaction.atomic
def leave_lieu(*, lieu: LieuActivite, conseiller: Conseiller, by: Role) -> LieuActivite:
    """Receive there no more. The last one to leave closes the place; past activity keeps naming it."""
    lieu = _lock(lieu)
    lieu.conseillers.remove(conseiller)
    if lieu.archived_at is None and not lieu.conseillers.exists():
        lieu.archived_at = timezone.now()
    lieu.save(update_fields=["archived_at", "updated_at"])
    record(by=by, verbe="archiver un lieu" if lieu.archived_at else "quitter un lieu", objet=lieu)
    return lieu


@transaction.atomic
def reopen_lieu(*, lieu: LieuActivite, by: Role) -> LieuActivite:
    lieu = _lock(lieu)
    if lieu.fusionne_dans_id is not None:
        raise RuleError("ce lieu est fusionné dans un autre : il ne se rouvre pas.")
    if lieu.archived_at is None:
        raise RuleError("ce lieu n'est pas archivé.")
    lieu.archived_at = None
    lieu.save(update_fields=["archived_at", "updated_at"])
    record(by=by, verbe="rouvrir un lieu", objet=lieu)
    return lieu


@transaction.atomic
def update_lieu(*, lieu: LieuActivite, values: Mapping[str, Any], by: Role) -> LieuActivite:
    """Change what a place is. Past activity keeps the commune it took place in."""
    lieu = _lock(lieu)
    for name, value in values.items():
        setattr(lieu, name, value)
    lieu.save()
    _ask_place(lieu)
    return lieu


def _touch(lieu: LieuActivite) -> None:
    """What is published of a place changed with its exceptions or passages: so did its date."""
    lieu.save(update_fields=["updated_at"])


@transaction.atomic
def add_exception(*, lieu: LieuActivite, values: Mapping[str, Any], by: Role) -> ExceptionHoraires:
    with refusing():
        exception = ExceptionHoraires.objects.create(lieu=lieu, **values)
    _touch(lieu)
    return exception


@transaction.atomic
def add_passage(*, lieu: LieuActivite, values: Mapping[str, Any], by: Role) -> Passage:
    with refusing():
        passage = Passage.objects.create(lieu=lieu, **values)
    _touch(lieu)
    return passage


@transaction.atomic
def remove_from_lieu(*, row: ExceptionHoraires | Passage, by: Role) -> None:
    row.delete()
    _touch(row.lieu)


# --- Duplicates -----------------------------------------------------------------------------------------------

# Taken from a duplicate where the lieu that stays says nothing.
COMPLETED = (
    "complement_adresse", "code_postal", "siret", "horaires", "services", "modalites", "publics", "prises_en_charge",
    "presentation", "telephone", "courriel", "site_web", "prise_rdv", "fiche_acces_libre",
)  # fmt: skip


@transaction.atomic
def merge_lieux(*, garde: LieuActivite, doublons: Sequence[LieuActivite], by: Role) -> LieuActivite:
    """Keep one lieu of several that are the same: activity, models, filters and conseillers follow.

    What is being recorded in a duplicate is waited for, then moved; what comes after goes to the lieu that stays.
    Figures stay as they are: an accompagnement keeps its commune, its day and its author.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
    # FOR UPDATE: no row can be added that refers to one of them. The lieu that stays may still be entered in.
    pks = {doublon.pk for doublon in doublons}
    locked = list(LieuActivite.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk"))
    garde = _lock(garde)
    for doublon in locked:
        _refuse_merge(garde, doublon)
    for doublon in locked:
        _merge(garde, doublon, by)
    garde.save()
    return garde


def _refuse_merge(garde: LieuActivite, doublon: LieuActivite) -> None:
    if doublon.pk == garde.pk:
        raise RuleError("Un lieu ne se fusionne pas avec lui-même.")
    if garde.archived_at or doublon.archived_at:
        raise RuleError("Un de ces lieux est archivé ou déjà fusionné : actualisez la liste.")
    if garde.commune_id != doublon.commune_id:
        raise RuleError(f"« {doublon} » et « {garde} » ne sont pas dans la même commune : ce sont deux lieux.")
    if garde.itinerant != doublon.itinerant:
        raise RuleError(f"De « {doublon} » et « {garde} », un seul est itinérant : ce sont deux lieux.")
    if garde.siret and doublon.siret and garde.siret != doublon.siret:
        raise RuleError(
            f"« {doublon} » et « {garde} » ont deux SIRET différents. Si l'un est faux, corrigez-le d'abord."
        )


def _merge(garde: LieuActivite, doublon: LieuActivite, by: Role) -> None:
    conseillers = sorted(doublon.conseillers.values_list("pk", flat=True))
    doublon.archived_at, doublon.fusionne_dans = timezone.now(), garde
    doublon.save()  # The database detaches its conseillers.
    LieuActivite.objects.filter(fusionne_dans=doublon).update(fusionne_dans=garde)
    through = LieuActivite.conseillers.through
    through.objects.bulk_create(
        [through(lieuactivite=garde, conseiller_id=pk) for pk in conseillers], ignore_conflicts=True
    )
    moved = Accompagnement.objects.filter(lieu=doublon).update(lieu=garde)
    ModeleAtelier.objects.filter(lieu=doublon).update(lieu=garde)
    _rename_in_filters(doublon.pk, garde.pk)
    _complete(garde, doublon)
    record(by=by, verbe="fusionner un lieu", objet=doublon, dans=garde.pk, accompagnements=moved)


def _rename_in_filters(before: int, after: int) -> None:
    for filtre in FiltreEnregistre.objects.select_for_update().filter(requete__contains=f"lieu={before}"):
        query = QueryDict(filtre.requete, mutable=True)
        if query.get("lieu") == str(before):
            query["lieu"] = str(after)
            filtre.requete = query.urlencode()
            filtre.save(update_fields=["requete", "updated_at"])


def _complete(garde: LieuActivite, doublon: LieuActivite) -> None:
    if not garde.horaires:
        # Its exceptions speak of its hours: those of the lieu that stays, if any, come first.
        for exception in doublon.exceptions.all():
            overlapping = garde.exceptions.filter(du__lte=exception.au, au__gte=exception.du)
            if not overlapping.exists():
                ExceptionHoraires.objects.filter(pk=exception.pk).update(lieu=garde)
    for name in COMPLETED:
        if not getattr(garde, name):
            setattr(garde, name, getattr(doublon, name))
    if not garde.has_own_point:
        for name in ("latitude", "longitude", "geocode_at", "geocode_score"):
            setattr(garde, name, getattr(doublon, name))
    taken = set(garde.passages.values_list("date", "debut"))
    for passage in doublon.passages.all():
        if (passage.date, passage.debut) not in taken:
            Passage.objects.filter(pk=passage.pk).update(lieu=garde)
