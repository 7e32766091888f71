from django.db import IntegrityError, transaction
from django.utils import timezone

from accompagnements.constants import LIVRAISON_MOMENT, LIVRAISONS_MAX
from accompagnements.enums import LIVRAISONS_EN_CHEMIN, GenreLivraison, StatutLivraison
from accompagnements.models import Livraison
from common.exceptions import RuleError
from comptes.models import Role
from notifications.services import queue_effet


@transaction.atomic
def ask_livraison(*, genre: GenreLivraison, titre: str, demande: str, by: Role) -> Livraison:
    """Ask for a file, made aside and soon. The same one asked for again meanwhile is the same one."""
    kept = Livraison.objects.visible_to(by).kept()
    if kept.count() >= LIVRAISONS_MAX:
        raise RuleError(f"Vous avez déjà {LIVRAISONS_MAX} fichiers, le maximum : supprimez-en un d'abord.")
    try:
        with transaction.atomic():
            livraison = Livraison.objects.create(role=by, genre=genre, titre=titre[:300], demande=demande)
    except IntegrityError:
        return kept.get(genre=genre, demande=demande, status__in=sorted(LIVRAISONS_EN_CHEMIN))
    queue_effet("accompagnements.produce", cle=f"accompagnements.produce:{livraison.pk}", livraison=livraison.pk)
    return livraison


@transaction.atomic
def start_livraison(*, livraison: int) -> Livraison | None:
    """Take a demand in hand, or again what a worker left when it was killed. None: there is nothing left to do."""
    row = Livraison.objects.select_for_update(of=("self",)).select_related("role__compte").filter(pk=livraison).first()
    if row is None or not row.is_on_its_way:
        return None
    if row.status == StatutLivraison.EN_ATTENTE:
        row.move_to(StatutLivraison.EN_COURS, by=None)
    row.essais += 1
    row.save(update_fields=["essais", "updated_at"])
    return row


@transaction.atomic
def finish_livraison(*, livraison: Livraison, name: str) -> None:
    """Say that the file is there, and tell who asked if they may have left meanwhile."""
    row = Livraison.objects.select_for_update(of=("self",)).select_related("role__compte").get(pk=livraison.pk)
    now = timezone.now()
    row.move_to(StatutLivraison.PRETE, by=None, **row.ready_values(name, now))
    if now - row.created_at > LIVRAISON_MOMENT:
        queue_effet(
            "accompagnements.livraison_ready",
            cle=f"accompagnements.livraison_ready:{row.pk}",
            destinataire=row.role.compte.email,
            livraison=row.pk,
        )


@transaction.atomic
def fail_livraison(*, livraison: Livraison, reason: str) -> None:
    row = Livraison.objects.select_for_update().get(pk=livraison.pk)
    row.move_to(StatutLivraison.ECHEC, by=None, reason=reason, motif_echec=reason[:300])


@transaction.atomic
def remove_livraison(*, livraison: Livraison, by: Role | None) -> None:
    """Make a file unreachable at once; it is erased after the commit."""
    row = Livraison.objects.select_for_update().get(pk=livraison.pk)
    if row.is_on_its_way:
        raise RuleError("Ce fichier est en préparation : attendez qu'il soit prêt.")
    if row.status == StatutLivraison.SUPPRIMEE:
        return
    row.move_to(StatutLivraison.SUPPRIMEE, by=by.compte if by else None, reason="" if by else "expiré")
    queue_effet(
        "accompagnements.discard_livraison", cle=f"accompagnements.discard_livraison:{row.pk}", livraison=row.pk
    )


def remove_old_livraisons() -> int:
    """Erase what has expired. Nothing is lost: each file can be asked for again."""
    rows = list(Livraison.objects.outdated())
    for livraison in rows:
        remove_livraison(livraison=livraison, by=None)
    return len(rows)
