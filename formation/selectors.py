"""What the pages print, ready: the templates only print it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.template.defaultfilters import date as format_date
from django.urls import reverse

from formation.calendrier import Semaine
from formation.constants import CODE_ALPHABET, CODE_LONGUEUR
from formation.enums import Resultat, StatutDossier, StatutInscription, StatutSession
from formation.models import Attestation, DossierFormation, Inscription, SessionFormation

BADGES = {
    StatutDossier.A_POSITIONNER: "new",
    StatutDossier.POSITIONNE: "info",
    StatutDossier.EN_FORMATION: "info",
    StatutDossier.FORME: "success",
    StatutDossier.EXEMPTE: "success",
    StatutDossier.INTERROMPU: "warning",
    StatutSession.OUVERTE: "new",
    StatutSession.EN_COURS: "info",
    StatutSession.CLOSE: "success",
    StatutSession.ANNULEE: "error",
    StatutInscription.PROPOSEE: "new",
    StatutInscription.CONFIRMEE: "info",
    StatutInscription.TERMINEE: "success",
    StatutInscription.ABANDONNEE: "error",
    StatutInscription.REPORTEE: "warning",
}


@dataclass(frozen=True)
class LigneDossier:
    url: str
    personne: str
    structure: str
    organisme: str
    parcours: str
    statut: str
    badge: str
    ouvert_le: str


def dossier_rows(dossiers: Iterable[DossierFormation]) -> list[LigneDossier]:
    return [
        LigneDossier(
            url=reverse("formation:dossier_detail", args=[dossier.pk]),
            personne=dossier.conseiller.compte.get_full_name(),
            structure=(
                f"{dossier.conseiller.contrat.structure.nom} "
                f"({dossier.conseiller.contrat.structure.commune.departement_id})"
            ),
            organisme=dossier.organisme.nom if dossier.organisme else "",
            parcours=f"{dossier.parcours.heures} h" if dossier.parcours else "",
            statut=dossier.get_status_display(),
            badge=BADGES[StatutDossier(dossier.status)],
            ouvert_le=format_date(dossier.created_at, "d/m/Y"),
        )
        for dossier in dossiers
    ]


@dataclass(frozen=True)
class LigneSession:
    url: str
    organisme: str
    parcours: str
    dates: str
    lieu: str
    places: str
    statut: str
    badge: str


def session_rows(sessions: Iterable[SessionFormation]) -> list[LigneSession]:
    """`sessions` come from `for_list()`, which counts the places taken."""
    return [
        LigneSession(
            url=reverse("formation:session_detail", args=[session.pk]),
            organisme=session.organisme.nom,
            parcours=f"{session.parcours.heures} h",
            dates=f"{session.date_debut:%d/%m/%Y} – {session.date_fin:%d/%m/%Y}",
            lieu=session_place(session),
            places=f"{session.places_taken} / {session.capacite}",  # type: ignore[attr-defined]
            statut=session.get_status_display(),
            badge=BADGES[StatutSession(session.status)],
        )
        for session in sessions
    ]


def session_place(session: SessionFormation) -> str:
    return f"{session.commune.nom} ({session.commune.departement_id})" if session.commune else "À distance"


@dataclass(frozen=True)
class LigneAttestation:
    pk: int
    numero: str
    titre: str
    date: str
    statut: str
    badge: str
    prete: bool
    revoquee: bool


def attestation_rows(attestations: Iterable[Attestation]) -> list[LigneAttestation]:
    return [_attestation_row(attestation) for attestation in attestations]


def _attestation_row(attestation: Attestation) -> LigneAttestation:
    if attestation.revoked_at:
        statut, badge = "Révoquée", "error"
    elif attestation.rendered_at:
        statut, badge = "Valide", "success"
    else:
        statut, badge = "En préparation", "info"
    return LigneAttestation(
        pk=attestation.pk,
        numero=attestation.numero,
        titre=attestation.get_genre_display(),
        date=format_date(attestation.created_at, "d/m/Y"),
        statut=statut,
        badge=badge,
        prete=attestation.rendered_at is not None,
        revoquee=attestation.revoked_at is not None,
    )


@dataclass(frozen=True)
class LigneInscription:
    pk: int
    dossier_url: str
    personne: str
    structure: str
    statut: str
    badge: str
    resultats: str
    may_withdraw: bool
    may_correct: bool
    attestations: list[LigneAttestation]


def inscription_rows(session: SessionFormation) -> list[LigneInscription]:
    inscriptions = (
        session.inscriptions.select_related("dossier__conseiller__compte", "dossier__conseiller__contrat__structure")
        .prefetch_related("attestations")
        .order_by("dossier__conseiller__compte__nom", "dossier__conseiller__compte__prenom", "pk")
    )
    return [
        LigneInscription(
            pk=inscription.pk,
            dossier_url=reverse("formation:dossier_detail", args=[inscription.dossier_id]),
            personne=inscription.dossier.conseiller.compte.get_full_name(),
            structure=inscription.dossier.conseiller.contrat.structure.nom,
            statut=inscription.get_status_display(),
            badge=BADGES.get(StatutInscription(inscription.status), "info"),
            resultats=results_in_words(inscription),
            may_withdraw=inscription.status in {StatutInscription.CONFIRMEE, StatutInscription.EN_COURS},
            may_correct=inscription.status == StatutInscription.TERMINEE,
            attestations=attestation_rows(inscription.attestations.all()),
        )
        for inscription in inscriptions
    ]


def results_in_words(inscription: Inscription) -> str:
    if inscription.heures_realisees is None:
        return ""
    ccp1 = Resultat(inscription.ccp1).label.lower()
    pix = Resultat(inscription.pix).label.lower()
    score = f" ({inscription.pix_score} pix)" if inscription.pix_score else ""
    return f"{inscription.heures_realisees} h, CCP1 {ccp1}, Pix {pix}{score}"


@dataclass(frozen=True)
class LigneSemaine:
    semaine: str
    jours: str
    heures: int


def week_rows(semaines: Iterable[Semaine]) -> list[LigneSemaine]:
    return [
        LigneSemaine(
            semaine=format_date(semaine.lundi, "j F Y"),
            jours=", ".join(format_date(journee.jour, "D j") for journee in semaine.journees),
            heures=semaine.heures,
        )
        for semaine in semaines
    ]


# --- Verification ---------------------------------------------------------------------------------------
NUMERO = re.compile(r"ATT(\d{4})(\d{6,8})")
CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LONGUEUR}}}")


def canonical_reference(text: str) -> str | None:
    """Return the number or code someone typed, spaces, dashes and case put right; None when it is neither."""
    compact = re.sub(r"[\s\-–—]", "", text).upper()
    if match := NUMERO.fullmatch(compact):
        return f"ATT-{match[1]}-{match[2]}"
    return compact if CODE.fullmatch(compact) else None


@dataclass(frozen=True)
class Verification:
    """What anyone may know of an attestation. The initials need the code, which only the paper carries:
    numbers follow each other, and nobody shall read them one by one to learn who was trained."""

    attestation: Attestation
    numero: str
    titre: str
    date: str
    initiales: str
    revoquee: bool
    revoquee_le: str
    en_preparation: bool


def find_attestation(reference: str) -> Verification | None:
    attestation = Attestation.objects.filter(code=reference).first()
    initials = attestation.initials if attestation else ""
    attestation = attestation or Attestation.objects.filter(numero=reference).first()
    if attestation is None:
        return None
    return Verification(
        attestation=attestation,
        numero=attestation.numero,
        titre=attestation.get_genre_display(),
        date=format_date(attestation.created_at, "j F Y"),
        initiales=initials,
        revoquee=attestation.revoked_at is not None,
        revoquee_le=format_date(attestation.revoked_at, "j F Y") if attestation.revoked_at else "",
        en_preparation=attestation.rendered_at is None,
    )
