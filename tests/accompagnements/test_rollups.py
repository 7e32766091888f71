"""Roll-ups equal raw rows whatever was written, by whom, and wherever the worker was stopped."""

import csv
import gzip
from datetime import date, timedelta
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings, strategies as st

from accompagnements import cumuls, jobs
from accompagnements.indicateurs import DEPARTEMENT
from accompagnements.models import Accompagnement, CumulConseiller, CumulTerritoire, MarqueStatistique
from accompagnements.selectors import measure, measure_conseillers, measure_territoire
from territoires.constants import GRANDES_COMMUNES
from tests.accompagnements.factories import AccompagnementFactory, EnPosteFactory
from tests.accompagnements.test_statistics import rows
from tests.territoires.factories import CommuneFactory

FIRST, LAST = date(2025, 11, 1), date(2026, 11, 30)
days = st.dates(FIRST, LAST)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(rows(), min_size=1, max_size=4), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(st.just("edit"), st.integers(0, 9), rows()),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.tuples(st.just("count"), st.integers(1, 5)),
        st.tuples(st.just("die"), st.integers(1, 5)),
    ),
    max_size=12,
)


@pytest.fixture
def world():
    """Two conseillers; Nantes, large enough for figures of its own, and Saint-Nazaire in a département, Nouméa away."""
    communes = [
        CommuneFactory(),
        CommuneFactory(code="44184", nom="Saint-Nazaire"),
        CommuneFactory(code="98818", nom="Nouméa", departement__code="988", departement__region=None),
    ]
    return [EnPosteFactory(), EnPosteFactory()], communes


def act(conseillers, communes, move):
    kind, *rest = move
    everything = Accompagnement.objects.order_by("pk")
    if kind == "insert":
        some, who, where = rest
        Accompagnement.objects.bulk_create(
            Accompagnement(conseiller=conseillers[who], commune=communes[where], **one) for one in some
        )
    elif kind in {"count", "die"}:
        stop_after(kind == "die", rest[0])
    elif keys := list(everything.values_list("pk", flat=True)):
        one = everything.filter(pk=keys[rest[0] % len(keys)])
        if kind == "edit":
            one.update(**rest[1])
        elif kind == "move":
            one.update(conseiller=conseillers[rest[1]], commune=communes[rest[2]])
        else:
            one.delete()


def stop_after(is_killed, limit):
    """Count some keys; a worker that is killed leaves what its connection had not committed: nothing."""
    with transaction.atomic():
        cumuls.refresh_some(limit)
        transaction.set_rollback(is_killed)


def assert_exact(conseillers, communes, debut, fin):
    raw = Accompagnement.objects.all()
    first, second = conseillers
    for chosen in ([first.pk], [second.pk], [first.pk, second.pk], []):
        assert measure_conseillers(chosen, debut, fin) == measure(raw.filter(conseiller__in=chosen), debut, fin)
    region = communes[0].departement.region_id
    for territoire, among in {
        "C44109": raw.filter(commune="44109"),
        "D44": raw.filter(commune__departement="44"),
        "D988": raw.filter(commune__departement="988"),
        f"R{region}": raw.filter(commune__departement__region=region),
        "FR": raw,
    }.items():
        assert measure_territoire(territoire, debut, fin) == measure(among, debut, fin)


def differences():
    return [key for month in cumuls.months_held() for key in cumuls.check_month(month, repair=False)]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(moves=moves, periods=st.lists(st.tuples(days, days), min_size=1, max_size=3))
def test_figures_are_exact_after_any_sequence(world, moves, periods):
    Accompagnement.objects.all().delete()
    for move in moves:
        act(*world, move)

    for debut, fin in [*map(sorted, periods), (FIRST, LAST)]:
        assert_exact(*world, debut, fin)
    assert differences() == []
    while cumuls.refresh_some():
        pass
    assert not MarqueStatistique.objects.exists()
    assert differences() == []
    assert_exact(*world, FIRST, LAST)


def test_any_way_of_writing_marks_both_keys(world):
    conseillers, communes = world
    row = AccompagnementFactory(conseiller=conseillers[0], commune=communes[0], date=date(2026, 1, 31))
    MarqueStatistique.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accompagnements_accompagnement SET date = '2026-02-01', conseiller_id = %s, commune_id = %s",
            [conseillers[1].pk, communes[2].pk],
        )
    marks = set(MarqueStatistique.objects.values_list("conseiller", "departement", "jour"))
    assert marks == {
        (conseillers[0].pk, "44", date(2026, 1, 31)),
        (conseillers[1].pk, "988", date(2026, 2, 1)),
    }
    MarqueStatistique.objects.all().delete()
    row.delete()
    assert MarqueStatistique.objects.count() == 1


def test_a_statement_marks_a_key_once(world):
    Accompagnement.objects.bulk_create(
        Accompagnement(
            conseiller=world[0][0], commune=world[1][0], type="ponctuel", date=FIRST, duree=30, canal="domicile",
            themes=[5],
        )
        for _ in range(50)
    )  # fmt: skip
    assert MarqueStatistique.objects.count() == 1


def test_a_key_counted_again_is_written_in_place(world):
    """Today's are counted every minute: each time a dead row and three entries of index would be left behind."""
    conseillers, communes = world
    for _ in range(2):
        AccompagnementFactory(conseiller=conseillers[0], commune=communes[0], date=date(2026, 1, 31))
        jobs.refresh_statistics()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_hot_updated(t), pg_stat_get_xact_tuples_deleted(t)"
            " FROM unnest(%s::regclass[]) t",
            [[cumuls.CONSEILLERS, cumuls.TERRITOIRES]],
        )
        # The conseiller; Nantes, its département, its region, the country.
        assert cursor.fetchall() == [(1, 0), (4, 0)]


def test_commands_tell_and_repair_what_is_wrong(world):
    conseillers, communes = world
    for month in (1, 2, 3):
        AccompagnementFactory(conseiller=conseillers[0], commune=communes[0], date=date(2026, month, 5))
    jobs.refresh_statistics()
    call_command("verify_statistics", stdout=StringIO())
    CumulConseiller.objects.filter(mois="2026-02-01").update(minutes=1)
    CumulTerritoire.objects.filter(territoire="FR", jour="2026-03-05").delete()
    CumulTerritoire.objects.create(territoire="D44", jour=date(2026, 3, 9), minutes=4)
    CumulTerritoire.objects.filter(territoire="C44109", jour="2026-03-05").update(minutes=1)

    # Clean figures are read from the roll-ups, not from raw rows.
    assert measure_conseillers([conseillers[0].pk], FIRST, LAST).total.minutes == 30 + 1 + 30
    assert measure_territoire("FR", FIRST, LAST).total.accompagnements == 2
    told = StringIO()
    with pytest.raises(CommandError, match="4 cumuls"):
        call_command("verify_statistics", stderr=told)
    assert told.getvalue().split("\n")[:4] == [
        f"conseiller_id {conseillers[0].pk}, mois 2026-02-01",
        "territoire C44109, jour 2026-03-05",
        "territoire D44, jour 2026-03-09",
        "territoire FR, jour 2026-03-05",
    ]

    done = StringIO()
    call_command("rebuild_statistics", stdout=done)
    assert "2026-01 : 0" in done.getvalue()
    call_command("verify_statistics", stdout=StringIO())
    assert_exact(conseillers, communes, FIRST, LAST)
    assert jobs.rebuild_statistics() == 0


def test_a_territory_reads_raw_rows_only_when_marked(world):
    conseillers, communes = world
    AccompagnementFactory(conseiller=conseillers[0], commune=communes[0], date=date(2026, 1, 5))

    def read(territoire):
        with CaptureQueriesContext(connection) as queries:
            assert measure_territoire(territoire, FIRST, LAST).total.accompagnements == (territoire != "D988")
        return ["accompagnements_accompagnement " in query["sql"] for query in queries]

    jobs.refresh_statistics()
    assert read("FR") == read("C44109") == [False]
    Accompagnement.objects.update(duree=45)
    assert read("FR") == read("D44") == read("C44109") == [False, True]
    # What is marked is elsewhere.
    assert read("D988") == [False]


def test_the_code_of_a_commune_begins_with_its_departement():
    """Rows of a département are found by the code of their commune."""
    with gzip.open(django_settings.BASE_DIR / "territoires" / "data" / "communes.csv.gz", "rt") as file:
        places = {(row["code"], row["departement"]) for row in csv.DictReader(file)}
    told = DEPARTEMENT.replace("a.commune_id", "code")
    with connection.cursor() as cursor:
        codes = [code for code, _ in places]
        cursor.execute(f"SELECT code, {told} FROM unnest(%s::text[]) AS codes (code)", [codes])  # noqa: S608  # Ours.
        assert set(cursor.fetchall()) == places


def test_every_large_commune_has_figures_of_its_own():
    with gzip.open(django_settings.BASE_DIR / "territoires" / "data" / "communes.csv.gz", "rt") as file:
        large = {row["code"] for row in csv.DictReader(file) if int(row["population"] or 0) >= 100_000}
    assert large <= set(GRANDES_COMMUNES)
    assert len(large) > 40


def test_rebuild_fills_from_nothing(world):
    conseillers, communes = world
    for number in range(40):
        AccompagnementFactory(
            conseiller=conseillers[number % 2], commune=communes[number % 3], date=FIRST + timedelta(days=9 * number)
        )
    jobs.rebuild_statistics()
    assert not MarqueStatistique.objects.exists()
    assert CumulTerritoire.objects.filter(territoire="FR").count() == 40
    assert_exact(conseillers, communes, date(2025, 12, 15), date(2026, 10, 3))
