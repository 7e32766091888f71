"""What the outbox does for the app besides e-mails."""

import hashlib

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from formation import documents
from formation.models import Attestation
from notifications.registry import action
from notifications.services import queue_effet


@action("formation.render_attestation")
@transaction.atomic
def render_attestation(attestation: int) -> None:
    """Render the PDF, write it once and tell its conseiller. A second delivery finds the work done and stops.

    The row stays locked meanwhile, so that one worker renders it; one killed on the way leaves no file under its
    name, and the next one renders the same bytes.
    """
    row = Attestation.objects.select_for_update(of=("self",)).get(pk=attestation)
    if row.rendered_at is not None:
        return
    content = documents.attestation_pdf(row)
    row.sha256 = hashlib.sha256(content).hexdigest()
    storage = row.fichier.storage
    # The name says what the file holds: one already there is the same file, left by a worker that could not commit.
    name = f"attestations/{row.created_at:%Y}/{row.numero}-{row.sha256[:16]}.pdf"
    row.fichier = name if storage.exists(name) else storage.save(name, ContentFile(content))
    row.rendered_at = timezone.now()
    row.save(update_fields=["sha256", "fichier", "rendered_at", "updated_at"])
    if row.revoked_at is None:
        queue_effet(
            "formation.attestation_ready",
            cle=f"formation.attestation_ready:{row.pk}:conseiller",
            destinataire=row.inscription.dossier.conseiller.compte.email,
            attestation=row.pk,
        )
