from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accompagnements.models import Accompagnement, AccompagnementQuerySet, Etiquetage, Etiquette
from accompagnements.selectors.statistics import Ligne
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from structures.models import Structure
from territoires.models import Departement


def words_for_entry(conseiller: Conseiller, accompagnement: Accompagnement | None) -> QuerySet[Etiquette]:
    """Return the words to choose from, one's own first, with those the row being changed already has."""
    usable = Etiquette.objects.usable_by(conseiller)
    if accompagnement is not None:
        usable = usable | Etiquette.objects.filter(pk__in=accompagnement.etiquetages.values("etiquette"))
    return usable.order_by("compte", "cle", "pk")


def owners_for(role: Role) -> list[Any]:
    """Return for whom this role may name a word: a compte, structures, départements."""
    match role.kind:
        case RoleKind.CONSEILLER:
            return [role.compte]
        case RoleKind.STRUCTURE:
            return list(Structure.objects.filter(membres__compte=role.compte_id).order_by("nom", "pk"))
        case RoleKind.COORDINATEUR:
            within = Q(pk=role.departement_id) | Q(region=role.region_id, region__isnull=False)
            return list(Departement.objects.filter(within).order_by("code"))
    return []


def count_etiquettes(role: Role, rows: AccompagnementQuerySet, debut: date, fin: date) -> list[Ligne]:
    """Count accompagnements by the words this role may see. One with several words counts in each."""
    within = rows.filter(date__range=(debut, fin)).order_by().values("pk")
    links = Etiquetage.objects.filter(etiquette__in=Etiquette.objects.visible_to(role), accompagnement__in=within)
    found = links.values("etiquette", "etiquette__nom").annotate(
        accompagnements=Count("pk"),
        participations=Sum("accompagnement__participants"),
        minutes=Sum("accompagnement__duree"),
    )
    return [
        Ligne(one["etiquette__nom"], one["accompagnements"], one["participations"], one["minutes"])
        for one in found.order_by("-accompagnements", "etiquette__nom")
    ]
