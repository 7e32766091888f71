"""Préfecture, COSELEC, Banque des Territoires: each act, who may, what it leaves, what it refuses."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from common.exceptions import RuleError, TransitionError
from structures import jobs, services
from structures.enums import Avis, Decision, StatutDemande, StatutPoste, TypePoste
from structures.exceptions import SamePersonError
from structures.models import AvisPrefet, Convention, DecisionCoselec, Poste, SessionCoselec
from structures.signals import postes_opened
from tests.structures.factories import (
    DecisionCoselecFactory,
    DemandePosteFactory,
    MembreFactory,
    PosteFactory,
    SessionCoselecFactory,
)
from tests.structures.helpers import anct, bdt, effets, enter, prefet
from tests.territoires.factories import CommuneFactory

MOTIF = "Le besoin est avéré."
S = StatutDemande


def url(name, demande):
    return reverse(f"structures:{name}", args=[demande.pk])


def to_sign(postes=2, **values):
    """A granted request whose convention is prepared, and who prepared it."""
    preparer = bdt()
    demande = DemandePosteFactory(a_conventionner=True, postes_souhaites=3, **values)
    DecisionCoselecFactory(demande=demande, postes=postes, validee=True)
    services.prepare_convention(demande=demande, by=preparer, date_debut=timezone.localdate())
    return demande, preparer


def test_prefet_gives_an_avis(client):
    demande = DemandePosteFactory()
    membre = MembreFactory(structure=demande.structure)
    role = enter(client, prefet())

    response = client.post(url("give_avis", demande), {"avis": "favorable", "commentaire": MOTIF})

    assert response.url == demande.get_absolute_url()
    demande.refresh_from_db()
    assert demande.status == S.AVIS_RENDU
    avis = demande.avis.get()
    assert (avis.avis, avis.commentaire, avis.by) == (Avis.FAVORABLE, MOTIF, role.compte)
    assert demande.transitions.get().by == role.compte
    assert effets("structures.demande_advanced") == [membre.compte.email]
    assert MOTIF in client.get(response.url).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("avis", ""), ("avis", "sans_avis"), ("avis", "peut-être"), ("commentaire", ""),
        ("commentaire", "Trop court"[:9]), ("commentaire", " " * 50), ("commentaire", "x" * 1001),
    ],
)  # fmt: skip
def test_avis_is_motivated(client, field, value):
    demande = DemandePosteFactory()
    enter(client, prefet())
    response = client.post(url("give_avis", demande), {"avis": "favorable", "commentaire": MOTIF} | {field: value})
    assert response.status_code == 200
    assert set(response.context["form"].errors) == {field}
    assert not AvisPrefet.objects.exists()


def test_comment_of_exactly_the_limits_is_accepted(client):
    for size in (10, 1000):
        demande = DemandePosteFactory()
        enter(client, prefet())
        text = "é\r\n" * (size // 4) + "x" * (size - size // 4 * 2)
        response = client.post(url("give_avis", demande), {"avis": "defavorable", "commentaire": text})
        assert response.status_code == 302, response.context["form"].errors


def test_prefet_of_the_region_may_give_the_avis(client):
    demande = DemandePosteFactory()
    enter(client, prefet(region="52"))
    assert client.post(url("give_avis", demande), {"avis": "favorable", "commentaire": MOTIF}).status_code == 302


def test_second_avis_is_refused_politely(client):
    demande = DemandePosteFactory(avis_rendu=True)
    enter(client, prefet())
    response = client.post(url("give_avis", demande), {"avis": "favorable", "commentaire": MOTIF})
    assert response.status_code == 200
    assert "n&#x27;est plus possible" in response.text
    assert MOTIF in response.text
    assert not AvisPrefet.objects.exists()
    assert client.get(url("give_avis", demande)).url == demande.get_absolute_url()


def test_avis_is_never_changed():
    demande = DemandePosteFactory()
    services.give_avis(demande=demande, by=prefet(), avis=Avis.FAVORABLE, commentaire=MOTIF)
    with pytest.raises(DatabaseError), transaction.atomic():
        AvisPrefet.objects.update(avis=Avis.DEFAVORABLE)


def test_silence_passes_the_file_on_after_the_delay(time_machine):
    demande = DemandePosteFactory(deposee_at=timezone.now())
    MembreFactory(structure=demande.structure)
    time_machine.move_to(timezone.now() + timedelta(days=29, hours=23))
    assert jobs.pass_on_late_demandes() == 0
    time_machine.move_to(timezone.now() + timedelta(hours=2))

    assert jobs.pass_on_late_demandes() == 1
    assert jobs.pass_on_late_demandes() == 0

    demande.refresh_from_db()
    assert demande.status == S.AVIS_RENDU
    assert demande.avis.get().avis == Avis.SANS_AVIS
    assert demande.transitions.get().by is None
    assert len(effets("structures.demande_advanced")) == 1


def test_deadline_leaves_an_avis_given_meanwhile():
    demande = DemandePosteFactory(avis_rendu=True)
    assert services.pass_on_without_avis(demande=demande) is False


def test_sessions_are_numbered_without_gap(client):
    enter(client, anct())
    for _ in range(2):
        client.post(reverse("structures:session_list"), {"date": timezone.localdate().isoformat()})
    assert list(SessionCoselec.objects.order_by("numero").values_list("numero", flat=True)) == [1, 2]
    assert "Session n° 2" in client.get(reverse("structures:session_list")).text


@pytest.mark.parametrize("day", ["", "hier", "2020-01-01", "9999-01-01"])
def test_session_needs_a_date_to_come(client, day):
    enter(client, anct())
    response = client.post(reverse("structures:session_list"), {"date": day})
    assert set(response.context["form"].errors) == {"date"}
    assert not SessionCoselec.objects.exists()


def test_file_is_put_in_a_session(client):
    demande = DemandePosteFactory(avis_rendu=True)
    session = SessionCoselecFactory()
    enter(client, anct())
    assert client.post(url("schedule", demande), {"session": session.pk}).status_code == 302
    demande.refresh_from_db()
    assert (demande.status, demande.session) == (S.COSELEC, session)


@pytest.mark.parametrize("value", ["", "0", "abc", "999999", "9" * 40])
def test_session_must_exist(client, value):
    demande = DemandePosteFactory(avis_rendu=True)
    enter(client, anct())
    response = client.post(url("schedule", demande), {"session": value})
    assert set(response.context["form"].errors) == {"session"}


def test_closed_session_takes_no_file():
    session = services.close_session(session=SessionCoselecFactory(), by=anct())
    assert session.closed_at
    with pytest.raises(RuleError, match="close"):
        services.schedule_demande(demande=DemandePosteFactory(avis_rendu=True), by=anct(), session=session)


def test_session_with_files_to_decide_is_not_closed():
    demande = DemandePosteFactory(coselec=True)
    with pytest.raises(RuleError, match="1 demande"):
        services.close_session(session=demande.session, by=anct())


def test_two_people_decide(client):
    demande = DemandePosteFactory(coselec=True, postes_souhaites=3)
    preparer = enter(client, anct())
    client.post(url("prepare_decision", demande), {"decision": "favorable", "postes": "2", "motif": MOTIF})
    assert "une autre personne" in client.get(demande.get_absolute_url()).text
    assert client.get(url("validate_decision", demande)).status_code == 403
    with pytest.raises(SamePersonError):
        services.validate_decision(demande=demande, by=preparer)

    validator = enter(client, anct())
    page = client.get(url("validate_decision", demande))
    read_at = page.context["form"].initial["read_at"]
    assert client.post(url("validate_decision", demande), {"read_at": read_at}).status_code == 302

    demande.refresh_from_db()
    decision = demande.decisions.get()
    assert demande.status == S.A_CONVENTIONNER
    assert (decision.preparee_par, decision.validee_par) == (preparer.compte, validator.compte)
    with pytest.raises(DatabaseError), transaction.atomic():
        DecisionCoselec.objects.update(postes=3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("decision", ""), ("decision", "oui"), ("postes", ""), ("postes", "0"), ("postes", "4"), ("postes", "x"),
        ("motif", ""), ("motif", "court"), ("motif", "x" * 1001),
    ],
)  # fmt: skip
def test_decision_is_complete_and_grants_at_most_what_is_asked(client, field, value):
    demande = DemandePosteFactory(coselec=True, postes_souhaites=3)
    enter(client, anct())
    data = {"decision": "favorable", "postes": "2", "motif": MOTIF} | {field: value}
    response = client.post(url("prepare_decision", demande), data)
    assert set(response.context["form"].errors) == {field}
    assert not DecisionCoselec.objects.exists()


def test_decision_corrected_is_attributed_to_who_corrected_it():
    demande = DemandePosteFactory(coselec=True)
    first, second = anct(), anct()
    values = {"decision": Decision.DEFAVORABLE, "postes": 0, "motif": MOTIF}
    services.prepare_decision(demande=demande, by=first, **values)
    services.prepare_decision(demande=demande, by=second, **values)
    with pytest.raises(SamePersonError):
        services.validate_decision(demande=demande, by=second)
    assert services.validate_decision(demande=demande, by=first).status == S.REFUSEE


def test_nobody_validates_what_they_have_not_read(client):
    demande = DemandePosteFactory(coselec=True, postes_souhaites=3)
    values = {"decision": Decision.FAVORABLE, "motif": MOTIF}
    services.prepare_decision(demande=demande, by=anct(), postes=1, **values)
    enter(client, anct())
    read_at = client.get(url("validate_decision", demande)).context["form"].initial["read_at"]
    services.prepare_decision(demande=demande, by=anct(), postes=3, **values)

    response = client.post(url("validate_decision", demande), {"read_at": read_at})

    assert response.status_code == 200
    assert "vient d&#x27;être modifié" in response.text
    assert "3 sur 3" in response.text
    shown = response.context["form"]["read_at"].value()
    assert client.post(url("validate_decision", demande), {"read_at": shown}).status_code == 302


def test_unfavorable_decision_refuses_the_request(client):
    demande = DecisionCoselecFactory(decision=Decision.DEFAVORABLE, postes=0).demande
    services.validate_decision(demande=demande, by=anct())
    demande.refresh_from_db()
    assert demande.status == S.REFUSEE


def test_further_examination_goes_to_a_later_session():
    demande = DecisionCoselecFactory(decision=Decision.EXAMEN_COMPLEMENTAIRE, postes=0).demande
    services.validate_decision(demande=demande, by=anct())
    with pytest.raises(RuleError, match="déjà examiné"):
        services.schedule_demande(demande=demande, by=anct(), session=demande.session)
    demande = services.schedule_demande(demande=demande, by=anct(), session=SessionCoselecFactory())
    services.prepare_decision(demande=demande, by=anct(), decision=Decision.FAVORABLE, postes=1, motif=MOTIF)
    assert services.validate_decision(demande=demande, by=anct()).status == S.A_CONVENTIONNER
    assert demande.decisions.count() == 2


def test_validating_without_a_prepared_decision_goes_back(client):
    demande = DemandePosteFactory(coselec=True)
    enter(client, anct())
    assert client.post(url("validate_decision", demande)).url == demande.get_absolute_url()
    with pytest.raises(RuleError, match="Aucune décision"):
        services.validate_decision(demande=demande, by=anct())


def test_two_people_sign_and_the_posts_open(client):
    demande, preparer = to_sign(postes=2, coordinateur=True)
    membre = MembreFactory(structure=demande.structure)
    heard = []

    def hear(sender, structure, **kwargs):
        heard.append(structure)

    postes_opened.connect(hear)
    enter(client, preparer)
    assert client.get(url("sign_convention", demande)).status_code == 403
    with pytest.raises(SamePersonError):
        services.sign_convention(demande=demande, by=preparer)

    enter(client, bdt())
    page = client.get(url("sign_convention", demande))
    response = client.post(url("sign_convention", demande), {"read_at": page.context["form"].initial["read_at"]})

    postes_opened.disconnect(hear)
    assert response.status_code == 302
    demande.refresh_from_db()
    assert demande.status == S.CONVENTIONNEE
    postes = Poste.objects.order_by("pk")
    assert [poste.type for poste in postes] == [TypePoste.COORDINATEUR, TypePoste.ORDINAIRE]
    assert {poste.status for poste in postes} == {StatutPoste.VACANT}
    assert {poste.date_debut for poste in postes} == {demande.date_debut}
    assert heard == [demande.structure]
    assert effets("structures.demande_advanced") == [membre.compte.email]
    text = client.get(demande.get_absolute_url()).text
    assert demande.convention.numero in text


def test_convention_is_numbered_without_gap_and_corrected_in_place():
    demande, preparer = to_sign()
    year = timezone.localdate().year
    later = timezone.localdate() + timedelta(days=10)
    services.prepare_convention(demande=demande, by=preparer, date_debut=later)
    to_sign()
    assert list(Convention.objects.order_by("numero").values_list("numero", flat=True)) == [
        f"CN-{year}-00001",
        f"CN-{year}-00002",
    ]
    assert Convention.objects.get(demande=demande).date_debut == later


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (date(2021, 5, 1), 2, date(2023, 4, 30)),
        (date(2022, 12, 31), 2, date(2024, 12, 30)),
        (date(2023, 1, 1), 3, date(2025, 12, 31)),
        (date(2024, 2, 29), 3, date(2027, 2, 28)),
        (date(2027, 1, 4), 3, date(2030, 1, 3)),
    ],
)
def test_years_of_aid_follow_the_date(start, years, end):
    demande = DemandePosteFactory(a_conventionner=True)
    decided = timezone.datetime(2021, 1, 1, tzinfo=timezone.get_current_timezone())
    DecisionCoselecFactory(demande=demande, validee=True, validee_at=decided)
    convention = services.prepare_convention(demande=demande, by=bdt(), date_debut=start)
    assert (convention.annees_aide, convention.date_fin) == (years, end)


@pytest.mark.parametrize("day", ["", "x", "2020-01-01", "9999-12-31", "0001-01-01"])
def test_convention_starts_after_the_decision(client, day):
    demande = DemandePosteFactory(a_conventionner=True)
    DecisionCoselecFactory(demande=demande, validee=True)
    enter(client, bdt())
    response = client.post(url("prepare_convention", demande), {"date_debut": day})
    assert set(response.context["form"].errors) == {"date_debut"}
    assert not Convention.objects.exists()


def test_structure_does_not_see_what_is_only_prepared(client):
    demande = DecisionCoselecFactory(motif="Motif encore secret.").demande
    enter(client, MembreFactory(structure=demande.structure).compte.roles.get())
    assert "encore secret" not in client.get(demande.get_absolute_url()).text
    demande, _ = to_sign()
    enter(client, MembreFactory(structure=demande.structure).compte.roles.get())
    assert demande.convention.numero not in client.get(demande.get_absolute_url()).text


def test_structure_does_not_read_the_names_of_agents(client):
    demande = DemandePosteFactory()
    agent = prefet()
    agent.compte.prenom, agent.compte.nom = "Inès", "Agent-Secret"
    agent.compte.save()
    services.give_avis(demande=demande, by=agent, avis=Avis.FAVORABLE, commentaire=MOTIF)
    enter(client, MembreFactory(structure=demande.structure).compte.roles.get())
    assert "Agent-Secret" not in client.get(demande.get_absolute_url()).text
    enter(client, anct())
    assert "Agent-Secret" in client.get(demande.get_absolute_url()).text


@pytest.mark.parametrize("trait", [{}, {"avis_rendu": True}, {"coselec": True}, {"a_conventionner": True}])
def test_structure_gives_its_request_up(client, trait):
    demande = DemandePosteFactory(**trait)
    enter(client, MembreFactory(structure=demande.structure).compte.roles.get())
    assert client.post(url("abandon", demande), {"motif": "Projet reporté."}).status_code == 302
    demande.refresh_from_db()
    assert demande.status == S.ABANDONNEE
    assert demande.transitions.get().reason == "Projet reporté."


@pytest.mark.parametrize("trait", [{"conventionnee": True}, {"status": S.REFUSEE}, {"status": S.ABANDONNEE}])
def test_finished_request_is_not_given_up(client, trait):
    demande = DemandePosteFactory(**trait)
    enter(client, anct())
    response = client.post(url("abandon", demande), {"motif": "Projet reporté."})
    assert "n&#x27;est plus possible" in response.text
    with pytest.raises(TransitionError):
        services.abandon_demande(demande=demande, by=anct(), motif=MOTIF)


def test_signature_of_an_abandoned_request_is_refused():
    demande, _ = to_sign()
    services.abandon_demande(demande=demande, by=anct(), motif=MOTIF)
    with pytest.raises(RuleError, match="Abandonnée"):
        services.sign_convention(demande=demande, by=bdt())
    assert not Poste.objects.exists()


def test_anct_files_a_duplicate_with_its_reason(client):
    demande = DemandePosteFactory()
    enter(client, anct())
    assert client.post(url("mark_duplicate", demande), {"motif": "x"}).context["form"].errors
    client.post(url("mark_duplicate", demande), {"motif": "Même projet que la demande n° 12."})
    demande.refresh_from_db()
    assert demande.status == S.DOUBLON
    # The structure may now file another one.
    assert DemandePosteFactory(structure=demande.structure).pk


def test_post_is_filled_then_freed():
    poste = PosteFactory()
    by = bdt()
    heard = []

    def hear(sender, structure, **kwargs):
        heard.append(structure)

    postes_opened.connect(hear)
    services.fill_poste(poste=poste, by=by)
    with pytest.raises(TransitionError):
        services.fill_poste(poste=poste, by=by)
    services.free_poste(poste=poste, by=None, reason="Rupture du contrat")
    postes_opened.disconnect(hear)
    poste.refresh_from_db()
    assert poste.status == StatutPoste.VACANT
    assert [move.by for move in poste.transitions.all()] == [by.compte, None]
    assert heard == [poste.structure]


@pytest.mark.parametrize("name", ["give_avis", "demande_detail"])
def test_prefet_of_elsewhere_finds_nothing(client, name):
    demande = DemandePosteFactory(structure__commune=CommuneFactory(paris=True))
    enter(client, prefet("44"))
    assert client.get(url(name, demande)).status_code == 404


def test_member_of_another_structure_may_not_abandon(client):
    demande = DemandePosteFactory()
    enter(client, MembreFactory().compte.roles.get())
    assert client.post(url("abandon", demande), {"motif": MOTIF}).status_code == 404


def test_timeline_tells_where_the_file_is(client):
    demande = DemandePosteFactory(deposee_at=timezone.now())
    enter(client, MembreFactory(structure=demande.structure).compte.roles.get())
    steps = client.get(demande.get_absolute_url()).context["steps"]
    assert [step.state for step in steps] == ["done", "current", "coming", "coming", "coming"]
    assert "jusqu'au" in steps[1].detail
    services.abandon_demande(demande=demande, by=anct(), motif=MOTIF)
    steps = client.get(demande.get_absolute_url()).context["steps"]
    assert [step.state for step in steps] == ["done", "stopped"]
