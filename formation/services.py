import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from common.emails import absolute_url
from common.exceptions import RuleError, TransitionError
from comptes.models import Compte, Role
from comptes.services import record
from contrats.models import Conseiller
from formation.calendrier import Journee, course_days, is_course_day
from formation.constants import CODE_ALPHABET, CODE_LONGUEUR
from formation.enums import (
    Competence,
    GenreAttestation,
    Niveau,
    Resultat,
    StatutDossier,
    StatutInscription,
    StatutSession,
)
from formation.models import (
    Attestation,
    CompteurAttestation,
    DossierFormation,
    Formateur,
    Inscription,
    Organisme,
    Positionnement,
    ReferentielParcours,
    SessionFormation,
    today_in,
)
from formation.positionnement import Recommandation, recommend
from notifications.services import queue_effet
from structures.models import Structure
from territoires.distance import distance_km
from territoires.jours import public_holidays

# The database's refusals that two simultaneous acts may meet: their sentence, and the field it belongs beside.
RACES = {
    "inscription_place_libre": ("Cette session est complète. Choisissez une autre session.", "session"),
    "session_places_prises": ("Il y a plus d'inscrits que de places demandées.", "capacite"),
    "inscription_une_en_cours": ("Cette personne est déjà inscrite à une session.", "session"),
}


def _lost_race(error: IntegrityError) -> RuleError:
    """Return the French sentence of the constraint that refused; an unknown constraint is a bug and stays one."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if name not in RACES:
        raise error
    sentence, field = RACES[name]
    return RuleError(sentence, field=field)


def _compte(by: Role | None) -> Compte | None:
    return by.compte if by else None


# --- Dossier --------------------------------------------------------------------------------------------
@transaction.atomic
def open_dossier(*, conseiller: Conseiller, by: Role | None = None) -> DossierFormation:
    """Open the training of a recruit; for one who comes back, take up again what was interrupted.

    A holder of the TP REMN is exempt (S2), on their word until someone records the proof.
    """
    if existing := DossierFormation.objects.select_for_update(of=("self",)).filter(conseiller=conseiller).first():
        if existing.status == StatutDossier.INTERROMPU:
            organisme = nearest_organisme(conseiller.contrat.structure)
            existing.move_to(StatutDossier.A_POSITIONNER, by=_compte(by), organisme=organisme, parcours=None)
            _tell_formateurs(existing)
        return existing
    if conseiller.contrat.candidature.titulaire_tp_remn:
        dossier = DossierFormation.objects.create(conseiller=conseiller)
        dossier.move_to(
            StatutDossier.EXEMPTE, by=_compte(by), reason="TP REMN déclaré dans la candidature, titre à vérifier"
        )
        return dossier
    organisme = nearest_organisme(conseiller.contrat.structure)
    dossier = DossierFormation.objects.create(conseiller=conseiller, organisme=organisme)
    _tell_formateurs(dossier)
    return dossier


def nearest_organisme(structure: Structure) -> Organisme | None:
    """Return the nearest organisme entitled in the structure's région today; the oldest of two as near."""
    entitled = Organisme.objects.entitled(structure.commune.departement.region, today_in(structure.commune))
    candidates = entitled.select_related("commune")
    return min(
        candidates, key=lambda one: (round(distance_km(one.commune, structure.commune), 1), one.pk), default=None
    )


def _tell_formateurs(dossier: DossierFormation) -> None:
    if dossier.organisme is None:
        return
    # A dossier taken up again, or given to another organisme, is told again.
    turn = dossier.transitions.count()
    for formateur in Formateur.objects.filter(organisme=dossier.organisme).select_related("compte"):
        queue_effet(
            "formation.dossier_opened",
            cle=f"formation.dossier_opened:{dossier.pk}-{turn}:{formateur.pk}",
            destinataire=formateur.compte.email,
            dossier=dossier.pk,
            formateur=formateur.pk,
        )


@transaction.atomic
def assign_organisme(*, dossier: DossierFormation, organisme: Organisme, by: Role) -> DossierFormation:
    """Send a dossier to an organisme, entitled or not in the région: BdT answers for it."""
    dossier = _lock_dossier(dossier)
    if dossier.status != StatutDossier.A_POSITIONNER:
        raise RuleError("L'organisme ne change plus une fois le parcours assigné.", field="organisme")
    if dossier.organisme_id == organisme.pk:
        return dossier
    dossier.organisme = organisme
    dossier.save(update_fields=["organisme", "updated_at"])
    record(by=by, verbe="dossier.organisme", objet=dossier, organisme=organisme.pk)
    _tell_formateurs(dossier)
    return dossier


@transaction.atomic
def exempt_dossier(*, dossier: DossierFormation, numero: str, date_obtention: date, by: Role) -> DossierFormation:
    """Record the title that exempts from training, for an exemption declared earlier or for a new one."""
    dossier = _lock_dossier(dossier)
    if dossier.status != StatutDossier.EXEMPTE:
        dossier.move_to(StatutDossier.EXEMPTE, by=by.compte, reason="TP REMN vérifié sur l'original")
    elif dossier.tp_remn_numero:
        raise RuleError("La preuve de l'exemption est déjà enregistrée.")
    dossier.tp_remn_numero = numero
    dossier.tp_remn_date = date_obtention
    dossier.save(update_fields=["tp_remn_numero", "tp_remn_date", "updated_at"])
    record(by=by, verbe="dossier.exemption", objet=dossier)
    return dossier


def recommend_parcours(
    *, dossier: DossierFormation, grille: Mapping[Competence, Niveau]
) -> tuple[ReferentielParcours, Recommandation]:
    """Return the path the rule recommends today where the person works. Raises RuleError without any valid path."""
    valid = {parcours.heures: parcours for parcours in valid_parcours(dossier)}
    if not valid:
        raise RuleError("Aucun parcours n'est ouvert à cette date : prévenez la Banque des Territoires.")
    recommandation = recommend(grille, parcours=valid)
    return valid[recommandation.heures], recommandation


def valid_parcours(dossier: DossierFormation) -> list[ReferentielParcours]:
    return list(ReferentielParcours.objects.valid_on(today_in(dossier.conseiller.contrat.structure.commune)))


@transaction.atomic
def position_dossier(
    *,
    dossier: DossierFormation,
    grille: Mapping[Competence, Niveau],
    decide: ReferentielParcours,
    motif: str,
    by: Role,
) -> Positionnement:
    """Keep the grid, what the rule recommends, what the organisme decides and why; assign the path decided.

    A path already assigned may be assigned again as long as the person is enrolled nowhere.
    """
    dossier = _lock_dossier(dossier)
    if dossier.status == StatutDossier.POSITIONNE:
        if dossier.inscriptions.filter(status=StatutInscription.CONFIRMEE).exists():
            raise RuleError("Retirez d'abord son inscription à une session.")
        dossier.move_to(StatutDossier.A_POSITIONNER, by=by.compte, reason="nouveau positionnement")
    if dossier.status != StatutDossier.A_POSITIONNER:
        raise TransitionError(dossier.get_status_display(), StatutDossier.POSITIONNE)
    recommande, recommandation = recommend_parcours(dossier=dossier, grille=grille)
    if decide not in valid_parcours(dossier):
        raise RuleError("Ce parcours n'est plus ouvert.", field="decide")
    if decide != recommande and not motif:
        raise RuleError("Motivez le choix d'un autre parcours que celui recommandé.", field="motif")
    positionnement = Positionnement.objects.create(
        dossier=dossier,
        grille={str(competence): int(niveau) for competence, niveau in grille.items()},
        recommande=recommande,
        explication=recommandation.explication,
        decide=decide,
        motif=motif if decide != recommande else "",
        by=by.compte,
    )
    dossier.move_to(StatutDossier.POSITIONNE, by=by.compte, parcours=decide)
    return positionnement


def _lock_dossier(dossier: DossierFormation) -> DossierFormation:
    locked = DossierFormation.objects.select_for_update(of=("self",))
    return locked.select_related("conseiller__contrat__structure__commune__departement").get(pk=dossier.pk)


# --- Session --------------------------------------------------------------------------------------------
def session_days(session: SessionFormation) -> list[Journee]:
    """Return the days of course, public holidays of the session's place left out."""
    return course_days(
        debut=session.date_debut,
        heures=session.parcours.heures,
        jour_structure=session.jour_structure,
        holidays=public_holidays(session.place.departement_id),
    )


def complete_dates(session: SessionFormation) -> SessionFormation:
    """Propose the last day when none is given, and refuse one before the last hour of course."""
    holidays = public_holidays(session.place.departement_id)
    if not is_course_day(session.date_debut, jour_structure=session.jour_structure, holidays=holidays):
        raise RuleError(
            "Ce n'est pas un jour de cours : week-end, jour férié ou jour en structure.", field="date_debut"
        )
    earliest = session_days(session)[-1].jour
    typed = cast("date | None", session.date_fin)
    session.date_fin = typed or earliest
    if session.date_fin < earliest:
        raise RuleError(
            f"À 28 heures par semaine, ce parcours ne peut pas finir avant le {earliest:%d/%m/%Y}.", field="date_fin"
        )
    return session


@transaction.atomic
def create_session(*, session: SessionFormation, by: Role) -> SessionFormation:
    """Save a session built by the form, its last day proposed when none was typed."""
    complete_dates(session).save()
    record(by=by, verbe="session.creer", objet=session)
    return session


@transaction.atomic
def update_session(*, session: SessionFormation, by: Role) -> SessionFormation:
    """Save what the form changed; whoever is enrolled is told of new dates or of a new place."""
    before = _lock_session(session)
    if before.status not in {StatutSession.OUVERTE, StatutSession.EN_COURS}:
        raise RuleError("Cette session est close ou annulée : elle ne change plus.")
    fields = ["parcours", "commune", "lieu", "date_debut", "date_fin", "capacite", "jour_structure", "updated_at"]
    if before.status == StatutSession.EN_COURS:
        fields = ["lieu", "date_fin", "updated_at"]
    if before.parcours_id != session.parcours_id and before.inscriptions.taking_a_place().exists():
        raise RuleError("Le parcours ne change plus une fois quelqu'un inscrit.", field="parcours")
    complete_dates(session)
    try:
        with transaction.atomic():
            session.save(update_fields=fields)
    except IntegrityError as error:
        raise _lost_race(error) from error
    record(by=by, verbe="session.modifier", objet=session)
    told = ("date_debut", "date_fin", "jour_structure", "commune_id", "lieu")
    if any(getattr(before, name) != getattr(session, name) for name in told):
        for inscription in session.inscriptions.filter(
            status__in=[StatutInscription.CONFIRMEE, StatutInscription.EN_COURS]
        ):
            _convoke(inscription)
    return session


def _lock_session(session: SessionFormation) -> SessionFormation:
    locked = SessionFormation.objects.select_for_update(of=("self",))
    return locked.select_related("organisme__commune", "commune", "parcours").get(pk=session.pk)


@transaction.atomic
def enrol(*, session: SessionFormation, dossier: DossierFormation, by: Role) -> Inscription:
    """Give a place in a session of the organisme that follows the dossier, on the path that was decided."""
    session = _lock_session(session)
    if session.status != StatutSession.OUVERTE:
        raise RuleError("Les inscriptions à cette session sont closes.", field="session")
    dossier = _lock_dossier(dossier)
    if dossier.status != StatutDossier.POSITIONNE:
        raise RuleError("On inscrit à une session une personne dont le parcours est assigné.", field="session")
    if (session.organisme_id, session.parcours_id) != (dossier.organisme_id, dossier.parcours_id):
        raise RuleError("Cette session ne correspond pas au parcours assigné à cette personne.", field="session")
    try:
        with transaction.atomic():
            inscription = Inscription.objects.create(session=session, dossier=dossier)
    except IntegrityError as error:
        raise _lost_race(error) from error
    record(by=by, verbe="session.inscrire", objet=session, dossier=dossier.pk)
    _convoke(inscription)
    return inscription


def _convoke(inscription: Inscription) -> None:
    queue_effet(
        "formation.session_convocation",
        # Told again after each change of the session, and only then.
        cle=f"formation.session_convocation:{inscription.pk}:{timezone.now():%Y%m%d%H%M%S%f}",
        destinataire=_email(inscription),
        inscription=inscription.pk,
    )


def _email(inscription: Inscription) -> str:
    return inscription.dossier.conseiller.compte.email


@transaction.atomic
def withdraw_inscription(*, inscription: Inscription, motif: str, by: Role) -> Inscription:
    """Free a place: put off before the session starts, given up once it has. The person may be enrolled again."""
    _lock_session(inscription.session)
    inscription = _lock_inscriptions(inscription.session, pk=inscription.pk)[0]
    if inscription.status == StatutInscription.EN_COURS:
        inscription.move_to(StatutInscription.ABANDONNEE, by=by.compte, reason=motif)
        _lock_dossier(inscription.dossier).move_to(StatutDossier.POSITIONNE, by=by.compte, reason="session quittée")
    else:
        inscription.move_to(StatutInscription.REPORTEE, by=by.compte, reason=motif)
    _tell_withdrawn(inscription)
    return inscription


def _lock_inscriptions(session: SessionFormation, **lookups: Any) -> list[Inscription]:
    locked = Inscription.objects.select_for_update(of=("self",)).filter(session=session, **lookups)
    return list(locked.select_related("dossier__conseiller__compte", "session").order_by("pk"))


def _tell_withdrawn(inscription: Inscription) -> None:
    queue_effet(
        "formation.session_cancelled",
        cle=f"formation.session_cancelled:{inscription.pk}:conseiller",
        destinataire=_email(inscription),
        inscription=inscription.pk,
    )


@transaction.atomic
def cancel_session(*, session: SessionFormation, motif: str, by: Role) -> SessionFormation:
    """Cancel a session that has not started; everyone enrolled is told why and may be enrolled elsewhere."""
    session = _lock_session(session)
    session.move_to(StatutSession.ANNULEE, by=by.compte, reason=motif)
    for inscription in _lock_inscriptions(session, status=StatutInscription.CONFIRMEE):
        inscription.move_to(StatutInscription.REPORTEE, by=by.compte, reason=motif)
        _tell_withdrawn(inscription)
    return session


@transaction.atomic
def start_session(*, session: SessionFormation, by: Role) -> SessionFormation:
    session = _lock_session(session)
    if session.status == StatutSession.OUVERTE and session.date_debut > today_in(session.place):
        raise RuleError(f"Cette session commence le {session.date_debut:%d/%m/%Y} : démarrez-la ce jour-là.")
    session.move_to(StatutSession.EN_COURS, by=by.compte)
    inscriptions = _lock_inscriptions(session, status=StatutInscription.CONFIRMEE)
    if not inscriptions:
        raise RuleError("Personne n'est inscrit à cette session : annulez-la, ou inscrivez quelqu'un.")
    for inscription in inscriptions:
        inscription.move_to(StatutInscription.EN_COURS, by=by.compte)
        _lock_dossier(inscription.dossier).move_to(StatutDossier.EN_FORMATION, by=by.compte)
    return session


@dataclass(frozen=True)
class Bilan:
    """What the organisme records of one person at the end."""

    heures: int
    ccp1: Resultat
    pix: Resultat
    pix_score: int | None


@transaction.atomic
def close_session(*, session: SessionFormation, bilans: Mapping[int, Bilan], by: Role) -> list[Attestation]:
    """End a session with the result of each inscription (by key), and issue the attestations in the same act."""
    session = _lock_session(session)
    if session.status == StatutSession.EN_COURS and session.date_fin > today_in(session.place):
        raise RuleError(
            f"Cette session finit le {session.date_fin:%d/%m/%Y} : close avant, ses attestations mentiraient."
        )
    session.move_to(StatutSession.CLOSE, by=by.compte)
    inscriptions = _lock_inscriptions(session, status=StatutInscription.EN_COURS)
    if {inscription.pk for inscription in inscriptions} != set(bilans):
        raise RuleError("La liste des personnes en formation a changé : rechargez la page.")
    attestations = []
    for inscription in inscriptions:
        bilan = bilans[inscription.pk]
        _check(bilan, session)
        inscription.move_to(StatutInscription.TERMINEE, by=by.compte, **_values(bilan))
        _lock_dossier(inscription.dossier).move_to(StatutDossier.FORME, by=by.compte)
        attestations.append(_issue(inscription, session))
    return attestations


def _check(bilan: Bilan, session: SessionFormation) -> None:
    """The hours attested are those of the path the State pays for: more would be another path (docs/adr/0011)."""
    if not 1 <= bilan.heures <= session.parcours.heures:
        raise RuleError(f"Indiquez de 1 à {session.parcours.heures} heures, la durée du parcours.", field="heures")


def _values(bilan: Bilan) -> dict[str, Any]:
    score = bilan.pix_score if bilan.pix == Resultat.OBTENU else None
    return {"heures_realisees": bilan.heures, "ccp1": bilan.ccp1, "pix": bilan.pix, "pix_score": score}


@transaction.atomic
def correct_bilan(*, inscription: Inscription, bilan: Bilan, by: Role) -> Attestation:
    """Record a result known after the end (a jury, a mistake): the attestation is revoked and another issued."""
    session = _lock_session(inscription.session)
    inscription = _lock_inscriptions(session, pk=inscription.pk)[0]
    if inscription.status != StatutInscription.TERMINEE:
        raise RuleError("Les résultats se saisissent à la clôture de la session.")
    _check(bilan, session)
    values = _values(bilan)
    if all(getattr(inscription, name) == value for name, value in values.items()):
        raise RuleError("Rien n'a changé : l'attestation reste valable.")
    for name, value in values.items():
        setattr(inscription, name, value)
    inscription.save(update_fields=[*values, "updated_at"])
    for attestation in Attestation.objects.filter(inscription=inscription, revoked_at=None):
        revoke_attestation(attestation=attestation, motif="Remplacée après correction des résultats", by=by)
    return _issue(inscription, session)


# --- Attestation ----------------------------------------------------------------------------------------
def _issue(inscription: Inscription, session: SessionFormation) -> Attestation:
    """Freeze what is printed, number it, and have it rendered after the commit."""
    today = today_in(session.place)
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LONGUEUR))
    attestation = Attestation.objects.create(
        numero=f"ATT-{today.year}-{_next_number(today.year):06d}",
        code=code,
        genre=GenreAttestation.FIN,
        inscription=inscription,
        contenu=attestation_contenu(inscription, session, code=code, today=today),
    )
    queue_effet(
        "formation.render_attestation",
        cle=f"formation.render_attestation:{attestation.pk}:",
        attestation=attestation.pk,
    )
    return attestation


def attestation_contenu(
    inscription: Inscription, session: SessionFormation, *, code: str, today: date
) -> dict[str, Any]:
    """Return what an attestation prints of a result, delivered a given day."""
    compte = inscription.dossier.conseiller.compte
    return {
        "prenom": compte.prenom,
        "nom": compte.nom,
        "parcours": session.parcours.intitule,
        "heures_parcours": session.parcours.heures,
        "heures_realisees": inscription.heures_realisees,
        "date_debut": session.date_debut.isoformat(),
        "date_fin": session.date_fin.isoformat(),
        "lieu": session.commune.nom if session.commune else "à distance",
        "organisme": session.organisme.nom,
        "organisme_siret": session.organisme.siret,
        "organisme_commune": session.organisme.commune.nom,
        "ccp1": inscription.ccp1,
        "pix": inscription.pix,
        "pix_score": inscription.pix_score,
        "delivree_le": today.isoformat(),
        "adresse": absolute_url(reverse("formation:verify_code", args=[code])),
    }


def _next_number(year: int) -> int:
    """Take the next number of the year. The row stays locked to the end of the transaction: no double, no hole."""
    counters = CompteurAttestation.objects.select_for_update()
    if not counters.filter(annee=year).exists():
        # The first of the year goes on after what was taken in from elsewhere.
        used = Attestation.objects.filter(numero__startswith=f"ATT-{year}-").aggregate(last=Max("numero"))["last"]
        last = int(used.rpartition("-")[2]) if used else 0
        CompteurAttestation.objects.get_or_create(annee=year, defaults={"dernier": last})
    counter = counters.get(annee=year)
    counter.dernier += 1
    counter.save(update_fields=["dernier"])
    return counter.dernier


@transaction.atomic
def revoke_attestation(*, attestation: Attestation, motif: str, by: Role) -> Attestation:
    """Make the public page say that this attestation is no longer good. It can't be undone: issue another."""
    attestation = Attestation.objects.select_for_update(of=("self",)).get(pk=attestation.pk)
    if attestation.revoked_at:
        raise RuleError("Cette attestation est déjà révoquée.")
    attestation.revoked_at = timezone.now()
    attestation.revoked_reason = motif
    attestation.revoked_by = by.compte
    attestation.save(update_fields=["revoked_at", "revoked_reason", "revoked_by", "updated_at"])
    record(by=by, verbe="attestation.revoquer", objet=attestation)
    return attestation
