"""The common look: transparent ground, mid-grey ink, colours of middle lightness.

A page may be white or almost black, and the plot does not know which: so nothing is
filled, the ink has a contrast above 4:1 on both, and no curve is black or white.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

INK = "#777777"
COLOURS = (
    "#3f86c9",  # blue
    "#e07b39",  # orange
    "#3f9e67",  # green
    "#cf4a5c",  # red
    "#8f6cc4",  # purple
    "#a8793f",  # brown
    "#d272ad",  # pink
    "#2fa3ad",  # teal
    "#a39b2e",  # olive
    "#8a8f98",  # grey
)


def axes(ax: Any, width: float = 5.0, height: float = 3.5) -> Any:
    """Return `ax`, or the axes of a new figure of that size in inches."""
    if ax is None:
        ax = figure(width, height).add_subplot()
    return tidy(ax)


def figure(width: float, height: float) -> Any:
    """Return a new transparent figure; its size is in inches."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), layout="constrained", facecolor="none")


def tidy(ax: Any) -> Any:
    """Give axes the common look and return them."""
    ax.set_facecolor("none")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(colors=INK, labelsize=9)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_color(INK)
        text.set_fontsize(10)
    return ax


def legend(ax: Any, **options: Any) -> None:
    """Add a legend without a frame."""
    ax.legend(frameon=False, labelcolor=INK, fontsize=9, **options)


def fading(colour: str = COLOURS[0]) -> Any:
    """Return a colour map from nothing at all to `colour`."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    rgb = to_rgb(colour)
    return LinearSegmentedColormap.from_list("fading", [(*rgb, 0.0), (*rgb, 1.0)])


def diverging(low: str = COLOURS[0], high: str = COLOURS[1]) -> Any:
    """Return a colour map from `low` through nothing at all to `high`."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    a, b = to_rgb(low), to_rgb(high)
    stops = [(*a, 1.0), (*a, 0.0), (*b, 0.0), (*b, 1.0)]
    places = [0.0, 0.5, 0.5, 1.0]
    pairs = list(zip(places, stops, strict=True))
    return LinearSegmentedColormap.from_list("diverging", pairs)


def array(values: Any) -> Any:
    """Return tensors, also on a GPU or with gradients, and lists as NumPy arrays."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        if values.dtype == torch.bfloat16:  # NumPy has none
            values = values.float()
    return np.asarray(values)
