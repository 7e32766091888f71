from typing import TypeVar

from django.db import IntegrityError, transaction

from accompagnements.constants import FILTRES_MAX, MODELES_MAX
from accompagnements.exceptions import DuplicateNameError
from accompagnements.models import (
    Accompagnement,
    EtiquetageModele,
    Etiquette,
    FiltreEnregistre,
    ModeleAtelier,
    Nomme,
)
from common.exceptions import RuleError
from comptes.models import Compte, Role

Named = TypeVar("Named", bound=Nomme)


# What a model of atelier remembers, and a new entry takes back.
ACTIVITE = ["titre", "duree", "canal", "lieu", "commune", "participants", "themes", "type_public", "niveau"]


def save_filtre(*, nom: str, requete: str, by: Role) -> FiltreEnregistre:
    return _name(FiltreEnregistre(compte=by.compte, nom=nom, requete=requete), FILTRES_MAX)


@transaction.atomic
def save_modele(*, accompagnement: Accompagnement, nom: str, by: Role) -> ModeleAtelier:
    """Remember the activity of an atelier and its words, to begin the next one from it."""
    values = {name: getattr(accompagnement, name) for name in ACTIVITE}
    modele = _name(ModeleAtelier(compte=by.compte, nom=nom, **values), MODELES_MAX)
    # Held until the commit, where the foreign key is checked: a word being removed is left out instead of failing it.
    words = Etiquette.objects.filter(accompagnements=accompagnement).order_by("pk")
    held = words.select_for_update(no_key=True, of=("self",))
    EtiquetageModele.objects.bulk_create(EtiquetageModele(modele=modele, etiquette=word) for word in held)
    return modele


@transaction.atomic
def _name(row: Named, most: int) -> Named:
    """Add a named row. The lock makes two tabs count each other's."""
    Compte.objects.select_for_update().get(pk=row.compte_id)
    if type(row).objects.filter(compte=row.compte_id).count() >= most:
        raise RuleError(f"Vous en avez déjà {most}, le maximum : supprimez-en un d'abord.")
    return rename(row=row, nom=row.nom)


def rename(*, row: Named, nom: str) -> Named:
    row.nom = nom
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise DuplicateNameError(f"un {row._meta.verbose_name}") from error
    return row
