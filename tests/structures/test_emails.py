"""Every message renders, in both forms, with its words and its link; and falls silent without a reason."""

import pytest

from notifications.registry import MESSAGES
from structures import emails
from structures.enums import NEXT_STATUTS_DEMANDE, StatutDemande
from structures.models import DemandePosteTransition
from tests.comptes.factories import CompteFactory
from tests.structures.factories import DemandePosteFactory, MembreFactory
from tests.structures.helpers import prefet, submitted_draft

MOVES = [(old, new) for old, news in NEXT_STATUTS_DEMANDE.items() for new in sorted(news)]
MOTIF = "Motif <b>& raison</b>"


def check(message, words, to):
    html = message.alternatives[0].content
    assert message.to == [to]
    assert "\n" not in message.subject
    assert words in message.body
    assert "http://127.0.0.1:8000/" in message.body
    assert "http://127.0.0.1:8000/" in html
    assert "<script" not in html


def test_each_message_is_registered():
    assert {name for name in MESSAGES if name.startswith("structures.")} == {
        "structures.demande_to_confirm",
        "structures.demande_to_resume",
        "structures.demande_to_instruct",
        "structures.demande_advanced",
        "structures.duplicate_refused",
    }


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_every_move_has_its_words(old, new):
    demande = DemandePosteFactory(status=StatutDemande.REFUSEE, structure__nom="Mairie d'Été & <b>Cie</b>")
    membre = MembreFactory(structure=demande.structure)
    move = DemandePosteTransition.objects.create(objet=demande, from_status=old, to_status=new, reason=MOTIF)
    message = emails.demande_advanced(move.pk, membre.compte_id)
    check(message, "Mairie d'Été & <b>Cie</b>", membre.compte.email)
    assert "<b>Cie" not in message.alternatives[0].content


def test_former_member_is_told_nothing():
    demande = DemandePosteFactory()
    move = DemandePosteTransition.objects.create(objet=demande, from_status="deposee", to_status="avis_rendu")
    assert emails.demande_advanced(move.pk, CompteFactory().pk) is None
    assert emails.duplicate_refused(demande.pk, CompteFactory().pk) is None


def test_prefecture_reads_the_deadline_and_nothing_once_it_answered():
    demande, agent = DemandePosteFactory(), prefet()
    message = emails.demande_to_instruct(demande.pk, agent.compte_id)
    check(message, "1 avril 2026", agent.compte.email)
    answered = DemandePosteFactory(avis_rendu=True)
    assert emails.demande_to_instruct(answered.pk, agent.compte_id) is None


def test_members_are_told_who_tried():
    demande = DemandePosteFactory(status=StatutDemande.DOUBLON, contact_email="intrus@ailleurs.example")
    membre = MembreFactory(structure=demande.structure)
    check(emails.duplicate_refused(demande.pk, membre.compte_id), "intrus@ailleurs.example", membre.compte.email)


def test_links_of_a_draft():
    demande, _ = submitted_draft()
    check(emails.demande_to_confirm(demande.pk), "Mairie de Nantes", "zoe@mairie.example")
    check(emails.demande_to_resume(demande.pk), "Zoé", "zoe@mairie.example")
    demande.move_to(StatutDemande.ABANDONNEE, by=None)
    assert emails.demande_to_confirm(demande.pk) is None
    assert emails.demande_to_resume(demande.pk) is None
