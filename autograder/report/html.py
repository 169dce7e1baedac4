"""A verdict as HTML for Jupyter. Everything from an answer is escaped."""

import base64
import struct
import zlib
from html import escape

import torch

from ..explain import Mismatch
from ..verdicts import CaseResult, ExerciseResult, Verdict

# Colours that hold on light and dark backgrounds; the words say the same.
COLOURS = {Verdict.PASSED: "#2e9e5b", Verdict.MISSING: "#8a8f98"}
WRONG = "#d5483f"
BOX = (
    "border:1px solid rgba(128,128,128,.35);border-left:5px solid {colour};"
    "border-radius:4px;padding:.6em 1em;max-width:46em;line-height:1.45"
)
FAINT = "opacity:.75"
MONO = "font-family:monospace;white-space:pre-wrap"


def to_html(result: ExerciseResult) -> str:
    """The report of one exercise."""
    passed = sum(c.verdict == Verdict.PASSED for c in result.cases)
    colour = COLOURS.get(result.verdict, WRONG)
    body = [
        f"<div><b>{escape(result.name)}</b> &nbsp; {_badge(result.verdict)} &nbsp; "
        f'<span style="{FAINT}">{passed} of {len(result.cases)} cases, '
        f"{result.score:g} of {result.points:g} points</span></div>"
    ]
    if result.verdict == Verdict.MISSING:
        body.append("<div>The stub is untouched: replace the line that raises.</div>")
    else:
        body += [_case(case) for case in result.cases]
    if result.hint:
        body.append(
            '<div style="margin-top:.6em;padding:.5em .8em;border-radius:4px;'
            'background:rgba(230,170,40,.18)"><b>Hint.</b> This behaves like '
            f"<i>{escape(result.misconception)}</i>. {escape(result.hint)}</div>"
        )
    for flag in result.flags:
        body.append(f'<div style="{FAINT}">Note: {escape(flag)}</div>')
    return f'<div style="{BOX.format(colour=colour)}">{"".join(body)}</div>'


def _badge(verdict: Verdict) -> str:
    colour = COLOURS.get(verdict, WRONG)
    sign = "✓" if verdict == Verdict.PASSED else "✗"
    sign = "·" if verdict == Verdict.MISSING else sign
    return f'<b style="color:{colour}">{sign} {verdict}</b>'


def _case(case: CaseResult) -> str:
    head = f"{_badge(case.verdict)} &nbsp;{escape(case.sentence)}"
    wrong = case.mismatch
    if wrong is None:
        return f'<div style="margin-top:.3em">{head}</div>'
    about = f"right on plain input, but {case.variant}: " if case.variant else ""
    parts = [f"<div>{escape(about + wrong.sentence)}</div>"]
    if wrong.expected or wrong.got:
        parts.append(
            f'<div style="{MONO}">expected  {escape(wrong.expected)}\n'
            f"got       {escape(wrong.got)}</div>"
        )
    parts += [f"<div>{escape(detail)}</div>" for detail in wrong.details]
    parts.append(_pictures(wrong))
    inner = f'<div style="margin-left:1.6em">{"".join(parts)}</div>'
    return f'<div style="margin-top:.3em">{head}{inner}</div>'


def _pictures(wrong: Mismatch) -> str:
    if wrong.pictures is None:
        return ""
    expected, got = (p.nan_to_num(0.0, 0.0, 0.0) for p in wrong.pictures)
    low = float(torch.minimum(expected.min(), got.min()))
    high = float(torch.maximum(expected.max(), got.max()))
    span = (high - low) or 1.0
    gap = (expected - got).abs()
    panels = (
        ("expected", (expected - low) / span),
        ("got", (got - low) / span),
        ("difference", gap / (float(gap.max()) or 1.0)),
    )
    cells = "".join(
        f'<figure style="display:inline-block;margin:.4em .8em 0 0">{_image(p, name)}'
        f'<figcaption style="font-size:.8em;{FAINT}">{name}</figcaption></figure>'
        for name, p in panels
    )
    return f"<div>{cells}</div>"


def _image(picture: torch.Tensor, name: str) -> str:
    height, width = picture.shape
    zoom = max(1, 96 // max(height, width))
    data = base64.b64encode(grey_png(picture)).decode()
    return (
        f'<img alt="{name} values as a grey picture" width="{zoom * width}" '
        f'height="{zoom * height}" style="image-rendering:pixelated;display:block" '
        f'src="data:image/png;base64,{data}">'
    )


def grey_png(picture: torch.Tensor) -> bytes:
    """An 8-bit grey PNG of values in [0, 1], shape (H, W)."""
    height, width = picture.shape
    pixels = (picture.clamp(0, 1) * 255).round().to(torch.uint8)
    rows = b"".join(b"\0" + bytes(row.tolist()) for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
