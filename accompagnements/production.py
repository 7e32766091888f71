"""Makes aside what people asked for (`Livraison`). Called by the outbox: killed anywhere, it starts again.

One worker a demand, by a lock that dies with its connection. A file is written whole before its row says it is there.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from accompagnements import services
from accompagnements.bilans import bilan_pdf
from accompagnements.constants import LIVRAISON_TRIES
from accompagnements.documents import EXPORT_HEADER, tableur_rows
from accompagnements.enums import GenreLivraison, StatutLivraison
from accompagnements.exceptions import AlreadyAtWorkError, NothingToReportError
from accompagnements.filters import ListeFilter
from accompagnements.models import Livraison
from common.exceptions import RuleError
from common.tableurs import Notes, write_tableur
from notifications.registry import action

LOCKS = {"livraison": 4_020_001, "import": 4_020_002}
# Rows between two words on how far the work is.
STEP = 5_000
BROKEN = (
    "Une erreur est survenue pendant la préparation. Demandez-le à nouveau ; si cela recommence, écrivez au support."
)


@action("accompagnements.place_lieu")
def place_lieu(lieu: int) -> None:
    services.place_lieu(lieu)


@contextmanager
def alone(kind: str, pk: int) -> Iterator[None]:
    """Be the only one at this work. The lock is the connection's: a worker that dies lets it go at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS[kind], pk % 2**31])
        if not cursor.fetchone()[0]:
            raise AlreadyAtWorkError(f"{kind} {pk}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS[kind], pk % 2**31])


@action("accompagnements.produce")
def produce(livraison: int) -> None:
    """Make the file of a demand. A second delivery finds the work done and stops."""
    with alone("livraison", livraison):
        row = services.start_livraison(livraison=livraison)
        if row is None:
            return
        if row.essais > LIVRAISON_TRIES:
            services.fail_livraison(livraison=row, reason=BROKEN)
            return
        try:
            if row.role.ended_at is not None:
                raise NothingToReportError
            name = MAKERS[GenreLivraison(row.genre)](row)
        except RuleError as error:
            services.fail_livraison(livraison=row, reason=str(error))
        else:
            services.finish_livraison(livraison=row, name=name)


@action("accompagnements.discard_livraison")
def discard_livraison(livraison: int) -> None:
    row = Livraison.objects.filter(pk=livraison, status=StatutLivraison.SUPPRIMEE).first()
    if row is not None and row.fichier:
        row.fichier.delete(save=False)
        Livraison.objects.filter(pk=livraison).update(fichier="")


def keep(livraison: Livraison, content: File) -> str:
    """Write the file under its name, in the place of what a worker killed before its commit may have left."""
    storage = livraison.fichier.storage
    storage.delete(livraison.stored_name)
    name: str = storage.save(livraison.stored_name, content)
    return name


def keep_tableur(
    livraison: Livraison, *, sheet: str, header: list[str], rows: Iterable[Any], total: int, notes: Notes
) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fichier.xlsx"
        write_tableur(path, name=sheet, header=header, rows=told(livraison, rows, total), notes=notes)
        with path.open("rb") as file:
            return keep(livraison, File(file))


def told(livraison: Livraison, rows: Iterable[Any], total: int) -> Iterator[Any]:
    """Pass rows on, and say from time to time how far the work is."""
    for rank, row in enumerate(rows):
        if rank % STEP == 0:
            livraison.advance(rank * 100 // max(total, 1))
        yield row


def about(livraison: Livraison, *lines: tuple[str, str]) -> Notes:
    """What every file says of itself: who it was made for, and when."""
    asked = timezone.localtime(livraison.created_at)
    return [
        ("Contenu", f"{livraison.get_genre_display()} : {livraison.titre}"),
        *lines,
        ("Demandé par", f"{livraison.role.compte} – {livraison.role}"),
        ("Demandé le", f"{asked:%d/%m/%Y à %H:%M}"),
        ("À savoir", "Fichier établi pour cette personne : ne le diffusez pas. Effacez-le quand il ne sert plus."),
    ]


def make_bilan(livraison: Livraison) -> str:
    livraison.advance(10)
    return keep(livraison, ContentFile(bilan_pdf(livraison)))


def make_tableur(livraison: Livraison) -> str:
    asked = ListeFilter(QueryDict(livraison.demande) or None, role=livraison.role)
    if asked.is_bound and not asked.is_valid():
        raise NothingToReportError
    rows = asked.rows
    total = rows.count()
    return keep_tableur(
        livraison,
        sheet="Accompagnements",
        header=EXPORT_HEADER,
        rows=tableur_rows(rows, livraison.role),
        total=total,
        notes=about(
            livraison,
            ("Filtres", " ; ".join(asked.summary) if asked.is_bound else "Aucun : tous vos accompagnements"),
            ("Lignes", str(total)),
            ("Vocabulaire", "Valeurs d'échange nationales ; plusieurs valeurs sont séparées par |."),
        ),
    )


MAKERS: dict[GenreLivraison, Callable[[Livraison], str]] = {
    GenreLivraison.BILAN: make_bilan,
    GenreLivraison.TABLEUR: make_tableur,
}
