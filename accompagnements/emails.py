from django.core.mail import EmailMessage
from django.urls import reverse

from accompagnements.enums import StatutImport
from accompagnements.models import ImportActivite, Livraison
from common.emails import absolute_url, build_email
from notifications.registry import message


@message("accompagnements.livraison_ready")
def livraison_ready(livraison: int) -> EmailMessage | None:
    row = Livraison.objects.downloadable().select_related("role__compte").filter(pk=livraison).first()
    if row is None:
        return None
    return build_email(
        "accompagnements/emails/livraison_ready",
        to=row.role.compte.email,
        context={
            "prenom": row.role.compte.get_short_name(),
            "genre": row.get_genre_display(),
            "expire_at": row.expire_at,
            "url": absolute_url(reverse("accompagnements:livraison", args=[row.pk])),
        },
    )


@message("accompagnements.import_moved")
def import_moved(importation: int) -> EmailMessage | None:
    row = ImportActivite.objects.select_related("role__compte").filter(pk=importation).first()
    if row is None or row.is_at_work:
        return None
    return build_email(
        "accompagnements/emails/import_moved",
        to=row.role.compte.email,
        context={
            "prenom": row.role.compte.get_short_name(),
            "statut": row.get_status_display(),
            "importes": row.importes if row.status == StatutImport.FAIT else 0,
            "url": absolute_url(row.get_absolute_url()),
        },
    )
