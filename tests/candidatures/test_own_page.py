"""The person follows, edits, pauses, withdraws and downloads their candidature."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from candidatures import selectors, services
from candidatures.enums import NEXT_STATUTS, MotifRetrait, StatutCandidature
from candidatures.models import Candidature
from candidatures.signals import candidature_changed, candidature_closed, candidature_opened
from common.exceptions import RuleError, TransitionError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from notifications.tasks import drain
from tests.candidatures.factories import CandidatureFactory
from tests.candidatures.steps import DISPONIBILITE, IDENTITE, LIEU, SITUATION
from tests.comptes.factories import RoleFactory
from tests.territoires.factories import CommuneFactory

pytestmark = pytest.mark.usefixtures("today")
DETAIL = "/ma-candidature/"


@pytest.fixture
def candidature(client):
    candidature = CandidatureFactory()
    client.force_login(candidature.compte)
    return candidature


@pytest.fixture
def heard():
    """The names of the signals sent, in order."""
    names = []
    receivers = []
    for name, signal in {
        "opened": candidature_opened,
        "changed": candidature_changed,
        "closed": candidature_closed,
    }.items():

        def receive(name=name, **kwargs):
            names.append(name)

        signal.connect(receive)
        receivers.append((signal, receive))
    yield names
    for signal, receive in receivers:
        signal.disconnect(receive)


def edit_url(etape):
    return reverse("candidatures:edit", args=[etape])


def test_timeline_tells_what_happened_and_what_is_promised(client, candidature):
    page = client.get(DETAIL).content.decode()

    assert "Adresse e-mail confirmée" in page
    assert "1 septembre 2026 à 11:00" in page
    assert "un mois pour choisir" in page
    assert "Dans les 15 jours" in page
    assert "un jour ouvré dans la structure" in page
    for answer in [
        "Inès",
        "06 12 34 56 78",
        "17 mai 1995",
        "Nantes (44000)",
        "20 km",
        "À la recherche d&#x27;un emploi",
    ]:
        assert answer in page


@pytest.mark.parametrize(
    ("trait", "words"),
    [
        ("en_pause", "Reprendre ma candidature"),
        ("recrutee", "organisme de formation va vous contacter"),
        ("retiree", "Écrire une nouvelle candidature"),
    ],
)
def test_page_says_what_comes_next_in_each_state(client, trait, words):
    client.force_login(CandidatureFactory(**{trait: True}).compte)
    assert words in client.get(DETAIL).content.decode()


def test_ended_candidature_offers_no_change(client):
    client.force_login(CandidatureFactory(retiree=True).compte)

    page = client.get(DETAIL).content.decode()

    assert "/ma-candidature/modifier/" not in page
    assert "/ma-candidature/pause/" not in page
    assert client.get(reverse("candidatures:withdraw")).url == DETAIL


def test_living_candidature_is_shown_before_a_later_one_that_ended(client):
    living = CandidatureFactory(motivation="La vivante.")
    CandidatureFactory(retiree=True, compte=living.compte, email=living.email, motivation="L'ancienne.")
    client.force_login(living.compte)

    assert "La vivante." in client.get(DETAIL).content.decode()


def test_last_candidature_is_shown_when_none_lives(client):
    first = CandidatureFactory(retiree=True, motivation="La première.")
    CandidatureFactory(retiree=True, compte=first.compte, motivation="La dernière.")
    client.force_login(first.compte)

    assert "La dernière." in client.get(DETAIL).content.decode()


def test_account_without_candidature_is_invited_to_apply(client):
    client.force_login(RoleFactory(kind=RoleKind.CANDIDAT).compte)

    assert reverse("candidatures:start") in client.get(DETAIL).content.decode()
    assert client.post(reverse("candidatures:pause")).status_code == 404


def test_someone_elses_candidature_is_never_shown(client, candidature):
    CandidatureFactory(motivation="Un secret.")

    assert "Un secret." not in client.get(DETAIL).content.decode()
    assert "Un secret." not in client.get(reverse("candidatures:export")).content.decode()


# --- Editing --------------------------------------------------------------------------------------------


def test_person_edits_each_step(client, candidature, heard):
    CommuneFactory(reze=True)
    for etape, data in {
        "identite": IDENTITE | {"prenom": "Agnès", "date_naissance": "1995-05-18"},
        "lieu": LIEU | {"commune": "44400"},
        "situation": SITUATION | {"situations": ["en_emploi"]},
        "disponibilite": DISPONIBILITE,
    }.items():
        assert client.post(edit_url(etape), data).url == DETAIL

    candidature.refresh_from_db()
    assert (candidature.prenom, candidature.date_naissance) == ("Agnès", date(1995, 5, 18))
    assert candidature.commune_id == "44143"
    assert (candidature.demandeur_emploi, candidature.en_emploi) == (False, True)
    assert candidature.last_seen_at == timezone.now()
    assert candidature.status == StatutCandidature.ACTIVE
    assert heard == ["changed", "changed"]
    lines = EntreeJournal.objects.order_by("pk").values_list("verbe", "details")
    assert lines[0] == ("candidature.update", {"champs": ["date_naissance", "prenom"]})
    assert "Agnès" not in str(list(lines))


def test_proved_address_is_not_changed_here(client, candidature):
    before = candidature.email
    client.post(edit_url("identite"), IDENTITE | {"email": "autre@exemple.fr"})

    candidature.refresh_from_db()
    assert candidature.email == before
    assert 'name="email"' not in client.get(edit_url("identite")).content.decode()


def test_passed_date_of_availability_may_stay_but_not_be_chosen(client, candidature):
    unchanged = DISPONIBILITE | {"date_disponibilite": candidature.date_disponibilite.isoformat()}
    assert client.post(edit_url("disponibilite"), unchanged).status_code == 302
    response = client.post(edit_url("disponibilite"), DISPONIBILITE | {"date_disponibilite": "2026-11-21"})
    assert "passée" in response.context["form"].errors["date_disponibilite"][0]


def test_error_keeps_what_was_typed_and_writes_nothing(client, candidature):
    response = client.post(edit_url("identite"), IDENTITE | {"prenom": "Agnès", "nom": ""})

    assert 'value="Agnès"' in response.content.decode()
    candidature.refresh_from_db()
    assert candidature.prenom == "Inès"


def test_step_of_a_representative_does_not_exist_for_an_adult(client, candidature):
    assert client.get(edit_url("representant-legal")).status_code == 404


@pytest.mark.parametrize("trait", ["recrutee", "retiree"])
def test_ended_candidature_is_not_edited(client, trait):
    candidature = CandidatureFactory(**{trait: True})
    client.force_login(candidature.compte)

    response = client.post(edit_url("situation"), SITUATION | {"situations": ["en_emploi"]})

    assert "n&#x27;est plus possible" in response.content.decode()
    candidature.refresh_from_db()
    assert not candidature.en_emploi


# --- Pause, withdrawal, recruitment ----------------------------------------------------------------------


def test_person_pauses_and_comes_back(client, candidature, heard):
    client.post(reverse("candidatures:pause"))
    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.EN_PAUSE
    client.post(reverse("candidatures:unpause"))
    candidature.refresh_from_db()

    assert candidature.status == StatutCandidature.ACTIVE
    assert heard == ["closed", "opened"]
    assert [move.by for move in candidature.transitions.all()] == [candidature.compte] * 2
    assert "Candidature reprise après une pause" in client.get(DETAIL).content.decode()


def test_pausing_twice_pauses_once(client, candidature, heard):
    for _ in range(2):
        response = client.post(reverse("candidatures:pause"), follow=True)

    assert "n&#x27;est plus possible" in response.content.decode()
    assert candidature.transitions.count() == 1
    assert heard == ["closed"]


def test_recruited_person_does_not_come_back_by_ending_a_pause(client):
    candidature = CandidatureFactory(recrutee=True)
    client.force_login(candidature.compte)

    client.post(reverse("candidatures:unpause"))

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.RECRUTEE


def test_person_withdraws_with_a_reason_after_a_page_that_asks(client, candidature, heard, mailoutbox):
    withdraw = reverse("candidatures:withdraw")
    assert client.get(withdraw).status_code == 200
    assert client.post(withdraw, {"motif": ""}).context["form"].errors == {"motif": ["Choisissez une raison."]}
    assert client.post(withdraw, {"motif": "ennui"}).status_code == 200

    assert client.post(withdraw, {"motif": MotifRetrait.EMPLOI}).url == DETAIL
    drain()

    candidature.refresh_from_db()
    assert (candidature.status, candidature.motif_retrait) == (StatutCandidature.RETIREE, MotifRetrait.EMPLOI)
    assert candidature.transitions.get().reason == "J'ai trouvé un emploi"
    assert heard == ["closed"]
    assert [mail.to for mail in mailoutbox] == [[candidature.email]]


def test_recruited_candidature_is_not_withdrawn():
    candidature = CandidatureFactory(recrutee=True)
    with pytest.raises(TransitionError):
        services.withdraw_candidature(
            candidature=candidature, motif=MotifRetrait.AUTRE, by=candidature.compte.roles.get()
        )


@pytest.mark.parametrize("trait", ["", "en_pause"])
def test_recruitment_closes_an_active_or_paused_candidature(trait):
    candidature = CandidatureFactory(**({trait: True} if trait else {}))
    by = RoleFactory(kind=RoleKind.BDT)

    services.recruit_candidature(candidature=candidature, by=by)

    candidature.refresh_from_db()
    assert candidature.status == StatutCandidature.RECRUTEE
    assert candidature.transitions.get().by == by.compte


@pytest.mark.parametrize("trait", ["brouillon", "a_confirmer", "recrutee", "retiree"])
def test_nothing_else_is_recruited(trait):
    candidature = CandidatureFactory(**{trait: True})
    with pytest.raises(TransitionError):
        services.recruit_candidature(candidature=candidature, by=None)


def test_person_renews_after_a_reminder(client, candidature):
    Candidature.objects.update(reminded_at=timezone.now(), last_seen_at=timezone.now() - timedelta(days=340))
    assert "toujours disponible" in client.get(DETAIL).content.decode()

    client.post(reverse("candidatures:renew"))

    candidature.refresh_from_db()
    assert (candidature.reminded_at, candidature.last_seen_at) == (None, timezone.now())
    assert "toujours disponible" not in client.get(DETAIL).content.decode()


def test_reading_the_page_writes_nothing(client, candidature):
    before = Candidature.objects.values().get()
    for name in ["detail", "export", "withdraw"]:
        client.get(reverse(f"candidatures:{name}"))
    assert Candidature.objects.values().get() == before


# --- Export ---------------------------------------------------------------------------------------------


def test_export_holds_every_column_and_the_history(client, candidature):
    client.post(reverse("candidatures:pause"))

    response = client.get(reverse("candidatures:export"))

    assert response["Content-Disposition"] == 'attachment; filename="ma-candidature.json"'
    data = json.loads(response.content)
    row = data["candidatures"][0]
    internal = {
        "id", "draft_key", "position", "latitude", "longitude", "compte", "emails_sent", "email_sent_at",
    }  # fmt: skip
    assert {field.name for field in Candidature._meta.concrete_fields} - internal <= set(row)
    assert (row["prenom"], row["commune"], row["commune_nom"]) == ("Inès", "44109", "Nantes")
    assert [move["vers"] for move in row["historique"]] == ["en_pause"]
    assert row["submitted_at"] == datetime(2026, 9, 1, 9, tzinfo=UTC).isoformat().replace("+00:00", "Z")


def test_services_refuse_a_representative_change_for_an_adult():
    candidature = CandidatureFactory()
    with pytest.raises(RuleError):
        services.update_candidature(
            candidature=candidature,
            etape="representant-legal",
            values={"representant_email": "x@exemple.fr"},
            by=candidature.compte.roles.get(),
        )


def test_timeline_of_a_whole_life_is_in_order(client, candidature):
    client.post(reverse("candidatures:pause"))
    client.post(reverse("candidatures:unpause"))
    client.post(reverse("candidatures:withdraw"), {"motif": MotifRetrait.AUTRE})

    titles = [jalon.title for jalon in client.get(DETAIL).context["timeline"]]

    assert titles == [
        "Candidature envoyée",
        "Adresse e-mail confirmée",
        "Candidature mise en pause",
        "Candidature reprise après une pause",
        "Candidature retirée",
    ]


def test_every_possible_move_is_told():
    told = {(old, new) for old, news in NEXT_STATUTS.items() for new in news}
    silent = {("brouillon", "a_confirmer"), ("a_confirmer", "brouillon")}
    assert set(selectors.MOVE_TITLES) == {(str(old), str(new)) for old, new in told} - silent
