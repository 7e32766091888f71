"""What both sides do of an interview at the same moment, on real connections: one coherent result."""

import pytest

from common.exceptions import RuleError
from matching import entretiens, services
from matching.entretiens import Offre
from matching.enums import ModeEntretien, MotifRefus, StatutEntretien, StatutMiseEnRelation
from matching.models import Entretien
from notifications.models import Effet
from tests.contrats.test_races import at_once
from tests.marks import TRANSACTIONAL
from tests.matching.access import member_role
from tests.matching.factories import EntretienFactory, MiseEnRelationFactory, in_days
from tests.structures.factories import PosteFactory

pytestmark = TRANSACTIONAL
_E = StatutEntretien


def person_of(entretien):
    return entretien.mise_en_relation.candidature.compte.roles.get()


def refusals(results):
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, RuleError)] == []
    return sum(isinstance(result, RuleError) for result in results)


@pytest.mark.parametrize("attempt", range(4))
def test_choice_against_withdrawal_of_the_slot(attempt):
    entretien = EntretienFactory()
    slot, member, person = entretien.creneaux.first(), entretien.propose_par.roles.get(), person_of(entretien)
    acts = [
        lambda: entretiens.choose_slot(entretien=entretien, creneau_id=slot.pk, by=person),
        lambda: entretiens.withdraw_slot(creneau=slot, by=member),
    ]
    assert refusals(at_once(*(acts if attempt % 2 else acts[::-1]))) == 1
    entretien.refresh_from_db()
    slot.refresh_from_db()
    # Agreed upon and still there, or gone and nothing agreed upon.
    assert (entretien.status, slot.retire_at is None) in {(_E.CONFIRME, True), (_E.PROPOSE, False)}


def test_two_people_choose_the_same_hour_of_one_author():
    at = in_days(2)
    first = EntretienFactory(slots=[at])
    rows = [first]
    for _ in range(3):
        mise = MiseEnRelationFactory(entretien=True, structure=first.mise_en_relation.structure)
        rows.append(EntretienFactory(mise_en_relation=mise, propose_par=first.propose_par, slots=[at]))
    results = at_once(
        *[
            lambda row=row: entretiens.choose_slot(entretien=row, creneau_id=row.creneaux.get().pk, by=person_of(row))
            for row in rows
        ]
    )
    assert refusals(results) == 3
    assert Entretien.objects.filter(status=_E.CONFIRME).count() == 1


def test_double_clicks_make_one_offer_and_one_choice():
    mise = MiseEnRelationFactory(interessee=True, structure=PosteFactory().structure)
    member = member_role(mise.structure)
    offre = Offre(debuts=(in_days(2),), duree=45, mode=ModeEntretien.SUR_PLACE, adresse="Mairie")
    offers = at_once(*[lambda: entretiens.offer(mise_en_relation=mise, offre=offre, by=member)] * 6)
    entretien = Entretien.objects.get()
    assert {offer.pk for offer in offers} == {entretien.pk}
    slot, person = entretien.creneaux.get(), person_of(entretien)
    at_once(*[lambda: entretiens.choose_slot(entretien=entretien, creneau_id=slot.pk, by=person)] * 6)
    sent = Effet.objects.filter(genre="matching.entretien_confirmed").values_list("destinataire", flat=True)
    assert sorted(sent) == sorted([mise.candidature.email, member.compte.email])


def test_choice_against_a_refusal_of_the_structure():
    entretien = EntretienFactory()
    slot, member, person = entretien.creneaux.first(), entretien.propose_par.roles.get(), person_of(entretien)
    mise = entretien.mise_en_relation
    refusals(
        at_once(
            lambda: entretiens.choose_slot(entretien=entretien, creneau_id=slot.pk, by=person),
            lambda: services.decline(mise_en_relation=mise, motif=MotifRefus.DATES, by=member),
        )
    )
    entretien.refresh_from_db()
    mise.refresh_from_db()
    # The refusal holds whoever was first, and takes the interview along.
    assert (mise.status, entretien.status) == (StatutMiseEnRelation.DECLINEE_STRUCTURE, _E.ANNULE)
