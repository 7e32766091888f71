"""What a conseiller asked for and brought in: a bilan ready to download, an import with its error file, one done.

Drawn aside: the rest of the demo stays as it was.
"""

from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

from django.core.files.base import ContentFile

from accompagnements.bilans import bilan_pdf
from accompagnements.constants import LIVRAISON_KEPT
from accompagnements.enums import GenreLivraison, StatutImport, StatutLivraison, TypeAccompagnement
from accompagnements.models import (
    Accompagnement,
    ImportActivite,
    ImportActiviteTransition,
    Livraison,
    LivraisonTransition,
    Origine,
)
from common.tableurs import write_tableur
from comptes.enums import RoleKind
from comptes.models import Role
from contrats.models import Conseiller
from pilotage.demo.world import PARIS, Step, World, history

HEADER = ["Date", "Activité", "Durée", "Canal", "Participants", "Thème", "18-35 ans", "35-60 ans", "> 60 ans"]
IMPORTED = 12
DUREES = [45, 60, 90]
SENTENCE = "La durée va de 5 minutes à 8 heures."


def load_echanges(world: World, conseiller: Conseiller, seed: int) -> None:
    """Give the demo conseiller files of the last days, and an import of long ago."""
    rng = Random(f"{seed}-echanges")  # noqa: S311  # The same each time.
    role = Role.objects.select_related("compte").get(compte=conseiller.compte_id, kind=RoleKind.CONSEILLER)
    _bilan(world, role, rng)
    _refused(world, conseiller, role, rng)
    _done(conseiller, role, rng)


def _at(world: World, days: int, hour: int) -> datetime:
    return datetime.combine(world.day - timedelta(days=days), time(hour, 12), tzinfo=PARIS)


def _keep(livraison: Livraison, content: bytes, asked: datetime) -> None:
    """Write the file, and its row in the status it ends in."""
    ready = asked + timedelta(seconds=4)
    storage = livraison.fichier.storage
    # Left by a load that was undone: the same name.
    storage.delete(livraison.stored_name)
    livraison.fichier.name = storage.save(livraison.stored_name, ContentFile(content))
    # Rounded: a spreadsheet holds the hour it was written, which moves its size by some bytes.
    livraison.taille, livraison.progression, livraison.essais = -(-len(content) // 4096) * 4096, 100, 1
    livraison.prete_at, livraison.expire_at = ready, ready + LIVRAISON_KEPT
    livraison.save()
    steps = [
        Step(StatutLivraison.EN_ATTENTE, asked),
        Step(StatutLivraison.EN_COURS, asked + timedelta(seconds=1)),
        Step(StatutLivraison.PRETE, ready),
    ]
    history(LivraisonTransition, [(livraison, steps)])


def _bilan(world: World, role: Role, rng: Random) -> None:
    asked = _at(world, 1, 9)
    last = world.day.replace(day=1) - timedelta(days=1)
    first = (last.replace(day=1) - timedelta(days=40)).replace(day=1)
    livraison = Livraison(
        role=role,
        genre=GenreLivraison.BILAN,
        titre=f"Mon activité, du {first:%d/%m/%Y} au {last:%d/%m/%Y}",
        demande=f"du={first.isoformat()}&au={last.isoformat()}",
        status=StatutLivraison.PRETE,
        reference=UUID(int=rng.getrandbits(128), version=4),
        created_at=asked,
    )
    _keep(livraison, bilan_pdf(livraison), asked)


def _lines(world: World, rng: Random, wrong: frozenset[int] = frozenset()) -> list[list[str]]:
    """Ateliers of last year, as an older tool wrote them."""
    lines = []
    for rank in range(IMPORTED):
        day = world.day - timedelta(days=200 + 7 * rank)
        participants = rng.randint(4, 9)
        young = rng.randint(0, participants // 2)
        duree = "500" if rank in wrong else str(rng.choice(DUREES))
        lines.append(
            [f"{day:%d/%m/%Y}", "collectif", duree, "domicile", str(participants), "bureautique", str(young), "0",
             str(participants - young)]
        )  # fmt: skip
    return lines


def _import(conseiller: Conseiller, role: Role, rng: Random, **values: object) -> ImportActivite:
    columns = ["date", "type", "duree", "canal", "participants", "themes", *["tel_quel"] * 3]
    return ImportActivite(
        conseiller=conseiller,
        role=role,
        taille=2_048,
        progression=100,
        tour=2,
        reference=UUID(int=rng.getrandbits(128), version=4),
        format="CSV, Windows-1252, séparateur point-virgule",
        lignes=IMPORTED,
        entetes=HEADER,
        colonnes={str(rank): field for rank, field in enumerate(columns)},
        mots={"commune": {"": conseiller.contrat.structure.commune_id}},
        **values,
    )


def _refused(world: World, conseiller: Conseiller, role: Role, rng: Random) -> None:
    """Two rows are too long: nothing came in, and the file says where."""
    asked, wrong = _at(world, 2, 10), frozenset({3, 8})
    lines = _lines(world, rng, wrong)
    livraison = Livraison(
        role=role,
        genre=GenreLivraison.ERREURS,
        titre="ateliers-corriger.csv",
        demande="import=demo",
        status=StatutLivraison.PRETE,
        reference=UUID(int=rng.getrandbits(128), version=4),
        created_at=asked,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "erreurs.xlsx"
        rows = [[*line, SENTENCE if rank in wrong else ""] for rank, line in enumerate(lines)]
        notes = [("Contenu", "Erreurs d'un import"), ("Lignes", f"{IMPORTED}, dont {len(wrong)} en erreur")]
        write_tableur(path, name="Lignes", header=[*HEADER, "Erreurs"], rows=rows, notes=notes)
        _keep(livraison, path.read_bytes(), asked)
    numbers = sorted(rank + 2 for rank in wrong)
    row = _import(
        conseiller, role, rng, nom="ateliers-corriger.csv", status=StatutImport.ERRONE, erreurs=livraison,
        created_at=asked, demande_at=asked,
        bilan={
            "total": IMPORTED, "nouveaux": 0, "connus": 0, "ecartes": 0, "erronees": len(wrong), "tels_quels": IMPORTED,
            "erreurs": [[SENTENCE, len(wrong), numbers]], "premieres": [[number, [SENTENCE]] for number in numbers],
            "avertissements": [], "inconnus": [], "apercu": [], "du": "", "au": "",
        },
    )  # fmt: skip
    row.save()
    _history(row, asked, [StatutImport.A_ASSOCIER, StatutImport.VERIFICATION, StatutImport.ERRONE])


def _done(conseiller: Conseiller, role: Role, rng: Random) -> None:
    """The first ateliers of the conseiller came from an older tool, each with what its row said of ages."""
    ateliers = Accompagnement.objects.filter(conseiller=conseiller, type=TypeAccompagnement.ATELIER)
    rows = list(ateliers.order_by("date", "uuid")[:IMPORTED])
    asked = max(one.created_at for one in rows) + timedelta(minutes=10)
    row = _import(
        conseiller, role, rng, nom="ateliers-ancien-outil.csv", status=StatutImport.FAIT, created_at=asked,
        demande_at=asked, importe_at=asked + timedelta(minutes=3), importes=len(rows),
        bilan={"total": len(rows), "nouveaux": len(rows), "connus": 0, "erronees": 0, "ecartes": 0},
    )  # fmt: skip
    row.save()
    steps = [StatutImport.A_ASSOCIER, StatutImport.VERIFICATION, StatutImport.VERIFIE, StatutImport.ECRITURE]
    _history(row, asked, [*steps, StatutImport.FAIT])
    Origine.objects.bulk_create(
        Origine(
            accompagnement=one,
            importation=row,
            ligne=number,
            valeurs={"18-35 ans": str(rng.randint(1, one.participants))},
        )
        for number, one in enumerate(rows, 2)
    )


def _history(row: ImportActivite, asked: datetime, statuses: list[StatutImport]) -> None:
    steps = [Step(StatutImport.DEPOSE, asked)]
    steps += [Step(status, asked + timedelta(seconds=30 * rank)) for rank, status in enumerate(statuses, 1)]
    history(ImportActiviteTransition, [(row, steps)])
