"""What the pages do with what people type, and with whom."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comptes.enums import RoleKind
from comptes.models import Role
from formation.enums import Competence, StatutDossier, StatutSession
from formation.models import DossierFormation, Inscription, Positionnement, SessionFormation
from tests.comptes.factories import RoleFactory
from tests.contrats.factories import ConseillerFactory
from tests.formation.factories import (
    AttestationFactory,
    DossierFormationFactory,
    InscriptionFactory,
    OrganismeFactory,
    ParcoursFactory,
    SessionFormationFactory,
)
from tests.territoires.factories import CommuneFactory

GRILLE = dict.fromkeys(Competence.values, "3")
HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}' OR 1=1 --"


def url(name, *args):
    return reverse(f"formation:{name}", args=args)


# --- Lists ----------------------------------------------------------------------------------------------
def count_queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_dossier_list_costs_the_same_for_one_row_and_for_a_page(enter, formateur, organisme):
    client = enter(formateur)
    DossierFormationFactory(organisme=organisme, positionne=True)
    one = count_queries(client, url("dossier_list"))
    DossierFormationFactory.create_batch(25, organisme=organisme, positionne=True)
    assert count_queries(client, url("dossier_list")) == one
    assert len(client.get(url("dossier_list")).context["rows"]) == 20
    assert len(client.get(url("dossier_list"), {"page": 2}).context["rows"]) == 6


def test_session_list_costs_the_same_for_one_row_and_for_a_page(enter, formateur, organisme):
    client = enter(formateur)
    InscriptionFactory(session__organisme=organisme)
    one = count_queries(client, url("session_list"))
    InscriptionFactory.create_batch(25, session__organisme=organisme)
    assert count_queries(client, url("session_list")) == one


def test_session_page_costs_the_same_for_one_person_and_for_twenty(enter, formateur, organisme):
    client = enter(formateur)
    session = SessionFormationFactory(organisme=organisme, close=True, capacite=30)
    AttestationFactory(inscription=InscriptionFactory(terminee=True, session=session))
    one = count_queries(client, url("session_detail", session.pk))
    for inscription in InscriptionFactory.create_batch(20, terminee=True, session=session):
        AttestationFactory(inscription=inscription)
    assert count_queries(client, url("session_detail", session.pk)) == one


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"Zoé", "Yann", "Xavier"}),
        ({"statut": "positionne"}, {"Yann"}),
        ({"q": "zoé"}, {"Zoé"}),
        ({"q": "yann durand"}, {"Yann"}),
        ({"q": "mairie"}, {"Zoé", "Yann", "Xavier"}),
        ({"q": HOSTILE}, set()),
        ({"q": "%"}, set()),
        ({"statut": "inconnu"}, {"Zoé", "Yann", "Xavier"}),
        ({"parcours": "abc", "page": "-3"}, {"Zoé", "Yann", "Xavier"}),
    ],
)
def test_dossier_filters(enter, formateur, organisme, query, expected):
    for prenom, trait in (("Zoé", {}), ("Yann", {"positionne": True}), ("Xavier", {"forme": True})):
        dossier = DossierFormationFactory(organisme=organisme, **trait)
        dossier.conseiller.compte.prenom = prenom
        dossier.conseiller.compte.save()
    DossierFormationFactory()  # Of another organisme.
    rows = enter(formateur).get(url("dossier_list"), query).context["rows"]
    assert {row.personne.split()[0] for row in rows} == expected


def test_those_to_act_on_come_first(enter, formateur, organisme):
    for trait in ("forme", "en_formation", "positionne"):
        DossierFormationFactory(organisme=organisme, **{trait: True})
    DossierFormationFactory(organisme=organisme)
    rows = enter(formateur).get(url("dossier_list")).context["rows"]
    assert [row.statut for row in rows] == ["À positionner", "Parcours assigné", "En formation", "Formé"]


def test_session_filters(enter, formateur, organisme):
    SessionFormationFactory(organisme=organisme)
    late = SessionFormationFactory(
        organisme=organisme, en_cours=True, date_debut=date(2026, 10, 1), date_fin=date(2026, 11, 2)
    )
    client = enter(formateur)
    for query in ({"statut": "en_cours"}, {"apres": "2026-09-15"}):
        rows = client.get(url("session_list"), query).context["rows"]
        assert [row.url for row in rows] == [url("session_detail", late.pk)]
    assert len(client.get(url("session_list"), {"apres": "hier", "statut": "x"}).context["rows"]) == 2


# --- Positioning ----------------------------------------------------------------------------------------
@pytest.fixture
def dossier(organisme):
    return DossierFormationFactory(organisme=organisme)


def test_grid_leads_to_an_explained_recommendation_and_keeps_nothing_yet(enter, formateur, dossier):
    page = enter(formateur).post(url("dossier_grid", dossier.pk), GRILLE | {"ecoute": "0"}).content.decode()
    assert "280 h — Parcours intermédiaire" in page
    assert "Une compétence relationnelle est à découvrir" in page
    assert not Positionnement.objects.exists()


@pytest.mark.parametrize("value", ["", "4", "-1", "abc", HOSTILE])
def test_incomplete_grid_is_shown_again(enter, formateur, dossier, value):
    response = enter(formateur).post(url("dossier_grid", dossier.pk), GRILLE | {"ecoute": value})
    assert response.status_code == 200
    assert set(response.context["form"].errors) == {"ecoute"}
    assert response.context["form"]["pedagogie"].value() == "3"


def decide(client, dossier, heures, **values):
    parcours = ParcoursFactory(heures=heures)
    return client.post(url("dossier_decide", dossier.pk), GRILLE | {"decide": parcours.pk, "motif": ""} | values)


def test_following_the_recommendation(enter, formateur, dossier):
    parcours = {p.heures: p for p in type(ParcoursFactory()).objects.all()}
    client = enter(formateur)
    response = client.post(url("dossier_decide", dossier.pk), GRILLE | {"decide": parcours[70].pk})
    assert response.url == url("dossier_detail", dossier.pk)
    dossier.refresh_from_db()
    assert (dossier.status, dossier.parcours) == (StatutDossier.POSITIONNE, parcours[70])
    assert "Parcours assigné" in client.get(response.url).content.decode()


def test_another_path_without_a_reason_is_refused_beside_the_field(enter, formateur, dossier):
    response = decide(enter(formateur), dossier, 280)
    assert response.status_code == 200
    assert response.context["form"].errors["motif"] == ["Motivez le choix d'un autre parcours que celui recommandé."]
    assert not Positionnement.objects.exists()


@pytest.mark.parametrize("values", [{"decide": "abc"}, {"decide": ""}, {"motif": "x" * 1001}, {"ecoute": "9"}])
def test_tampered_decision_is_shown_again(enter, formateur, dossier, values):
    response = decide(enter(formateur), dossier, 280, **values)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Positionnement.objects.exists()


def test_hostile_reason_is_shown_as_it_is(enter, formateur, dossier):
    client = enter(formateur)
    decide(client, dossier, 280, motif=HOSTILE)
    page = client.get(url("dossier_detail", dossier.pk)).content.decode()
    assert "<script>alert(1)" not in page
    assert "{{ 7|add:7 }}" in page


def test_dossier_already_trained_is_refused_in_words(enter, formateur, organisme):
    dossier = DossierFormationFactory(forme=True, organisme=organisme)
    response = enter(formateur).post(
        url("dossier_decide", dossier.pk), GRILLE | {"decide": dossier.parcours_id, "motif": "x"}
    )
    assert "Cette action n&#x27;est plus possible" in response.content.decode()


# --- BdT ------------------------------------------------------------------------------------------------
def test_bdt_gives_the_dossier_to_an_organisme(enter, bdt):
    dossier = DossierFormationFactory(organisme=None)
    organisme = OrganismeFactory()
    client = enter(bdt)
    assert "Désigner l’organisme" in client.get(url("dossier_detail", dossier.pk)).content.decode()
    client.post(url("dossier_assign", dossier.pk), {"organisme": organisme.pk})
    dossier.refresh_from_db()
    assert dossier.organisme == organisme


@pytest.mark.parametrize("value", ["", "abc", "999999"])
def test_organisme_that_is_none(enter, bdt, value):
    response = enter(bdt).post(url("dossier_assign", DossierFormationFactory(organisme=None).pk), {"organisme": value})
    assert response.context["organisme_form"].errors


def test_exemption_with_its_proof(enter, bdt):
    dossier = DossierFormationFactory()
    values = {"numero": "N-4417", "date_obtention": "2023-06-01", "verifie": "on"}
    response = enter(bdt).post(url("dossier_exempt", dossier.pk), values)
    assert response.status_code == 302
    dossier.refresh_from_db()
    assert (dossier.status, dossier.tp_remn_numero) == (StatutDossier.EXEMPTE, "N-4417")


@pytest.mark.parametrize(
    ("field", "value"),
    [("numero", ""), ("numero", "x" * 61), ("date_obtention", "2099-01-01"), ("date_obtention", "31/02/2023"),
     ("date_obtention", ""), ("verifie", "")],
)  # fmt: skip
def test_exemption_without_a_readable_proof(enter, bdt, field, value):
    dossier = DossierFormationFactory()
    values = {"numero": "N-4417", "date_obtention": "2023-06-01", "verifie": "on"} | {field: value}
    response = enter(bdt).post(url("dossier_exempt", dossier.pk), values)
    assert set(response.context["form"].errors) == {field}
    dossier.refresh_from_db()
    assert dossier.status == StatutDossier.A_POSITIONNER


# --- Sessions -------------------------------------------------------------------------------------------
def session_values(organisme, /, **values):
    debut = next_course_day()
    return {
        "organisme": organisme.pk,
        "parcours": ParcoursFactory().pk,
        "commune": "Nantes",
        "lieu": "12 quai de la Fosse",
        "date_debut": debut.isoformat(),
        "jour_structure": "5",
        "date_fin": "",
        "capacite": "12",
    } | values


def next_course_day():
    """A Tuesday of a September, far from any holiday, within two years."""
    day = date(timezone.localdate().year + 1, 9, 7)
    return day + timedelta(days=(1 - day.weekday()) % 7)


@pytest.fixture(autouse=True)
def _nantes():
    CommuneFactory()


def test_session_is_created_with_the_last_day_proposed(enter, formateur, organisme):
    response = enter(formateur).post(url("session_create"), session_values(organisme))
    session = SessionFormation.objects.get()
    assert response.url == url("session_detail", session.pk)
    assert session.date_fin > session.date_debut + timedelta(days=20)
    assert session.commune.nom == "Nantes"


def test_session_at_a_distance_has_no_commune(enter, formateur, organisme):
    enter(formateur).post(url("session_create"), session_values(organisme, commune="", lieu="https://visio.exemple.fr"))
    assert SessionFormation.objects.get().commune is None


def test_preview_proposes_the_last_day_and_keeps_nothing(enter, formateur, organisme):
    response = enter(formateur).post(url("session_preview"), session_values(organisme))
    page = response.content.decode()
    assert "Calendrier des cours" in page
    assert response.context["form"]["date_fin"].value() > response.context["form"]["date_debut"].value()
    assert not SessionFormation.objects.exists()


FAR = (timezone.localdate() + timedelta(days=800)).isoformat()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacite", "0"), ("capacite", "61"), ("capacite", "-3"), ("capacite", "douze"), ("capacite", ""),
        ("capacite", "9" * 30), ("date_debut", ""), ("date_debut", "0001-01-01"), ("date_debut", "9999-12-31"),
        ("date_debut", "2026-02-30"), ("date_debut", FAR), ("date_fin", "2020-01-01"), ("date_fin", "9999-12-31"),
        ("date_fin", "demain"), ("parcours", ""), ("parcours", "999999"), ("parcours", HOSTILE),
        ("organisme", "999999"), ("commune", "Commune-qui-n-existe-pas"), ("lieu", ""), ("lieu", "x" * 301),
        ("jour_structure", "6"), ("jour_structure", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", ["session_create", "session_preview"])
def test_what_no_session_can_be(enter, formateur, organisme, field, value, route):
    if route == "session_preview" and field == "date_fin":
        value, field = "x" * 301, "lieu"  # The preview computes the last day: what was typed there does not count.
    values = session_values(organisme, **{field: value})
    response = enter(formateur).post(url(route), values)
    assert response.status_code == 200
    form = response.context["form"]
    assert set(form.errors) == {field}
    assert form["capacite"].value() == values["capacite"]
    assert not SessionFormation.objects.exists()


def test_last_day_too_early_is_refused_beside_the_field(enter, formateur, organisme):
    debut = next_course_day()
    values = session_values(organisme, date_fin=(debut + timedelta(days=7)).isoformat())
    response = enter(formateur).post(url("session_create"), values)
    assert "28 heures par semaine" in response.context["form"].errors["date_fin"][0]


def test_path_closed_that_day(enter, formateur, organisme):
    closed = ParcoursFactory(heures=140, valide_au=date(2022, 12, 31))
    response = enter(formateur).post(url("session_create"), session_values(organisme, parcours=closed.pk))
    assert set(response.context["form"].errors) == {"parcours"}


def test_formateur_opens_no_session_for_another_organisme(enter, formateur, organisme):
    response = enter(formateur).post(url("session_create"), session_values(OrganismeFactory()))
    assert set(response.context["form"].errors) == {"organisme"}


def test_session_is_edited_and_a_running_one_only_for_what_still_can(enter, formateur, organisme):
    session = SessionFormationFactory(organisme=organisme, en_cours=True)
    values = session_values(organisme, lieu="Nouvelle salle", capacite="3", date_fin="2026-10-30")
    response = enter(formateur).post(url("session_edit", session.pk), values)
    assert response.status_code == 302
    session.refresh_from_db()
    assert (session.lieu, session.date_fin) == ("Nouvelle salle", date(2026, 10, 30))
    assert (session.capacite, session.date_debut) == (12, date(2026, 9, 1))


def test_enrolment_from_the_dossier(enter, formateur, organisme):
    session = SessionFormationFactory(organisme=organisme)
    dossier = DossierFormationFactory(positionne=True, organisme=organisme, parcours=session.parcours)
    client = enter(formateur)
    assert "12 places libres" in client.get(url("dossier_detail", dossier.pk)).content.decode()
    client.post(url("dossier_enrol", dossier.pk), {"session": session.pk})
    assert Inscription.objects.get().dossier == dossier


def test_full_session_is_not_offered_and_refused_if_asked(enter, formateur, organisme):
    session = InscriptionFactory(session__organisme=organisme, session__capacite=1).session
    dossier = DossierFormationFactory(positionne=True, organisme=organisme, parcours=session.parcours)
    client = enter(formateur)
    assert "Aucune session ouverte" in client.get(url("dossier_detail", dossier.pk)).content.decode()
    response = client.post(url("dossier_enrol", dossier.pk), {"session": session.pk})
    assert "n&#x27;est plus ouverte ou est complète" in response.content.decode()


def test_start_refused_is_said_on_the_page(enter, formateur, organisme):
    session = SessionFormationFactory(organisme=organisme)
    response = enter(formateur).post(url("session_start", session.pk), follow=True)
    assert "Personne n&#x27;est inscrit" in response.content.decode()


@pytest.mark.parametrize("motif", ["", "   ", "x" * 251])
def test_cancelling_needs_a_reason(enter, formateur, organisme, motif):
    session = SessionFormationFactory(organisme=organisme)
    response = enter(formateur).post(url("session_cancel", session.pk), {"motif": motif})
    assert set(response.context["form"].errors) == {"motif"}
    session.refresh_from_db()
    assert session.status == StatutSession.OUVERTE


def bilan(inscription, **values):
    values = {"heures": "105", "ccp1": "obtenu", "pix": "obtenu", "pix_score": "640"} | values
    return {f"i{inscription.pk}-{name}": value for name, value in values.items()}


@pytest.fixture
def running(organisme):
    return InscriptionFactory(en_cours=True, session__organisme=organisme)


def test_closing_from_the_page(enter, formateur, running):
    response = enter(formateur).post(url("session_close", running.session_id), bilan(running))
    assert response.url == url("session_detail", running.session_id)
    running.refresh_from_db()
    assert (running.heures_realisees, running.pix_score, running.attestations.count()) == (105, 640, 1)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("heures", {"heures": ""}), ("heures", {"heures": "106"}), ("heures", {"heures": "0"}),
        ("heures", {"heures": "12,5"}), ("heures", {"heures": "-7"}), ("heures", {"heures": "9" * 40}),
        ("ccp1", {"ccp1": "peut-être"}), ("pix", {"pix": ""}), ("pix_score", {"pix_score": ""}),
        ("pix_score", {"pix_score": "896"}), ("pix_score", {"pix_score": "0"}),
        ("pix_score", {"pix_score": "beaucoup"}),
        ("pix_score", {"pix": "absent", "pix_score": "640"}),
    ],
)  # fmt: skip
def test_result_that_cannot_be(enter, formateur, running, field, values):
    typed = bilan(running, **values)
    response = enter(formateur).post(url("session_close", running.session_id), typed)
    assert response.status_code == 200
    [form] = response.context["forms"]
    assert set(form.errors) == {field}
    assert form["heures"].value() == typed[f"i{running.pk}-heures"]
    assert f'href="#id_i{running.pk}-{field}"' in response.content.decode()
    running.session.refresh_from_db()
    assert running.session.status == StatutSession.EN_COURS


def test_page_says_how_many_hours_are_possible(enter, formateur, running):
    page = enter(formateur).get(url("session_close", running.session_id)).content.decode()
    assert "De 1 à 105, la durée du parcours." in page


def test_everyones_errors_are_shown_at_once(enter, formateur, organisme, running):
    other = InscriptionFactory(en_cours=True, session=running.session)
    response = enter(formateur).post(url("session_close", running.session_id), {})
    page = response.content.decode()
    assert page.count('id="resume-erreurs"') == 1
    for inscription in (running, other):
        assert f'href="#id_i{inscription.pk}-heures"' in page


def test_late_result_replaces_the_attestation(enter, formateur, organisme):
    inscription = InscriptionFactory(terminee=True, session__organisme=organisme)
    AttestationFactory(inscription=inscription)
    client = enter(formateur)
    client.post(url("inscription_results", inscription.pk), bilan(inscription, ccp1="non_obtenu"))
    assert [row.revoked_at is None for row in inscription.attestations.order_by("pk")] == [False, True]
    response = client.post(url("inscription_results", inscription.pk), bilan(inscription, ccp1="non_obtenu"))
    assert "Rien n&#x27;a changé" in response.content.decode()


def test_revoking_from_the_page(enter, bdt):
    attestation = AttestationFactory()
    enter(bdt).post(url("attestation_revoke", attestation.pk), {"motif": "Délivrée à tort"})
    attestation.refresh_from_db()
    assert attestation.revoked_reason == "Délivrée à tort"


# --- A reader does not act, a conseiller reads their own -------------------------------------------------
def test_a_page_offers_a_reader_nothing_to_do(enter):
    session = InscriptionFactory(en_cours=True).session
    client = enter(RoleFactory(kind=RoleKind.ANCT))
    for page in (url("session_detail", session.pk), url("dossier_detail", DossierFormation.objects.get().pk)):
        body = client.get(page).content.decode().partition("<main")[2].partition("</main>")[0]
        assert "<form" not in body
        assert "Clore" not in body


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (DossierFormationFactory, "va vous contacter pour un entretien"),
        (lambda: DossierFormationFactory(organisme=None), "va vous être désigné"),
        (lambda: DossierFormationFactory(exempte=True), "Tenez l’original à la disposition"),
        (lambda: InscriptionFactory().dossier, "Calendrier des cours"),
        (lambda: AttestationFactory().inscription.dossier, "En préparation"),
    ],
)
def test_conseiller_sees_where_their_training_is(enter, build, expected):
    dossier = build()
    InscriptionFactory()
    role = Role.objects.get(compte=dossier.conseiller.compte, kind=RoleKind.CONSEILLER)
    response = enter(role).get(url("mine"))
    assert expected in response.content.decode()
    assert response.context["dossier"] == dossier


def test_conseiller_without_a_dossier(enter):
    role = Role.objects.get(compte=ConseillerFactory().compte, kind=RoleKind.CONSEILLER)
    assert "s’ouvrira à la validation" in enter(role).get(url("mine")).content.decode()
