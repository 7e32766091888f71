"""Personal data of candidats, and of the representatives of the younger ones."""

import datetime as dt

from candidatures import services
from candidatures.documents import INTERNAL
from candidatures.models import CV
from comptes.donnees import masked_address
from comptes.models import Compte
from comptes.registre import declare

DURATION = "24 mois après le dernier contact"
HISTORY = "Gardés, sans nom : la base refuse tout changement"


def _erase_cvs(compte: Compte) -> int:
    """Remove the files with their trace, as a person who removes theirs."""
    cvs = CV.objects.kept().filter(candidature__compte=compte).select_related("candidature")
    return sum(services.erase_cv(candidature=cv.candidature) for cv in cvs)


declare(
    "candidatures.Candidature",
    finalite="Proposer la candidature aux structures qui recrutent près de la personne",
    conservation=DURATION,
    effacement="Identité, coordonnées, âge et textes remplacés ; la commune reste, pour les statistiques",
    personne=("compte",),
    adresse=("email",),
    hors_export=frozenset(INTERNAL),
    masque={
        "email": masked_address(),
        "prenom": "Personne",
        "nom": "effacée",
        "telephone": "",
        # Of age, and nobody's.
        "date_naissance": dt.date(1900, 1, 1),
        "representant_prenom": "",
        "representant_nom": "",
        "representant_email": "",
        "diplome_nom": "Effacé",
        "competences": "",
        "auto_evaluation": {},
        "niveau_pix": None,
        "motivation": "Effacée.",
    },
)
declare(
    "candidatures.Experience",
    finalite="Faire valoir ce que la personne a déjà fait",
    conservation=DURATION,
    effacement="Supprimées",
    personne=("candidature__compte",),
    supprime=True,
)
declare(
    "candidatures.CV",
    finalite="Montrer son CV aux structures qui ont marqué leur intérêt",
    conservation="6 mois, renouvelables par la personne",
    effacement="Fichiers supprimés ; la trace du dépôt reste, sans fichier",
    personne=("candidature__compte",),
    hors_export=frozenset({"reference"}),
    erase=_erase_cvs,
)
for _name, _way in {"Candidature": "objet__compte", "CV": "objet__candidature__compte"}.items():
    declare(
        f"candidatures.{_name}Transition",
        finalite="Suivre la candidature et ses pièces",
        conservation=DURATION,
        effacement=HISTORY,
        personne=(_way,),
        actes=("by",),
        hors_export=frozenset({"by"}),
    )
