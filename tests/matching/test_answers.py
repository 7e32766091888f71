"""Both sides answer, and take their last word back until the other has answered."""

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from candidatures.enums import MotifRetrait
from candidatures.services import withdraw_candidature
from common.exceptions import RuleError
from matching import services
from matching.enums import MotifRefus, Origine, StatutMiseEnRelation
from matching.models import MiseEnRelation
from tests.candidatures.factories import CandidatureFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.notifications.helpers import at_once
from tests.structures.factories import PosteFactory
from tests.test_access import enter

_S = StatutMiseEnRelation
UNDO = {"structure": "Annuler mon dernier choix", "candidat": "Revenir sur ma réponse"}


@pytest.fixture
def mise():
    return MiseEnRelationFactory(structure=PosteFactory().structure)


@pytest.fixture
def sides(mise):
    return {"structure": member_role(mise.structure), "candidat": mise.candidature.compte.roles.get()}


ACTS = {
    "interest": lambda mise, by: services.mark_interest(mise_en_relation=mise, by=by),
    "interview": lambda mise, by: services.plan_interview(mise_en_relation=mise, by=by),
    "retain": lambda mise, by: services.retain(mise_en_relation=mise, by=by),
    "accept": lambda mise, by: services.accept(mise_en_relation=mise, by=by),
    "decline": lambda mise, by: services.decline(mise_en_relation=mise, motif=MotifRefus.AUTRE, by=by),
    "undo": lambda mise, by: services.undo(mise_en_relation=mise, by=by),
}


def play(mise, sides, *moves):
    """« S interest » is the structure's, « C accept » the candidat's."""
    for move in moves:
        side, name = move.split()
        ACTS[name](mise, sides["structure" if side == "S" else "candidat"])
        mise.refresh_from_db()


def test_yes_tells_the_structure_once(client, mise, sides, django_capture_on_commit_callbacks):
    at_once(sides["structure"].compte)
    play(mise, sides, "S interest")
    enter(client, sides["candidat"])
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # A double click is one yes.
            response = client.post(reverse("matching:accept", args=[mise.pk]), follow=True)
    assert "Votre accord est noté" in response.text
    mise.refresh_from_db()
    assert (mise.status, mise.acceptee_at is not None) == (_S.INTERESSEE, True)
    told = [m for m in mail.outbox if "accepte votre proposition" in m.subject]
    assert [m.to for m in told] == [[sides["structure"].compte.email]]
    enter(client, sides["structure"])
    assert "A accepté votre proposition" in client.get(reverse("matching:detail", args=[mise.pk])).text


def test_yes_taken_back_before_it_left_tells_nobody(mise, sides, django_capture_on_commit_callbacks):
    at_once(sides["structure"].compte)
    with django_capture_on_commit_callbacks(execute=True):
        play(mise, sides, "S interest", "C accept", "C undo")
    assert not [m for m in mail.outbox if "accepte votre proposition" in m.subject]
    with django_capture_on_commit_callbacks(execute=True):
        play(mise, sides, "C accept")
    assert len([m for m in mail.outbox if "accepte votre proposition" in m.subject]) == 1


# What was played, who may take the last word back, and where that leads.
UNDOS = [
    ([], None, None),
    (["S interest"], "structure", _S.PROPOSEE),
    (["S interest", "C accept"], "candidat", _S.INTERESSEE),
    (["S interest", "C accept", "C undo"], "structure", _S.PROPOSEE),
    (["S interest", "C decline"], "candidat", _S.INTERESSEE),
    (["S interest", "C accept", "C decline"], "candidat", _S.INTERESSEE),
    (["S interest", "S interview"], None, None),
    (["S interest", "C accept", "S interview"], None, None),
    (["S interest", "S retain"], None, None),
    (["S decline"], "structure", _S.PROPOSEE),
    (["S interest", "C accept", "S decline"], "structure", _S.PROPOSEE),
    (["C decline"], "candidat", _S.PROPOSEE),
]


@pytest.mark.parametrize(("moves", "who", "after"), UNDOS)
def test_undo_is_shown_exactly_as_long_as_it_is_possible(client, mise, sides, moves, who, after):
    play(mise, sides, *moves)
    before = MiseEnRelation.objects.values().get()
    for side, role in sides.items():
        enter(client, role)
        assert (UNDO[side] in client.get(reverse("matching:detail", args=[mise.pk])).text) == (side == who)
        if side == "candidat":
            assert (UNDO[side] in client.get(reverse("matching:proposition_list")).text) == (side == who)
        if side != who:
            client.post(reverse("matching:undo", args=[mise.pk]))
            assert MiseEnRelation.objects.values().get() == before
    if who:
        enter(client, sides[who])
        client.post(reverse("matching:undo", args=[mise.pk]))
        mise.refresh_from_db()
        assert (mise.status, mise.motif, mise.acceptee_at) == (after, "", None)


def test_nothing_is_offered_once_the_post_or_the_person_is_gone(client, mise, sides):
    play(mise, sides, "C decline")
    enter(client, sides["candidat"])
    detail = reverse("matching:detail", args=[mise.pk])
    mise.structure.postes.all().delete()
    assert UNDO["candidat"] not in client.get(detail).text
    PosteFactory(structure=mise.structure)
    assert UNDO["candidat"] in client.get(detail).text
    withdraw_candidature(candidature=mise.candidature, motif=MotifRetrait.AUTRE, by=sides["candidat"])
    assert UNDO["candidat"] not in client.get(detail).text
    with pytest.raises(RuleError, match="plus disponible"):
        play(mise, sides, "C undo")


@pytest.mark.parametrize("status", [s for s in _S if s != _S.INTERESSEE])
def test_yes_answers_an_interest_only(client, mise, sides, status):
    mise = MiseEnRelationFactory(structure=PosteFactory().structure, status=status)
    enter(client, mise.candidature.compte.roles.get())
    response = client.post(reverse("matching:accept", args=[mise.pk]), follow=True)
    assert "plus possible" in response.text
    mise.refresh_from_db()
    assert (mise.status, mise.acceptee_at) == (status, None)


def test_database_refuses_a_yes_without_an_interest(mise):
    with pytest.raises(IntegrityError), transaction.atomic():
        MiseEnRelation.objects.update(acceptee_at=timezone.now())


def test_yes_does_not_outlive_the_interest_it_answered(mise, sides):
    MiseEnRelation.objects.update(origine=Origine.EXPLORATION)
    play(mise, sides, "S interest", "C accept")
    services.cancel_for_candidature(candidature=mise.candidature, by=None, reason="essai")
    mise.refresh_from_db()
    assert (mise.status, mise.acceptee_at) == (_S.ANNULEE, None)


def test_candidats_page_says_what_happens_next_in_a_constant_number_of_queries(client, mise):
    def count():
        with CaptureQueriesContext(connection) as queries:
            response = client.get(reverse("matching:proposition_list"))
        return len(queries), response

    enter(client, mise.candidature.compte.roles.get())
    count()
    few, _ = count()
    for status in _S:
        motif = MotifRefus.DISTANCE if status == _S.DECLINEE_STRUCTURE else ""
        structure = PosteFactory().structure
        MiseEnRelationFactory(candidature=mise.candidature, structure=structure, status=status, motif=motif)
    for _ in range(10):
        MiseEnRelationFactory(candidature=mise.candidature, structure=PosteFactory().structure)
    many, response = count()
    assert many == few
    assert len(response.context["propositions"]) == 20
    last = client.get(f"{reverse('matching:proposition_list')}?page={response.context['page'].following}")
    text = response.text + last.text
    for words in (
        "Elle a jusqu&#x27;au 22 décembre 2026 pour répondre",
        "Acceptez ou déclinez avant le 22 décembre 2026",
        "Motif donné : trop loin.",
        "Close, sans réponse",
    ):
        assert words in text


def test_person_elsewhere_may_not_answer_for_them(client, mise, sides):
    play(mise, sides, "S interest")
    enter(client, CandidatureFactory().compte.roles.get())
    assert client.post(reverse("matching:accept", args=[mise.pk])).status_code == 404
    mise.refresh_from_db()
    assert mise.acceptee_at is None


@pytest.mark.parametrize(
    ("side", "name"), [("structure", "interest"), ("structure", "decline"), ("candidat", "decline")]
)
def test_proposal_a_run_takes_away_meanwhile_is_said_politely(client, mise, sides, monkeypatch, side, name):
    """What was announced to nobody may be placed otherwise while its page is open."""
    lock = services._lock

    def taken_away(row):
        MiseEnRelation.objects.filter(pk=row.pk).delete()
        return lock(row)

    monkeypatch.setattr(services, "_lock", taken_away)
    enter(client, sides[side])
    posted = {"motif": MotifRefus.AUTRE}
    response = client.post(reverse(f"matching:{name}", args=[mise.pk]), posted, follow=True)
    assert response.status_code == 200
    assert "existe plus" in response.text
