"""Writers, readers and workers at the same time, the workers' connections cut under them."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from django.db import DatabaseError, connection, connections

from accompagnements import cumuls
from accompagnements.models import Accompagnement, MarqueStatistique
from accompagnements.selectors import FRANCE, measure, measure_conseillers, measure_territoire
from tests.accompagnements.factories import EnPosteFactory
from tests.marks import TRANSACTIONAL
from tests.territoires.factories import CommuneFactory

pytestmark = TRANSACTIONAL
FIRST, LAST = date(2026, 1, 1), date(2026, 4, 15)


def test_figures_are_exact_under_load_with_workers_killed():
    conseillers, communes = [EnPosteFactory(), EnPosteFactory()], [CommuneFactory(), CommuneFactory(paris=True)]

    def write(seed):
        rng = random.Random(seed)
        for _ in range(25):
            row = Accompagnement.objects.create(
                conseiller=rng.choice(conseillers), commune=rng.choice(communes), type="ponctuel", canal="domicile",
                date=FIRST + timedelta(days=rng.randrange(100)), duree=30, themes=[5],
            )  # fmt: skip
            Accompagnement.objects.filter(pk=row.pk - rng.randrange(9)).update(
                date=FIRST + timedelta(days=rng.randrange(100)), conseiller=rng.choice(conseillers)
            )
            if rng.random() < 0.2:
                Accompagnement.objects.filter(pk=row.pk).delete()

    def count(seed):
        rng = random.Random(seed)
        for _ in range(40):
            try:
                if rng.random() < 0.3:
                    kill_within_a_batch()
                else:
                    cumuls.refresh_some(3)
            except DatabaseError:
                connections.close_all()

    def read(_):
        """Whatever the worker does meanwhile, one statement adds up: each accompagnement here lasts 30 minutes."""
        for _ in range(40):
            for found in (
                measure_conseillers([one.pk for one in conseillers], FIRST, LAST),
                measure_territoire(FRANCE, FIRST, LAST),
            ):
                assert found.total.minutes == 30 * found.total.accompagnements
                assert sum(day.accompagnements for day in found.par_jour) == found.total.accompagnements

    def closing(job):
        act, seed = job
        try:
            act(seed)
        finally:
            connections.close_all()

    jobs = [(write, 1), (write, 2), (count, 3), (count, 4), (read, 5)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(closing, jobs))

    raw = Accompagnement.objects.all()
    assert measure_territoire(FRANCE, FIRST, LAST) == measure(raw, FIRST, LAST)
    while cumuls.refresh_some():
        pass
    assert not MarqueStatistique.objects.exists()
    assert [key for month in cumuls.months_held() for key in cumuls.check_month(month, repair=False)] == []
    for one in conseillers:
        assert measure_conseillers([one.pk], FIRST, LAST) == measure(raw.filter(conseiller=one), FIRST, LAST)


def kill_within_a_batch():
    """End this connection as a `kill -9` of the worker would: after its writes, before its commit."""

    def end(execute, sql, parameters, many, context):
        done = execute(sql, parameters, many, context)
        if sql.lstrip().startswith("INSERT"):
            execute("SELECT pg_terminate_backend(pg_backend_pid())", None, False, context)
        return done

    with connection.execute_wrapper(end):
        cumuls.refresh_some(3)
