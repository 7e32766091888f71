"""The two vocabularies activity is exchanged in (STANDARDS §4): the national tool's, and that of files before 2024.

Names of columns and words of cells, without accents or capitals → our fields and their values.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from accompagnements.enums import (
    AGES,
    GENRES,
    STATUTS,
    Autonomie,
    Canal,
    Dispositif,
    Materiel,
    NiveauAtelier,
    Orientation,
    Suite,
    TypeAccompagnement,
    TypePublic,
)
from territoires.keys import LIGATURES

IGNORE = ""
# What an older band says and our columns cannot: kept as it was, and counted as « non communiqué ».
TEL_QUEL = "tel_quel"
# A row of a kind this file also holds and that is not an accompagnement.
ECARTER = "ecarter"
NON_COMMUNIQUE = "non_communique"
# An organisme among kinds of orientation: `organisme-12`.
ORGANISME = "organisme-"

# What a column of the file may hold.
CHAMPS: dict[str, str] = {
    "identifiant": "Identifiant de la ligne",
    "date": "Date",
    "type": "Type d'accompagnement",
    "duree": "Durée (minutes)",
    "canal": "Où (canal)",
    "lieu": "Lieu d'activité",
    "commune": "Commune (code INSEE ou nom)",
    "code_postal": "Code postal",
    "participants": "Participants",
    "recurrents": "Dont déjà venus",
    "themes": "Thèmes ou démarches",
    "type_public": "Public",
    "materiel": "Matériel",
    "autonomie": "Autonomie",
    "niveau": "Niveau de l'atelier",
    "suite": "Suite donnée",
    "orientation": "Orientation vers",
    "organisme": "Organisme vers qui",
    "dispositifs": "Dispositifs mobilisés",
    "titre": "Titre de l'atelier",
    "notes": "Notes",
    "genre": "Genre de la personne",
    "age": "Âge de la personne",
    "statut": "Situation de la personne",
    **{column: f"Nombre : {label}" for columns in (GENRES, AGES, STATUTS) for column, label in columns.items()},
    TEL_QUEL: "Garder telle quelle (tranche ou situation ancienne)",
}
SEVERAL = {"themes", TEL_QUEL}
REQUIRED = ("date", "type", "duree", "themes")
# One person's answer, a column of counts each.
PERSONNE = {"genre": GENRES, "age": AGES, "statut": STATUTS}

ENTETES: dict[str, str] = {
    "id": "identifiant", "uuid": "identifiant", "identifiant": "identifiant", "reference": "identifiant",
    "id cra": "identifiant", "numero": "identifiant",
    "date": "date", "date accompagnement": "date", "date de l accompagnement": "date", "jour": "date",
    "date de l activite": "date", "date activite": "date",
    "type": "type", "type d accompagnement": "type", "activite": "type", "type d activite": "type",
    "type accompagnement": "type",
    "duree": "duree", "duree minutes": "duree", "duree en minutes": "duree", "temps": "duree",
    "duree de l accompagnement": "duree",
    "canal": "canal", "type de lieu": "canal", "type lieu": "canal", "ou": "canal",
    "lieu": "lieu", "lieu d activite": "lieu", "lieu activite": "lieu", "nom du lieu": "lieu",
    "commune": "commune", "commune insee": "commune", "code insee": "commune", "code commune": "commune",
    "nom commune": "commune", "ville": "commune", "lieu code insee": "commune",
    "commune nom": IGNORE, "code postal": "code_postal", "cp": "code_postal",
    "participants": "participants", "nombre de participants": "participants", "nb participants": "participants",
    "nombre participants": "participants",
    "recurrents": "recurrents", "deja venus": "recurrents", "dont deja venus": "recurrents",
    "recurrent": "recurrents", "accompagnements recurrents": "recurrents",
    "themes": "themes", "theme": "themes", "thematiques": "themes", "thematique": "themes", "demarches": "themes",
    "thematiques demarche": "themes", "thematiques accompagnement": "themes", "themes demarches": "themes",
    "type public": "type_public", "public": "type_public",
    "materiel": "materiel", "materiels": "materiel", "materiel utilise": "materiel",
    "autonomie": "autonomie", "niveau d autonomie": "autonomie",
    "niveau": "niveau", "niveau atelier": "niveau", "niveau d atelier": "niveau", "niveau de l atelier": "niveau",
    "suite": "suite", "suite donnee": "suite", "accompagnement": "suite",
    "orientation": "orientation", "oriente vers": "orientation", "orientation vers": "orientation",
    "structure de redirection": "orientation", "orientation organisme": "orientation",
    "organisme": "organisme", "organismes": "organisme", "nom de l organisme": "organisme",
    "dispositifs": "dispositifs", "dispositif": "dispositifs", "dispositifs mobilises": "dispositifs",
    "titre": "titre", "titre atelier": "titre", "titre de l atelier": "titre",
    "notes": "notes", "note": "notes", "commentaire": "notes", "observations": "notes",
    "genre": "genre", "sexe": "genre",
    "age": "age", "tranche d age": "age", "tranche age": "age",
    "statut": "statut", "situation": "statut", "statut social": "statut",
    "erreurs": IGNORE, "canton": IGNORE, "etiquettes": IGNORE,
    # Counts, as the national tool and older files name them.
    "femmes": "genre_feminin", "feminin": "genre_feminin", "hommes": "genre_masculin", "masculin": "genre_masculin",
    "moins de 12 ans": "age_moins_de_douze", "moins de 12": "age_moins_de_douze", "age moins 12": "age_moins_de_douze",
    "moins12ans": "age_moins_de_douze", "age moins de 12": "age_moins_de_douze", "12 18": "age_douze_dix_huit",
    "12 18 ans": "age_douze_dix_huit", "12 17 ans": "age_douze_dix_huit", "age 12 18": "age_douze_dix_huit",
    "de12a18ans": "age_douze_dix_huit", "de 12 a 18 ans": "age_douze_dix_huit",
    "18 24 ans": "age_dix_huit_vingt_quatre", "25 39 ans": "age_vingt_cinq_trente_neuf",
    "40 59 ans": "age_quarante_cinquante_neuf", "60 69 ans": "age_soixante_soixante_neuf",
    "70 ans et plus": "age_soixante_dix_plus", "plus de 70 ans": "age_soixante_dix_plus",
    "scolarises": "statut_scolarise", "etudiants": "statut_scolarise", "etudiant": "statut_scolarise",
    "statut etudiant": "statut_scolarise",
    "sans emploi": "statut_sans_emploi", "statut sans emploi": "statut_sans_emploi", "sansemploi": "statut_sans_emploi",
    "en emploi": "statut_en_emploi", "statut en emploi": "statut_en_emploi", "enemploi": "statut_en_emploi",
    "retraites": "statut_retraite", "retraite": "statut_retraite", "statut retraite": "statut_retraite",
    # Older bands, wider than ours, and the mixed group: never split.
    "18 35 ans": TEL_QUEL, "age 18 35": TEL_QUEL, "de18a35ans": TEL_QUEL, "de 18 a 35 ans": TEL_QUEL,
    "35 60 ans": TEL_QUEL, "age 35 60": TEL_QUEL, "de35a60ans": TEL_QUEL, "de 35 a 60 ans": TEL_QUEL,
    "plus de 60 ans": TEL_QUEL, "plus de 60": TEL_QUEL, "age plus de 60": TEL_QUEL, "plus60ans": TEL_QUEL,
    "60 ans et plus": TEL_QUEL, "18 35": TEL_QUEL, "35 60": TEL_QUEL,
    "heterogene": TEL_QUEL, "statut heterogene": TEL_QUEL,
}  # fmt: skip

MOTS: dict[str, dict[str, str]] = {
    "type": {
        "collectif": TypeAccompagnement.ATELIER, "atelier": TypeAccompagnement.ATELIER,
        "atelier collectif": TypeAccompagnement.ATELIER, "individuel": TypeAccompagnement.INDIVIDUEL,
        "ponctuel": TypeAccompagnement.PONCTUEL, "aide ponctuelle": TypeAccompagnement.PONCTUEL,
        "demande ponctuelle": TypeAccompagnement.PONCTUEL,
    },
    "canal": {
        "lieu activite": Canal.LIEU_ACTIVITE, "rattachement": Canal.LIEU_ACTIVITE,
        "lieu d activite": Canal.LIEU_ACTIVITE,
        "autre lieu": Canal.AUTRE, "autre": Canal.AUTRE, "exterieur": Canal.AUTRE, "domicile": Canal.DOMICILE,
        "a domicile": Canal.DOMICILE, "distance": Canal.A_DISTANCE, "a distance": Canal.A_DISTANCE,
    },
    "type_public": {
        "habitants": TypePublic.HABITANTS, "particuliers": TypePublic.HABITANTS, "tpe pme": TypePublic.TPE_PME,
        "entreprises": TypePublic.TPE_PME,
    },
    "genre": {
        "feminin": "genre_feminin", "femme": "genre_feminin", "f": "genre_feminin", "masculin": "genre_masculin",
        "homme": "genre_masculin", "h": "genre_masculin", "m": "genre_masculin", "non communique": NON_COMMUNIQUE,
        "inconnu": NON_COMMUNIQUE,
    },
    "age": {
        "moins de douze": "age_moins_de_douze", "moins de 12": "age_moins_de_douze",
        "douze dix huit": "age_douze_dix_huit", "12 18": "age_douze_dix_huit", "12 17 ans": "age_douze_dix_huit",
        "12 18 ans": "age_douze_dix_huit", "dix huit vingt quatre": "age_dix_huit_vingt_quatre",
        "18 24 ans": "age_dix_huit_vingt_quatre", "vingt cinq trente neuf": "age_vingt_cinq_trente_neuf",
        "25 39 ans": "age_vingt_cinq_trente_neuf", "quarante cinquante neuf": "age_quarante_cinquante_neuf",
        "40 59 ans": "age_quarante_cinquante_neuf", "soixante soixante neuf": "age_soixante_soixante_neuf",
        "60 69 ans": "age_soixante_soixante_neuf", "soixante dix plus": "age_soixante_dix_plus",
        "70 ans et plus": "age_soixante_dix_plus", "non communique": NON_COMMUNIQUE, "inconnu": NON_COMMUNIQUE,
        "18 35": TEL_QUEL, "18 35 ans": TEL_QUEL, "35 60": TEL_QUEL, "35 60 ans": TEL_QUEL, "plus de 60": TEL_QUEL,
        "plus de 60 ans": TEL_QUEL, "60 ans et plus": TEL_QUEL,
    },
    "statut": {
        "scolarise": "statut_scolarise", "etudiant": "statut_scolarise", "sans emploi": "statut_sans_emploi",
        "demandeur d emploi": "statut_sans_emploi", "en emploi": "statut_en_emploi", "retraite": "statut_retraite",
        "non communique": NON_COMMUNIQUE, "inconnu": NON_COMMUNIQUE, "heterogene": TEL_QUEL,
    },
    "suite": {"individuel": Suite.INDIVIDUEL, "atelier": Suite.ATELIER, "collectif": Suite.ATELIER,
              "orientation": Suite.ORIENTATION, "redirection": Suite.ORIENTATION, "aucune": Suite.AUCUNE},
    "orientation": {}, "organisme": {}, "dispositifs": {}, "materiel": {}, "autonomie": {}, "niveau": {},
    # Ranges of older files: the middle of each, in its own class of durations. Asked about all the same.
    "duree": {"0 30": "15", "moins de 30 minutes": "15", "30 60": "45", "30 a 60 minutes": "45"},
}  # fmt: skip
# Understood, but not exactly what our column means: the person confirms once.
A_CONFIRMER = {"duree": frozenset(MOTS["duree"])}

CHOIX: dict[str, list[tuple[str, str]]] = {
    "type": [*TypeAccompagnement.choices, (ECARTER, "Ne pas importer ces lignes")],
    "canal": list(Canal.choices),
    "type_public": list(TypePublic.choices),
    "genre": [*GENRES.items(), (NON_COMMUNIQUE, "Non communiqué")],
    "age": [*AGES.items(), (NON_COMMUNIQUE, "Non communiqué"), (TEL_QUEL, CHAMPS[TEL_QUEL])],
    "statut": [*STATUTS.items(), (NON_COMMUNIQUE, "Non communiqué"), (TEL_QUEL, CHAMPS[TEL_QUEL])],
    "suite": [("aucune", "Aucune suite prévue"), *(choice for choice in Suite.choices if choice[0])],
    "orientation": list(Orientation.choices),
    "dispositifs": [*Dispositif.choices, (ECARTER, "Aucun")],
    "materiel": list(Materiel.choices),
    "autonomie": list(Autonomie.choices),
    "niveau": list(NiveauAtelier.choices),
}


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Return a name or a word without what people write differently: accents, capitals, hyphens, underscores."""
    text = text.replace("<", " moins de ").replace(">", " plus de ")
    plain = unicodedata.normalize("NFKD", text).translate(LIGATURES).lower()
    return re.sub(r"[^a-z0-9]+", " ", re.sub("[\u0300-\u036f]", "", plain)).strip()


def _known_words() -> dict[str, dict[str, str]]:
    """The words above, the codes of the exchange vocabulary, and our own labels."""
    words = {field: dict(known) for field, known in MOTS.items()}
    for field, choices in CHOIX.items():
        for value, label in choices:
            words[field].setdefault(fold(value), value)
            words[field].setdefault(fold(label), value)
    return words


CONNUS = _known_words()


def _known_headers() -> dict[str, str]:
    headers = {fold(name): field for name, field in ENTETES.items()}
    for field, label in CHAMPS.items():
        if field != TEL_QUEL:
            headers.setdefault(fold(field), field)
            headers.setdefault(fold(label.removeprefix("Nombre : ")), field)
    return headers


ENTETES_CONNUS = _known_headers()


def propose_columns(headers: Iterable[str]) -> dict[str, str]:
    """Return, by rank of column, the field its name says; a field is proposed once, save those several may feed."""
    proposed: dict[str, str] = {}
    for rank, header in enumerate(headers):
        field = ENTETES_CONNUS.get(fold(header), IGNORE)
        if field and (field in SEVERAL or field not in proposed.values()):
            proposed[str(rank)] = field
    return proposed


# Names people have for organismes, beside those of the referential: those of older files first.
ORGANISMES = {
    "ants": "france_titres", "dgfip": "impots", "pole emploi": "france_travail", "sous prefecture": "prefecture",
    "tiers lieu fablab": "tiers_lieu", "fablab": "tiers_lieu", "assistant social": "assistante_sociale",
    "cpam": "assurance_maladie", "carsat": "assurance_retraite", "bibliotheque": "mediatheque",
    "maison france services": "france_services", "france service": "france_services",
}  # fmt: skip


def organisme_words(organismes: Iterable[Any]) -> dict[str, str]:
    """Return the words of the referential of organismes: codes, names, and those above."""
    codes = {organisme.code: f"{ORGANISME}{organisme.pk}" for organisme in organismes}
    words = {fold(organisme.nom): codes[organisme.code] for organisme in organismes}
    words |= {fold(code): value for code, value in codes.items()}
    return {word: codes[code] for word, code in ORGANISMES.items() if code in codes} | words


def theme_words(themes: Iterable[Any]) -> dict[str, str]:
    """Return the words of the referential: codes and names."""
    words: dict[str, str] = {}
    for theme in themes:
        words.setdefault(fold(theme.code), str(theme.pk))
        words.setdefault(fold(theme.nom), str(theme.pk))
    return words


def merged(known: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """What the person said wins over what we know."""
    return {**known, **told}
