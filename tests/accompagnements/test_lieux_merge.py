"""Support merges the lieux that are the same: nothing is lost, no figure moves, and nobody's entry falls between."""

import threading
from datetime import date, time

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from accompagnements import services
from accompagnements.constants import LIEUX_MAX
from accompagnements.models import Accompagnement, FiltreEnregistre, LieuActivite
from accompagnements.selectors import find_perimetre, measure, measure_conseillers, measure_territoire
from common.exceptions import RuleError
from comptes.enums import RoleKind
from comptes.models import EntreeJournal
from tests.accompagnements.entry import sign_in
from tests.accompagnements.factories import (
    TODAY,
    AccompagnementFactory,
    EnPosteFactory,
    ExceptionFactory,
    FiltreEnregistreFactory,
    LieuActiviteFactory,
    ModeleAtelierFactory,
    PassageFactory,
    in_post_today,
)
from tests.comptes.factories import RoleFactory
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

PERIOD = (date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def anct():
    return RoleFactory(kind=RoleKind.ANCT)


@pytest.fixture
def pair(conseiller):
    """Two sheets of one médiathèque, one of a colleague; both were there, both know the first."""
    colleague = EnPosteFactory()
    garde = LieuActiviteFactory(conseiller=conseiller)
    doublon = LieuActiviteFactory(conseiller=colleague, nom="Mediatheque Floresca", horaires="Mo-Fr 09:00-12:00")
    doublon.conseillers.add(conseiller)
    ExceptionFactory(lieu=doublon)
    for number in range(3):
        one = {"canal": "lieu_activite", "duree": 30 + number, "genre_feminin": 1}
        AccompagnementFactory(conseiller=conseiller, lieu=garde, **one)
        AccompagnementFactory(conseiller=colleague, lieu=doublon, **one)
    AccompagnementFactory(conseiller=conseiller, lieu=doublon, canal="lieu_activite", atelier=True)
    return garde, doublon


def figures(conseillers, *lieux):
    rows = Accompagnement.objects.filter(lieu__in=lieux)
    return (
        measure_conseillers(conseillers, *PERIOD),
        measure_territoire("D44", *PERIOD),
        measure(rows, *PERIOD),
        sorted(Accompagnement.objects.values_list("pk", "conseiller", "commune", "date", "duree", "updated_at")),
    )


def test_everything_follows_and_every_figure_stays(anct, pair):
    garde, doublon = pair
    conseillers = sorted(
        {*garde.conseillers.values_list("pk", flat=True), *doublon.conseillers.values_list("pk", flat=True)}
    )
    modele = ModeleAtelierFactory(lieu=doublon, canal="lieu_activite")
    filtre = FiltreEnregistreFactory(requete=f"type=atelier&lieu={doublon.pk}")
    longer = FiltreEnregistreFactory(requete=f"lieu={doublon.pk}0")
    before = figures(conseillers, garde, doublon)

    services.merge_lieux(garde=garde, doublons=[doublon], by=anct)

    assert figures(conseillers, garde) == before
    garde.refresh_from_db()
    doublon.refresh_from_db()
    assert sorted(garde.conseillers.values_list("pk", flat=True)) == conseillers
    assert (doublon.fusionne_dans, doublon.conseillers.count(), doublon.accompagnements.count()) == (garde, 0, 0)
    assert doublon.archived_at
    modele.refresh_from_db()
    assert modele.lieu == garde
    assert FiltreEnregistre.objects.get(pk=filtre.pk).requete == f"type=atelier&lieu={garde.pk}"
    assert FiltreEnregistre.objects.get(pk=longer.pk).requete == f"lieu={doublon.pk}0"
    # What the duplicate knew and the other did not.
    assert (garde.horaires, garde.exceptions.count()) == ("Mo-Fr 09:00-12:00", 1)
    entry = EntreeJournal.objects.get(verbe="fusionner un lieu")
    assert (entry.details["dans"], entry.details["accompagnements"]) == (garde.pk, 4)
    # An address kept on its figures leads to those of the lieu that stays.
    assert find_perimetre(anct, f"lieu-{garde.pk}") is not None


def test_what_comes_after_goes_to_the_lieu_that_stays(client, anct, conseiller, pair):
    garde, doublon = pair
    third = LieuActiviteFactory(nom="Floresca-Guépin", conseiller=conseiller)
    services.merge_lieux(garde=garde, doublons=[doublon], by=anct)
    services.merge_lieux(garde=third, doublons=[garde], by=anct)

    late = AccompagnementFactory(conseiller=conseiller, lieu=doublon, canal="lieu_activite")
    late.refresh_from_db()
    assert late.lieu == third
    assert third.accompagnements.count() == 8
    assert client.get(doublon.get_absolute_url()).url == third.get_absolute_url()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"commune": "reze"}, "même commune"),
        ({"siret": "13002603200016"}, "deux SIRET"),
        ({"itinerant": True}, "itinérant"),
        ({"archived_at": timezone.now()}, "archivé"),
        ({}, "lui-même"),
    ],
)
def test_refused(anct, conseiller, other, said):
    garde = LieuActiviteFactory(conseiller=conseiller, siret="21440109300015")
    if other.get("commune"):
        other = {"commune": CommuneFactory(reze=True)}
    doublon = LieuActiviteFactory(**other) if other else garde
    row = AccompagnementFactory(conseiller=conseiller, lieu=doublon, canal="lieu_activite")

    with pytest.raises(RuleError, match=said):
        services.merge_lieux(garde=garde, doublons=[doublon], by=anct)
    row.refresh_from_db()
    assert row.lieu == doublon
    assert not LieuActivite.objects.exclude(fusionne_dans=None).exists()


def test_fifteen_lieux_do_not_prevent_a_merge(anct, conseiller):
    doublon, *_ = [LieuActiviteFactory(conseiller=conseiller, nom=f"Lieu {n}") for n in range(LIEUX_MAX)]
    garde = LieuActiviteFactory(conseiller=EnPosteFactory())
    services.merge_lieux(garde=garde, doublons=[doublon], by=anct)
    assert conseiller.lieux.count() == LIEUX_MAX


def test_passages_of_two_sheets_of_one_bus(anct):
    garde, doublon = LieuActiviteFactory(itinerant=True), LieuActiviteFactory(itinerant=True)
    for lieu in (garde, doublon):
        PassageFactory(lieu=lieu, date=TODAY)
    PassageFactory(lieu=doublon, date=TODAY, debut=time(14), fin=time(16))
    services.merge_lieux(garde=garde, doublons=[doublon], by=anct)
    assert [passage.debut for passage in garde.passages.order_by("debut")] == [time(10), time(14)]


def test_admin_asks_which_one_stays(client, anct, pair):
    garde, doublon = pair
    sign_in(client, anct)
    url = reverse("admin:accompagnements_lieuactivite_changelist")
    data = {"action": "merge", "_selected_action": [garde.pk, doublon.pk]}
    page = client.post(url, data)
    assert "Mediatheque Floresca" in page.content.decode()
    assert (
        "au moins deux" in client.post(url, data | {"_selected_action": [garde.pk], "garde": garde.pk}).content.decode()
    )

    assert client.post(url, data | {"garde": garde.pk}).status_code in {200, 302}
    doublon.refresh_from_db()
    assert doublon.fusionne_dans == garde
    assert client.get(reverse("admin:accompagnements_lieuactivite_change", args=[garde.pk])).status_code == 200
    client.post(url, {"action": "reopen", "_selected_action": [doublon.pk]})
    assert LieuActivite.objects.get(pk=doublon.pk).archived_at

    sign_in(client, RoleFactory(kind=RoleKind.BDT))
    third = LieuActiviteFactory()
    client.post(url, {"action": "merge", "_selected_action": [garde.pk, third.pk], "garde": garde.pk})
    assert LieuActivite.objects.get(pk=third.pk).archived_at is None


# --- At the same moment ---------------------------------------------------------------------------------------


def waits_for_us():
    """Say whether someone waits for what this transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone()[0]


def in_thread(act):
    failures = []

    def run():
        try:
            act()
        except Exception as error:  # noqa: BLE001  # Reported by the test.
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failures


def until(condition):
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("never happened")


@TRANSACTIONAL
@pytest.mark.parametrize("first", ["entry", "merge"])
def test_entry_and_merge_at_once(first):
    """Whoever is first, the entry ends in the lieu that stays."""
    conseiller = in_post_today()
    garde, doublon = LieuActiviteFactory(conseiller=conseiller), LieuActiviteFactory(conseiller=conseiller)
    anct = RoleFactory(kind=RoleKind.ANCT)

    def enter():
        AccompagnementFactory(
            conseiller=conseiller, lieu=doublon, canal="lieu_activite", commune=garde.commune, date=timezone.localdate()
        )

    def merge():
        services.merge_lieux(garde=garde, doublons=[doublon], by=anct)

    now, later = (enter, merge) if first == "entry" else (merge, enter)
    with transaction.atomic():
        now()
        thread, failures = in_thread(later)
        until(waits_for_us)
    thread.join(timeout=20)

    assert failures == []
    assert Accompagnement.objects.get().lieu == garde


@TRANSACTIONAL
def test_lieu_archived_while_someone_joins_it():
    lieu = LieuActiviteFactory(conseiller=in_post_today())
    leaving, joining = lieu.conseillers.get(), in_post_today()
    with transaction.atomic():
        services.leave_lieu(lieu=lieu, conseiller=leaving, by=leaving.compte.roles.first())
        thread, failures = in_thread(
            lambda: services.join_lieu(lieu=lieu, conseiller=joining, by=joining.compte.roles.first())
        )
        until(waits_for_us)
    thread.join(timeout=20)
    assert [type(error) for error in failures] == [RuleError]
    assert not joining.lieux.exists()
