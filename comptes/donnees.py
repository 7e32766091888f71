"""Personal data of accounts, and of the apps below that can't declare their own (notifications, third parties)."""

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from comptes.constants import MASKED_DOMAIN
from comptes.models import Compte
from comptes.registre import declare

JOURNAL = "Durée du dispositif"
COMPTE = "Tant que le compte existe"


def masked_address(column: str = "pk") -> Concat:
    """Return an address nobody has, different for each row."""
    return Concat(Value("efface-"), Cast(column, CharField()), Value(MASKED_DOMAIN))


def _end_roles(compte: Compte) -> int:
    """Nobody is written to, or counted, as what they no longer are."""
    return compte.roles.active().update(ended_at=timezone.now())


declare(
    "comptes.Compte",
    finalite="Se connecter et signer ses actes",
    conservation="Jusqu'à l'effacement demandé, ou 24 mois après le dernier contact",
    effacement="Nom, adresse et mot de passe remplacés ; le numéro reste, pour les actes des autres",
    personne=("pk",),
    hors_export=frozenset({"password", "is_superuser", "is_staff"}),
    masque={
        "email": masked_address(),
        "prenom": "",
        "nom": "",
        "password": "!",
        "is_active": False,
        "is_staff": False,
        "is_superuser": False,
    },
)
declare(
    "comptes.Role",
    finalite="Savoir ce que chacun peut faire",
    conservation=COMPTE,
    effacement="Retirés, et gardés sans nom : ils disent au nom de quel rôle les actes ont été faits",
    personne=("compte",),
    erase=_end_roles,
)
declare(
    "comptes.Jeton",
    finalite="Prouver une adresse par un lien reçu",
    conservation="Sept jours au plus pour servir, puis 12 mois",
    effacement="Supprimés",
    adresse=("email",),
    hors_export=frozenset({"digest"}),
    supprime=True,
)
declare(
    "comptes.Invitation",
    finalite="Inviter une personne à rejoindre une équipe",
    conservation="Durée du dispositif",
    effacement="Adresse remplacée",
    personne=("accepted_by",),
    adresse=("email",),
    actes=("invited_by",),
    masque={"email": masked_address()},
)
declare(
    "comptes.EntreeJournal",
    finalite="Savoir qui a fait ou lu quoi",
    conservation=JOURNAL,
    effacement="Gardées : la base refuse tout changement, et elles ne portent que des numéros",
    personne=("compte",),
)
declare(
    "notifications.Effet",
    finalite="Envoyer les messages et dire au support ce qui est parti",
    conservation="12 mois",
    effacement="Gardés avec l'adresse jusqu'à leur purge : la preuve de ce qui a été envoyé",
    adresse=("destinataire",),
    hors_export=frozenset({"cle", "charge", "erreur", "recapitulatif", "message_id", "prochain_at"}),
)
declare(
    "notifications.Preference",
    finalite="Recevoir les messages au rythme choisi",
    conservation=COMPTE,
    effacement="Supprimées",
    adresse=("adresse",),
    supprime=True,
)
declare(
    "notifications.AdresseRefusee",
    finalite="Ne plus écrire à une adresse que son fournisseur refuse",
    conservation="Jusqu'au premier message accepté",
    effacement="Supprimée",
    adresse=("adresse",),
    supprime=True,
)
declare(
    "notifications.Consultation",
    finalite="Savoir qui, au support, a regardé les envois d'une adresse",
    conservation="12 mois au moins",
    effacement="Gardées : la base refuse tout changement pendant un an",
    adresse=("adresse",),
    actes=("compte",),
    hors_export=frozenset({"compte"}),
)
declare(
    "account.EmailAddress",
    finalite="Se connecter",
    conservation=COMPTE,
    effacement="Supprimées",
    personne=("user",),
    adresse=("email",),
    supprime=True,
)
declare(
    "account.EmailConfirmation",
    finalite="Prouver une adresse par un lien reçu",
    conservation="Trois jours pour servir",
    effacement="Supprimées avec l'adresse",
    personne=("email_address__user",),
    hors_export=frozenset({"key"}),
    supprime=True,
)
declare(
    "mfa.Authenticator",
    finalite="Protéger le compte par un second facteur",
    conservation=COMPTE,
    effacement="Supprimés",
    personne=("user",),
    hors_export=frozenset({"data"}),
    supprime=True,
)
declare(
    "admin.LogEntry",
    finalite="Savoir qui a changé quoi dans l'administration",
    conservation=JOURNAL,
    effacement="Gardées, sans nom",
    personne=("user",),
    hors_export=frozenset({"change_message", "object_repr"}),
)
declare(
    "comptes.JetonApi",
    finalite="Ouvrir l'API à un programme, au nom d'un rôle",
    conservation="Un an au plus avant de s'éteindre, puis 12 mois",
    effacement="Supprimés",
    personne=("role__compte",),
    hors_export=frozenset({"digest"}),
    supprime=True,
)
