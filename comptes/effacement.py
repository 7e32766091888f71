"""Erasing an account, as the register says. Nothing is written unless it is asked for: it says what it would do."""

from django.db import transaction

from comptes.models import Compte, Role
from comptes.registre import Traitement, traitements
from comptes.services import record
from comptes.signals import compte_leaving


@transaction.atomic
def erase_compte(*, compte: Compte, by: Role | None, dry_run: bool = True) -> dict[str, int]:
    """Erase what is held about a person and return how many rows of each model are concerned.

    Whoever still needs the person (a candidature that runs, a contract) refuses: `compte_leaving` raises a RuleError.
    Rows go before those they depend on; the account itself is masked last, since others name it as the author of acts.
    """
    compte = Compte.objects.select_for_update().get(pk=compte.pk)
    compte_leaving.send(sender=Compte, compte=compte)
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
