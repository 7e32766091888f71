"""What awaits each role, counted on real rows, with a number of queries that does not grow."""

from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.enums import RoleKind
from pilotage.selectors import espace_cards, national_figures
from structures.enums import Avis, Decision
from structures.models import AvisPrefet, DecisionCoselec, SessionCoselec
from tests.candidatures.factories import CandidatureFactory
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.contrats.factories import ConseillerFactory, ContratFactory
from tests.matching.factories import MiseEnRelationFactory
from tests.structures.factories import ConventionFactory, DemandePosteFactory, MembreFactory, PosteFactory
from tests.test_access import enter, make_role


def counts(role):
    return {card.title: card.count for card in espace_cards(role)}


@pytest.mark.parametrize("kind", RoleKind)
def test_space_of_a_role_that_has_nothing_yet(client, kind):
    enter(client, make_role(kind))
    response = client.get(reverse("pilotage:espace"))
    assert response.status_code == 200
    assert response.content.decode().count("<h1>") == 1


def test_structure_counts_its_own_rows_only():
    membre = MembreFactory()
    poste = PosteFactory(convention__structure=membre.structure)
    MiseEnRelationFactory(structure=membre.structure)
    MiseEnRelationFactory(structure=membre.structure, interessee=True)
    MiseEnRelationFactory()
    ContratFactory(poste=poste)
    PosteFactory()

    figures = counts(membre.compte.roles.get())

    assert figures["Candidats à examiner"] == 1
    assert figures["Contrats à compléter"] == 1
    assert figures["Postes vacants"] == 1


def test_candidat_counts_the_structures_that_unveiled_themselves():
    candidature = CandidatureFactory()
    MiseEnRelationFactory(candidature=candidature)
    MiseEnRelationFactory(candidature=candidature, interessee=True)
    assert counts(candidature.compte.roles.get())["Mes propositions"] == 1


def test_prefet_counts_the_territory():
    DemandePosteFactory()
    DemandePosteFactory(avis_rendu=True)
    role = make_role(RoleKind.PREFET)
    assert counts(role)["Avis à rendre"] == 1
    assert counts(role)["Demandes en cours"] == 2


def test_anct_does_not_count_the_decisions_it_prepared():
    role, colleague = make_role(RoleKind.ANCT), CompteFactory()
    session = SessionCoselec.objects.create(numero=12, date=date(2026, 9, 1))
    for author in (role.compte, colleague):
        demande = DemandePosteFactory(coselec=True)
        AvisPrefet.objects.create(demande=demande, avis=Avis.SANS_AVIS)
        DecisionCoselec.objects.create(
            demande=demande, session=session, decision=Decision.DEFAVORABLE, preparee_par=author
        )
    assert counts(role)["Décisions à valider"] == 1


def test_bdt_counts_what_waits_for_it():
    ContratFactory(transmis=True)
    DemandePosteFactory(a_conventionner=True)
    ConventionFactory(signee_par=None, signee_at=None)
    figures = counts(make_role(RoleKind.BDT))
    assert figures["Contrats à valider"] == 1
    assert figures["Conventions à préparer"] == 1
    assert figures["Conventions à signer"] == 1


def test_hub_counts_its_region():
    conseiller = ConseillerFactory()
    region = conseiller.contrat.structure.commune.departement.region
    assert counts(RoleFactory(kind=RoleKind.HUB, region=region))["Conseillers en poste"] == 1
    assert counts(RoleFactory(kind=RoleKind.GRAND_RESEAU, reseau="Aucun"))["Conseillers en poste"] == 0


@pytest.mark.parametrize("kind", RoleKind)
def test_number_of_queries_is_bounded(kind, django_assert_max_num_queries):
    for _ in range(3):
        ConseillerFactory()
        MiseEnRelationFactory()
    role = make_role(kind)
    if kind == RoleKind.STRUCTURE:
        for membre in MembreFactory.create_batch(4):
            membre.compte = role.compte
            membre.save()
    with django_assert_max_num_queries(6):
        espace_cards(role)


def test_home_shows_the_programme_as_it_is(client):
    cache.clear()
    ConseillerFactory()
    figures = {label: value for value, label in national_figures()}
    assert figures == {
        "conseillers en poste": "1", "accompagnements": "0", "structures d'accueil": "1", "régions": "1",
    }  # fmt: skip


def test_figures_of_the_home_page_are_counted_once_in_ten_minutes(client):
    cache.clear()
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert not [query for query in queries if "contrats_conseiller" in query["sql"]]


def test_home_never_counts_raw_rows(client):
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert not [query for query in queries if "accompagnements_accompagnement" in query["sql"]]


def test_home_says_what_the_programme_is_with_its_sources(client):
    page = client.get("/").content.decode()
    for words in ("13\u00a0millions", "4\u00a0000 conseillers", "Sources", "dans le mois", "15\u00a0jours"):
        assert words in page
