"""Figures as shapes: rectangles and labels in SVG's units, which the page draws.

Leaves out axes with more than a few ticks, and everything that needs a library.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

BINS = 10
WIDTH, HEIGHT = 640, 200  # of the histogram's bars
ROW, BAR, LABELS = 26, 18, 190  # of the verdicts' rows
VERDICTS = (
    "PASSED",
    "FAILED",
    "ERRORED",
    "TIMED_OUT",
    "OUT_OF_MEMORY",
    "MISSING",
    "SKIPPED",
    "BROKEN",
)
LETTER = 7.2  # width of a digit


@dataclass(frozen=True)
class Rectangle:
    """A filled area; `title` is what it says when pointed at, or read aloud."""

    x: float
    y: float
    width: float
    height: float
    title: str
    kind: str = ""
    label: str = ""


@dataclass(frozen=True)
class Text:
    """A word at a place; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    words: str
    anchor: str = "middle"


@dataclass
class Chart:
    """A figure: its size, a title, a description in words, and what is drawn."""

    width: float
    height: float
    title: str
    description: str
    rectangles: list[Rectangle] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def histogram(scores: Sequence[float], most: float) -> Chart:
    """How many students have how much of the maximum, in tenths of it."""
    counts = [0] * BINS
    for score in scores:
        share = score / most if most else 0.0
        counts[min(BINS - 1, max(0, int(share * BINS)))] += 1
    edges = [most * i / BINS for i in range(BINS + 1)]
    tallest = max(counts) or 1
    said = ", ".join(
        f"{n} with {low:g} to {high:g}"
        for n, low, high in zip(counts, edges, edges[1:], strict=False)
        if n
    )
    step = WIDTH / BINS
    chart = Chart(WIDTH, HEIGHT + 46, "Students by points", f"Students: {said}.")
    for i, count in enumerate(counts):
        tall = (HEIGHT - 20) * count / tallest
        title = f"{count} with {edges[i]:g} to {edges[i + 1]:g} points"
        place = (i * step + 2, HEIGHT - tall, step - 4, tall)
        if count:
            chart.rectangles.append(Rectangle(*place, title, "score"))
            middle = (i + 0.5) * step
            chart.texts.append(Text(middle, HEIGHT - tall - 5, str(count)))
    for i, edge in enumerate(edges):
        anchor = "start" if i == 0 else "end" if i == BINS else "middle"
        chart.texts.append(Text(i * step, HEIGHT + 17, f"{edge:.3g}", anchor))
    chart.texts.append(Text(WIDTH / 2, HEIGHT + 38, "points"))
    chart.rectangles.append(Rectangle(0, HEIGHT, WIDTH, 1, "axis", "axis"))
    return chart


def verdict_bars(names: Sequence[str], verdicts: Sequence[dict[str, str]]) -> Chart:
    """Per exercise, how many answers got which verdict, side by side."""
    title = "Verdicts by exercise"
    chart = Chart(WIDTH, ROW * len(names) + 4, title, "The table has the same figures.")
    for row, name in enumerate(names):
        found = Counter(own[name] for own in verdicts if name in own)
        top = row * ROW + (ROW - BAR) / 2
        words = name if len(name) <= 25 else name[:24] + "…"
        chart.texts.append(Text(LABELS - 10, top + BAR - 4, words, "end"))
        chart.rectangles += _segments(found, name, top)
    return chart


def _segments(found: Counter[str], name: str, top: float) -> Iterable[Rectangle]:
    total = found.total()
    left = float(LABELS)
    for verdict in VERDICTS:
        if count := found[verdict]:
            wide = (WIDTH - LABELS) * count / total
            title = f"{name}: {count} {verdict.replace('_', ' ')}"
            label = str(count) if wide > LETTER * len(str(count)) + 4 else ""
            yield Rectangle(left, top, wide, BAR, title, verdict, label)
            left += wide
