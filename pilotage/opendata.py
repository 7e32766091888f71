"""Open data: lieux in the national schema (CSV, JSON) and data·inclusion's (STANDARDS §1 and §2), and the activity.

Rows are read by blocks and written as they come: the memory taken does not depend on their number. Nothing here is of a
person: a lieu's contacts are the lieu's, and conseillers are only counted present.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, Prefetch, Subquery
from django.utils import timezone

from accompagnements.enums_lieux import AccesLieu, ModaliteLieu, PriseEnCharge, PublicLieu, ServiceLieu
from accompagnements.models import ExceptionHoraires, LieuActivite
from accompagnements.presentation_lieux import labels
from accompagnements.selectors import public_lieux
from contrats.models import Conseiller
from pilotage import activite_ouverte

# The ANCT, which collects.
PRODUCTEUR = "Agence nationale de la cohésion des territoires"
PRODUCTEUR_SIRET = "13002603200016"
SOURCE = "conseiller-numerique"
# Legal, and of no use to a reader: what is published when neither the lieu nor the employer has a SIRET.
PIVOT_INCONNU = "0" * 14
BLOCK = 1000
SEPARATOR = "|"
CHAMPS = (
    "id", "pivot", "nom", "commune", "code_postal", "code_insee", "adresse", "complement_adresse", "latitude",
    "longitude", "typologie", "telephone", "courriels", "site_web", "horaires", "presentation_resume",
    "presentation_detail", "source", "itinerance", "structure_parente", "date_maj", "services",
    "publics_specifiquement_adresses", "prise_en_charge_specifique", "frais_a_charge",
    "dispositif_programmes_nationaux", "formations_labels", "autres_formations_labels", "modalites_acces",
    "modalites_accompagnement", "fiche_acces_libre", "prise_rdv",
)  # fmt: skip
TELEPHONE = re.compile(r"\+(33|590|594|262|596|269|687|689|508|681)[0-9]{6,9}")
# The nine services on the themes of data·inclusion.
THEMATIQUES = {
    ServiceLieu.DEMARCHES: {
        "numerique--acceder-a-des-services-en-ligne",
        "difficultes-administratives-ou-juridiques--accompagnement-aux-demarches-administratives",
    },
    ServiceLieu.QUOTIDIEN: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.INSERTION: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.SECURITE: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.PARENTALITE: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.LOISIRS: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.COMPREHENSION: {"numerique--maitriser-les-fondamentaux-du-numerique"},
    ServiceLieu.CONNEXION: {"numerique--acceder-a-une-connexion-internet"},
    ServiceLieu.EQUIPEMENT: {"numerique--acquerir-un-equipement"},
}
PUBLICS = {
    PublicLieu.JEUNES: "jeunes",
    PublicLieu.ETUDIANTS: "etudiants",
    PublicLieu.FAMILLES: "familles",
    PublicLieu.SENIORS: "seniors",
    PublicLieu.FEMMES: "femmes",
}
HANDICAPS = {PriseEnCharge.SURDITE, PriseEnCharge.MOTEURS, PriseEnCharge.MENTAUX, PriseEnCharge.VISUELLE}

Row = dict[str, Any]


def published() -> Any:
    """The public lieux with all their files say, employers' SIRET included where a lieu has none."""
    employer = Conseiller.objects.in_post().filter(lieux=OuterRef("pk")).order_by("pk")
    coming = ExceptionHoraires.objects.filter(au__gte=timezone.localdate()).order_by("du")
    return (
        public_lieux()
        .annotate(employeur=Subquery(employer.values("contrat__structure__siret")[:1]))
        .prefetch_related(Prefetch("exceptions", coming))
    )


# --- Has it changed? ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    etag: str
    modified: datetime


def version() -> Version:
    """Say in one query whether anything that is published changed, without writing the files.

    The day counts: past exceptions leave the files. So does each lieu's pivot, which may be its employer's.
    """
    rows = published().order_by("pk").values_list("pk", "updated_at", "employeur")
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg(p::text, ',')), (SELECT max(updated_at) FROM accompagnements_lieuactivite),"  # noqa: S608  # Django's own query, its values as parameters.
            f" (SELECT max(updated_at) FROM contrats_contrat) FROM ({sql}) p",
            parameters,
        )
        digest, *moments = cursor.fetchone()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    etag = hashlib.sha256(f"{digest}:{today:%Y-%m-%d}".encode()).hexdigest()[:32]
    return Version(etag, max([today, *(moment for moment in moments if moment)]))


# --- The national schema --------------------------------------------------------------------------------------


def lieu_row(lieu: Any) -> Row:
    latitude, longitude = lieu.point
    modalites_acces = {
        "Se présenter": lieu.acces == AccesLieu.LIBRE,
        "Téléphoner": bool(lieu.telephone),
        "Contacter par mail": bool(lieu.courriel),
        "Prendre un RDV en ligne": bool(lieu.prise_rdv),
    }
    values = {
        "id": str(lieu.pk),
        "pivot": pivot(lieu),
        "nom": lieu.nom,
        "commune": lieu.commune.nom,
        "code_postal": lieu.code_postal_connu,
        "code_insee": lieu.commune_id,
        "adresse": lieu.adresse,
        "complement_adresse": lieu.complement_adresse,
        "latitude": round(latitude, 6),
        "longitude": round(longitude, 6),
        "telephone": lieu.telephone if TELEPHONE.fullmatch(lieu.telephone) else "",
        "courriels": lieu.courriel,
        "site_web": lieu.site_web.replace(SEPARATOR, "%7C"),
        "horaires": lieu.horaires_complets,
        "presentation_resume": lieu.presentation,
        "source": PRODUCTEUR,
        "itinerance": "Itinérant" if lieu.itinerant else "Fixe",
        "date_maj": updated_on(lieu).isoformat(),
        "services": _joined(labels(ServiceLieu, lieu.services)),
        "publics_specifiquement_adresses": _joined(labels(PublicLieu, lieu.publics)),
        "prise_en_charge_specifique": _joined(labels(PriseEnCharge, lieu.prises_en_charge)),
        "frais_a_charge": "Gratuit",
        "dispositif_programmes_nationaux": "Conseillers numériques",
        "modalites_acces": _joined([name for name, is_so in modalites_acces.items() if is_so]),
        "modalites_accompagnement": _joined(labels(ModaliteLieu, lieu.modalites)),
        "fiche_acces_libre": lieu.fiche_acces_libre,
        "prise_rdv": lieu.prise_rdv,
    }
    return {champ: values.get(champ, "") for champ in CHAMPS}


def pivot(lieu: Any) -> str:
    return lieu.siret or lieu.employeur or PIVOT_INCONNU


def updated_on(lieu: LieuActivite) -> date:
    return timezone.localdate(lieu.updated_at)


def _joined(values: list[str]) -> str:
    return SEPARATOR.join(values)


# --- data·inclusion -------------------------------------------------------------------------------------------


def _address_block(lieu: Any) -> Row:
    latitude, longitude = lieu.point
    return {
        "commune": lieu.commune.nom,
        "code_postal": lieu.code_postal_connu,
        "code_insee": lieu.commune_id,
        "adresse": lieu.adresse,
        "complement_adresse": lieu.complement_adresse or None,
        "latitude": round(latitude, 6),
        "longitude": round(longitude, 6),
        "telephone": lieu.telephone or None,
        "courriel": lieu.courriel or None,
    }


def _name(text: str) -> str:
    """From 3 to 150 characters, without a final point."""
    name = text[:150].rstrip(" .")
    return name if len(name) >= 3 else f"Lieu {name}"


def structure_row(lieu: Any) -> Row:
    return {
        "source": SOURCE,
        "id": f"{SOURCE}--{lieu.pk}",
        "nom": _name(lieu.nom),
        "date_maj": updated_on(lieu).isoformat(),
        "description": lieu.presentation if len(lieu.presentation) >= 5 else None,
        "lien_source": f"{settings.SITE_URL}{lieu.get_absolute_url()}",
        "siret": lieu.siret or lieu.employeur or None,
        **_address_block(lieu),
        "site_web": lieu.site_web or None,
        "horaires_accueil": lieu.horaires_complets or None,
        "accessibilite_lieu": lieu.fiche_acces_libre or None,
        "reseaux_porteurs": ["conseillers-numeriques"],
    }


def service_row(lieu: Any) -> Row:
    """One service a lieu: what its conseillers do there."""
    names = labels(ServiceLieu, lieu.services)
    offer = f" : {', '.join(names)}" if names else ""
    publics = {PUBLICS[PublicLieu(value)] for value in lieu.publics}
    if publics and HANDICAPS & set(lieu.prises_en_charge):
        publics.add("personnes-en-situation-de-handicap")
    prises = labels(PriseEnCharge, lieu.prises_en_charge)
    modes = {
        "se-presenter": lieu.acces == AccesLieu.LIBRE,
        "telephoner": bool(lieu.telephone),
        "envoyer-un-courriel": bool(lieu.courriel),
        "utiliser-lien-mobilisation": bool(lieu.prise_rdv),
    }
    remote = ModaliteLieu.DISTANCE in lieu.modalites
    in_person = not remote or len(lieu.modalites) > 1
    return {
        "source": SOURCE,
        "id": f"{SOURCE}--{lieu.pk}-mediation-numerique",
        "structure_id": f"{SOURCE}--{lieu.pk}",
        "nom": "Médiation numérique",
        "description": f"Un conseiller numérique accompagne gratuitement les personnes dans leurs usages{offer}.",
        "date_maj": updated_on(lieu).isoformat(),
        "lien_source": f"{settings.SITE_URL}{lieu.get_absolute_url()}",
        "type": "accompagnement",
        "thematiques": sorted(set().union(*(THEMATIQUES[ServiceLieu(value)] for value in lieu.services))) or None,
        "frais": "gratuit",
        "publics": sorted(publics) or ["tous-publics"],
        "publics_precisions": f"Prises en charge spécifiques : {', '.join(prises)}." if prises else None,
        **_address_block(lieu),
        "modes_accueil": [mode for mode, is_so in (("a-distance", remote), ("en-presentiel", in_person)) if is_so],
        "lien_mobilisation": lieu.prise_rdv or None,
        "modes_mobilisation": [mode for mode, is_so in modes.items() if is_so] or None,
        "mobilisable_par": ["usagers", "professionnels"],
        "horaires_accueil": lieu.horaires_complets or None,
    }


# --- Files ----------------------------------------------------------------------------------------------------


def csv_parts() -> Iterator[bytes]:
    """The schema's own CSV: UTF-8, commas, quotes where needed. It is data for machines: nothing is added to a cell."""
    yield _line(CHAMPS)
    for lieu in published().iterator(chunk_size=BLOCK):
        yield _line(lieu_row(lieu).values())


def _line(cells: Any) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def json_parts(row: Callable[[Any], Row]) -> Iterator[bytes]:
    """An array of objects, written as it is read."""
    opening = "["
    for lieu in published().iterator(chunk_size=BLOCK):
        yield f"{opening}\n{json.dumps(row(lieu), ensure_ascii=False)}".encode()
        opening = ","
    yield b"[]\n" if opening == "[" else b"\n]\n"


def lieux_json() -> Iterator[bytes]:
    return json_parts(lieu_row)


def structures_json() -> Iterator[bytes]:
    return json_parts(structure_row)


def services_json() -> Iterator[bytes]:
    return json_parts(service_row)


def activite_csv() -> Iterator[bytes]:
    yield activite_ouverte.published().content


def activite_version() -> Version:
    found = activite_ouverte.published()
    return Version(found.etag, found.modified)


@dataclass(frozen=True)
class Fichier:
    """One file of the page « Données ouvertes »."""

    slug: str
    title: str
    schema: str
    format: str
    content_type: str
    parts: Callable[[], Iterator[bytes]]
    # What comes after the day in the name under which it is saved.
    name: str
    version: Callable[[], Version] = version


NATIONAL = "Standard national « Lieux de médiation numérique » 1.0.2"
LIEUX = "Lieux de médiation numérique"
INCLUSION = "Schéma data·inclusion, version 1"
_NATIONAL_NAME = f"{PRODUCTEUR_SIRET}_lieux-de-mediation-numerique_france"
CSV, JSON = "text/csv; charset=utf-8", "application/json"
FICHIERS = {
    fichier.slug: fichier
    for fichier in (
        Fichier("lieux.csv", LIEUX, NATIONAL, "CSV", CSV, csv_parts, f"{_NATIONAL_NAME}.csv"),
        Fichier("lieux.json", LIEUX, NATIONAL, "JSON", JSON, lieux_json, f"{_NATIONAL_NAME}.json"),
        Fichier(
            "data-inclusion-structures.json", "Structures", INCLUSION, "JSON", JSON, structures_json,
            f"{SOURCE}_structures.json",
        ),
        Fichier(
            "data-inclusion-services.json", "Services", INCLUSION, "JSON", JSON, services_json,
            f"{SOURCE}_services.json",
        ),
        Fichier(
            "activite.csv", "Activité par trimestre et par département", "Décrit ci-dessous", "CSV", CSV, activite_csv,
            f"{SOURCE}_activite.csv", activite_version,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Resume:
    lieux: int
    sans_pivot: int


def summarize() -> Resume:
    rows = published()
    return Resume(lieux=rows.count(), sans_pivot=rows.filter(siret="", employeur=None).count())
