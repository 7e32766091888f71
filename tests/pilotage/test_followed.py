"""What a coordinateur sees of the group, a structure of its conseillers, a hub and a network of their structures."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accompagnements import jobs
from comptes.enums import RoleKind
from pilotage.selectors import espace_cards
from structures.models import Structure
from tests.accompagnements.conftest import _now  # noqa: F401
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    AccompagnementFactory,
    AppartenanceFactory,
    CoordinateurFactory,
    CoordinationFactory,
    EnPosteFactory,
)
from tests.comptes.factories import CompteFactory, RoleFactory
from tests.formation.factories import DossierFormationFactory
from tests.structures.factories import MembreFactory
from tests.territoires.factories import RegionFactory

pytestmark = pytest.mark.usefixtures("_now")
GROUP = "/mon-groupe/"
OWN = "/nos-conseillers/"


def name(row, nom):
    row.conseiller.compte.nom = nom
    row.conseiller.compte.save()
    return row


@pytest.fixture
def group():
    """Adam logs, Besson stopped, Cordier is in training and Diaw has just arrived."""
    adam = name(AppartenanceFactory(debut=date(2026, 11, 5)), "Adam")
    groupe = adam.groupe
    rows = [name(AppartenanceFactory(groupe=groupe), nom) for nom in ("Besson", "Cordier")]
    name(AppartenanceFactory(groupe=groupe, debut=date(2026, 11, 16)), "Diaw")
    for day in (4, 5, 17):
        AccompagnementFactory(conseiller=adam.conseiller, date=date(2026, 11, day), atelier=True)
    for row in rows:
        AccompagnementFactory(conseiller=row.conseiller, date=date(2026, 10, 1))
    DossierFormationFactory(conseiller=rows[1].conseiller, en_formation=True)
    name(AppartenanceFactory(groupe=groupe, fin=date(2026, 11, 17)), "Parti")
    name(AppartenanceFactory(groupe=groupe, proposee=True), "Propose")
    name(AppartenanceFactory(), "Ailleurs")
    return groupe


@pytest.fixture
def enter(client, group):
    return sign_in(client, group.coordinateur.roles.get(kind=RoleKind.COORDINATEUR))


def names(response):
    return [row["name"].split()[-1] for row, _ in response.context["rows"]]


def test_group_says_who_logs_who_stopped_and_who_is_in_training(enter):
    response = enter.get(GROUP)
    rows = {row["name"].split()[-1]: row for row, _ in response.context["rows"]}

    assert list(rows) == ["Adam", "Besson", "Cordier", "Diaw"]
    # What was done before joining is not the group's.
    adam = rows["Adam"]
    assert (adam["accompagnements"], adam["participations"], adam["duree"]) == ("2", "20", "4 h")
    assert {nom for nom, row in rows.items() if row["stopped"]} == {"Besson"}
    assert rows["Cordier"]["training"] == "En formation"
    assert rows["Diaw"]["last"] == ""
    context = response.context
    assert (context["count"], context["stopped"], context["in_training"]) == (4, 1, 1)
    assert [nom.split()[-1] for _, nom, _ in context["waiting"]] == ["Propose"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tri": "saisie"}, ["Diaw", "Besson", "Cordier", "Adam"]),
        ({"tri": "mois"}, ["Adam", "Besson", "Cordier", "Diaw"]),
        ({"etat": "silence"}, ["Besson"]),
        ({"etat": "formation", "tri": "mois"}, ["Cordier"]),
        ({"tri": "age"}, ["Adam", "Besson", "Cordier", "Diaw"]),
    ],
)
def test_group_is_sorted_and_narrowed_by_its_address(enter, query, expected):
    assert names(enter.get(GROUP, query)) == expected


def test_group_in_a_file(enter):
    content = b"".join(enter.get(f"{GROUP}export.csv", {"tri": "mois"}).streaming_content).decode("utf-8-sig")
    _, adam, besson, *_ = content.splitlines()
    assert adam.endswith(";2026-11-17;non;;2;20;240")
    assert ";oui;" in besson


@pytest.mark.parametrize("tri", ["nom", "saisie", "mois"])
def test_pages_follow_each_other_whatever_the_order(enter, group, tri):
    for number in range(18):
        name(AppartenanceFactory(groupe=group), f"Membre{number:02}")
    first = enter.get(GROUP, {"tri": tri})
    second = enter.get(GROUP, {"tri": tri, "page": first.context["page"].following})
    found = names(first) + names(second)
    assert (len(names(first)), len(found), len(set(found))) == (20, 22, 22)


def test_number_of_queries_does_not_depend_on_the_number_of_members(enter, group):
    def count():
        with CaptureQueriesContext(connection) as queries:
            enter.get(GROUP)
        return len(queries)

    count()
    with_few = count()
    for _ in range(6):
        AccompagnementFactory(conseiller=AppartenanceFactory(groupe=group).conseiller)
    assert count() == with_few


def test_structure_sees_its_own_conseillers(client):
    conseiller = EnPosteFactory()
    AccompagnementFactory(conseiller=conseiller, duree=45)
    EnPosteFactory()
    membre = MembreFactory(structure=conseiller.contrat.structure)
    sign_in(client, membre.compte.roles.get())

    response = client.get(OWN)
    ((row, _),) = response.context["rows"]
    assert (row["accompagnements"], row["duree"], row["stopped"]) == ("1", "45 min", False)
    assert client.get(row["url"]).context["perimetre"].label == str(conseiller)
    content = b"".join(client.get(f"{OWN}export.csv").streaming_content).decode()
    assert len(content.splitlines()) == 2


def test_structure_without_conseiller_is_told_so(client):
    sign_in(client, MembreFactory().compte.roles.get())
    assert "Aucun conseiller n’est en poste" in client.get(OWN).content.decode()


def test_hub_and_network_read_their_structures(client):
    october = AccompagnementFactory(date=date(2026, 10, 5), atelier=True)
    structure = october.conseiller.contrat.structure
    Structure.objects.filter(pk=structure.pk).update(reseau="La Ligue", nom="Association de la Ligue")
    other = EnPosteFactory().contrat.structure
    Structure.objects.filter(pk=other.pk).update(nom="Zénith")
    jobs.refresh_statistics()

    sign_in(client, RoleFactory(kind=RoleKind.GRAND_RESEAU, reseau="La Ligue"))
    (row,) = client.get("/nos-structures/").context["rows"]
    assert row == ("Association de la Ligue", "Nantes (44)", "1", "1", "10", "2 h")
    sign_in(client, RoleFactory(kind=RoleKind.HUB, region=RegionFactory()))
    assert [row[0] for row in client.get("/nos-structures/").context["rows"]] == ["Association de la Ligue", "Zénith"]
    content = b"".join(client.get("/nos-structures/export.csv").streaming_content).decode()
    assert "Association de la Ligue;Nantes (44);1;1;10;120" in content
    sign_in(client, RoleFactory(kind=RoleKind.HUB, region=RegionFactory(code="11", nom="Île-de-France")))
    assert client.get("/nos-structures/").context["rows"] == []


def counts(role):
    return {card.title: card.count for card in espace_cards(role)}


def test_space_of_a_coordinateur(group):
    role = group.coordinateur.roles.get(kind=RoleKind.COORDINATEUR)
    CoordinationFactory(coordinateur=role.compte)
    CoordinationFactory(coordinateur=CompteFactory())
    figures = counts(role)
    assert (figures["Mon groupe"], figures["Conseillers à contacter"], figures["Mes activités"]) == (4, 1, 1)
    alone = counts(CoordinateurFactory())
    assert alone["Mon groupe"] is None
    assert alone["Structures d'accueil"] > 0


def test_conseiller_knows_who_follows_their_activity(group):
    details = {}
    for row in group.appartenances.all():
        cards = espace_cards(row.conseiller.compte.roles.get(kind=RoleKind.CONSEILLER))
        details[row.conseiller.compte.nom] = [card.detail for card in cards if card.title == "Mon coordinateur"]
    assert "Conseillers de Loire-Atlantique" in details["Adam"][0]
    assert details["Propose"] == details["Parti"] == []
