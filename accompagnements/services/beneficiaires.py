"""The persons a conseiller follows, with their agreement: minimum of data, and an erasure that leaves nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompagnements.cles import fold
from accompagnements.constants import BENEFICIAIRES_MAX, CONSENTEMENT_AGE, CONSENTEMENT_VERSION, PREMIER_JOUR
from accompagnements.enums import ModeConsentement, MotifEffacement
from accompagnements.models import Beneficiaire
from accompagnements.notes import find_sensitive
from accompagnements.selectors import today_for
from common.exceptions import RuleError
from comptes.models import Role
from comptes.services import record
from contrats.models import Conseiller

IDENTITE = ["prenom", "initiale", "annee_naissance", "tranche_age", "rappel", "telephone"]


@transaction.atomic
def create_beneficiaire(*, conseiller: Conseiller, uuid: UUID, values: Mapping[str, Any], by: Role) -> Beneficiaire:
    """Begin to follow a person who agreed to it. The lock makes two tabs count each other's."""
    conseiller = Conseiller.objects.select_for_update(of=("self",)).get(pk=conseiller.pk)
    known = Beneficiaire.objects.visible_to(by).filter(uuid=uuid).first()
    if known is not None:
        return known
    if conseiller.beneficiaires.count() >= BENEFICIAIRES_MAX:
        raise RuleError(f"Vous suivez déjà {BENEFICIAIRES_MAX} personnes, le maximum : effacez-en une d'abord.")
    beneficiaire = Beneficiaire(
        conseiller=conseiller,
        uuid=uuid,
        consent_at=values["consent_at"],
        consent_mode=values["consent_mode"],
        consent_version=CONSENTEMENT_VERSION,
    )
    today = today_for(by)
    if not PREMIER_JOUR <= beneficiaire.consent_at <= today:
        raise RuleError(f"Indiquez un jour du {PREMIER_JOUR:%d/%m/%Y} au {today:%d/%m/%Y}.", field="consent_at")
    try:
        with transaction.atomic():
            _write(beneficiaire, values, today)
    except IntegrityError as error:  # The identifier is somebody else's.
        raise RuleError("Cette page a déjà servi : recommencez.") from error
    record(by=by, verbe="suivre une personne", objet=beneficiaire, phrase=CONSENTEMENT_VERSION)
    return beneficiaire


@transaction.atomic
def update_beneficiaire(*, beneficiaire: Beneficiaire, values: Mapping[str, Any], by: Role) -> Beneficiaire:
    """Correct what is known of a person; their agreement stays the one they gave, but the one to be called back."""
    found = Beneficiaire.objects.select_for_update(of=("self",)).filter(pk=beneficiaire.pk).first()
    if found is None:
        raise RuleError("Cette fiche a été effacée entre-temps.")
    _write(found, values, today_for(by))
    return found


def _write(beneficiaire: Beneficiaire, values: Mapping[str, Any], today: date) -> None:
    for name in IDENTITE:
        setattr(beneficiaire, name, values[name])
    if not beneficiaire.rappel:
        beneficiaire.telephone = ""
    if find_sensitive(beneficiaire.prenom):
        raise RuleError("Écrivez un prénom ou un surnom, rien d'autre.", field="prenom")
    if beneficiaire.annee_naissance and beneficiaire.annee_naissance > today.year:
        raise RuleError(f"Indiquez une année jusqu'à {today.year}.", field="annee_naissance")
    if _is_child(beneficiaire, today) and beneficiaire.consent_mode != ModeConsentement.REPRESENTANT:
        raise RuleError(
            f"Avant {CONSENTEMENT_AGE} ans, c'est le représentant légal qui donne l'accord.", field="consent_mode"
        )
    beneficiaire.cle = fold(str(beneficiaire))
    try:
        beneficiaire.full_clean(exclude=["conseiller"], validate_unique=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise RuleError(messages[0], field=field) from error
    beneficiaire.save()


def _is_child(beneficiaire: Beneficiaire, today: date) -> bool:
    """Say whether someone is certainly too young to agree alone: a year or a band tells no more."""
    year = beneficiaire.annee_naissance
    return beneficiaire.tranche_age == "age_moins_de_douze" or (
        year is not None and today.year - year < CONSENTEMENT_AGE
    )


@transaction.atomic
def erase_beneficiaire(*, beneficiaire: Beneficiaire, motif: MotifEffacement, by: Role | None) -> None:
    """Forget a person for good: their row and every link to an accompagnement. The accompagnements stay, anonymous.

    The journal says that it was done, by a number; no history holds anything else.
    """
    found = Beneficiaire.objects.select_for_update(of=("self",)).filter(pk=beneficiaire.pk).first()
    if found is None:
        raise RuleError("Cette fiche est déjà effacée.")
    record(by=by, verbe="effacer une personne suivie", objet=found, motif=str(motif))
    found.delete()


def erase_old_beneficiaires(*, dry_run: bool) -> int:
    """Erase those nobody has seen for 24 months, and return how many; `dry_run` only counts them."""
    rows = list(Beneficiaire.objects.outdated())
    if dry_run:
        return len(rows)
    erased = 0
    for row in rows:
        with transaction.atomic():
            # Someone may come back while the list is gone through.
            Beneficiaire.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
            if not Beneficiaire.objects.outdated().filter(pk=row.pk).exists():
                continue
            erase_beneficiaire(beneficiaire=row, motif=MotifEffacement.CONSERVATION, by=None)
        erased += 1
    return erased


def record_export(*, beneficiaire: Beneficiaire, by: Role) -> None:
    record(by=by, verbe="exporter une personne suivie", objet=beneficiaire, le=timezone.localdate().isoformat())
