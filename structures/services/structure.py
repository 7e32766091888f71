"""The structure itself: its managers and its contact."""

from django.db import transaction

from common.exceptions import RuleError
from comptes.models import Role
from comptes.services import record
from structures.models import Structure

CONTACT_FIELDS = ("contact_prenom", "contact_nom", "contact_fonction", "contact_email", "contact_telephone")


@transaction.atomic
def update_contact(*, structure: Structure, by: Role, read_at: str, values: dict[str, str]) -> Structure:
    """Change the contact, unless someone else did since the form was shown (`read_at`): both versions are told."""
    structure = Structure.objects.select_for_update(of=("self",)).get(pk=structure.pk)
    current = {name: getattr(structure, name) for name in CONTACT_FIELDS}
    if structure.updated_at.isoformat() != read_at and current != values:
        raise RuleError(
            "Ces coordonnées ont changé pendant votre saisie. Valeurs actuelles : "
            + ", ".join(value for value in current.values() if value)
            + ". Validez à nouveau pour les remplacer par les vôtres."
        )
    for name in CONTACT_FIELDS:
        setattr(structure, name, values[name])
    structure.save(update_fields=[*CONTACT_FIELDS, "updated_at"])
    record(by=by, verbe="modifier_contact", objet=structure)
    return structure


@transaction.atomic
def save_structure(*, structure: Structure) -> None:
    """Write what support corrected by hand.

    A new SIRET is copied to the posts: they are locked first, as whoever allocates or recruits does, who then points
    to the structure.
    """
    list(structure.postes.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    structure.save()
