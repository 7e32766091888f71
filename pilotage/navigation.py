"""The main menu: one table, role → entries. Who may enter a page is said by its view, not here."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from comptes.enums import RoleKind

Entry = tuple[str, str]

VISITOR: tuple[Entry, ...] = (
    ("Accueil", "pilotage:home"),
    ("Trouver un conseiller", "accompagnements:find"),
    ("Ce que fait un conseiller", "accompagnements:offer"),
    ("Devenir conseiller", "candidatures:start"),
    ("Demander un poste", "structures:start"),
    ("Le dispositif en chiffres", "pilotage:chiffres"),
    ("Vérifier une attestation", "formation:verify"),
)
ESPACE: Entry = ("Mon espace", "pilotage:espace")
STATISTICS: Entry = ("Statistiques", "accompagnements:statistics")
STRUCTURES: Entry = ("Structures", "pilotage:structures")
DEMANDES: Entry = ("Demandes de postes", "structures:demande_list")
CONTRATS: Entry = ("Contrats", "contrats:list")
DOSSIERS: Entry = ("Dossiers de formation", "formation:dossier_list")
SESSIONS: Entry = ("Sessions", "formation:session_list")
INVITATIONS: Entry = ("Invitations", "admin:comptes_invitation_changelist")
MESSAGES: Entry = ("Envois", "comptes:log_search")
ADMINISTRATION: Entry = ("Administration", "admin:index")

NAVIGATION: dict[RoleKind, tuple[Entry, ...]] = {
    RoleKind.CANDIDAT: (
        ESPACE,
        ("Ma candidature", "candidatures:detail"),
        ("Mes propositions", "matching:proposition_list"),
    ),
    RoleKind.STRUCTURE: (
        ESPACE,
        DEMANDES,
        CONTRATS,
        ("Nos conseillers", "pilotage:conseillers"),
        STATISTICS,
        ("Mon équipe", "pilotage:team"),
    ),
    RoleKind.ORGANISME_FORMATION: (ESPACE, DOSSIERS, SESSIONS),
    RoleKind.CONSEILLER: (
        ESPACE,
        ("Mes accompagnements", "accompagnements:list"),
        ("Mes lieux", "accompagnements:lieux"),
        STATISTICS,
        ("Ma formation", "formation:mine"),
    ),
    RoleKind.COORDINATEUR: (
        ESPACE,
        ("Mon groupe", "pilotage:groupe"),
        ("Mes activités", "accompagnements:coordination_list"),
        STATISTICS,
    ),
    RoleKind.PREFET: (ESPACE, DEMANDES, STATISTICS),
    RoleKind.ANCT: (ESPACE, DEMANDES, CONTRATS, DOSSIERS, STATISTICS, INVITATIONS, MESSAGES, ADMINISTRATION),
    RoleKind.BDT: (ESPACE, DEMANDES, CONTRATS, DOSSIERS, SESSIONS, STATISTICS, ADMINISTRATION),
    RoleKind.HUB: (ESPACE, STRUCTURES, STATISTICS),
    RoleKind.GRAND_RESEAU: (ESPACE, STRUCTURES, STATISTICS),
}


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    # "page" on the page itself, "true" on a page below it, "" elsewhere: the value of aria-current.
    current: str = ""


def links(entries: tuple[Entry, ...], path: str = "") -> list[Link]:
    """Return the entries ready to print; at most one is current, the closest above `path`.

    A name the site does not have is left out rather than breaking every page; a test refuses one.
    """
    found = [(label, url) for label, name in entries if (url := url_or_none(name))]
    above = [url for _, url in found if path.startswith(url) and url != "/"]
    closest = path if path == "/" else max(above, key=len, default=None)
    return [Link(label, url, ("page" if url == path else "true") if url == closest else "") for label, url in found]


def url_or_none(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def entries_for(kind: str | None) -> tuple[Entry, ...]:
    return NAVIGATION[RoleKind(kind)] if kind else VISITOR
