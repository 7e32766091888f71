"""What the pages print, as ready strings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from common.phones import display_phone
from comptes.enums import RoleKind
from comptes.models import Compte, Role
from structures.constants import CONTRACT_DELAY_LABEL, SELECTION_DELAY_LABEL
from structures.enums import Decision, StatutDemande, StatutPoste, TypePoste, TypeStructure
from structures.models import DemandePoste, Membre, Poste, SessionCoselec, Structure
from territoires.models import Commune

S = StatutDemande
BADGES = {
    S.BROUILLON: "",
    S.DEPOSEE: "fr-badge--new",
    S.AVIS_RENDU: "fr-badge--info",
    S.COSELEC: "fr-badge--info",
    S.A_CONVENTIONNER: "fr-badge--info",
    S.CONVENTIONNEE: "fr-badge--success",
    S.REFUSEE: "fr-badge--error",
    S.ABANDONNEE: "",
    S.DOUBLON: "fr-badge--warning",
}
POSTE_BADGES = {StatutPoste.VACANT: "fr-badge--new", StatutPoste.POURVU: "fr-badge--success", StatutPoste.RENDU: ""}
# The steps of the timeline, what ends each of the first four, and the step under way in each open status.
STEP_LABELS = ["Dépôt de la demande", "Avis de la préfecture", "Examen en COSELEC", "Convention", "Recrutement"]
STEP_ENDS = [S.DEPOSEE, S.AVIS_RENDU, S.A_CONVENTIONNER, S.CONVENTIONNEE]
POSITIONS = {S.BROUILLON: 0, S.DEPOSEE: 1, S.AVIS_RENDU: 2, S.COSELEC: 2, S.A_CONVENTIONNER: 3, S.CONVENTIONNEE: 4}
# Who acts at each step is shown by institution: agents' names stay between institutions.
AGENT_VIEWERS = frozenset({RoleKind.PREFET, RoleKind.ANCT, RoleKind.BDT})


@dataclass(frozen=True)
class DemandeRow:
    url: str
    nom: str
    commune: str
    postes: str
    deposee: str
    statut: str
    badge: str


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True)
class TimelineStep:
    label: str
    state: str  # "done", "current", "coming" or "stopped"
    detail: str

    @property
    def state_label(self) -> str:
        return {"done": "Fait", "current": "En cours", "coming": "À venir", "stopped": "Arrêté"}[self.state]

    @property
    def badge(self) -> str:
        return {"done": "fr-badge--success", "current": "fr-badge--info", "coming": "", "stopped": "fr-badge--error"}[
            self.state
        ]


@dataclass(frozen=True)
class HistoryRow:
    at: str
    move: str
    by: str
    reason: str


@dataclass(frozen=True)
class DecisionRow:
    title: str
    motif: str
    detail: str


@dataclass(frozen=True)
class PosteRow:
    label: str
    type: str
    since: str
    statut: str
    badge: str


def format_day(value: date | None) -> str:
    return date_format(value, "j F Y") if value else ""


def format_moment(value: datetime | None) -> str:
    return date_format(timezone.localtime(value), "j F Y à H:i") if value else ""


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count < 2 else many}"


def demande_rows(demandes: Iterable[DemandePoste]) -> list[DemandeRow]:
    """Rows of the list; the requests come from `for_list()`."""
    rows = []
    for demande in demandes:
        structure = demande.structure
        if structure is None:
            continue
        rows.append(
            DemandeRow(
                url=demande.get_absolute_url(),
                nom=structure.nom,
                commune=str(structure.commune),
                postes=str(demande.postes_souhaites),
                deposee=format_day(timezone.localdate(demande.deposee_at) if demande.deposee_at else None),
                statut=demande.get_status_display(),
                badge=BADGES[S(demande.status)],
            )
        )
    return rows


def draft_facts(draft: dict[str, Any]) -> dict[str, list[Fact]]:
    """What a draft holds, by step, to be read again before it leaves."""
    commune = Commune.objects.filter(pk=draft.get("commune") or "").first()
    kinds = dict(TypeStructure.choices)
    return {
        "identifiant": [Fact("SIRET", draft["siret"]) if draft.get("siret") else Fact("RIDET", draft.get("ridet", ""))],
        "structure": [
            Fact("Nom", draft.get("nom", "")),
            Fact("Type", kinds.get(draft.get("type", ""), "")),
            Fact("Adresse", draft.get("adresse", "") or "Non indiquée"),
            Fact("Commune", commune.libelle if commune else ""),
        ],
        "contact": [
            Fact("Nom", f"{draft.get('contact_prenom', '')} {draft.get('contact_nom', '')}".strip()),
            Fact("Fonction", draft.get("contact_fonction", "")),
            Fact("Adresse e-mail", draft.get("contact_email", "")),
            Fact("Téléphone", display_phone(draft.get("contact_telephone", "")) or "Non indiqué"),
        ],
        "besoin": [
            Fact("Postes souhaités", str(draft.get("postes_souhaites", ""))),
            Fact(
                "Date de début",
                format_day(date.fromisoformat(draft["date_debut"]) if draft.get("date_debut") else None),
            ),
            Fact("Candidat en vue", "Oui" if draft.get("candidat_identifie") else "Non"),
            Fact("Poste de coordinateur", "Oui" if draft.get("coordinateur") else "Non"),
            Fact("Motivation", draft.get("motivation", "")),
        ],
    }


def demande_facts(demande: DemandePoste) -> list[Fact]:
    """The request and its structure; from `for_page()`."""
    structure = demande.structure
    if structure is None:
        return []
    return [
        Fact("Structure", structure.nom),
        Fact("Type", structure.get_type_display()),
        Fact("SIRET" if structure.siret else "RIDET", structure.siret or structure.ridet or ""),
        Fact("Vérification", verification_label(structure)),
        Fact("Commune", str(structure.commune)),
        Fact("Postes souhaités", str(demande.postes_souhaites)),
        Fact("Date de début souhaitée", format_day(demande.date_debut)),
        Fact("Candidat en vue", "Oui" if demande.candidat_identifie else "Non"),
        Fact("Poste de coordinateur", "Oui" if demande.coordinateur else "Non"),
        Fact("Contact de la demande", demande.contact_email),
        Fact("Engagement pris le", format_moment(demande.engagement_at)),
        Fact("Motivation", demande.motivation),
    ]


def verification_label(structure: Structure) -> str:
    if structure.fermee:
        return "Établissement fermé d'après l'annuaire des entreprises"
    if structure.verifiee_at:
        return f"Trouvée dans l'annuaire des entreprises le {format_day(timezone.localdate(structure.verifiee_at))}"
    return "Saisie à la main, non vérifiée dans l'annuaire des entreprises"


def timeline(demande: DemandePoste) -> list[TimelineStep]:
    """Where the request is, and what is promised for what follows; from `for_page()`."""
    moves = list(demande.transitions.all())
    days: dict[str, str] = {}
    for move in moves:
        days.setdefault(move.to_status, format_day(timezone.localdate(move.at)))
    stopped = demande.status not in POSITIONS
    position = POSITIONS.get(S(moves[-1].from_status), 0) if stopped and moves else POSITIONS.get(S(demande.status), 0)
    steps = [
        TimelineStep(label, "done", f"Le {days[end]}." if end in days else "")
        for label, end in zip(STEP_LABELS[:position], STEP_ENDS, strict=False)
    ]
    if stopped:
        return [*steps, TimelineStep(demande.get_status_display(), "stopped", f"Le {days.get(demande.status, '')}.")]
    promises = _promises(demande)
    return steps + [
        TimelineStep(label, "current" if rank == position else "coming", promises[rank])
        for rank, label in enumerate(STEP_LABELS)
        if rank >= position
    ]


def _promises(demande: DemandePoste) -> list[str]:
    session = "La date de la session s'affichera ici dès que la demande y sera inscrite."
    if demande.session and demande.status == S.COSELEC:
        session = f"Session n° {demande.session.numero}, le {format_day(demande.session.date)}."
    elif any(decision.decision == Decision.EXAMEN_COMPLEMENTAIRE for decision in demande.decisions.all()):
        session = "Un examen complémentaire est demandé : la demande passera dans une session suivante."
    return [
        "",
        f"La préfecture a jusqu'au {format_day(demande.avis_before)} ; ensuite, la demande continue sans son avis.",
        session,
        "La Banque des Territoires prépare la convention, puis la signe : les postes sont alors ouverts.",
        f"{SELECTION_DELAY_LABEL} {CONTRACT_DELAY_LABEL}",
    ]


def history(demande: DemandePoste, viewer: Role) -> list[HistoryRow]:
    """Every move; agents are named to agents only."""
    labels = dict(StatutDemande.choices)
    named = viewer.kind in AGENT_VIEWERS
    return [
        HistoryRow(
            at=format_moment(move.at),
            move=f"{labels.get(move.from_status, '')} → {labels.get(move.to_status, '')}",
            by=_author(move.by, demande, named=named),
            reason=move.reason,
        )
        for move in demande.transitions.all()
    ]


def _author(compte: Compte | None, demande: DemandePoste, *, named: bool) -> str:
    if compte is None:
        return "Automatique"
    return str(compte) if named or compte.email == demande.contact_email else "Administration"


def avis_rows(demande: DemandePoste) -> list[DecisionRow]:
    return [
        DecisionRow(avis.get_avis_display(), avis.commentaire, f"Le {format_moment(avis.at)}")
        for avis in demande.avis.all()
    ]


def decision_rows(demande: DemandePoste, viewer: Role) -> list[DecisionRow]:
    """The validated decisions; the prepared one is read by the ANCT only."""
    rows = []
    for decision in demande.decisions.all():
        if decision.validee_at is None and viewer.kind != RoleKind.ANCT:
            continue
        granted = f" : {plural(decision.postes, 'poste', 'postes')}" if decision.decision == Decision.FAVORABLE else ""
        state = f"Validée le {format_moment(decision.validee_at)}"
        if decision.validee_at is None:
            state = f"Préparée par {decision.preparee_par}, à valider par une autre personne"
        elif viewer.kind in AGENT_VIEWERS:
            state += f" par {decision.validee_par}, préparée par {decision.preparee_par}"
        rows.append(
            DecisionRow(f"{decision.get_decision_display()}{granted}", decision.motif, f"{decision.session}. {state}.")
        )
    return rows


def convention_facts(demande: DemandePoste, viewer: Role) -> list[Fact]:
    """The convention; before its signature, read by the Banque des Territoires only."""
    convention = getattr(demande, "convention", None)
    if convention is None or (convention.signee_at is None and viewer.kind != RoleKind.BDT):
        return []
    signed = f"Signée le {format_moment(convention.signee_at)}" if convention.signee_at else "À signer"
    return [
        Fact("Numéro", convention.numero),
        Fact("Début", format_day(convention.date_debut)),
        Fact("Fin", format_day(convention.date_fin)),
        Fact("Durée de l'aide", f"{convention.annees_aide} ans"),
        Fact("État", signed),
    ]


def structure_facts(structure: Structure) -> list[Fact]:
    return [
        Fact("SIRET" if structure.siret else "RIDET", structure.siret or structure.ridet or ""),
        Fact("Type", structure.get_type_display()),
        Fact("Adresse", structure.adresse or "Non indiquée"),
        Fact("Commune", str(structure.commune)),
        Fact("Vérification", verification_label(structure)),
    ]


def contact_facts(structure: Structure) -> list[Fact]:
    return [
        Fact("Nom", f"{structure.contact_prenom} {structure.contact_nom}"),
        Fact("Fonction", structure.contact_fonction),
        Fact("Adresse e-mail", structure.contact_email),
        Fact("Téléphone", display_phone(structure.contact_telephone) or "Non indiqué"),
    ]


def poste_rows(structure: Structure) -> list[PosteRow]:
    postes = Poste.objects.filter(structure=structure).order_by("pk")
    return [
        PosteRow(
            label=f"Poste n° {poste.pk}",
            type=TypePoste(poste.type).label,
            since=format_day(poste.date_debut),
            statut=poste.get_status_display(),
            badge=POSTE_BADGES[StatutPoste(poste.status)],
        )
        for poste in postes
    ]


def convention_rows(structure: Structure) -> list[Fact]:
    """The signed conventions."""
    return [
        Fact(
            f"Convention {convention.numero}",
            f"Du {format_day(convention.date_debut)} au {format_day(convention.date_fin)}, "
            f"aide de {convention.annees_aide} ans",
        )
        for convention in structure.conventions.filter(signee_at__isnull=False).order_by("-date_debut")
    ]


def membre_rows(structure: Structure) -> list[Fact]:
    membres = Membre.objects.filter(structure=structure).select_related("compte").order_by("created_at", "pk")
    return [Fact(str(membre.compte), membre.compte.email) for membre in membres]


def session_rows() -> list[dict[str, str]]:
    sessions = SessionCoselec.objects.annotate(
        total=Count("demandes", distinct=True),
        waiting=Count("demandes", filter=Q(demandes__status=S.COSELEC), distinct=True),
    )
    url = reverse("structures:demande_list")
    return [
        {
            "label": f"Session n° {session.numero}",
            "date": format_day(session.date),
            "total": plural(session.total, "demande", "demandes"),
            "waiting": plural(session.waiting, "à décider", "à décider"),
            "state": "Close" if session.closed_at else "Ouverte",
            "url": f"{url}?session={session.pk}",
        }
        for session in sessions
    ]
