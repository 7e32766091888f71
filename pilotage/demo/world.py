import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import JSONField, Model
from psycopg.types.json import Jsonb
from stdnum import luhn

from comptes.enums import RoleKind
from comptes.models import Compte, Role
from pilotage.demo.names import NOMS, PRENOMS
from territoires.models import Commune, Departement

T = TypeVar("T")
PARIS = ZoneInfo("Europe/Paris")


class Step(NamedTuple):
    """One status a row went through: since when, by whose act (None: the machine's) and why."""

    status: str
    at: datetime
    by: Compte | None = None
    reason: str = ""


class World:
    """What every part of the demo draws from: one generator of chance, one day, the communes of France.

    `share` reduces every number: a test loads a small world.
    """

    def __init__(self, *, day: date, seed: int, share: float = 1) -> None:
        self.day = day
        self.seed = seed
        self.share = share
        self.rng = random.Random(seed)  # noqa: S311  # A demo must be the same each time, not unpredictable.
        # What was added to the demo afterwards draws from this one: the rest stays as it was.
        self.aside = random.Random(seed + 1)  # noqa: S311
        self.communes: dict[str, list[Commune]] = defaultdict(list)
        departements = Departement.objects.select_related("region").in_bulk()
        for commune in Commune.objects.filter(is_active=True).order_by("code").iterator(chunk_size=10_000):
            # One object for all its communes, not one of its own for each of the 35 000.
            commune.departement = departements[commune.departement_id]
            self.communes[commune.departement_id].append(commune)
        self._sirets: set[str] = set()
        self._persons = 0
        # Last day worked of the conseillers whose contract was broken, by contract.
        self.ruptures: dict[int, date] = {}

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[self.rng.randrange(len(items))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def commune(self, departement: str) -> Commune:
        """Draw a commune, large ones more often, but villages too."""
        communes = self.communes[departement]
        return self.rng.choices(communes, [(commune.population + 200) ** 0.6 for commune in communes])[0]

    def near(self, commune: Commune) -> Commune:
        """Draw one of the communes closest to another, in its département."""
        neighbours = sorted(
            self.communes[commune.departement_id],
            key=lambda other: ((other.x - commune.x) ** 2 + (other.y - commune.y) ** 2, other.code),
        )
        return self.pick(neighbours[:8])

    def person(self) -> tuple[str, str, str]:
        """Return a first name, a family name and an address nobody else of the demo has."""
        self._persons += 1
        prenom, nom = self.pick(PRENOMS), self.pick(NOMS)
        return prenom, nom, f"{ascii_key(prenom)}.{ascii_key(nom)}{self._persons}@courriel.example"

    def count(self, number: float) -> int:
        """Reduce a number of rows to the share wanted, never to nothing."""
        return max(1, round(number * self.share))

    def uuid(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def siret(self) -> str:
        """Return a SIRET whose keys are right, with a SIREN no company has (it starts with 0000)."""
        while True:
            siren = f"0000{self.rng.randrange(10_000):04d}"
            siren += luhn.calc_check_digit(siren)
            siret = siren + f"{self.rng.randrange(10_000):04d}"
            siret += luhn.calc_check_digit(siret)
            if siret not in self._sirets:
                self._sirets.add(siret)
                return siret

    def ridet(self) -> str:
        return f"{self.rng.randrange(10**6, 10**7)}"

    def days_ago(self, least: int, most: int) -> date:
        return self.day - timedelta(days=self.rng.randint(least, most))

    def moment(self, day: date) -> datetime:
        """Return a moment of office hours of a day."""
        minutes = self.rng.randint(0, 9 * 60)
        return datetime.combine(day, time(8, 30), tzinfo=PARIS) + timedelta(minutes=minutes)


def ascii_key(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.lower()).encode("ascii", "ignore").decode()
    return letters.replace(" ", "-").replace("'", "-")


def create_comptes(persons: Iterable[tuple[str, str, str, datetime]], kind: RoleKind) -> list[Compte]:
    """Create accounts without a password, each with one role: (first name, name, address, since when)."""
    unusable = make_password(None)
    comptes = Compte.objects.bulk_create(
        [
            Compte(prenom=prenom, nom=nom, email=email, password=unusable, created_at=at)
            for prenom, nom, email, at in persons
        ]
    )
    Role.objects.bulk_create([Role(compte=compte, kind=kind, created_at=compte.created_at) for compte in comptes])
    return comptes


def history(model: Any, rows: Iterable[tuple[Any, Sequence[Step]]]) -> None:
    """Write the transitions of rows loaded in their final status: the first step is the status they were born in."""
    model.objects.bulk_create(
        [
            model(
                objet=row, from_status=before.status, to_status=step.status, at=step.at, by=step.by, reason=step.reason
            )
            for row, steps in rows
            for before, step in pairwise(steps)
        ],
        batch_size=2000,
    )


def copy_rows(rows: Sequence[Model]) -> None:
    """Write many rows with COPY, ten times faster than `bulk_create`: triggers and constraints hold, keys are not
    read back."""
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    statement = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = zip(fields, (field.pre_save(row, add=True) for field in fields), strict=True)
            copy.write_row(
                [
                    Jsonb(value) if isinstance(field, JSONField) and value is not None else value
                    for field, value in values
                ]
            )
