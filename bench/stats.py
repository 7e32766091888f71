"""Dashboards through the roll-ups beside the raw aggregate and beside DuckDB, and what keeping the roll-ups costs.

SCALE=1 is 5 000 000 accompagnements of 4 000 conseillers over five years. What must not grow is first measured on a
fifth of them.
"""

import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from django.db.models import Max, Min
from django.http import QueryDict
from django.urls import reverse

from accompagnements import cumuls
from accompagnements.constants import PREMIER_JOUR
from accompagnements.enums import Canal, TypeAccompagnement
from accompagnements.filters import ListeFilter
from accompagnements.models import Accompagnement, AccompagnementQuerySet
from accompagnements.selectors import FRANCE, Statistiques, measure, measure_conseillers, measure_territoire
from accompagnements.selectors.statistics import read_raw, statistiques_of
from bench.harness import RUNS, Report, at_least, at_most, work_clock
from bench.stats_duckdb import Duck
from bench.stats_world import FIRST, LAST, MARKS, TABLE, TABLES, World, add_rows, execute, load_world, rebuild
from bench.world import client_of
from common.pagination import Cursors, paginate
from common.queries import fetch_prepared
from comptes.enums import RoleKind
from comptes.models import Role
from territoires.constants import GRANDES_COMMUNES
from territoires.models import Departement

ROWS = 5_000_000
SEED = 2026
# 4 000 conseillers write five entries a day each, in ten hours; the worker counts what is marked every minute.
A_MINUTE = 4_000 * 5 // 600
MINUTES = 6
ONE_BY_ONE = 50
# In a run of what takes a millisecond.
CALLS = 10
SHORT = {"conseiller", "structure", "commune.large"}
SHORT_MONTHS = {"coordinateur", "departement", "region"}
EDITS = 10_000
BATCH = 200
PAGE_MAX_KB = 100
Figures = Callable[[date, date], Statistiques]
PERIODS = {
    "month": (LAST.replace(day=1), LAST),
    # Begins and ends inside a month.
    "year": (date(2025, 11, 18), date(2026, 10, 17)),
    "whole": (FIRST, LAST),
}
ACTS = (
    f"UPDATE {TABLE} SET duree = 5 + id %% 400 WHERE id = ANY(%(ids)s)",
    f"UPDATE {TABLE} SET date = date - (id %% 60)::int WHERE id = ANY(%(ids)s) AND date > '2022-06-01'",
    f"UPDATE {TABLE} SET conseiller_id = %(other)s, commune_id = %(commune)s WHERE id = ANY(%(ids)s)",
    f"DELETE FROM {TABLE} WHERE id = ANY(%(ids)s)",
)  # Only our own name is interpolated.


def run(report: Report, scale: float) -> None:
    count = int(ROWS * scale)
    with Chapter(report, "load"):
        world = load_world(scale)
        add_rows(world, 1, count // 5)
        rebuild()
    execute("SET max_parallel_workers_per_gather = 0")  # The clock counts one backend.
    few = growing(world)
    with Chapter(report, "load", rows=count):
        add_rows(world, count // 5 + 1, count)
    with Chapter(report, "rebuild", rows=count):
        rebuild()
    disk(report)
    growth(report, few, growing(world))
    with Chapter(report, "dashboards"):
        dashboards(report, world)
        pages(report, world)
    activity_list(report, world)
    with Chapter(report, "inserts"):
        inserts(report, world)
    with Chapter(report, "edits"):
        edits(report, world)
    report.fact("stats.memory", mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)


class Chapter:
    """Prints how long a part of the run has taken: the whole must fit in a coffee break."""

    def __init__(self, report: Report, name: str, **values: object) -> None:
        self.report, self.name, self.values = report, name, values

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = f"{time.perf_counter() - self.start:.0f}"
        self.report.fact(f"stats.time.{self.name}", **self.values, seconds=seconds)


def disk(report: Report) -> None:
    """What the figures take beside what they count."""
    raw, *ours = (execute("SELECT pg_total_relation_size(%s)", [name])[0][0] for name in TABLES)
    rows = [execute(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES]
    for name, size, number in zip(TABLES, (raw, *ours), rows, strict=True):
        indexes = execute("SELECT pg_indexes_size(%s)", [name])[0][0]
        sizes = {"mb": f"{size / 1e6:.0f}", "indexes_mb": f"{indexes / 1e6:.0f}"}
        report.fact("stats.disk", table=name, rows=number, **sizes, bytes_a_row=size // max(number, 1))
    report.line("stats.disk", f"{sum(ours) / 1e6:.0f}MB", f"{raw / 1e6:.0f}MB", sum(ours) / raw, at_most(0.5))


# What must not grow with the table --------------------------------------------------------------------


def growing(world: World) -> dict[str, float]:
    """Return the work of what is measured on a fifth of the rows, then on all of them."""
    year = PERIODS["year"]
    rows = own_list(world, "")
    rng = Random(SEED)
    return {
        name: worked(function)
        for name, function in {
            "national": partial(measure_territoire, FRANCE, *year),
            "national.raw": partial(measure, Accompagnement.objects.all(), *year),
            "conseiller": partial(measure_conseillers, [world.pks[0]], *year),
            "conseiller.raw": partial(measure, Accompagnement.objects.filter(conseiller=world.pks[0]), *year),
            "list": lambda: paginate(rows, order=["-date", "-pk"], cursor=None),
            "insert": lambda: (write(world, rng, A_MINUTE), cumuls.refresh_some()),
        }.items()
    }


def worked(function: Callable[[], object]) -> float:
    """Return the median work of a call, of at least `RUNS` calls and a tenth of a second."""
    clock = work_clock()
    function()
    times: list[float] = []
    while len(times) < RUNS or sum(times) < 0.1:
        start = clock()
        function()
        times.append(clock() - start)
    return statistics.median(times)


def growth(report: Report, few: dict[str, float], many: dict[str, float]) -> None:
    """Five times more rows: what reads them all takes five times longer, what we do less than twice."""
    factors = {name: many[name] / few[name] for name in many}
    for name, value in factors.items():
        report.fact("stats.growth", of=name, few=f"{few[name] * 1000:.2f}ms", many=f"{many[name] * 1000:.2f}ms")
        if not name.endswith(".raw"):
            raw = factors.get(f"{name}.raw", 5)
            report.line(f"stats.growth.{name}", f"x{value:.2f}", f"x{raw:.2f}", value, at_most(2))


# Figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    name: str
    ours: Figures
    raw: AccompagnementQuerySet
    where: str
    # How many times the raw aggregate is slower; 0: it is read raw, there is no roll-up of it.
    target: float


def scopes_of(world: World) -> list[Scope]:
    raw, pks = Accompagnement.objects.all(), world.pks
    region = Departement.objects.get(code="44").region_id

    def of_conseillers(name: str, some: list[int]) -> Scope:
        where = f"a.conseiller_id IN ({', '.join(map(str, some))})"
        return Scope(name, partial(measure_conseillers, some), raw.filter(conseiller__in=some), where, 3)

    def read_raw(name: str, rows: AccompagnementQuerySet, where: str) -> Scope:
        return Scope(name, partial(measure, rows), rows, where, 0)

    small = next(code for code in world.communes if code not in GRANDES_COMMUNES)
    lieu = execute(f"SELECT lieu_id FROM {TABLE} WHERE conseiller_id = %s AND lieu_id IS NOT NULL LIMIT 1", [pks[0]])
    return [
        of_conseillers("conseiller", pks[:1]),
        read_raw("lieu", raw.filter(lieu=lieu[0][0]), f"a.lieu_id = {lieu[0][0]}"),
        read_raw("commune", raw.filter(commune=small), f"a.commune_id = '{small}'"),
        Scope("commune.large", partial(measure_territoire, "C44109"), raw.filter(commune="44109"),
            "a.commune_id = '44109'", 5),
        of_conseillers("structure", pks[1:11]),
        of_conseillers("coordinateur", pks[:25]),
        Scope("departement", partial(measure_territoire, "D44"), raw.filter(commune__departement="44"),
            "a.departement = '44'", 5),
        Scope("region", partial(measure_territoire, f"R{region}"), raw.filter(commune__departement__region=region),
            f"a.region = '{region}'", 20),
        of_conseillers("reseau", pks[: max(25, len(pks) // 8)]),
        Scope("national", partial(measure_territoire, FRANCE), raw, "true", 100),
    ]  # fmt: skip


def dashboards(report: Report, world: World) -> None:
    clock = work_clock()
    duck = Duck()
    for scope in scopes_of(world):
        for label, period in PERIODS.items():
            name = f"stats.{scope.name}.{label}"
            ours, theirs = partial(scope.ours, *period), partial(duck.measure, scope.where, *period)
            assert duck.agrees(ours(), scope.where, *period), name
            if scope.target:
                raw = partial(measure, scope.raw, *period)
                assert label == "whole" or ours() == raw(), name
                is_short = scope.name in SHORT or (label == "month" and scope.name in SHORT_MONTHS)
                times = CALLS if is_short else 1
                target = at_least(scope.target)
                report.compare(name, ours, raw, target, clock=clock, times=times)
                # Where reading takes seconds, planning is nothing.
                if label != "whole" or scope.target < 5:
                    theirs_too = raw_prepared(scope.raw, *period)
                    # Of a few conseillers, a month is some twenty rows each: two queries' fixed price on both sides.
                    theirs_least = target if scope.target > 3 else at_least(1)
                    report.compare(f"{name}.prepared", ours, theirs_too, theirs_least, clock=clock, times=times)
                report.compare(f"{name}.duckdb", ours, theirs, at_least(1), clock=clock)
            else:
                times_of = {"raw": ours, "prepared": raw_prepared(scope.raw, *period), "duckdb": theirs}
                report.fact(name, **{key: f"{worked(one) * 1000:.2f}ms" for key, one in times_of.items()})
    duck.close()
    marked(report, world)


def raw_prepared(rows: AccompagnementQuerySet, debut: date, fin: date) -> Callable[[], Statistiques]:
    """The raw aggregate as ours is read: written once, planned once a connection."""
    statement, parameters = read_raw(rows, debut, fin)
    return lambda: statistiques_of(fetch_prepared(statement, parameters)[0], debut, fin)


def marked(report: Report, world: World) -> None:
    """The country while a minute of entries waits for the worker: marked keys are read raw."""
    year = (PERIODS["year"][0], LAST)
    write(world, Random(SEED), A_MINUTE)
    ours = partial(measure_territoire, FRANCE, *year)
    raw = partial(measure, Accompagnement.objects.all(), *year)
    assert ours() == raw()
    report.compare("stats.national.year.marked", ours, raw, at_least(50), clock=work_clock())
    cumuls.refresh_some()


def pages(report: Report, world: World) -> None:
    """The page end to end, two periods measured, pictures and tables, beside one raw aggregate alone."""
    today = LAST + timedelta(days=21)
    year = PERIODS["year"]
    raw = Accompagnement.objects.all()
    asked = {
        "year": {"du": year[0], "au": year[1]},
        "whole": {"du": PREMIER_JOUR, "au": today},
    }
    readers = {
        "national": (Role.objects.filter(kind=RoleKind.ANCT, ended_at=None)[0], raw, 20),
        "conseiller": (own_role(world), raw.filter(conseiller=world.pks[0]), 0),
    }
    for reader, (role, rows, target) in readers.items():
        client = client_of(role)
        for label, query in asked.items():
            name = f"stats.page.{reader}.{label}"

            def get(client: Any = client, query: Any = query) -> bytes:
                response = client.get(reverse("accompagnements:statistics"), query)
                assert response.status_code == 200
                return bytes(response.content)

            if target and label == "year":
                report.compare(name, get, partial(measure, rows, *year), at_least(target), clock=work_clock())
            else:
                report.fact(name, work=f"{worked(get) * 1000:.0f}ms")
            weight = len(get()) / 1000
            report.line(f"{name}.weight", f"{weight:.1f}kB", f"{PAGE_MAX_KB}kB", weight / PAGE_MAX_KB, at_most(1))


# The list -----------------------------------------------------------------------------------------------


def own_role(world: World) -> Role:
    return Role.objects.get(compte=world.conseiller.compte, kind=RoleKind.CONSEILLER, ended_at=None)


def own_list(world: World, query: str) -> AccompagnementQuerySet:
    found = ListeFilter(QueryDict(query), role=own_role(world))
    assert not query or found.is_valid(), query
    return found.rows


def activity_list(report: Report, world: World) -> None:
    """A page of one's own list, whatever it is narrowed by, beside the query of its first page written by hand."""
    rows = Accompagnement.objects.filter(conseiller=world.pks[0]).order_by("-date", "-pk")
    deep = rows[rows.count() * 4 // 5]
    lieu = rows.filter(lieu__isnull=False)[0].lieu_id
    order = ["-date", "-pk"]
    cursor = Cursors(",".join(order)).write([deep.date, deep.pk], backward=False)
    reference = rows.select_related("lieu", "commune")
    asked = {
        "first": "",
        "deep": "",
        "period": f"du={FIRST}&au={FIRST + timedelta(days=200)}",
        "type": "type=atelier",
        "theme": "theme=13",
        "lieu": f"lieu={lieu}",
        "suite": "suite=orientation",
        "search": "q=tablette",
        "search.nothing": "q=ornithorynque",
        "all": f"type=individuel&theme=30&du={FIRST}&q=fille",
    }
    for name, query in asked.items():
        found = own_list(world, query)
        place = cursor if name == "deep" else None
        page = paginate(found, order=order, cursor=place)
        report.compare(
            f"stats.list.{name}",
            partial(paginate, found, order=order, cursor=place),
            lambda: list(reference.all()[:21]),
            at_most(3),
            clock=work_clock(),
            times=CALLS,
        )
        report.fact(f"stats.list.{name}", rows=len(page.rows), of=rows.count())


# What writing costs -------------------------------------------------------------------------------------


def write(world: World, rng: Random, count: int, day: date = LAST) -> None:
    """Write entries of this day, one in three being of the week before."""
    for _ in range(count):
        ago = rng.randrange(7) if rng.random() < 1 / 3 else 0
        Accompagnement.objects.create(
            conseiller_id=rng.choice(world.pks), commune_id=rng.choice(world.communes), duree=60, themes=[5],
            date=day - timedelta(days=ago), type=TypeAccompagnement.INDIVIDUEL, canal=Canal.DOMICILE,
        )  # fmt: skip


def inserts(report: Report, world: World) -> None:
    """One entry a transaction: with its marks; with its figures counted again too, as the worker does; without any."""
    rng = Random(SEED)  # The same entries each time.
    while cumuls.refresh_some():
        pass

    def another_day() -> date:
        """One day would grow longer with each run than any is."""
        return LAST - timedelta(days=rng.randrange(LAST.day))

    def with_statistics(minutes: int, each: int, *, counted: bool) -> None:
        switch("ENABLE")
        day = another_day()
        for _ in range(minutes):
            write(world, rng, each, day)
            if counted:
                cumuls.refresh_some()

    def without(count: int) -> None:
        switch("DISABLE")
        write(world, rng, count, another_day())

    clock, count = work_clock(), MINUTES * A_MINUTE
    for name, function in {
        "stats.insert": partial(with_statistics, MINUTES, A_MINUTE, counted=False),
        "stats.insert.counted": partial(with_statistics, MINUTES, A_MINUTE, counted=True),
    }.items():
        report.compare(name, function, partial(without, count), at_least(0.5), clock=clock)
        cumuls.refresh_some()
    # A worker that would count after each entry: what it does when one comes a minute.
    alone = worked(partial(with_statistics, ONE_BY_ONE, 1, counted=True)) / ONE_BY_ONE
    bare = worked(partial(without, ONE_BY_ONE)) / ONE_BY_ONE
    values = {"with": f"{alone * 1000:.2f}ms", "without": f"{bare * 1000:.2f}ms", "ratio": f"{bare / alone:.2f}"}
    report.fact("stats.insert.one_by_one", **values)
    switch("ENABLE")
    # Those written without a trigger.
    for month in (LAST - timedelta(days=LAST.day), LAST):
        cumuls.check_month(month.replace(day=1), repair=True)


def switch(verb: str) -> None:
    for operation in ("insert", "update", "delete"):
        name = next(t.get_pgid(Accompagnement) for t in Accompagnement._meta.triggers if t.name.endswith(operation))
        execute(f"ALTER TABLE {TABLE} {verb} TRIGGER {name}")


# Edits under a worker that is killed --------------------------------------------------------------------


def edits(report: Report, world: World) -> None:
    """Edits, moves and deletions by batches, while workers count; every third batch, the worker's process is killed
    in the middle of its transaction."""
    rng = Random(SEED)
    bounds = Accompagnement.objects.aggregate(low=Min("pk"), high=Max("pk"))
    kills = 0
    worker = Worker()
    for number in range(EDITS // BATCH):
        ids = [rng.randint(bounds["low"], bounds["high"]) for _ in range(BATCH)]
        execute(ACTS[number % len(ACTS)], {
            "ids": ids, "other": rng.choice(world.pks), "commune": rng.choice(world.communes),
        })  # fmt: skip
        if number % 3 == 2:
            kills += worker.kill()
            worker = Worker()
    waiting = execute(f"SELECT count(*) FROM {MARKS}")[0][0]
    worker.kill()
    for label in ("month", "year"):
        period = PERIODS[label]
        assert measure_territoire(FRANCE, *period) == measure(Accompagnement.objects.all(), *period)
    while execute(f"SELECT EXISTS (SELECT 1 FROM {MARKS})")[0][0]:
        if not cumuls.refresh_some():  # The backend of the last worker has not yet seen that it is alone.
            time.sleep(0.01)
    report.fact("stats.edits", edits=EDITS, killed_within_a_batch=kills, waiting=waiting)
    wrong = [key for month in cumuls.months_held() for key in cumuls.check_month(month, repair=False)]
    keys = sum(execute(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES[1:])
    report.count("stats.differences", len(wrong), of=keys)


class Worker:
    """A process that counts, and that a signal ends wherever it is."""

    NAME = "bench-worker"
    AT_WORK = """
        SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND query LIKE 'INSERT INTO accompagnements_cumul%%'
    """

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.stats_worker"]
        self.process = subprocess.Popen(command, env=os.environ | {"PGAPPNAME": self.NAME})  # noqa: S603  # Ours.

    def kill(self) -> bool:
        """Kill it as soon as it writes roll-ups, and say whether it did."""
        deadline = time.monotonic() + 20
        at_work = False
        while not at_work and time.monotonic() < deadline:
            at_work = bool(execute(self.AT_WORK, [self.NAME]))
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return at_work
