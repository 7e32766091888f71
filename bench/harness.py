"""Runs ours and its reference in turn and prints their ratio: a machine's noise falls on both."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.db import connection
from django.test.utils import CaptureQueriesContext

RUNS = 5
Timed = Callable[[], object]
T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """`at_most(0.5)`: ours / reference ≤ 0.5. `at_least(200)`: reference / ours ≥ 200."""

    value: float
    at_least: bool

    def ratio(self, ours: float, ref: float) -> float:
        return ref / ours if self.at_least else ours / ref

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.value if self.at_least else ratio <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'}{self.value:g}"


def at_most(value: float) -> Target:
    return Target(value, at_least=False)


def at_least(value: float) -> Target:
    return Target(value, at_least=True)


def work_clock() -> Callable[[], float]:
    """Return the clock of the work done for us, by this process and by its PostgreSQL backend, in CPU seconds.

    On a busy machine a query waits for its turn many times longer than it works, an array never does: wall time
    would compare the neighbours. Without the backend's figures (another host, another system), it is wall time.
    """
    connection.ensure_connection()
    try:
        # First field: nanoseconds on a processor.
        figures = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").open()  # noqa: SIM115  # Kept.
    except OSError:
        return time.perf_counter

    def clock() -> float:
        figures.seek(0)
        return time.process_time() + int(figures.read().split()[0]) / 1e9

    return clock


class Report:
    """Prints one line a figure and remembers whether every target is met."""

    def __init__(self) -> None:
        self.missed = 0

    def compare(
        self,
        name: str,
        ours: Timed,
        ref: Timed,
        target: Target,
        *,
        clock: Callable[[], float] = time.perf_counter,
        times: int = 1,
    ) -> None:
        """Time both, `RUNS` times in turn after one run each that does not count; print the medians' ratio.

        `clock` is wall time where the work is the database's, `time.process_time` where it is ours. `times`: calls in
        a run, where one alone lasts less than what the processor's caches need to come back to it.
        """
        runs: dict[str, list[float]] = {"ours": [], "ref": []}
        for _ in range(RUNS + 1):
            for key, function in (("ours", ours), ("ref", ref)):
                start = clock()
                for _ in range(times):
                    function()
                runs[key].append((clock() - start) / times)
        mine, theirs = (statistics.median(runs[key][1:]) for key in ("ours", "ref"))
        self.line(name, f"{mine * 1000:.2f}ms", f"{theirs * 1000:.2f}ms", target.ratio(mine, theirs), target)

    def compare_each(
        self,
        name: str,
        items: Sequence[T],
        ours: Callable[[T], object],
        ref: Callable[[T], object],
        target: Target,
    ) -> None:
        """Time ours on every item, then the reference on every item, `RUNS` times: the median of the items' medians,
        so that one slow item neither hides nor decides. Processor time, PostgreSQL's included; wall time and the
        slowest twentieth are printed beside it."""
        clock = work_clock()
        functions = {"ours": ours, "ref": ref}
        works: dict[str, list[list[float]]] = {key: [[] for _ in items] for key in functions}
        walls: dict[str, list[float]] = {key: [] for key in functions}
        for run in range(RUNS + 1):
            for key, function in functions.items():
                for item, works_of_item in zip(items, works[key], strict=True):
                    start, wall = clock(), time.perf_counter()
                    function(item)
                    if run:  # The first round only warms up.
                        works_of_item.append(clock() - start)
                        walls[key].append(time.perf_counter() - wall)
        medians = {key: [statistics.median(values) for values in works[key]] for key in functions}
        mine, theirs = (statistics.median(medians[key]) for key in ("ours", "ref"))
        self.line(name, f"{mine * 1000:.2f}ms", f"{theirs * 1000:.2f}ms", target.ratio(mine, theirs), target)
        for label, figures in (
            ("p95", {k: sorted(v)[int(len(v) * 0.95)] for k, v in medians.items()}),
            ("wall", {k: statistics.median(v) for k, v in walls.items()}),
        ):
            self.fact(f"{name}.{label}", **{key: f"{value * 1000:.2f}ms" for key, value in figures.items()})

    def line(self, name: str, ours: str, ref: str, ratio: float, target: Target) -> None:
        met = target.is_met(ratio)
        self.missed += not met
        verdict = "OK" if met else "KO"
        print(f"BENCH {name} ours={ours} ref={ref} ratio={ratio:.3g} target={target} {verdict}", flush=True)

    def count(self, name: str, found: int, *, of: int) -> None:
        """Print a number that must be zero."""
        self.missed += found > 0
        print(
            f"BENCH {name} ours={found} ref={of} ratio={found / max(of, 1):.3g} target=0 {'OK' if not found else 'KO'}",
            flush=True,
        )

    def fact(self, name: str, **values: object) -> None:
        """Print a figure that has no target: what was measured, on what volume."""
        print(f"      {name} " + " ".join(f"{key}={value}" for key, value in values.items()), flush=True)


def query_count(function: Timed) -> int:
    # Not the connection's own log, which each request empties as it starts.
    with CaptureQueriesContext(connection) as queries:
        function()
    return len(queries)
