from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from candidatures.models import Candidature
from candidatures.signals import candidature_closed
from matching import emails, jobs
from matching.enums import STATUTS_OUVERTS, StatutMiseEnRelation
from matching.models import MiseEnRelation
from notifications.registry import MESSAGES
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.notifications.helpers import at_once
from tests.structures.factories import PosteFactory

_S = StatutMiseEnRelation


def test_closed_candidature_cancels_what_is_open_and_tells_the_structures(django_capture_on_commit_callbacks):
    mise = MiseEnRelationFactory(interessee=True)
    member = at_once(member_role(mise.structure).compte)
    others = [
        MiseEnRelationFactory(candidature=mise.candidature, status=status) for status in _S if status != _S.INTERESSEE
    ]
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        candidature_closed.send(sender=Candidature, candidature=mise.candidature)

    mise.refresh_from_db()
    assert mise.status == _S.ANNULEE
    assert mise.transitions.get().reason == "candidature : active"
    for other in others:
        before = other.status
        other.refresh_from_db()
        assert other.status == (_S.ANNULEE if before in STATUTS_OUVERTS else before)
    assert [m.to for m in mail.outbox] == [[member.email]]
    assert "Inès" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("status", "days", "expected"),
    [
        (_S.PROPOSEE, 31, _S.EXPIREE),
        (_S.INTERESSEE, 31, _S.EXPIREE),
        (_S.ENTRETIEN, 31, _S.EXPIREE),
        (_S.PROPOSEE, 29, _S.PROPOSEE),
        (_S.RETENUE, 90, _S.RETENUE),
        (_S.DECLINEE_CANDIDAT, 90, _S.DECLINEE_CANDIDAT),
    ],
)
def test_thirty_days_without_an_answer(status, days, expected, django_capture_on_commit_callbacks):
    mise = MiseEnRelationFactory(status=status)
    member = at_once(member_role(mise.structure).compte)
    MiseEnRelation.objects.update(updated_at=timezone.now() - timedelta(days=days))
    with django_capture_on_commit_callbacks(execute=True):
        jobs.expire_unanswered()
        jobs.expire_unanswered()
    mise.refresh_from_db()
    assert mise.status == expected
    told = {m.to[0] for m in mail.outbox}
    assert told == ({mise.candidature.email, member.email} if expected == _S.EXPIREE else set())


@pytest.mark.parametrize("event", [*emails.FOR_CANDIDAT, *emails.FOR_STRUCTURE])
def test_every_message_reads_well_and_stops_when_things_moved(event):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, motif="distance")
    member = member_role(mise.structure).compte
    mise.move_to(_S.INTERESSEE, by=None, acceptee_at=timezone.now())
    move = mise.transitions.get()
    arguments = {"transition": move.pk}
    if event in emails.FOR_STRUCTURE:
        arguments["compte"] = member.pk

    message = MESSAGES[f"matching.{event}"](**arguments)

    html = message.alternatives[0][0]
    assert message.to == [member.email if event in emails.FOR_STRUCTURE else mise.candidature.email]
    assert "Mairie de Nantes" in message.subject + message.body
    assert "http://" in message.body
    assert "Mairie de Nantes" in html
    assert "Morvan" not in message.subject + message.body + html
    assert "{{" not in message.body + html
    mise.move_to(_S.PROPOSEE, by=None)
    assert MESSAGES[f"matching.{event}"](**arguments) is None


def test_member_who_left_is_told_nothing():
    mise = MiseEnRelationFactory()
    member = member_role(mise.structure).compte
    mise.move_to(_S.INTERESSEE, by=None)
    move = mise.transitions.get()
    mise.structure.membres.all().delete()
    assert MESSAGES["matching.back"](transition=move.pk, compte=member.pk) is None
