"""Geometry of small charts drawn as SVG by the server: numbers in, rectangles out, colours left to the CSS."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.numbers import number

WIDTH = 320
# Horizontal bars: a label above each bar.
ROW = 34
BAR = 10
# Columns: labels below, the highest value above.
HEIGHT = 150
BASELINE = 120
TOP = 16
LABELS_MAX = 6
VALUES_MAX = 12
DIGIT = 7


@dataclass(frozen=True)
class Bar:
    label: str
    value: str
    x: float
    y: float
    width: float
    height: float
    text_x: float
    text_y: float
    # Crowded columns name one month in several, and no value; the table has them all.
    is_labelled: bool = True
    value_y: float = 0
    shows_value: bool = True


@dataclass(frozen=True)
class Chart:
    id: str
    title: str
    description: str
    width: int
    height: int
    bars: list[Bar]
    # Of a line: the outline of its area, and the names at both ends.
    path: str = ""
    ends: tuple[str, str] = ("", "")


def describe(values: Sequence[tuple[str, int]]) -> str:
    """Say what the picture shows: its highest value, and how many values there are."""
    if not any(value for _, value in values):
        return "Aucune donnée sur cette période."
    label, highest = max(values, key=lambda pair: pair[1])
    return f"{len(values)} valeurs ; la plus haute : {label}, {number(highest)}. Toutes sont dans le tableau."


def bar_chart(name: str, title: str, values: Sequence[tuple[str, int]]) -> Chart:
    """Draw one horizontal bar per value."""
    highest = max([value for _, value in values], default=0) or 1
    bars = [
        Bar(
            label, number(value), x=0, y=index * ROW + 18, width=round(WIDTH * value / highest, 1), height=BAR,
            text_x=0, text_y=index * ROW + 13,
        )
        for index, (label, value) in enumerate(values)
    ]  # fmt: skip
    return Chart(name, title, describe(values), WIDTH, max(len(values), 1) * ROW, bars)


def column_chart(name: str, title: str, values: Sequence[tuple[str, int]]) -> Chart:
    """Draw one column per value, in order of time."""
    highest = max([value for _, value in values], default=0) or 1
    step = WIDTH / max(len(values), 1)
    every = -(-len(values) // LABELS_MAX)
    # Wider than its column, a value would run into the next one: then only named columns have theirs.
    fits = max([len(number(value)) for _, value in values], default=0) * DIGIT <= step
    bars = []
    for index, (label, value) in enumerate(values):
        height = (BASELINE - TOP) * value / highest
        bars.append(
            Bar(
                label, number(value), x=round(index * step + step * 0.15, 1), y=round(BASELINE - height, 1),
                width=round(step * 0.7, 1), height=round(height, 1), text_x=round(index * step + step / 2, 1),
                text_y=BASELINE + 14, is_labelled=index % every == 0,
                value_y=round(BASELINE - height - 4, 1),
                shows_value=len(values) <= VALUES_MAX and (fits or index % every == 0),
            )
        )  # fmt: skip
    return Chart(name, title, describe(values), WIDTH, HEIGHT, bars)


def line_chart(name: str, title: str, labels: Sequence[str], values: Sequence[int]) -> Chart:
    """Draw thousands of values in order of time as one step line: a page that holds six years of days stays light."""
    highest = max(values, default=0) or 1
    step = WIDTH / max(len(values), 1)
    path, height = [f"M0 {BASELINE}"], 0
    # Rounded positions, not rounded steps: errors do not add up.
    edges = [round(index * step, 1) for index in range(len(values) + 1)]
    for index, value in enumerate(values):
        risen = round((BASELINE - TOP) * value / highest)
        if risen != height:
            path.append(f"v{height - risen}")
        path.append(f"h{round(edges[index + 1] - edges[index], 1):g}")
        height = risen
    path.append(f"V{BASELINE}z")
    ends = (labels[0], labels[-1]) if labels else ("", "")
    described = describe(list(zip(labels, values, strict=True)))
    return Chart(name, title, described, WIDTH, HEIGHT, [], "".join(path), ends)
