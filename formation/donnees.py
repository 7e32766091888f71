"""Personal data of training: its file, its sessions, its proofs."""

from comptes.registre import declare

LEGAL = "Durées légales de la formation professionnelle"
KEPT = "Gardés, sans nom : durées légales"
PERSON = "conseiller__compte"

declare(
    "formation.Formateur",
    finalite="Savoir qui agit pour un organisme de formation",
    conservation="Tant que le compte existe",
    effacement="Supprimés",
    personne=("compte",),
    supprime=True,
)
declare(
    "formation.DossierFormation",
    finalite="Former la personne",
    conservation=LEGAL,
    effacement=KEPT,
    personne=(PERSON,),
)
declare(
    "formation.Positionnement",
    finalite="Choisir le parcours qui convient",
    conservation=LEGAL,
    effacement=KEPT,
    personne=(f"dossier__{PERSON}",),
    actes=("by",),
    hors_export=frozenset({"by"}),
)
declare(
    "formation.Inscription",
    finalite="Tenir la session et les heures",
    conservation=LEGAL,
    effacement=KEPT,
    personne=(f"dossier__{PERSON}",),
)
declare(
    "formation.Attestation",
    finalite="Prouver la formation",
    conservation=LEGAL,
    effacement="Gardées : elles doivent rester vérifiables",
    personne=(f"inscription__dossier__{PERSON}",),
    actes=("revoked_by",),
    hors_export=frozenset({"revoked_by"}),
)
for _label, _way in {
    "formation.DossierFormationTransition": f"objet__{PERSON}",
    "formation.InscriptionTransition": f"objet__dossier__{PERSON}",
}.items():
    declare(
        _label,
        finalite="Suivre la formation",
        conservation=LEGAL,
        effacement="Gardés, sans nom : la base refuse tout changement",
        personne=(_way,),
        actes=("by",),
        hors_export=frozenset({"by"}),
    )
declare(
    "formation.SessionFormationTransition",
    finalite="Suivre les sessions",
    conservation=LEGAL,
    effacement="Gardés, sans nom : la base refuse tout changement",
    actes=("by",),
)
