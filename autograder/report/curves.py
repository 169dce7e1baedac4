"""Two sequences as one drawing: what was expected, and what came.

Inline SVG in the page's own colour, without scripts and style sheets. Lines differ in
dashes as well as in colour; words say the same as the drawing.
"""

import math
from collections.abc import Iterator
from html import escape

import torch

from ..excerpt import Excerpt

WIDTH, HEIGHT, MARGIN = 440, 130, 6  # in the drawing's own units
GOT = "#d9730d"  # at least 3 : 1 on white and on black
CAPTION = "font-size:.85em;margin-top:.2em"


def curves(shown: Excerpt) -> str:
    """A figure as HTML; nothing where no number is finite."""
    both = torch.stack([shown.expected, shown.got])
    finite = both[both.isfinite()]
    if finite.numel() == 0:
        return ""
    low, high = float(finite.min()), float(finite.max())
    words = _words(shown, low, high)
    lines = "".join(_drawing(shown, low, high))
    return (
        '<figure style="margin:.5em 0 0">'
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'style="display:block;width:100%;max-width:{WIDTH}px;height:auto;'
        'border:1px solid rgba(128,128,128,.5);border-radius:4px">'
        f"<title>{escape(words)}</title>{lines}</svg>"
        f'<figcaption style="{CAPTION}">'
        f'<svg width="26" height="8" aria-hidden="true">{_sample()}</svg> expected '
        f'&nbsp; <svg width="26" height="8" aria-hidden="true">{_sample(GOT)}</svg> '
        f"got, dashed<br>{escape(_scale(shown, low, high))}</figcaption></figure>"
    )


def _words(shown: Excerpt, low: float, high: float) -> str:
    text = f"Expected and got as curves over {len(shown.expected)} values"
    if shown.worst:
        index = shown.worst[0]
        pair = shown.expected[index], shown.got[index]
        one, two = (f"{float(x):.4g}" for x in pair)
        text += f"; furthest apart where {one} is expected and {two} came"
    return f"{text}. Lowest {low:.3g}, highest {high:.3g}."


def _scale(shown: Excerpt, low: float, high: float) -> str:
    part = f"shown is {shown.part}; " if shown.part else ""
    ring = "; ring: furthest apart" if shown.worst else ""
    return f"{part}from {low:.3g} (bottom) to {high:.3g} (top){ring}"


def _drawing(shown: Excerpt, low: float, high: float) -> Iterator[str]:
    yield _line(shown.expected, low, high, 'stroke="currentColor" stroke-opacity=".8"')
    yield _line(shown.got, low, high, f'stroke="{GOT}" stroke-dasharray="5 3"')
    if shown.worst:
        index = shown.worst[0]
        value = float(shown.got[index])
        value = value if math.isfinite(value) else float(shown.expected[index])
        if math.isfinite(value):
            x, y = _place(index, value, len(shown.got), low, high)
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" '
                'stroke="currentColor" stroke-width="1.5"/>'
            )


def _line(values: torch.Tensor, low: float, high: float, style: str) -> str:
    """A path, broken where a value is not finite."""
    steps, pen = [], "M"
    for index, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            pen = "M"
            continue
        x, y = _place(index, value, len(values), low, high)
        steps.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return f'<path d="{" ".join(steps)}" fill="none" stroke-width="1.6" {style}/>'


def _place(
    index: int, value: float, count: int, low: float, high: float
) -> tuple[float, float]:
    span = high - low
    share = (value - low) / span if 0 < span < math.inf else 0.5
    across = index / max(1, count - 1)
    return (
        MARGIN + across * (WIDTH - 2 * MARGIN),
        HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN),
    )


def _sample(colour: str = "") -> str:
    stroke = f'stroke="{colour or "currentColor"}"'
    dashes = ' stroke-dasharray="5 3"' if colour else ""
    return f'<path d="M0 4 L26 4" {stroke}{dashes} stroke-width="1.6"/>'
