"""What each message of this app is (`notifications.registry`), and where its readers live."""

from collections.abc import Iterable, Mapping

from candidatures.models import Candidature
from comptes.enums import RoleKind
from notifications.registry import Kind, declare, sample, time_zones

CANDIDAT = frozenset({RoleKind.CANDIDAT})
TOPIC = "Ma candidature"
_CANDIDATURE = {
    "prenom": "Camille",
    "nom": "Martin",
    "representant_prenom": "Dominique",
    "representant_nom": "Martin",
}
_URL = "https://conseiller.example/ma-candidature/"
_CONTACT = "support@conseiller.example"


@time_zones
def where_candidats_live(adresses: Iterable[str]) -> Mapping[str, str]:
    rows = Candidature.objects.living().filter(email__in=adresses).select_related("commune__departement")
    return {row.email: row.commune.fuseau for row in rows if row.commune}


def _kind(event: str, label: str, when: str, *extra: str, recipient: str = "Le candidat") -> Kind:
    context = {
        "candidature": _CANDIDATURE,
        "url": _URL,
        "contact": _CONTACT,
        "has_account": False,
        "reason": "Le fichier est chiffré.",
    }
    templates = (event, *extra)
    return Kind(
        name=f"candidatures.{event}",
        label=label,
        when=when,
        recipient=recipient,
        topic=TOPIC,
        roles=CANDIDAT,
        samples=tuple(sample(f"candidatures/emails/{template}", **context) for template in templates),
    )


declare(
    _kind(
        "confirmation",
        "Confirmer sa candidature",
        "Quand une candidature vient d'être déposée.",
        "already_applied",
    ),
    _kind("resume_link", "Reprendre sa candidature", "Quand un candidat demande à continuer plus tard ou ailleurs."),
    _kind(
        "consent_request",
        "Demander l'accord du représentant légal",
        "Quand un candidat de moins de 18 ans dépose sa candidature.",
        recipient="Le représentant légal",
    ),
    _kind(
        "consent_given", "L'accord du représentant légal est donné", "Quand le représentant légal a donné son accord."
    ),
    _kind(
        "consent_refused",
        "Le représentant légal n'a pas donné son accord",
        "Quand le représentant légal refuse : la candidature est retirée.",
    ),
    _kind(
        "refusal_noted",
        "Refus du représentant légal enregistré",
        "Quand le représentant légal vient de refuser.",
        recipient="Le représentant légal",
    ),
    _kind("cv_refused", "CV refusé", "Quand le fichier d'un CV ne peut pas être gardé."),
    _kind("cv_deleted", "CV effacé", "Quand un CV n'a pas été renouvelé depuis six mois."),
    _kind("withdrawn", "Candidature retirée", "Quand une candidature est retirée."),
    _kind("reminder", "Candidature bientôt close", "Après onze mois sans nouvelles."),
    _kind("expired", "Candidature close", "Après douze mois sans nouvelles."),
)
