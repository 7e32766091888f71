"""An entry that comes by the API: the rules of the page, all told at once, then the same service."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from accompagnements import services
from accompagnements.constants import PARTICIPANTS_USUAL_MAX
from accompagnements.enums import AGES, GENRES, STATUTS, Canal, Suite, TypeAccompagnement
from accompagnements.models import Accompagnement, Organisme, Theme
from accompagnements.notes import find_sensitive
from comptes.models import Role
from contrats.models import Conseiller
from pilotage.api.errors import RefusedError
from territoires.models import Commune

Errors = dict[str, list[str]]
COUNTED = {
    "genres": (GENRES, "Le total par genre dépasse le nombre de participants."),
    "tranches_age": (AGES, "Le total par âge dépasse le nombre de participants."),
    "statuts": (STATUTS, "Le total par situation dépasse le nombre de participants."),
}
# Columns that are known outside by another name.
NAMES = {"conseiller": "", "__all__": ""}
EMPTY_IF_NULL = ("autonomie", "niveau", "suite", "orientation", "titre", "notes")
OF_ATELIERS = {
    "participants": "Seul un atelier collectif compte plusieurs participants.",
    "niveau": "Seul un atelier collectif a un niveau.",
    "titre": "Seul un atelier collectif a un titre.",
}


def record_accompagnement(data: Mapping[str, Any], *, conseiller: Conseiller, by: Role) -> tuple[Accompagnement, bool]:
    """Record what was sent, once. Return the row, and whether it is new."""
    values, errors = _resolve(data, conseiller)
    _check_counts(values, errors)
    if not errors:
        _check_rules(values, conseiller, errors)
    if not errors:
        _ask_confirmations(values, set(data.get("confirmations", ())), errors)
    if errors:
        raise RefusedError(errors)
    is_new = not Accompagnement.objects.filter(uuid=data["uuid"]).exists()
    row = services.create_accompagnement(conseiller=conseiller, uuid=data["uuid"], values=values, by=by)
    return row, is_new


def _resolve(data: Mapping[str, Any], conseiller: Conseiller) -> tuple[dict[str, Any], Errors]:
    """Replace codes and numbers by the rows they name, as far as this conseiller may name them."""
    errors: Errors = defaultdict(list)
    values = {name: value for name, value in data.items() if name not in {"uuid", "confirmations"}}
    for name in EMPTY_IF_NULL:
        values[name] = values.get(name) or ""
    values["titre"] = values["titre"].strip()
    values["notes"] = values["notes"].replace("\r\n", "\n").strip()
    lieu, commune = values.pop("lieu_id", None), values.pop("commune_id", None)
    values["lieu"] = None
    if values["canal"] == Canal.LIEU_ACTIVITE:
        values["lieu"] = conseiller.lieux.select_related("commune__departement").filter(pk=lieu or 0).first()
        if values["lieu"] is None:
            known = "Ce lieu d'activité n'est pas l'un des vôtres." if lieu else "Choisissez le lieu d'activité."
            errors["lieu"].append(known)
    elif lieu:
        errors["lieu"].append("Un lieu d'activité ne va qu'avec le canal « lieu_activite ».")
    elif commune is None:
        errors["commune"].append("Indiquez la commune où cela s'est passé.")
    if commune is not None:
        values["commune"] = Commune.objects.active().select_related("departement").filter(pk=commune).first()
        if values["commune"] is None:
            errors["commune"].append("Aucune commune n'a ce code INSEE.")
        elif values["lieu"] is not None and values["lieu"].commune_id != commune:
            errors["commune"].append("Ce lieu d'activité est dans une autre commune : retirez ce champ.")
    numbers = dict(Theme.objects.filter(code__in=values["themes"]).values_list("code", "pk"))
    if unknown := [code for code in values["themes"] if code not in numbers]:
        errors["themes"].append(f"Ces thèmes n'existent pas : {', '.join(unknown)}.")
    values["themes"] = [numbers.get(code, 0) for code in values["themes"]]
    if len(set(values.get("materiel", ()))) != len(values.get("materiel", ())):
        errors["materiel"].append("Un matériel est choisi deux fois.")
    if values["type"] != TypeAccompagnement.ATELIER:
        for name, message in OF_ATELIERS.items():
            if values.get(name) not in (None, "", 1):
                errors[name].append(message)
    elif "participants" not in values:
        errors["participants"].append("Indiquez le nombre de participants.")
    code = (values.pop("organisme", None) or {}).get("code")
    values["organisme"] = Organisme.objects.filter(code=code).first() if code else None
    if code and values["organisme"] is None:
        errors["organisme"].append("Cet organisme n'existe pas : voyez /organismes/.")
    elif values["organisme"] and values["orientation"] not in {"", values["organisme"].categorie}:
        errors["organisme"].append("Cet organisme est d'une autre sorte : retirez l'orientation, il la donne.")
    elif values["organisme"] and values["suite"] != Suite.ORIENTATION:
        errors["organisme"].append("Un organisme ne va qu'avec la suite « orientation ».")
    if len(set(values.get("dispositifs", ()))) != len(values.get("dispositifs", ())):
        errors["dispositifs"].append("Un dispositif est choisi deux fois.")
    if values["suite"] != Suite.ORIENTATION and values["orientation"]:
        errors["orientation"].append("Une orientation ne va qu'avec la suite « orientation ».")
    return values, errors


def _check_counts(values: Mapping[str, Any], errors: Errors) -> None:
    participants = values.get("participants", 1)
    if values.get("recurrents", 0) > participants:
        errors["recurrents"].append("Il ne peut pas y avoir plus de personnes déjà venues que de participants.")
    for name, (columns, message) in COUNTED.items():
        if sum(values.get(column, 0) for column in columns) > participants:
            errors[name].append(message)


def _check_rules(values: Mapping[str, Any], conseiller: Conseiller, errors: Errors) -> None:
    """Say every rule the row breaks; the service would say the first."""
    row = services.fill(Accompagnement(conseiller=conseiller), values)
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            errors[NAMES.get(name, name)] += messages
    for broken in services.rule_errors(row):
        errors[broken.field or ""].append(str(broken))
    if len(errors) > 1:
        errors.pop("", None)  # A constraint says again, of the whole row, what is said of a field.


def _ask_confirmations(values: Mapping[str, Any], confirmed: set[str], errors: Errors) -> None:
    participants = values.get("participants", 1)
    if participants > PARTICIPANTS_USUAL_MAX and "participants" not in confirmed:
        errors["participants"].append(
            f"{participants} participants, est-ce bien le nombre ? Corrigez-le, ou confirmez-le (confirmations)."
        )
    for name in ("titre", "notes"):
        if name not in confirmed and (found := find_sensitive(values[name])):
            errors[name].append(
                f"Ce texte semble contenir {' et '.join(found)}. Retirez-le, ou confirmez-le (confirmations)."
            )
