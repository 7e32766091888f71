"""The instruction of a request: préfecture, COSELEC, Banque des Territoires. Every step leaves a dated row."""

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from common.exceptions import RuleError
from comptes.models import Role
from structures.constants import ANNEES_AIDE
from structures.enums import (
    STATUTS_DEMANDE_OUVERTS,
    Avis,
    Decision,
    StatutDemande,
    TypePoste,
)
from structures.exceptions import SamePersonError
from structures.models import AvisPrefet, Convention, DecisionCoselec, DemandePoste, Poste, SessionCoselec, Structure
from structures.services.suivi import lock_demande, structure_of, tell_members
from structures.signals import postes_opened

DECIDED_STATUS = {
    Decision.FAVORABLE: StatutDemande.A_CONVENTIONNER,
    Decision.DEFAVORABLE: StatutDemande.REFUSEE,
    Decision.EXAMEN_COMPLEMENTAIRE: StatutDemande.AVIS_RENDU,
}


@transaction.atomic
def give_avis(*, demande: DemandePoste, by: Role, avis: Avis, commentaire: str) -> DemandePoste:
    demande = lock_demande(demande)
    # The table alone would let a second avis in: an "examen complémentaire" leads to the same status.
    _require(demande, StatutDemande.DEPOSEE)
    demande.move_to(StatutDemande.AVIS_RENDU, by=by.compte, reason=f"Avis {avis.label.lower()}")
    AvisPrefet.objects.create(demande=demande, avis=avis, commentaire=commentaire, by=by.compte)
    tell_members(demande)
    return demande


@transaction.atomic
def pass_on_without_avis(*, demande: DemandePoste) -> bool:
    """Pass on a file whose préfet kept silent. False when the avis came meanwhile."""
    late = DemandePoste.objects.late_for_avis().select_for_update(of=("self",), skip_locked=True)
    locked = late.filter(pk=demande.pk).first()
    if locked is None:
        return False
    locked.move_to(StatutDemande.AVIS_RENDU, by=None, reason=Avis.SANS_AVIS.label)
    AvisPrefet.objects.create(demande=locked, avis=Avis.SANS_AVIS)
    tell_members(locked)
    return True


@transaction.atomic
def create_session(*, by: Role, date: date) -> SessionCoselec:
    """Open the next session: numbers follow each other, without gap."""
    _serialize("structures.session")
    last = SessionCoselec.objects.aggregate(last=Max("numero"))["last"] or 0
    return SessionCoselec.objects.create(numero=last + 1, date=date)


@transaction.atomic
def close_session(*, session: SessionCoselec, by: Role) -> SessionCoselec:
    """Close a session once all its files are decided."""
    session = SessionCoselec.objects.select_for_update().get(pk=session.pk)
    waiting = session.demandes.filter(status=StatutDemande.COSELEC).count()
    if waiting:
        raise RuleError(f"{waiting} demande(s) de cette session attendent encore une décision validée.")
    if session.closed_at is None:
        session.closed_at = timezone.now()
        session.save(update_fields=["closed_at", "updated_at"])
    return session


@transaction.atomic
def schedule_demande(*, demande: DemandePoste, by: Role, session: SessionCoselec) -> DemandePoste:
    """Put a file on the agenda of an open session. After an "examen complémentaire", of a later one."""
    session = SessionCoselec.objects.select_for_update().get(pk=session.pk)
    demande = lock_demande(demande)
    if session.closed_at:
        raise RuleError("Cette session est close : choisissez-en une autre.", field="session")
    if demande.decisions.filter(session=session).exists():
        raise RuleError("Cette session a déjà examiné la demande : choisissez la suivante.", field="session")
    demande.move_to(StatutDemande.COSELEC, by=by.compte, reason=str(session), session=session)
    tell_members(demande)
    return demande


@transaction.atomic
def prepare_decision(
    *, demande: DemandePoste, by: Role, decision: Decision, postes: int, motif: str
) -> DecisionCoselec:
    """Write what the session decided. Until someone else validates it, it can be written again."""
    demande = lock_demande(demande)
    _require(demande, StatutDemande.COSELEC)
    if decision != Decision.FAVORABLE:
        postes = 0
    elif not 1 <= postes <= demande.postes_souhaites:
        raise RuleError(
            f"Accordez de 1 à {demande.postes_souhaites} poste(s) : c'est ce que la structure demande.", field="postes"
        )
    prepared, _ = DecisionCoselec.objects.update_or_create(
        demande=demande,
        session=demande.session,
        defaults={"decision": decision, "postes": postes, "motif": motif, "preparee_par": by.compte},
    )
    return prepared


@transaction.atomic
def validate_decision(*, demande: DemandePoste, by: Role, read_at: str = "") -> DemandePoste:
    """Make a prepared decision effective. A second person does, who has read its present wording."""
    demande = lock_demande(demande)
    _require(demande, StatutDemande.COSELEC)
    decision = demande.decisions.filter(session=demande.session, validee_at=None).select_for_update().first()
    if decision is None:
        raise RuleError("Aucune décision n'est préparée pour cette demande.")
    if decision.preparee_par_id == by.compte_id:
        raise SamePersonError
    _require_same(read_at, decision.updated_at.isoformat())
    decision.validee_par, decision.validee_at = by.compte, timezone.now()
    decision.save(update_fields=["validee_par", "validee_at", "updated_at"])
    demande.move_to(DECIDED_STATUS[Decision(decision.decision)], by=by.compte, reason=decision.motif)
    tell_members(demande)
    return demande


@transaction.atomic
def prepare_convention(*, demande: DemandePoste, by: Role, date_debut: date) -> Convention:
    """Write the convention: its number is taken once, its end and years of aid follow from its start."""
    demande = lock_demande(demande)
    _require(demande, StatutDemande.A_CONVENTIONNER)
    decision = granted_decision(demande)
    if date_debut < timezone.localdate(decision.validee_at):
        raise RuleError("La convention ne peut pas commencer avant la décision du COSELEC.", field="date_debut")
    annees = annees_aide(date_debut)
    values = {
        "date_debut": date_debut,
        "date_fin": _add_years(date_debut, annees) - timedelta(days=1),
        "annees_aide": annees,
        "preparee_par": by.compte,
    }
    convention = Convention.objects.filter(demande=demande).first()
    if convention is None:
        return Convention.objects.create(
            demande=demande, structure=structure_of(demande), numero=_next_numero(timezone.localdate().year), **values
        )
    for name, value in values.items():
        setattr(convention, name, value)
    convention.save()
    return convention


@transaction.atomic
def sign_convention(*, demande: DemandePoste, by: Role, read_at: str = "") -> DemandePoste:
    """Sign for the Banque des Territoires: the posts exist, vacant, and matching is told."""
    demande = lock_demande(demande)
    _require(demande, StatutDemande.A_CONVENTIONNER)
    convention = Convention.objects.select_for_update().filter(demande=demande).first()
    if convention is None:
        raise RuleError("La convention n'est pas préparée.")
    if convention.preparee_par_id == by.compte_id:
        raise SamePersonError
    _require_same(read_at, convention.updated_at.isoformat())
    convention.signee_par, convention.signee_at = by.compte, timezone.now()
    convention.save(update_fields=["signee_par", "signee_at", "updated_at"])
    _open_postes(demande, convention, granted_decision(demande).postes)
    demande.move_to(StatutDemande.CONVENTIONNEE, by=by.compte, reason=f"Convention {convention.numero}")
    tell_members(demande)
    postes_opened.send(sender=Structure, structure=demande.structure)
    return demande


@transaction.atomic
def abandon_demande(*, demande: DemandePoste, by: Role, motif: str) -> DemandePoste:
    demande = lock_demande(demande)
    if demande.status == StatutDemande.BROUILLON:
        raise RuleError("Un brouillon s'efface de lui-même : il n'y a rien à abandonner.")
    demande.move_to(StatutDemande.ABANDONNEE, by=by.compte, reason=motif)
    tell_members(demande)
    return demande


@transaction.atomic
def mark_duplicate(*, demande: DemandePoste, by: Role, motif: str) -> DemandePoste:
    demande = lock_demande(demande)
    if demande.status not in STATUTS_DEMANDE_OUVERTS:
        raise RuleError("Seule une demande en cours d'instruction peut être classée en doublon.")
    demande.move_to(StatutDemande.DOUBLON, by=by.compte, reason=motif)
    tell_members(demande)
    return demande


def granted_decision(demande: DemandePoste) -> DecisionCoselec:
    """Return the favorable decision that sent the file to the Banque des Territoires."""
    granted = demande.decisions.filter(decision=Decision.FAVORABLE, validee_at__isnull=False)
    return granted.order_by("-validee_at").get()


def annees_aide(date_debut: date) -> int:
    """Return the years of aid of a convention that starts on a date (S4)."""
    return next((years for since, years in reversed(ANNEES_AIDE) if date_debut >= since), ANNEES_AIDE[0][1])


def _require(demande: DemandePoste, status: StatutDemande) -> None:
    if demande.status != status:
        raise RuleError(
            f"Cette action n'est plus possible : la demande est à l'état « {demande.get_status_display()} ». "
            "Rechargez la page pour voir où elle en est."
        )


def _require_same(read_at: str, updated_at: str) -> None:
    """Refuse to sign what was written again since the page was shown."""
    if read_at and read_at != updated_at:
        raise RuleError("Le contenu vient d'être modifié. Relisez-le ci-dessous avant de valider.")


def _open_postes(demande: DemandePoste, convention: Convention, count: int) -> None:
    """Create the granted posts. When a coordinateur is asked for, the first post is theirs."""
    Poste.objects.bulk_create(
        Poste(
            structure=structure_of(demande),
            convention=convention,
            type=TypePoste.COORDINATEUR if demande.coordinateur and rank == 0 else TypePoste.ORDINAIRE,
            date_debut=max(convention.date_debut, demande.date_debut or convention.date_debut),
        )
        for rank in range(count)
    )


def _next_numero(year: int) -> str:
    """Return the number after the last of the year; taken under a lock, kept or rolled back with its row: no gap."""
    _serialize("structures.convention")
    prefix = f"CN-{year}-"
    last = Convention.objects.filter(numero__startswith=prefix).aggregate(last=Max("numero"))["last"]
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:05d}"


def _serialize(name: str) -> None:
    """Let one transaction at a time go through, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])


def _add_years(day: date, years: int) -> date:
    """Return the same day years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
