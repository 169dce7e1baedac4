"""Curves over epochs, steps or anything else.

Letters: T points of a curve.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from course.train.history import History
from course.viz.look import COLOURS, INK, array, axes, figure, legend, tidy

Values = Sequence[float] | Tensor | np.ndarray[Any, Any]


def curves(
    values: Mapping[str, Values | tuple[Values, Values]],
    xlabel: str = "",
    ylabel: str = "",
    logy: bool = False,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw one curve for each name.

    Args:
        values: name → y (T,), drawn over 1..T, or name → (x (T,), y (T,)).
        xlabel: what the horizontal axis shows, with its unit.
        ylabel: what the vertical axis shows, with its unit.
        logy: a logarithmic vertical axis.
        title: above the plot.
        ax: matplotlib axes to draw into.

    Returns:
        The axes.
    """
    ax = axes(ax)
    for i, (name, given) in enumerate(values.items()):
        x, y = given if isinstance(given, tuple) else (None, given)
        y = array(y)
        x = np.arange(1, len(y) + 1) if x is None else array(x)
        marker = "o" if len(y) <= 20 else None
        colour = COLOURS[i % len(COLOURS)]
        ax.plot(x, y, color=colour, lw=1.8, marker=marker, ms=3.5, label=name)
    if logy:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(axis="y", color=INK, alpha=0.25, lw=0.6)
    if len(values) > 1:
        legend(ax)
    return tidy(ax)


def learning_curves(history: History, ax: Any = None) -> Any:
    """Draw loss and, where there is one, accuracy over the epochs.

    A dotted line marks the best epoch.

    Args:
        history: what `course.train.fit` returned.
        ax: one matplotlib axes for the loss alone, or a pair for both.

    Returns:
        The axes, one or two.
    """
    panels = [("loss", "loss", "test_loss")]
    if {"train_accuracy", "test_accuracy"} & set(history.columns):
        panels.append(("accuracy", "train_accuracy", "test_accuracy"))
    if ax is None:
        whole = figure(4.2 * len(panels), 3.2)
        ax = whole.subplots(1, len(panels), squeeze=False)[0]
    targets = np.atleast_1d(ax)
    for panel, (ylabel, trained, tested) in zip(targets, panels, strict=False):
        _panel(history, panel, ylabel, {"training": trained, "test": tested})
    return targets


def _panel(history: History, ax: Any, ylabel: str, columns: Mapping[str, str]) -> None:
    x = history["epoch"]
    shown = {
        name: (x, history[column])
        for name, column in columns.items()
        if column in history.columns
    }
    curves(shown, xlabel="epoch", ylabel=ylabel, ax=ax)
    best = history.best["epoch"]
    ax.axvline(best, color=INK, lw=1, ls=":")
    # At the top of the line, in axes coordinates vertically.
    ax.text(
        best,
        1.01,
        "best",
        transform=ax.get_xaxis_transform(),
        ha="center",
        fontsize=8,
        color=INK,
    )
    ax.xaxis.get_major_locator().set_params(integer=True)
