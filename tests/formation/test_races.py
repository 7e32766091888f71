"""Forty at once: one winner, and polite refusals for the others."""

import threading
from collections import Counter

from django.db import connection

from common.exceptions import RuleError
from formation import services
from formation.models import Attestation, Inscription
from formation.services import Bilan
from tests.formation.factories import DossierFormationFactory, InscriptionFactory, SessionFormationFactory
from tests.marks import TRANSACTIONAL

pytestmark = TRANSACTIONAL
BILAN = Bilan(heures=100, ccp1="obtenu", pix="absent", pix_score=None)


def together(calls):
    """Start every call at the same moment; return what each answered: its value, or its refusal."""
    barrier = threading.Barrier(len(calls))
    answers = []

    def call(function):
        try:
            barrier.wait()
            answers.append(function())
        except Exception as error:  # noqa: BLE001  # A 500 would be anything that is not a RuleError.
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=[function]) for function in calls]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def test_forty_people_for_three_places(formateur):
    session = SessionFormationFactory(capacite=3)
    dossiers = DossierFormationFactory.create_batch(
        40, positionne=True, organisme=session.organisme, parcours=session.parcours
    )
    answers = together(
        [lambda d=dossier: services.enrol(session=session, dossier=d, by=formateur) for dossier in dossiers]
    )
    assert Counter(type(answer) for answer in answers) == {Inscription: 3, RuleError: 37}
    assert session.inscriptions.taking_a_place().count() == 3


def test_forty_inserts_past_the_service_for_three_places():
    """The trigger alone, without the service's lock."""
    session = SessionFormationFactory(capacite=3)
    dossiers = DossierFormationFactory.create_batch(
        40, positionne=True, organisme=session.organisme, parcours=session.parcours
    )
    together([lambda d=dossier: Inscription.objects.create(session=session, dossier=d) for dossier in dossiers])
    assert session.inscriptions.count() == 3


def test_one_person_for_twenty_sessions(formateur):
    sessions = SessionFormationFactory.create_batch(20)
    organisme = sessions[0].organisme
    type(sessions[0]).objects.update(organisme=organisme)
    dossier = DossierFormationFactory(positionne=True, organisme=organisme, parcours=sessions[0].parcours)
    answers = together(
        [lambda s=session: services.enrol(session=s, dossier=dossier, by=formateur) for session in sessions]
    )
    assert Counter(type(answer) for answer in answers) == {Inscription: 1, RuleError: 19}


def test_numbers_of_attestations_follow_each_other(formateur):
    inscriptions = InscriptionFactory.create_batch(20, en_cours=True)
    answers = together(
        [
            lambda i=inscription: services.close_session(session=i.session, bilans={i.pk: BILAN}, by=formateur)
            for inscription in inscriptions
        ]
    )
    assert [type(answer) for answer in answers] == [list] * 20
    numbers = sorted(int(row.numero.rsplit("-")[-1]) for row in Attestation.objects.all())
    assert numbers == list(range(1, 21))


def test_session_closed_by_ten_at_once_gives_one_attestation(formateur):
    inscription = InscriptionFactory(en_cours=True)
    answers = together(
        [lambda: services.close_session(session=inscription.session, bilans={inscription.pk: BILAN}, by=formateur)] * 10
    )
    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, RuleError) for answer in answers) == 9
    assert Attestation.objects.count() == 1
