"""Personal data of contracts and of the conseillers they make."""

from comptes.registre import declare

LEGAL = "Durées légales du contrat de travail et de la convention"
KEPT = "Gardés, sans nom : durées légales"

declare(
    "contrats.Contrat",
    finalite="Financer le poste",
    conservation=LEGAL,
    effacement=KEPT,
    personne=("candidature__compte",),
    actes=("transmis_par", "valide_par"),
    hors_export=frozenset({"transmis_par", "valide_par"}),
)
declare(
    "contrats.ContratTransition",
    finalite="Suivre le contrat",
    conservation=LEGAL,
    effacement="Gardés, sans nom : la base refuse tout changement",
    personne=("objet__candidature__compte",),
    actes=("by",),
    hors_export=frozenset({"by"}),
)
declare(
    "contrats.Conseiller",
    finalite="Suivre la personne recrutée, sa tenue et son mobilier",
    conservation=LEGAL,
    effacement=KEPT,
    personne=("compte",),
)
