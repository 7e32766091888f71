"""Erasing an account, as the register says. Nothing is written unless it is asked for: it says what it would do."""

from dataclasses import dataclass

from django.db import connection, transaction

from common.exceptions import RuleError
from comptes.constants import ERASURE_LOCK, MASKED_DOMAIN
from comptes.emails import compte_erased
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from comptes.registre import Traitement, traitements
from comptes.services import record
from comptes.signals import compte_leaving
from notifications.sealing import seal
from notifications.services import queue_effet


@dataclass(frozen=True)
class Concerned:
    """The rows of one model that are about a person, and what becomes of them."""

    nature: str
    count: int
    traitement: Traitement


LAST_ANCT = (
    "C'est le dernier compte de l'ANCT : un collègue doit d'abord être invité, sans quoi plus rien ne se décide."
)


def obstacles(compte: Compte) -> list[str]:
    """Return what prevents erasing an account now, one sentence each: a contract that runs, a team left alone…"""
    found = [LAST_ANCT] if _is_last_of_anct(compte) else []
    return found + [reason for _receiver, reason in compte_leaving.send(sender=Compte, compte=compte) if reason]


def _is_last_of_anct(compte: Compte) -> bool:
    agents = Role.objects.active().filter(kind=RoleKind.ANCT, compte__is_active=True)
    return agents.filter(compte=compte).exists() and not agents.exclude(compte=compte).exists()


def what_erasing_does(compte: Compte) -> tuple[list[Concerned], list[Concerned]]:
    """Return what is erased or masked, then what stays as it is: the register says why, and for how long."""
    erased: list[Concerned] = []
    kept: list[Concerned] = []
    for one in traitements():
        if (one.personne or one.adresse) and (count := one.rows(compte).count()):
            row = Concerned(str(one.model._meta.verbose_name_plural), count, one)
            (erased if one.is_erased else kept).append(row)
    return erased, kept


@transaction.atomic
def erase_own_compte(*, compte: Compte, by: Role | None) -> None:
    """Erase the account of the person who asks, and tell the address it had, once: nobody else is left to warn."""
    adresse = compte.email
    erase_compte(compte=compte, by=by, dry_run=False)
    queue_effet(
        "comptes.compte_efface",
        cle=f"comptes.compte_efface:{compte.pk}",
        destinataire=adresse,
        # No row holds the address any more: the message is made now, and sealed until it has left.
        scelle=seal(compte_erased(adresse)),
    )


@transaction.atomic
def erase_compte(*, compte: Compte, by: Role | None, dry_run: bool = True) -> dict[str, int]:
    """Erase what is held about a person and return how many rows of each model are concerned.

    Whoever still needs the person (a candidature that runs, a contract) refuses: see `obstacles`. Erasures go one
    after the other: of the last two of a team, each would count on the other.
    Rows go before those they depend on; the account itself is masked last, since others name it as the author of acts.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ERASURE_LOCK])
    compte = Compte.objects.select_for_update().get(pk=compte.pk)
    if compte.email.endswith(MASKED_DOMAIN):
        raise RuleError("Ce compte est déjà effacé.")
    if reasons := obstacles(compte):
        raise RuleError(" ".join(reasons))
    concerned = {one.label: count for one in _in_order() if (count := one.rows(compte).count())}
    if dry_run:
        return concerned
    record(by=by, verbe="effacer un compte", objet=compte, lignes=concerned)
    for one in _in_order():
        _erase(one, compte)
    return concerned


def _erase(one: Traitement, compte: Compte) -> None:
    if one.erase is not None:
        one.erase(compte)
    elif one.supprime:
        one.rows(compte).delete()
    elif one.masque is not None:
        one.rows(compte).update(**one.masque)


def _in_order() -> list[Traitement]:
    """The longest ways first: they pass through rows that a shorter one masks. The account comes last."""
    return sorted(
        (one for one in traitements() if one.personne or one.adresse),
        key=lambda one: (one.label == "comptes.Compte", -max((path.count("__") for path in one.personne), default=0)),
    )
