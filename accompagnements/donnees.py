"""Personal data of activity: the conseiller's own, and that of the persons who agreed to be followed."""

from accompagnements import services
from accompagnements.enums import IMPORTS_A_SUIVRE, MotifEffacement, StatutLivraison
from accompagnements.models import Beneficiaire, ImportActivite, Livraison
from comptes.models import Compte
from comptes.registre import declare

DURATION = "Durée du dispositif"
PERSON = "conseiller__compte"


def _erase_followed(compte: Compte) -> int:
    """Nobody reads them any more: each is erased, and the journal says so."""
    rows = list(Beneficiaire.objects.filter(conseiller__compte=compte))
    for row in rows:
        services.erase_beneficiaire(beneficiaire=row, motif=MotifEffacement.FIN, by=None)
    return len(rows)


declare(
    "accompagnements.Accompagnement",
    finalite="Mesurer l'activité ; le public y est compté, jamais nommé",
    conservation=DURATION,
    effacement="Gardés, sans nom ; titres et notes effacés",
    personne=(PERSON,),
    masque={"notes": "", "titre": ""},
)
declare(
    "accompagnements.AccompagnementRevision",
    finalite="Garder la trace des modifications tardives",
    conservation=DURATION,
    effacement="Gardées, sans nom : la base refuse tout changement, et elles n'ont pas les notes",
    personne=(PERSON,),
    actes=("by",),
    hors_export=frozenset({"by"}),
)
declare(
    "accompagnements.Beneficiaire",
    finalite="Suivre une personne d'une fois sur l'autre, avec son accord",
    conservation="24 mois après le dernier accompagnement, ou dès que la personne le demande",
    effacement="Supprimées, avec leurs liens",
    personne=(PERSON,),
    # Their owner's data: their conseiller gives each of them their own.
    est_exporte=False,
    erase=_erase_followed,
)
declare(
    "accompagnements.Suivi",
    finalite="Savoir à quels accompagnements une personne suivie est venue",
    conservation="Comme la fiche de la personne",
    effacement="Supprimés avec elle",
    personne=(f"beneficiaire__{PERSON}",),
    est_exporte=False,
)
declare(
    "accompagnements.Etiquette",
    finalite="Ranger ses accompagnements",
    conservation="Tant que le compte existe",
    effacement="Les personnelles sont supprimées ; les partagées ne sont à personne",
    personne=("compte",),
    supprime=True,
)
declare(
    "accompagnements.Etiquetage",
    finalite="Ranger ses accompagnements",
    conservation="Tant que l'étiquette existe",
    effacement="Supprimés avec l'étiquette",
    personne=("etiquette__compte",),
)
declare(
    "accompagnements.EtiquetageModele",
    finalite="Retrouver ses étiquettes avec ses ateliers",
    conservation="Tant que le modèle et l'étiquette existent",
    effacement="Supprimés avec le modèle",
    personne=("modele__compte",),
    supprime=True,
)
for _label in ("FiltreEnregistre", "ModeleAtelier"):
    declare(
        f"accompagnements.{_label}",
        finalite="Retrouver sa liste et ses ateliers",
        conservation="Tant que le compte existe",
        effacement="Supprimés",
        personne=("compte",),
        supprime=True,
    )
declare(
    "accompagnements.CumulConseiller",
    finalite="Compter l'activité sans la relire",
    conservation=DURATION,
    effacement="Gardés : des nombres",
    personne=(PERSON,),
    est_exporte=False,
)
declare(
    "accompagnements.MarqueStatistique",
    finalite="Recompter ce qui a changé",
    conservation="Une minute",
    effacement="Comptées puis supprimées par le calcul",
    personne=(PERSON,),
    est_exporte=False,
)
declare(
    "accompagnements.Coordination",
    finalite="Mesurer l'activité de coordination",
    conservation=DURATION,
    effacement="Gardées, sans nom ; notes effacées",
    personne=("coordinateur",),
    masque={"notes": ""},
)
declare(
    "accompagnements.CoordinationRevision",
    finalite="Garder la trace des modifications tardives",
    conservation=DURATION,
    effacement="Gardées, sans nom : la base refuse tout changement, et elles n'ont pas les notes",
    personne=("coordinateur",),
    actes=("by",),
    hors_export=frozenset({"by"}),
)
declare(
    "accompagnements.Groupe",
    finalite="Savoir quels conseillers une personne anime",
    conservation=DURATION,
    effacement="Gardés, sans nom : l'activité du groupe s'y rapporte",
    personne=("coordinateur",),
)
declare(
    "accompagnements.Appartenance",
    finalite="Dater l'appartenance d'un conseiller à un groupe",
    conservation=DURATION,
    effacement="Gardées, sans nom : les chiffres du groupe s'y rapportent",
    personne=(PERSON,),
    actes=("proposee_par", "acceptee_par"),
    hors_export=frozenset({"proposee_par", "acceptee_par"}),
)
declare(
    "accompagnements.LienPartage",
    finalite="Partager des statistiques par une adresse qui expire",
    conservation="90 jours au plus avant de s'éteindre, puis 12 mois",
    effacement="Supprimés",
    personne=("role__compte",),
    hors_export=frozenset({"digest", "scelle"}),
    supprime=True,
)
declare(
    "accompagnements.LieuActivite",
    finalite="Dire au public où et quand un conseiller reçoit",
    conservation=DURATION,
    effacement="Gardés : un lieu est partagé ; l'adresse e-mail est vidée si c'était celle de la personne",
    # The address of a place, unless someone gave their own.
    adresse=("courriel",),
    masque={"courriel": ""},
)
declare(
    "accompagnements.Rattachement",
    finalite="Savoir dans quels lieux on reçoit",
    conservation="Tant que le conseiller y reçoit",
    effacement="Gardés, sans nom",
    personne=(PERSON,),
)


def _remove_files(compte: Compte) -> int:
    """Remove what they asked for: each file held what was theirs to see."""
    rows = list(Livraison.objects.filter(role__compte=compte).exclude(status=StatutLivraison.SUPPRIMEE))
    for row in rows:
        if not row.is_on_its_way:  # Those fail by themselves, the role being gone.
            services.remove_livraison(livraison=row, by=None)
    return len(rows)


def _forget_imports(compte: Compte) -> int:
    """Erase the files that wait, and what was read of all of them; what came in is kept with the activity."""
    rows = ImportActivite.objects.filter(conseiller__compte=compte)
    for row in rows.filter(status__in=sorted(IMPORTS_A_SUIVRE)):
        services.abandon_import(importation=row, by=None)
    return rows.update(nom="fichier", entetes=[], exemples=[], mots={}, bilan={})


declare(
    "accompagnements.Livraison",
    finalite="Donner un bilan, un tableur ou les erreurs d'un import à qui les a demandés",
    conservation="7 jours",
    effacement="Fichiers supprimés ; la trace de la demande reste",
    personne=("role__compte",),
    hors_export=frozenset({"reference"}),
    erase=_remove_files,
)
declare(
    "accompagnements.ImportActivite",
    finalite="Reprendre l'activité tenue ailleurs",
    conservation="Le fichier : 7 jours sans suite au plus ; sa trace : durée du dispositif",
    effacement="Fichiers et contenus lus supprimés ; la trace de l'import reste, sans nom",
    personne=(PERSON,),
    hors_export=frozenset({"reference"}),
    erase=_forget_imports,
)
declare(
    "accompagnements.Origine",
    finalite="Garder ce que disait la ligne importée, sans l'interpréter",
    conservation=DURATION,
    effacement="Gardées, sans ce que disait la ligne",
    personne=(f"accompagnement__{PERSON}",),
    masque={"identifiant": "", "valeurs": {}},
)
for _name, _way in {"Livraison": "objet__role__compte", "ImportActivite": f"objet__{PERSON}"}.items():
    declare(
        f"accompagnements.{_name}Transition",
        finalite="Savoir où en était une demande",
        conservation=DURATION,
        effacement="Gardés, sans nom : la base refuse tout changement",
        personne=(_way,),
        actes=("by",),
        hors_export=frozenset({"by"}),
    )
