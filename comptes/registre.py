"""The register of personal data: what is held about a person, why, how long, what they receive and what erasing does.

Each app declares its models in its `donnees.py`. A test walks every model: one with a way to a person, or to an e-mail
address, that declares nothing fails it. `docs/rgpd.md` is printed from here, « mes données » is read from here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from common.fields import PointField
from comptes.models import Compte

# Never given, whatever the model: sealed contents, files (their own pages give them), what a commune already says.
SECRETS = (models.BinaryField, models.FileField, PointField)
Erase = Callable[[Compte], int]


@dataclass(frozen=True)
class Traitement:
    label: str
    finalite: str
    conservation: str
    # What erasing an account does to these rows, in words for the register.
    effacement: str
    # Ways from a row to the person it is about: lookups that end on a Compte.
    personne: tuple[str, ...] = ()
    # Columns that hold the e-mail address of the person it is about.
    adresse: tuple[str, ...] = ()
    # Columns that say who acted: the act is given, not the row, which is about somebody else.
    actes: tuple[str, ...] = ()
    hors_export: frozenset[str] = frozenset()
    # About others: it leaves with the account, and is not given to its owner.
    est_exporte: bool = True
    # Exactly one of the three, or none where rows stay as they are (`effacement` says why).
    supprime: bool = False
    masque: dict[str, Any] | None = None
    erase: Erase | None = None

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)

    @property
    def is_erased(self) -> bool:
        """Say whether erasing an account touches these rows. Otherwise they stay, and `effacement` says why."""
        return self.supprime or self.masque is not None or self.erase is not None

    @property
    def exported_fields(self) -> list[Any]:
        fields = self.model._meta.concrete_fields
        return [one for one in fields if one.name not in self.hors_export and not isinstance(one, SECRETS)]

    def rows(self, compte: Compte) -> models.QuerySet[Any]:
        """Return the rows about this person."""
        about = Q(pk__in=[])
        for path in self.personne:
            about |= Q(**{path: compte.pk})
        for column in self.adresse:
            about |= Q(**{column: compte.email})
        model: Any = self.model
        manager: models.Manager[Any] = model._base_manager  # Every row, whatever a page would hide.
        return manager.filter(about)

    def acts(self, compte: Compte) -> models.QuerySet[Any]:
        """Return the rows this person wrote about others."""
        done = Q(pk__in=[])
        for column in self.actes:
            done |= Q(**{column: compte.pk})
        model: Any = self.model
        manager: models.Manager[Any] = model._base_manager
        return manager.filter(done)


_REGISTER: dict[str, Traitement] = {}


def declare(label: str, **values: Any) -> None:
    """Declare what a model holds about people. Declared twice, or with two ways of erasing, is a mistake."""
    traitement = Traitement(label, **values)
    ways = [traitement.supprime, traitement.masque is not None, traitement.erase is not None]
    if label in _REGISTER or sum(ways) > 1:
        raise ValueError(f"{label} is declared twice, or erased in two ways")
    _REGISTER[label] = traitement


def traitements() -> list[Traitement]:
    return sorted(_REGISTER.values(), key=lambda one: one.label)


def find(label: str) -> Traitement | None:
    return _REGISTER.get(label)


def counts_about(compte: Compte) -> Iterator[tuple[Traitement, int]]:
    """Yield how many rows are held about a person, model by model, without reading them."""
    for one in traitements():
        if one.est_exporte and (one.personne or one.adresse) and (count := one.rows(compte).count()):
            yield one, count


def held_about(compte: Compte) -> Iterator[tuple[Traitement, list[dict[str, Any]]]]:
    """Yield what is held about a person, model by model; nothing for those that hold nothing."""
    for one in traitements():
        if not one.est_exporte or not (one.personne or one.adresse):
            continue
        names = [field.attname for field in one.exported_fields]
        rows = one.rows(compte).order_by("pk").values(*names)
        if found := list(rows):
            yield one, found


def acts_of(compte: Compte) -> dict[str, list[Any]]:
    """Return the acts of a person on other rows: their numbers, by model. What the rows hold is about others."""
    done = ((one, one.acts(compte).order_by("pk").values_list("pk", flat=True)) for one in traitements() if one.actes)
    return {str(one.model._meta.verbose_name): list(pks) for one, pks in done if pks}


def missing(models_: Iterable[type[models.Model]]) -> list[str]:
    """Say, model by model, what the register does not know: a way to a person, or an address, nobody declared."""
    found = []
    for model in models_:
        label = model._meta.label
        declared = find(label)
        known = {path.partition("__")[0] for path in (*declared.personne, *declared.actes)} if declared else set()
        for field in model._meta.concrete_fields:
            target = field.related_model if isinstance(field, models.ForeignKey) else None
            if target is Compte and field.name not in known:
                found.append(f"{label}.{field.name} → compte")
            elif isinstance(target, type) and target is not model and _is_personal(target) and declared is None:
                found.append(f"{label}.{field.name} → {target._meta.label}")
            elif _is_address(field) and (declared is None or field.name not in _addresses(declared)):
                found.append(f"{label}.{field.name} : adresse e-mail")
    return found


def _is_personal(model: Any) -> bool:
    declared = find(model._meta.label)
    return declared is not None and bool(declared.personne)


def _addresses(declared: Traitement) -> set[str]:
    return {*declared.adresse, *(declared.masque or {})}


def _is_address(field: Any) -> bool:
    named = isinstance(field, models.CharField) and "e-mail" in str(field.verbose_name)
    return isinstance(field, models.EmailField) or named or field.name == "destinataire"
