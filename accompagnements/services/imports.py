from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accompagnements.constants import IMPORTS_OPEN_MAX, LIVRAISON_MOMENT
from accompagnements.enums import GenreLivraison, StatutImport
from accompagnements.models import Accompagnement, ImportActivite, Livraison
from common.exceptions import RuleError
from comptes.models import Role
from comptes.services import record
from contrats.models import Conseiller
from notifications.services import queue_effet

# Where a file is needed no more.
CLOSED = frozenset({StatutImport.FAIT, StatutImport.ANNULE, StatutImport.REFUSE, StatutImport.ABANDONNE})


@transaction.atomic
def deposit_import(*, conseiller: Conseiller, fichier: File, nom: str, by: Role) -> ImportActivite:
    """Put a file in quarantine and have it read. The lock makes two tabs count each other's."""
    Conseiller.objects.select_for_update(of=("self",)).get(pk=conseiller.pk)
    if ImportActivite.objects.filter(conseiller=conseiller).open().count() >= IMPORTS_OPEN_MAX:
        raise RuleError(f"Vous avez déjà {IMPORTS_OPEN_MAX} imports en cours : terminez-en ou abandonnez-en un.")
    row = ImportActivite(conseiller=conseiller, role=by, nom=nom[-150:], taille=fichier.size, tour=1)
    row.depot.save(row.reference.hex, fichier, save=False)
    row.save()
    record(by=by, verbe="import.deposit", objet=row)
    _queue("read_import", row)
    return row


def _queue(name: str, row: ImportActivite, **charge: Any) -> None:
    cle = f"accompagnements.{name}:{row.pk}:{row.tour}:{row.status}"
    queue_effet(f"accompagnements.{name}", cle=cle, importation=row.pk, **charge)


def _lock(row: ImportActivite) -> ImportActivite:
    rows = ImportActivite.objects.select_for_update(of=("self",)).select_related("role__compte", "conseiller")
    return rows.get(pk=row.pk)


def _move(
    row: ImportActivite, status: StatutImport, *, by: Role | None = None, reason: str = "", **values: Any
) -> None:
    row.move_to(status, by=by.compte if by else None, reason=reason, **values)
    if row.status != StatutImport.DEPOSE:
        _queue("discard_import_files", row)


@transaction.atomic
def refuse_import(*, importation: ImportActivite, reason: str) -> None:
    row = _lock(importation)
    _move(row, StatutImport.REFUSE, reason=reason, motif_refus=reason[:300])
    _tell(row)


@transaction.atomic
def accept_import(*, importation: ImportActivite, **found: Any) -> None:
    """Keep what was read of the file, with the columns its headers propose; the file received goes."""
    row = _lock(importation)
    _move(row, StatutImport.A_ASSOCIER, essais=0, progression=0, **found)
    _tell(row)


@transaction.atomic
def choose_columns(*, importation: ImportActivite, colonnes: Mapping[str, str], by: Role) -> None:
    _ask(_lock(importation), StatutImport.VERIFICATION, by, "verify_import", colonnes=dict(colonnes))


@transaction.atomic
def explain_words(*, importation: ImportActivite, mots: Mapping[str, Mapping[str, str]], by: Role) -> None:
    """Keep what words mean, beside those explained before, and verify again."""
    row = _lock(importation)
    told = {name: dict(words) for name, words in row.mots.items()}
    for name, words in mots.items():
        told.setdefault(name, {}).update(words)
    _ask(row, StatutImport.VERIFICATION, by, "verify_import", mots=told)


@transaction.atomic
def confirm_import(*, importation: ImportActivite, by: Role) -> None:
    """Have the whole file written, all or nothing."""
    row = _lock(importation)
    _ask(row, StatutImport.ECRITURE, by, "write_import")
    record(by=by, verbe="import.confirm", objet=row)


def _ask(row: ImportActivite, status: StatutImport, by: Role, name: str, **values: Any) -> None:
    asked: dict[str, Any] = {
        "tour": row.tour + 1,
        "essais": 0,
        "progression": 0,
        "demande_at": timezone.now(),
        "motif_refus": "",
    }
    _move(row, status, by=by, **asked, **values)
    _queue(name, row, tour=row.tour)


@transaction.atomic
def settle_import(
    *, importation: ImportActivite, status: StatutImport, bilan: dict[str, Any], erreurs: Livraison | None = None
) -> None:
    row = _lock(importation)
    _move(row, status, bilan=bilan, erreurs=erreurs, progression=100)
    _tell(row)


def finish_import(*, importation: ImportActivite, importes: int) -> None:
    """Say that the rows are written. Inside the transaction that writes them."""
    row = _lock(importation)
    _move(row, StatutImport.FAIT, importes=importes, importe_at=timezone.now(), progression=100)
    record(by=row.role, verbe="import.write", objet=row, lignes=importes)
    _tell(row)


@transaction.atomic
def give_up_import(*, importation: ImportActivite, reason: str) -> None:
    """Give the file back to its author: three tries broke, and none wrote anything."""
    row = _lock(importation)
    back = {StatutImport.VERIFICATION: StatutImport.A_ASSOCIER, StatutImport.ECRITURE: StatutImport.ERRONE}
    _move(row, back[StatutImport(row.status)], reason=reason, motif_refus=reason[:300])
    _tell(row)


@transaction.atomic
def abandon_import(*, importation: ImportActivite, by: Role | None) -> None:
    _move(_lock(importation), StatutImport.ABANDONNE, by=by, reason="" if by else "sans suite")


@transaction.atomic
def ask_undo(*, importation: ImportActivite, by: Role) -> None:
    """Have everything an import wrote taken back, as long as nobody touched any of it."""
    row = _lock(importation)
    if not row.can_be_undone:
        raise RuleError("Cet import ne peut plus être annulé : sept jours ont passé.")
    _check_untouched(row)
    _move(row, StatutImport.ANNULATION, by=by, essais=0)
    record(by=by, verbe="import.undo", objet=row, lignes=row.importes)
    _queue("undo_import", row)


def _check_untouched(row: ImportActivite) -> None:
    intact = row.origines.filter(accompagnement__updated_at=F("accompagnement__created_at")).count()
    if intact != row.importes:
        raise RuleError(
            "Un des accompagnements importés a été modifié ou supprimé depuis : l'import ne peut plus être annulé d'un "
            "coup. Supprimez les accompagnements un à un."
        )


@transaction.atomic
def remove_imported(*, importation: ImportActivite) -> None:
    row = _lock(importation)
    try:
        _check_untouched(row)
    except RuleError as error:
        _move(row, StatutImport.FAIT, reason=str(error), motif_refus=str(error)[:300])
        return
    Accompagnement.objects.filter(origine__importation=row.pk).delete()
    _move(row, StatutImport.ANNULE)


def _tell(row: ImportActivite) -> None:
    """Tell the author that the file waits for them, or is in, when they may have left meanwhile."""
    asked = row.demande_at or row.created_at
    if timezone.now() - asked > LIVRAISON_MOMENT:
        queue_effet(
            "accompagnements.import_moved",
            cle=f"accompagnements.import_moved:{row.pk}:{row.tour}:{row.status}",
            destinataire=row.role.compte.email,
            importation=row.pk,
        )


@transaction.atomic
def open_error_file(*, importation: ImportActivite) -> Livraison:
    """Return the row of the error file of this verification: made at once by who verifies, no effect is queued."""
    values = {"role": importation.role, "titre": importation.nom}
    demande = f"import={importation.pk}&tour={importation.tour}"
    row, _ = Livraison.objects.get_or_create(genre=GenreLivraison.ERREURS, demande=demande, defaults=values)
    return row


@transaction.atomic
def discard_import_files(*, importation: int) -> None:
    row = ImportActivite.objects.select_for_update().filter(pk=importation).first()
    if row is None:
        return
    if row.status != StatutImport.DEPOSE and row.depot:
        row.depot.delete(save=False)
        row.write(depot="")
    if row.status in CLOSED and row.fichier:
        row.fichier.delete(save=False)
        row.write(fichier="", exemples=[])


def close_forgotten_imports() -> int:
    """Abandon the files nobody came back to for a week."""
    rows = list(ImportActivite.objects.abandoned())
    for row in rows:
        abandon_import(importation=row, by=None)
    return len(rows)


@transaction.atomic
def read_waiting_imports() -> int:
    """Ask again, once an hour at most, for the readings that gave up: the antivirus was away."""
    rows = list(ImportActivite.objects.waiting_too_long())
    for row in rows:
        cle = f"accompagnements.read_import:{row.pk}:{timezone.now():%Y%m%d%H}"
        queue_effet("accompagnements.read_import", cle=cle, importation=row.pk)
    return len(rows)
