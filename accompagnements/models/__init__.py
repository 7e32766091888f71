from accompagnements.models.activites import (
    Accompagnement,
    AccompagnementQuerySet,
    AccompagnementRevision,
    Recherche,
    search_words,
)
from accompagnements.models.beneficiaires import (
    Beneficiaire,
    Suivi,
)
from accompagnements.models.coordination import (
    Coordination,
    CoordinationQuerySet,
    CoordinationRevision,
)
from accompagnements.models.etiquettes import (
    Etiquetage,
    Etiquette,
    EtiquetteQuerySet,
)
from accompagnements.models.groupes import (
    Appartenance,
    AppartenanceQuerySet,
    Groupe,
)
from accompagnements.models.imports import (
    IMPORT_FOLDERS,
    ImportActivite,
    ImportActiviteTransition,
    Origine,
)
from accompagnements.models.lieux import (
    ExceptionHoraires,
    LieuActivite,
    LieuActiviteQuerySet,
    Passage,
    Rattachement,
)
from accompagnements.models.livraisons import (
    Livraison,
    LivraisonTransition,
)
from accompagnements.models.partages import (
    LienPartage,
)
from accompagnements.models.raccourcis import EtiquetageModele, FiltreEnregistre, ModeleAtelier, Nomme
from accompagnements.models.statistiques import Cumul, CumulConseiller, CumulTerritoire, MarqueStatistique
from accompagnements.models.themes import Organisme, Theme

__all__ = [
    "IMPORT_FOLDERS",
    "Accompagnement",
    "AccompagnementQuerySet",
    "AccompagnementRevision",
    "Appartenance",
    "AppartenanceQuerySet",
    "Beneficiaire",
    "Coordination",
    "CoordinationQuerySet",
    "CoordinationRevision",
    "Cumul",
    "CumulConseiller",
    "CumulTerritoire",
    "Etiquetage",
    "EtiquetageModele",
    "Etiquette",
    "EtiquetteQuerySet",
    "ExceptionHoraires",
    "FiltreEnregistre",
    "Groupe",
    "ImportActivite",
    "ImportActiviteTransition",
    "LienPartage",
    "LieuActivite",
    "LieuActiviteQuerySet",
    "Livraison",
    "LivraisonTransition",
    "MarqueStatistique",
    "ModeleAtelier",
    "Nomme",
    "Organisme",
    "Origine",
    "Passage",
    "Rattachement",
    "Recherche",
    "Suivi",
    "Theme",
    "search_words",
]
