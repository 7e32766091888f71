"""Personal data of structures: their contacts, their members, and who acted on their requests."""

from comptes.donnees import masked_address
from comptes.registre import declare

LEGAL = "Durée de la convention, puis durées légales"
ACTS = "Gardés, sans nom : ils prouvent qui a décidé"

declare(
    "structures.Structure",
    finalite="Joindre la structure qui demande ou emploie",
    conservation=LEGAL,
    effacement="Coordonnées du contact remplacées",
    adresse=("contact_email",),
    masque={
        "contact_email": masked_address(),
        "contact_prenom": "Contact",
        "contact_nom": "effacé",
        "contact_telephone": "",
    },
)
declare(
    "structures.DemandePoste",
    finalite="Instruire la demande de poste",
    conservation=LEGAL,
    effacement="Adresse du contact remplacée, saisie en cours vidée",
    adresse=("contact_email",),
    masque={"contact_email": masked_address(), "brouillon": {}},
)
declare(
    "structures.Membre",
    finalite="Savoir qui agit pour une structure",
    conservation="Tant que le compte existe",
    effacement="Supprimés",
    personne=("compte",),
    supprime=True,
)
for _label, _acts in {
    "structures.DemandePosteTransition": ("by",),
    "structures.PosteTransition": ("by",),
    "structures.AvisPrefet": ("by",),
    "structures.DecisionCoselec": ("preparee_par", "validee_par"),
    "structures.Convention": ("preparee_par", "signee_par"),
}.items():
    declare(
        _label,
        finalite="Instruire, décider et conventionner les postes",
        conservation=LEGAL,
        effacement=ACTS,
        actes=_acts,
    )
