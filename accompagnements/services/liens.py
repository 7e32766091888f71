"""What an accompagnement is linked to: the followed persons who came, the words it is found again by.

`values` are those of an entry: "beneficiaires" and "etiquettes" hold numbers; what they do not hold is left alone.
Neither is copied in the history: an erased person must be gone from it. It only keeps how many came.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models

from accompagnements.constants import ETIQUETTES_MAX
from accompagnements.enums import TypeAccompagnement
from accompagnements.models import Accompagnement, Beneficiaire, Etiquetage, Etiquette, Suivi
from common.exceptions import RuleError

BENEFICIAIRES, ETIQUETTES = "beneficiaires", "etiquettes"


def persons_of(accompagnement: Accompagnement) -> set[int]:
    return set(Suivi.objects.filter(accompagnement=accompagnement.pk).values_list("beneficiaire", flat=True))


def words_of(accompagnement: Accompagnement) -> set[int]:
    return set(Etiquetage.objects.filter(accompagnement=accompagnement.pk).values_list("etiquette", flat=True))


def are_persons_changed(accompagnement: Accompagnement, values: Mapping[str, Any]) -> bool:
    return BENEFICIAIRES in values and set(values[BENEFICIAIRES]) != persons_of(accompagnement)


def link_errors(accompagnement: Accompagnement, values: Mapping[str, Any]) -> Iterator[RuleError]:
    """Yield the rules that the links asked for would break."""
    yield from _person_errors(accompagnement, values)
    words = values.get(ETIQUETTES, ())
    if len(words) > ETIQUETTES_MAX:
        yield RuleError(f"Choisissez {ETIQUETTES_MAX} étiquettes au plus.", field="etiquettes")
    elif words:
        usable = Etiquette.objects.usable_by(accompagnement.conseiller).filter(pk__in=words)
        if set(words) - set(usable.values_list("pk", flat=True)) - words_of(accompagnement):
            yield RuleError("Une de ces étiquettes n'existe plus, ou n'est pas pour vous.", field="etiquettes")


def _person_errors(accompagnement: Accompagnement, values: Mapping[str, Any]) -> Iterator[RuleError]:
    persons = list(values[BENEFICIAIRES]) if BENEFICIAIRES in values else list(persons_of(accompagnement))
    if not persons:
        return
    field = "personnes" if accompagnement.type == TypeAccompagnement.ATELIER else "personne"
    if len(set(persons)) != len(persons):
        yield RuleError("Une personne est choisie deux fois.", field=field)
    elif len(persons) > accompagnement.participants:
        count = accompagnement.participants
        yield RuleError(
            f"Vous avez choisi {len(persons)} personnes suivies pour {count} participant{'s' if count > 1 else ''}.",
            field=field,
        )
    rows = Beneficiaire.objects.filter(conseiller=accompagnement.conseiller_id, pk__in=persons)
    found = list(rows.order_by("pk"))
    if len(found) < len(set(persons)):
        yield RuleError("Une de ces personnes n'est plus suivie : choisissez à nouveau.", field=field)
    for one in found:
        if one.consent_at > accompagnement.date:
            yield RuleError(
                f"{one} a donné son accord le {one.consent_at:%d/%m/%Y} : un accompagnement plus ancien reste anonyme.",
                field=field,
            )


def unlink(accompagnement: Accompagnement, values: Mapping[str, Any]) -> None:
    """Take away what is no longer asked for, before the row counts fewer participants."""
    if BENEFICIAIRES in values:
        Suivi.objects.filter(accompagnement=accompagnement).exclude(beneficiaire__in=values[BENEFICIAIRES]).delete()
    if ETIQUETTES in values:
        Etiquetage.objects.filter(accompagnement=accompagnement).exclude(etiquette__in=values[ETIQUETTES]).delete()


def link(accompagnement: Accompagnement, values: Mapping[str, Any]) -> None:
    """Add what is new, in the transaction that writes the row. What is erased or removed meanwhile is refused."""
    if wanted := set(values.get(BENEFICIAIRES, ())) - persons_of(accompagnement):
        _hold(
            Beneficiaire.objects.filter(pk__in=wanted),
            len(wanted),
            "Une de ces personnes n'est plus suivie : choisissez à nouveau.",
        )
        Suivi.objects.bulk_create(Suivi(accompagnement=accompagnement, beneficiaire_id=pk) for pk in sorted(wanted))
    if words := set(values.get(ETIQUETTES, ())) - words_of(accompagnement):
        _hold(
            Etiquette.objects.filter(pk__in=words),
            len(words),
            "Une de ces étiquettes n'existe plus : choisissez à nouveau.",
        )
        Etiquetage.objects.bulk_create(
            Etiquetage(accompagnement=accompagnement, etiquette_id=pk) for pk in sorted(words)
        )


def _hold(rows: models.QuerySet[Any], count: int, gone: str) -> None:
    """Keep rows from being removed until the end of the transaction: a foreign key is only checked there."""
    if len(rows.select_for_update(no_key=True, of=("self",)).order_by("pk")) < count:
        raise RuleError(gone)
