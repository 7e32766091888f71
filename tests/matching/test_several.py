"""Several people at once: compared side by side, declined together, exported."""

import csv
import io

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.enums import RoleKind
from matching import services
from matching.enums import MotifRefus, StatutMiseEnRelation
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import RoleFactory
from tests.matching.access import member_role
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import PosteFactory
from tests.test_access import enter

_S = StatutMiseEnRelation


@pytest.fixture
def structure():
    return PosteFactory().structure


@pytest.fixture
def role(client, structure):
    role = member_role(structure)
    enter(client, role)
    return role


def make(structure, prenom, **kwargs):
    return MiseEnRelationFactory(structure=structure, candidature=CandidatureFactory(prenom=prenom), **kwargs)


@pytest.fixture
def four(structure):
    return [make(structure, prenom, score=90 - n) for n, prenom in enumerate(["Ada", "Bob", "Cléo", "Dan"])]


def ticked(mises, **kwargs):
    return {"choix": [str(mise.pk) for mise in mises], **kwargs}


# --- Compare --------------------------------------------------------------------------------------------------


def compare(client, structure, mises, **kwargs):
    return client.get(reverse("matching:compare", args=[structure.pk]), ticked(mises, **kwargs))


def test_three_people_side_by_side(client, role, structure, four):
    candidature = four[1].candidature
    candidature.titulaire_tp_remn = True
    candidature.save()
    response = compare(client, structure, four[:3])
    assert [person.name for person in response.context["people"]] == ["Ada", "Bob", "Cléo"]
    lines = dict(response.context["lines"])
    assert lines["Correspondance"] == ["90 points sur 100", "89 points sur 100", "88 points sur 100"]
    assert "Titre professionnel" in lines["Diplôme ou titre"][1]
    assert lines["dont distance"] == ["28 sur 35"] * 3
    assert response.text.count('scope="row"') == len(lines)


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_or_too_many_are_said_and_stay_ticked(client, role, structure, four, count):
    response = compare(client, structure, four[:count], liste="tri=distance&statut=proposee&mechant=1")
    assert response.status_code == 200
    assert f"vous en avez coché {count}" in response.text
    assert response.text.count("checked") == count
    back = f"{reverse('matching:candidat_list', args=[structure.pk])}?statut=proposee&amp;tri=distance"
    assert back in response.text
    assert "mechant" not in response.text.replace("mechant=1", "", 1)  # Only in the field that carries it.


BAD_TICKS = [["x"], [""], ["-1"], ["9" * 400], ["٣"], ["1.0"], ["1"] * 200, []]


@pytest.mark.parametrize("choix", BAD_TICKS)
def test_ticks_of_nobody_are_nobody(client, role, structure, choix):
    for name in ("compare", "decline_several"):
        response = client.get(reverse(f"matching:{name}", args=[structure.pk]), {"choix": choix})
        assert response.status_code == 200
    posted = {"choix": choix, "motif": MotifRefus.AUTRE}
    assert client.post(reverse("matching:decline_several", args=[structure.pk]), posted).status_code == 200


def test_people_of_another_structure_cannot_be_ticked(client, role, structure, four):
    elsewhere = [make(PosteFactory().structure, prenom) for prenom in ("Zoé", "Yann")]
    response = compare(client, structure, [four[0], *elsewhere])
    assert "Zoé" not in response.text
    assert "vous en avez coché" not in response.text or "coché 1" in response.text

    client.post(
        reverse("matching:decline_several", args=[structure.pk]),
        ticked([four[0], *elsewhere], motif=MotifRefus.DATES),
    )
    for mise in elsewhere:
        mise.refresh_from_db()
        assert mise.status == _S.PROPOSEE


# --- Decline --------------------------------------------------------------------------------------------------


def decline(client, structure, mises, motif=MotifRefus.DATES, **kwargs):
    url = reverse("matching:decline_several", args=[structure.pk])
    return client.post(url, ticked(mises, motif=motif, **kwargs), follow=True)


def statuses(mises):
    for mise in mises:
        mise.refresh_from_db()
    return [mise.status for mise in mises]


def test_several_are_declined_with_a_motif_and_told_once(
    client, role, structure, four, django_capture_on_commit_callbacks
):
    url = reverse("matching:decline_several", args=[structure.pk])
    asked = client.get(url, ticked(four[:3]))
    assert asked.text.count("checked") == 3
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # A double click is one refusal each.
            response = decline(client, structure, four[:3], liste="tri=distance")
    assert response.redirect_chain == [(f"{reverse('matching:candidat_list', args=[structure.pk])}?tri=distance", 302)]
    assert "3 personnes sont déclinées" in response.text
    assert statuses(four) == [_S.DECLINEE_STRUCTURE] * 3 + [_S.PROPOSEE]
    assert {mise.motif for mise in four[:3]} == {MotifRefus.DATES}
    assert sorted(to for m in mail.outbox for to in m.to) == sorted(mise.candidature.email for mise in four[:3])


def test_those_it_is_too_late_for_are_named_one_by_one(client, role, structure, four):
    _free, gone, retained, recruited = four
    services.decline(mise_en_relation=gone, motif=MotifRefus.AUTRE, by=gone.candidature.compte.roles.get())
    for status in (_S.INTERESSEE, _S.RETENUE, _S.CONTRAT, _S.RECRUTEE):
        recruited.move_to(status, by=None)
    for status in (_S.INTERESSEE, _S.RETENUE):
        retained.move_to(status, by=None)

    response = decline(client, structure, four)

    assert statuses(four) == [_S.DECLINEE_STRUCTURE, _S.DECLINEE_CANDIDAT, _S.RETENUE, _S.RECRUTEE]
    assert "1 personne est déclinée" in response.text
    for words in ("Bob, Nantes (44) – Déclinée par le candidat", "Cléo Morvan, Nantes (44) – Retenue"):
        assert f"{words} : rien n&#x27;est changé" in response.text


def test_proposal_a_run_takes_away_meanwhile_is_named(client, role, structure, four, monkeypatch):
    decline_one = services.decline

    def taken_away(**kwargs):
        if kwargs["mise_en_relation"] == four[1]:
            type(four[1]).objects.filter(pk=four[1].pk).delete()
        return decline_one(**kwargs)

    monkeypatch.setattr(services, "decline", taken_away)
    response = decline(client, structure, four[:2])
    assert "1 personne est déclinée" in response.text
    assert "Bob, Nantes (44) – Proposée : rien n&#x27;est changé" in response.text


def test_motif_is_asked_beside_its_field_and_the_ticks_are_kept(client, role, structure, four):
    response = decline(client, structure, four[:2], motif="nimporte")
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["motif"]
    assert response.text.count("checked") == 2
    assert statuses(four) == [_S.PROPOSEE] * 4


def test_nobody_declines_for_someone_elses_structure(client, structure, four):
    enter(client, member_role(PosteFactory().structure))
    assert decline(client, structure, four).status_code == 404
    enter(client, RoleFactory(kind=RoleKind.ANCT))
    assert decline(client, structure, four).status_code == 403
    assert statuses(four) == [_S.PROPOSEE] * 4


# --- Export ---------------------------------------------------------------------------------------------------


def export(client, structure, query=""):
    response = client.get(reverse("matching:export", args=[structure.pk]) + query)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_export_is_the_filtered_list_and_never_a_formula(client, role, structure):
    make(structure, "=1+1", score=50)
    met = make(structure, "Bob", score=90, interessee=True)
    rows = export(client, structure)
    assert [row["prenom"] for row in rows] == ["Bob", "'=1+1"]
    assert (rows[0]["nom"], rows[0]["email"], rows[0]["telephone"]) == (
        "Morvan",
        met.candidature.email,
        "06 12 34 56 78",
    )
    assert (rows[1]["nom"], rows[1]["email"], rows[1]["telephone"]) == ("", "", "")
    assert [row["prenom"] for row in export(client, structure, "?score=80")] == ["Bob"]
    wrong = client.get(reverse("matching:export", args=[structure.pk]) + "?disponible=hier")
    assert wrong.url == reverse("matching:candidat_list", args=[structure.pk]) + "?disponible=hier"


def test_export_reads_the_rows_in_a_constant_number_of_queries(client, role, structure):
    def count():

        with CaptureQueriesContext(connection) as queries:
            export(client, structure)
        return len(queries)

    make(structure, "Ada")
    few = count()
    for _ in range(10):
        make(structure, "Bob")
    assert count() == few
