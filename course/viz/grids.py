"""Pictures and matrices.

Letters: N images, C channels, H height, W width.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from course.errors import ArgumentError
from course.viz.look import INK, array, axes, diverging, figure, tidy


def image_grid(
    x: Tensor,
    labels: Sequence[object] | Tensor | None = None,
    columns: int = 8,
    ax: Any = None,
) -> Any:
    """Show images side by side, each with its label above.

    Images outside [0, 1] are stretched to it, all of them alike.

    Args:
        x: (N, C, H, W) with one or three channels, or (N, H, W).
        labels: N names or numbers.
        columns: images in a row.
        ax: matplotlib axes whose place the grid takes.

    Returns:
        The axes of the first image; its `figure` holds them all.

    Raises:
        ArgumentError: another shape, or not one label for each image.
    """
    pictures = _pictures(x)
    names = _names(labels, len(pictures))
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    if ax is None:
        height = 1.05 if labels is None else 1.3
        whole = figure(1.05 * columns, height * rows)
        cells = whole.subplots(rows, columns, squeeze=False)
    else:
        ax.axis("off")
        cells = ax.get_subplotspec().subgridspec(rows, columns).subplots(squeeze=False)
    for cell in cells.flat:
        cell.axis("off")
    for cell, picture, name in zip(cells.flat, pictures, names, strict=False):
        cell.imshow(picture, cmap="gray", vmin=0, vmax=1)
        cell.set_title(name, fontsize=8, color=INK, pad=3)
    return cells.flat[0]


def heatmap(
    m: Tensor | Any,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    ax: Any = None,
) -> Any:
    """Show a matrix as colours, with a colour bar.

    Entries of both signs get two colours that meet at zero.

    Args:
        m: (H, W); row 0 is at the top.
        title: above the plot.
        xlabel: what the columns are.
        ylabel: what the rows are.
        ax: matplotlib axes to draw into.

    Returns:
        The axes.
    """
    ax = axes(ax, 4.6, 3.8)
    values = array(m)
    signed = np.nanmin(values) < 0 < np.nanmax(values)
    top = np.nanmax(np.abs(values))
    limits = {"cmap": diverging(), "vmin": -top, "vmax": top} if signed else {}
    drawn = ax.imshow(values, aspect="auto", interpolation="nearest", **limits)
    bar = ax.figure.colorbar(drawn, ax=ax, fraction=0.05)
    bar.outline.set_visible(False)
    bar.ax.set_facecolor("none")
    bar.ax.tick_params(colors=INK, labelsize=8)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    tidy(ax).spines[:].set_visible(False)
    return ax


def _pictures(x: Tensor) -> Any:
    """Return (N, H, W) or (N, H, W, 3) in [0, 1] for matplotlib."""
    values = array(x).astype(float)
    if values.ndim == 4 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 4 and values.shape[1] == 3:
        values = np.moveaxis(values, 1, -1)
    elif values.ndim != 3:
        values = values[:0]
    if not len(values):
        raise ArgumentError(
            "image_grid wants at least one image, in x of shape (N, H, W), "
            f"(N, 1, H, W) or (N, 3, H, W), but got {tuple(x.shape)}.\n"
            "Next step: reshape x, or add the first axis with x[None]."
        )
    low, high = min(values.min(), 0.0), max(values.max(), 1.0)
    return (values - low) / (high - low)


def _names(labels: Sequence[object] | Tensor | None, n: int) -> list[str]:
    """Return n titles, empty ones without labels."""
    if labels is None:
        return [""] * n
    if len(labels) != n:
        raise ArgumentError(
            f"image_grid wants one label for each of the {n} images, "
            f"but got {len(labels)}.\n"
            "Next step: cut x and labels to the same length."
        )
    return [str(x) for x in (array(labels) if isinstance(labels, Tensor) else labels)]
