"""Values as small pictures: what was expected, what came, and where they differ.

Grey for values, from black (lowest) to white (highest); embers for the difference, from
black (none) to orange; red for what is not a number.
"""

import base64
import struct
import zlib
from html import escape

import torch

from ..excerpt import Excerpt

SIDE = 120  # pixels of the longer side, about
LARGEST_CELL = 24
FEW = 6  # rows and columns that are read as figures
OUTLINE = "#ff2d55"
CAPTION = "font-size:.85em;margin-top:.2em"
GRID = (
    "margin:.1em 0 0;padding:.35em .6em;border-radius:5px;font-size:.8em;"
    "line-height:1.4;color:inherit;border:0;background:rgba(128,128,128,.12);"
    "overflow-x:auto;"
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
)
NOT_A_NUMBER = (208, 48, 48)
EMBER = (255, 150, 40)


def pictures(shown: Excerpt) -> str:
    """Three pictures as HTML, or two grids of figures where there are few."""
    expected, got = shown.expected, shown.got
    if max(expected.shape) <= FEW:
        return _grids(shown)
    finite = torch.cat([p[p.isfinite()] for p in (expected, got)])
    if finite.numel() == 0:
        return ""
    low, high = float(finite.min()), float(finite.max())
    gap = (expected - got).abs()
    largest = float(gap[gap.isfinite()].max()) if bool(gap.isfinite().any()) else 0.0
    scale = f"black {low:.3g}, white {high:.3g}"
    panels = (
        ("expected", scale, _grey(expected, low, high)),
        ("got", scale, _grey(got, low, high)),
        ("difference", f"orange {largest:.3g}", _embers(gap, largest)),
    )
    figures = "".join(_figure(*panel, shown.worst) for panel in panels)
    return figures + _legend(shown, "outlined")


def _figure(name: str, scale: str, pixels: torch.Tensor, worst: tuple[int, ...]) -> str:
    height, width, _ = pixels.shape
    zoom = min(max(1, SIDE // max(height, width)), LARGEST_CELL)
    data = base64.b64encode(rgb_png(pixels)).decode()
    return (
        '<figure style="display:inline-block;margin:.5em 1.2em 0 0">'
        '<div style="position:relative;border:1px solid rgba(128,128,128,.5);'
        f'width:{zoom * width}px;height:{zoom * height}px">'
        f'<img alt="{escape(name)} values as a picture, {escape(scale)}" '
        f'width="{zoom * width}" height="{zoom * height}" '
        'style="image-rendering:pixelated;display:block;margin:0;max-width:none" '
        f'src="data:image/png;base64,{data}">{_outline(worst, zoom)}</div>'
        f'<figcaption style="{CAPTION}">'
        f'{escape(name)}<br><span style="opacity:.75">{escape(scale)}</span>'
        "</figcaption></figure>"
    )


def _outline(worst: tuple[int, ...], zoom: int) -> str:
    if not worst:
        return ""
    top, left = (zoom * i - 1 for i in worst)
    return (
        f'<span aria-hidden="true" style="position:absolute;top:{top}px;left:{left}px;'
        f"width:{zoom}px;height:{zoom}px;border:1px solid {OUTLINE};"
        'box-sizing:content-box"></span>'
    )


def _grids(shown: Excerpt) -> str:
    """Expected and got, as figures in rows and columns."""
    return "".join(
        '<figure style="display:inline-block;vertical-align:top;max-width:100%;'
        'margin:.5em .9em 0 0">'
        f'<figcaption style="{CAPTION}">{name}</figcaption>'
        f'<pre style="{GRID}">{_rows(values, shown.worst)}</pre></figure>'
        for name, values in (("expected", shown.expected), ("got", shown.got))
    ) + _legend(shown, "underlined")


def _rows(values: torch.Tensor, worst: tuple[int, ...]) -> str:
    cells = [[f"{v:.4g}" for v in row] for row in values.tolist()]
    wide = max(len(cell) for row in cells for cell in row)
    lines = []
    for i, row in enumerate(cells):
        marked = [
            " " * (wide - len(c)) + (f"<u><b>{c}</b></u>" if (i, j) == worst else c)
            for j, c in enumerate(row)
        ]
        lines.append("  ".join(marked))
    return "\n".join(lines)


def _legend(shown: Excerpt, marked: str) -> str:
    text = f"{marked.capitalize()}: the worst element."
    if shown.part:
        text = f"Shown is {shown.part}, with the worst element {marked}."
    return f'<p style="margin:.2em 0 0;font-size:.85em;opacity:.8">{escape(text)}</p>'


def _grey(values: torch.Tensor, low: float, high: float) -> torch.Tensor:
    span = (high - low) or 1.0
    shade = ((values.clamp(low, high) - low) / span).nan_to_num()
    return _painted(values, (255 * shade)[..., None].expand(-1, -1, 3))


def _embers(gap: torch.Tensor, largest: float) -> torch.Tensor:
    heat = (gap / (largest or 1.0)).clamp(0, 1).nan_to_num()
    return _painted(gap, heat[..., None] * torch.tensor(EMBER))


def _painted(values: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """(H, W, 3) bytes, with a colour of its own for what is not a number."""
    warning = torch.tensor(NOT_A_NUMBER, dtype=colours.dtype)
    colours = torch.where(values.isnan()[..., None], warning, colours)
    return colours.round().to(torch.uint8)


def rgb_png(pixels: torch.Tensor) -> bytes:
    """A PNG of (H, W, 3) bytes."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + bytes(row.flatten().tolist()) for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
