"""Effects of the structures that are no e-mail."""

from django.utils import timezone

from notifications.registry import action
from structures.clients import find_etablissement
from structures.models import Structure


@action("structures.verify")
def verify_structure(structure: int) -> None:
    """Note what the directory says of a structure. Away or without an answer, the hourly job asks again."""
    row = Structure.objects.filter(pk=structure, verifiee_at=None, siret__isnull=False).first()
    found = find_etablissement(row.siret) if row and row.siret else None
    if row is None or found is None:
        return
    Structure.objects.filter(pk=row.pk).update(
        verifiee_at=timezone.now(),
        fermee=not found.is_open,
        adresse=row.adresse or found.adresse,
        updated_at=timezone.now(),
    )
