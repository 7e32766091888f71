"""Words shared or one's own. Who may name which is `Etiquette.objects.managed_by`."""

from typing import Any

from django.db import IntegrityError, transaction

from accompagnements.cles import fold, tidy
from accompagnements.constants import ETIQUETTES_OWNED_MAX
from accompagnements.enums import Portee
from accompagnements.exceptions import DuplicateNameError
from accompagnements.models import Etiquetage, EtiquetageModele, Etiquette
from accompagnements.notes import find_sensitive
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from comptes.services import record
from structures.models import Structure
from territoires.models import Departement

Owner = Compte | Structure | Departement | None


@transaction.atomic
def create_etiquette(*, nom: str, owner: Owner, by: Role) -> Etiquette:
    """Name a word for its owner (none: the country). The lock makes two tabs count each other's."""
    values: dict[str, Any]
    match owner:
        case Compte():
            values = {"portee": Portee.PERSONNELLE, "compte": owner}
            Compte.objects.select_for_update(of=("self",)).get(pk=owner.pk)
        case Structure():
            values = {"portee": Portee.STRUCTURE, "structure": owner}
            Structure.objects.select_for_update(of=("self",)).get(pk=owner.pk)
        case Departement():
            values = {"portee": Portee.DEPARTEMENT, "departement": owner}
            Departement.objects.select_for_update(of=("self",)).get(pk=owner.pk)
        case None if by.kind != RoleKind.ANCT:
            raise RuleError("Seule l'ANCT nomme une étiquette de toute la France.")
        case None:
            values = {"portee": Portee.NATIONALE}
    if Etiquette.objects.filter(**values).count() >= ETIQUETTES_OWNED_MAX:
        raise RuleError(f"Il y en a déjà {ETIQUETTES_OWNED_MAX}, le maximum : supprimez-en ou réunissez-en deux.")
    etiquette = rename_etiquette(etiquette=Etiquette(**values), nom=nom)
    if etiquette.portee != Portee.PERSONNELLE:
        record(by=by, verbe="créer une étiquette", objet=etiquette, portee=etiquette.portee)
    return etiquette


def rename_etiquette(*, etiquette: Etiquette, nom: str) -> Etiquette:
    etiquette.nom, etiquette.cle = tidy(nom), fold(nom)
    if not etiquette.cle:
        raise RuleError("Une étiquette a au moins une lettre ou un chiffre.", field="nom")
    if found := find_sensitive(etiquette.nom):
        raise RuleError(f"Une étiquette décrit une activité : retirez {' et '.join(found)}.", field="nom")
    try:
        with transaction.atomic():
            etiquette.save()
    except IntegrityError as error:
        raise DuplicateNameError("une étiquette") from error
    return etiquette


@transaction.atomic
def merge_etiquettes(*, etiquette: Etiquette, into: Etiquette, by: Role) -> int:
    """Put everything one word stood on under another of the same owner, once each. Return how many changed hands."""
    pair = {row.pk: row for row in Etiquette.objects.select_for_update(of=("self",)).order_by("pk").filter(
        pk__in=[etiquette.pk, into.pk]
    )}  # fmt: skip
    if len(pair) < 2:
        raise RuleError("Une des deux étiquettes n'existe plus.", field="vers")
    if _owner(pair[etiquette.pk]) != _owner(pair[into.pk]):
        raise RuleError("Réunissez deux étiquettes de la même portée.", field="vers")
    links = Etiquetage.objects.filter(etiquette=etiquette)
    both = Etiquetage.objects.filter(etiquette=into).values("accompagnement")
    links.filter(accompagnement__in=both).delete()
    moved = links.update(etiquette=into)
    modeles = EtiquetageModele.objects.filter(etiquette=etiquette)
    modeles.exclude(modele__etiquettes=into).update(etiquette=into)
    record(by=by, verbe="réunir deux étiquettes", objet=into, reunie=etiquette.pk, accompagnements=moved)
    pair[etiquette.pk].delete()
    return moved


@transaction.atomic
def remove_etiquette(*, etiquette: Etiquette, by: Role) -> None:
    """Remove a word; the accompagnements and models it stood on lose it, and nothing else."""
    record(by=by, verbe="supprimer une étiquette", objet=etiquette, portee=etiquette.portee)
    etiquette.delete()


def _owner(etiquette: Etiquette) -> tuple[Any, ...]:
    return etiquette.portee, etiquette.compte_id, etiquette.structure_id, etiquette.departement_id
