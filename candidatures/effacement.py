"""The end of what is held about candidats: 24 months after the last sign they gave."""

from django.db import transaction

from candidatures import services
from candidatures.models import Candidature
from comptes.effacement import erase_compte
from comptes.enums import RoleKind
from comptes.models import Compte
from comptes.registre import find
from comptes.services import record


def erase_old_candidatures(*, dry_run: bool) -> int:
    """Mask the candidatures nobody gave news of for 24 months, and their account where it has no other use.

    Returns how many; `dry_run` only counts them.
    """
    pks = list(Candidature.objects.outdated().values_list("pk", flat=True))
    return len(pks) if dry_run else sum(_erase(pk) for pk in pks)


@transaction.atomic
def _erase(pk: int) -> bool:
    locked = Candidature.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if locked is None or not Candidature.objects.outdated().filter(pk=pk).exists():
        return False
    declared = find("candidatures.Candidature")
    if declared is None or declared.masque is None:
        raise LookupError("candidatures.Candidature is not in the register")
    record(by=None, verbe="effacer une candidature", objet=locked)
    compte = locked.compte
    if compte is not None and _is_of_no_other_use(compte):
        erase_compte(compte=compte, by=None, dry_run=False)
    services.erase_cv(candidature=locked)
    locked.experiences.all().delete()
    Candidature.objects.filter(pk=pk).update(**declared.masque)
    return True


def _is_of_no_other_use(compte: Compte) -> bool:
    """Say whether the account only ever applied: neither another right, nor another candidature, nor a recent visit."""
    others = compte.candidatures.exclude(pk__in=compte.candidatures.outdated())
    return not compte.roles.exclude(kind=RoleKind.CANDIDAT).exists() and not others.exists()
