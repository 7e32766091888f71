"""`make bench`: what is measured, each figure beside its floor or peer. ONLY=area, SCALE=0.1.

A line `BENCH area.name ours=… ref=… ratio=… target=… OK|KO` is the median of five runs, ours and the reference in turn.
The assignment to training sessions has no area yet: it comes with what it measures.
"""

import os
import sys

import django
from django.core.management import call_command
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()

from bench import export, imports, matching, page, pdf, queue, stats  # noqa: E402  # Django first.
from bench.harness import Report  # noqa: E402

AREAS = {
    "matching": matching.run,
    "page": page.run,
    "pdf": pdf.run,
    "queue": queue.run,
    "export": export.run,
    "imports": imports.run,
    "stats": stats.run,
}


def main() -> int:
    only = os.environ.get("ONLY") or None
    scale = float(os.environ.get("SCALE") or 1)
    if only and only not in AREAS:
        print(f"ONLY={only} : domaine inconnu. Domaines : {', '.join(AREAS)}", file=sys.stderr)
        return 2
    report = Report()
    for name, run in AREAS.items():
        if only in {None, name}:
            fresh_database()
            run(report, scale)
    connection.close()
    return 1 if report.missed else 0


def fresh_database() -> None:
    """Empty the database of the benchmarks, which holds nothing else, and load the referential."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    call_command("load_territoires", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
