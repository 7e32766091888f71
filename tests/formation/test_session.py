from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from common.exceptions import RuleError, TransitionError
from formation import services
from formation.enums import GenreAttestation, Resultat, StatutDossier, StatutInscription, StatutSession
from formation.models import Attestation, DossierFormation, Inscription, SessionFormation
from formation.services import Bilan
from tests.formation.factories import (
    DossierFormationFactory,
    InscriptionFactory,
    OrganismeFactory,
    ParcoursFactory,
    SessionFormationFactory,
)
from tests.territoires.factories import CommuneFactory

BILAN = Bilan(heures=105, ccp1=Resultat.OBTENU, pix=Resultat.OBTENU, pix_score=640)


def build(**values):
    return SessionFormationFactory.build(
        organisme=OrganismeFactory(), parcours=ParcoursFactory(), commune=CommuneFactory(), **values
    )


# --- Dates ----------------------------------------------------------------------------------------------
def test_last_day_is_proposed_when_none_is_given(formateur):
    """105 h from Tuesday 1 September 2026, Fridays in the structure: fifteen days of course."""
    session = services.create_session(session=build(date_fin=None), by=formateur)
    session.refresh_from_db()
    assert session.date_fin == date(2026, 9, 24)


def test_later_last_day_is_kept_for_closures(formateur):
    session = services.create_session(session=build(date_fin=date(2026, 10, 30)), by=formateur)
    assert session.date_fin == date(2026, 10, 30)


def test_last_day_before_the_last_hour_is_refused(formateur):
    with pytest.raises(RuleError, match="avant le 24/09/2026") as refusal:
        services.create_session(session=build(date_fin=date(2026, 9, 23)), by=formateur)
    assert refusal.value.field == "date_fin"


@pytest.mark.parametrize(
    ("day", "why"), [(date(2026, 9, 5), "saturday"), (date(2026, 9, 4), "structure"), (date(2027, 5, 6), "holiday")]
)
def test_first_day_is_a_day_of_course(formateur, day, why):
    with pytest.raises(RuleError) as refusal:
        services.create_session(session=build(date_debut=day, date_fin=None), by=formateur)
    assert refusal.value.field == "date_debut"


def test_calendar_follows_the_holidays_of_the_place():
    """Abolition of slavery, 20 December 2027, is a Monday without course in La Réunion only."""
    values = {"date_debut": date(2027, 12, 6), "date_fin": None}
    nantes = services.complete_dates(build(**values))
    reunion = build(**values)
    reunion.commune = CommuneFactory(saint_denis=True)
    days = {day.jour for day in services.session_days(services.complete_dates(reunion))}
    assert date(2027, 12, 20) in {day.jour for day in services.session_days(nantes)}
    assert date(2027, 12, 20) not in days


@pytest.mark.parametrize("values", [{"capacite": 0}, {"capacite": 61}, {"jour_structure": 6}, {"jour_structure": 0}])
def test_database_refuses_an_absurd_session(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        SessionFormationFactory(**values)


def test_database_refuses_reversed_dates():
    with pytest.raises(IntegrityError), transaction.atomic():
        SessionFormationFactory(date_debut=date(2026, 9, 2), date_fin=date(2026, 9, 1))


# --- Enrolment ------------------------------------------------------------------------------------------
def dossier_for(session, **values):
    values = {"positionne": True, "organisme": session.organisme, "parcours": session.parcours} | values
    return DossierFormationFactory(**values)


def test_enrolment_convokes_the_conseiller(mailoutbox, run, formateur):
    session = SessionFormationFactory()
    dossier = dossier_for(session)
    inscription = run(services.enrol, session=session, dossier=dossier, by=formateur)
    assert inscription.status == StatutInscription.CONFIRMEE
    [mail] = mailoutbox
    assert mail.to == [dossier.conseiller.compte.email]
    assert mail.subject == "Convocation : votre formation commence le 1 septembre 2026"
    assert "12 quai de la Fosse" in mail.body
    assert "Chaque vendredi" in mail.body


def test_full_session_is_refused_in_words(formateur):
    session = SessionFormationFactory(capacite=1)
    services.enrol(session=session, dossier=dossier_for(session), by=formateur)
    with pytest.raises(RuleError, match="complète") as refusal:
        services.enrol(session=session, dossier=dossier_for(session), by=formateur)
    assert refusal.value.field == "session"


def test_one_person_is_enrolled_once(formateur):
    session = SessionFormationFactory()
    other = SessionFormationFactory(organisme=session.organisme)
    dossier = dossier_for(session)
    services.enrol(session=session, dossier=dossier, by=formateur)
    with pytest.raises(RuleError, match="déjà inscrite"):
        services.enrol(session=other, dossier=dossier, by=formateur)


@pytest.mark.parametrize("values", [{"parcours": 280}, {"organisme": "other"}, {"status": StatutDossier.A_POSITIONNER}])
def test_enrolment_follows_the_decision(formateur, values):
    session = SessionFormationFactory()
    if "parcours" in values:
        values = {"parcours": ParcoursFactory(heures=280)}
    if "organisme" in values:
        values = {"organisme": OrganismeFactory()}
    with pytest.raises(RuleError):
        services.enrol(session=session, dossier=dossier_for(session, **values), by=formateur)
    assert not Inscription.objects.exists()


@pytest.mark.parametrize("trait", ["en_cours", "close", "annulee"])
def test_enrolment_is_closed_once_the_session_is_no_longer_open(formateur, trait):
    session = SessionFormationFactory(**{trait: True})
    with pytest.raises(RuleError, match="closes"):
        services.enrol(session=session, dossier=dossier_for(session), by=formateur)


def test_sql_cannot_exceed_the_capacity_either():
    session = SessionFormationFactory(capacite=1)
    InscriptionFactory(session=session)
    with pytest.raises(IntegrityError, match="no place left"), transaction.atomic():
        InscriptionFactory(session=session)


def test_capacity_is_not_lowered_below_those_enrolled(formateur):
    session = SessionFormationFactory(capacite=3)
    InscriptionFactory.create_batch(2, session=session)
    session.capacite = 1
    with pytest.raises(RuleError) as refusal:
        services.update_session(session=session, by=formateur)
    assert refusal.value.field == "capacite"


def test_withdrawing_frees_the_place_and_tells_why(mailoutbox, run, formateur):
    inscription = InscriptionFactory(session__capacite=1)
    run(services.withdraw_inscription, inscription=inscription, motif="Congé maternité", by=formateur)
    inscription.refresh_from_db()
    assert inscription.status == StatutInscription.REPORTEE
    assert "Congé maternité" in mailoutbox[0].body
    assert mailoutbox[0].subject.startswith("Vous n'êtes plus inscrit")
    services.enrol(session=inscription.session, dossier=dossier_for(inscription.session), by=formateur)


def test_giving_up_during_the_session_brings_the_path_back(formateur):
    inscription = InscriptionFactory(en_cours=True)
    services.withdraw_inscription(inscription=inscription, motif="Malade", by=formateur)
    inscription.refresh_from_db()
    inscription.dossier.refresh_from_db()
    assert inscription.status == StatutInscription.ABANDONNEE
    assert inscription.dossier.status == StatutDossier.POSITIONNE


def test_changed_dates_are_told_and_unchanged_ones_are_not(mailoutbox, run, formateur):
    inscription = InscriptionFactory()
    session = inscription.session
    session.capacite = 20
    run(services.update_session, session=session, by=formateur)
    assert mailoutbox == []
    session.date_fin += timedelta(days=3)
    run(services.update_session, session=session, by=formateur)
    assert [mail.to[0] for mail in mailoutbox] == [inscription.dossier.conseiller.compte.email]


def test_path_of_a_session_is_kept_once_someone_is_enrolled(formateur):
    session = InscriptionFactory().session
    session.parcours = ParcoursFactory(heures=280)
    with pytest.raises(RuleError, match="ne change plus"):
        services.update_session(session=session, by=formateur)


@pytest.mark.parametrize("trait", ["close", "annulee"])
def test_ended_session_does_not_change(formateur, trait):
    with pytest.raises(RuleError, match="ne change plus"):
        services.update_session(session=SessionFormationFactory(**{trait: True}), by=formateur)


# --- Start, cancel, close -------------------------------------------------------------------------------
def test_starting_a_session_starts_those_enrolled(formateur):
    inscription = InscriptionFactory()
    services.start_session(session=inscription.session, by=formateur)
    inscription.refresh_from_db()
    assert inscription.status == StatutInscription.EN_COURS
    assert inscription.session.status == StatutSession.EN_COURS
    assert inscription.dossier.status == StatutDossier.EN_FORMATION


def test_empty_session_does_not_start(formateur):
    session = SessionFormationFactory()
    with pytest.raises(RuleError, match="Personne"):
        services.start_session(session=session, by=formateur)
    session.refresh_from_db()
    assert session.status == StatutSession.OUVERTE


@time_machine.travel("2026-08-31 12:00:00Z")
def test_session_does_not_start_before_its_first_day(formateur):
    with pytest.raises(RuleError, match="commence le 01/09/2026"):
        services.start_session(session=InscriptionFactory().session, by=formateur)


def test_cancelled_session_tells_everyone_why(mailoutbox, run, formateur):
    session = SessionFormationFactory()
    inscriptions = InscriptionFactory.create_batch(2, session=session)
    run(services.cancel_session, session=session, motif="Formatrice <souffrante>", by=formateur)
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(
        one.dossier.conseiller.compte.email for one in inscriptions
    )
    assert mailoutbox[0].subject == "Votre session de formation du 1 septembre 2026 est annulée"
    assert "Formatrice <souffrante>" in mailoutbox[0].body
    assert "Formatrice &lt;souffrante&gt;" in mailoutbox[0].alternatives[0].content
    assert {one.status for one in Inscription.objects.all()} == {StatutInscription.REPORTEE}
    assert {one.dossier.status for one in inscriptions} == {StatutDossier.POSITIONNE}


def test_running_session_is_not_cancelled(formateur):
    with pytest.raises(TransitionError):
        services.cancel_session(session=SessionFormationFactory(en_cours=True), motif="x", by=formateur)


def test_closing_ends_everything_at_once(formateur):
    inscription = InscriptionFactory(en_cours=True)
    [attestation] = services.close_session(session=inscription.session, bilans={inscription.pk: BILAN}, by=formateur)
    inscription.refresh_from_db()
    assert inscription.status == StatutInscription.TERMINEE
    assert (inscription.heures_realisees, inscription.pix_score) == (105, 640)
    assert inscription.session.status == StatutSession.CLOSE
    assert inscription.dossier.status == StatutDossier.FORME
    assert attestation.genre == GenreAttestation.FIN
    assert attestation.contenu["nom"] == inscription.dossier.conseiller.compte.nom
    assert attestation.contenu["heures_realisees"] == 105


@time_machine.travel("2026-09-27 12:00:00Z")
def test_closing_waits_for_the_last_day(formateur):
    inscription = InscriptionFactory(en_cours=True)
    with pytest.raises(RuleError, match="finit le 28/09/2026"):
        services.close_session(session=inscription.session, bilans={inscription.pk: BILAN}, by=formateur)


@pytest.mark.parametrize("heures", [0, -1, 106, 127, 32_767])
def test_hours_attested_are_those_of_the_path_at_most(formateur, heures):
    inscription = InscriptionFactory(en_cours=True)
    bilan = Bilan(heures=heures, ccp1=Resultat.OBTENU, pix=Resultat.ABSENT, pix_score=None)
    with pytest.raises(RuleError, match="105 heures"):
        services.close_session(session=inscription.session, bilans={inscription.pk: bilan}, by=formateur)
    inscription.session.refresh_from_db()
    assert inscription.session.status == StatutSession.EN_COURS
    assert not Attestation.objects.exists()


def test_nobody_is_forgotten_at_the_end(formateur):
    session = SessionFormationFactory(en_cours=True)
    one, _other = InscriptionFactory.create_batch(2, en_cours=True, session=session)
    with pytest.raises(RuleError, match="a changé"):
        services.close_session(session=session, bilans={one.pk: BILAN}, by=formateur)


def test_session_closes_once(formateur):
    inscription = InscriptionFactory(en_cours=True)
    services.close_session(session=inscription.session, bilans={inscription.pk: BILAN}, by=formateur)
    with pytest.raises(TransitionError):
        services.close_session(session=inscription.session, bilans={inscription.pk: BILAN}, by=formateur)
    assert Attestation.objects.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"pix": "obtenu", "pix_score": None},
        {"pix": "absent", "pix_score": 12},
        {"pix": "obtenu", "pix_score": 1025},
        {"pix": "obtenu", "pix_score": 0},
    ],
)
def test_database_refuses_a_score_that_contradicts_the_result(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        InscriptionFactory(**values)


@pytest.mark.parametrize("model", [DossierFormation, Inscription, SessionFormation])
def test_every_status_has_its_line(model):
    assert set(model.NEXT_STATUSES) == {value for value, _ in model._meta.get_field("status").choices}
