"""Personal data of the meeting of candidats and structures."""

from comptes.registre import declare

DURATION = "24 mois après le dernier contact de la personne"
KEPT = "Gardés, sans nom : la candidature est masquée"

declare(
    "matching.MiseEnRelation",
    finalite="Mettre la personne en relation avec les structures, et suivre leurs réponses",
    conservation=DURATION,
    effacement=KEPT,
    personne=("candidature__compte",),
    actes=("proposee_par",),
    hors_export=frozenset({"proposee_par"}),
)
declare(
    "matching.Entretien",
    finalite="Convenir d'un entretien, et en dire l'issue",
    conservation=DURATION,
    effacement="Gardés, sans nom ; message et motif effacés",
    personne=("mise_en_relation__candidature__compte",),
    actes=("propose_par",),
    hors_export=frozenset({"propose_par"}),
    masque={"message": "", "motif": ""},
)
declare(
    "matching.Creneau",
    finalite="Choisir l'heure d'un entretien",
    conservation=DURATION,
    effacement=KEPT,
    personne=("entretien__mise_en_relation__candidature__compte",),
)
for _label, _way in {
    "matching.MiseEnRelationTransition": "objet__candidature__compte",
    "matching.EntretienTransition": "objet__mise_en_relation__candidature__compte",
}.items():
    declare(
        _label,
        finalite="Suivre la mise en relation et ses entretiens",
        conservation=DURATION,
        effacement="Gardés, sans nom : la base refuse tout changement",
        personne=(_way,),
        actes=("by",),
        hors_export=frozenset({"by"}),
    )
for _label in ("matching.PoidsMatching", "matching.EssaiPoids"):
    declare(
        _label,
        finalite="Savoir qui a réglé le rapprochement",
        conservation="Durée du dispositif",
        effacement="Gardés, sans nom",
        actes=("by",),
    )
