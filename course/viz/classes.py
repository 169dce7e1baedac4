"""Points, regions and counts of classes.

Letters: N points, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course.viz.look import COLOURS, INK, array, axes, fading, legend, tidy

RESOLUTION = 200


def scatter(
    x2d: Tensor,
    y: Tensor,
    classes: Sequence[str] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw points of the plane, coloured by class.

    Args:
        x2d: (N, 2).
        y: (N,) whole numbers.
        classes: K names; None shows the numbers.
        xlabel: what the first coordinate is.
        ylabel: what the second coordinate is.
        title: above the plot.
        ax: matplotlib axes to draw into.

    Returns:
        The axes.
    """
    ax = axes(ax, 4.6, 3.8)
    points, numbers = array(x2d), array(y).astype(int)
    size = float(np.clip(9000 / max(1, len(points)), 5, 28))
    for k in np.unique(numbers):
        mine = points[numbers == k]
        ax.scatter(
            *mine.T,
            s=size,
            color=COLOURS[k % len(COLOURS)],
            alpha=0.8,
            linewidths=0,
            label=str(k) if classes is None else classes[k],
        )
    legend(ax, loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.2)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return tidy(ax)


def decision_regions(
    predict: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, ax: Any = None
) -> Any:
    """Colour the plane by what `predict` answers there, with the points on top.

    Args:
        predict: (M, 2) float32 -> (M,) classes or (M, K) scores.
        x: (N, 2), the points; they also set the frame and the device.
        y: (N,) their classes.
        ax: matplotlib axes to draw into.

    Returns:
        The axes.
    """
    ax = axes(ax, 4.6, 3.8)
    low, high = x.amin(0), x.amax(0)
    margin = 0.1 * (high - low)
    sides = [
        torch.linspace(*ends, RESOLUTION)
        for ends in zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    ]
    grid = torch.cartesian_prod(*sides).to(x)
    with torch.no_grad():
        answer = predict(grid)
    regions = array(answer.argmax(1) if answer.ndim == 2 else answer)
    regions = regions.reshape(RESOLUTION, RESOLUTION).T.astype(int)
    for k in np.unique(regions):
        ax.contourf(
            *(array(side) for side in sides),
            (regions == k).astype(float),
            levels=[0.5, 1.5],
            colors=[COLOURS[k % len(COLOURS)]],
            alpha=0.25,
        )
    return scatter(x, y, xlabel="$x_1$", ylabel="$x_2$", ax=ax)


def confusion_plot(
    y_true: Tensor, y_pred: Tensor, classes: Sequence[str], ax: Any = None
) -> Any:
    """Count how often each class was taken for which other one.

    Colours are shares of a row, so rare classes show as well as frequent ones;
    the numbers are counts.

    Args:
        y_true: (N,) classes.
        y_pred: (N,) answers.
        classes: K names.
        ax: matplotlib axes to draw into.

    Returns:
        The axes.
    """
    k = len(classes)
    ax = axes(ax, 1.6 + 0.42 * k, 1.2 + 0.42 * k)
    counts = np.zeros((k, k), dtype=int)
    np.add.at(counts, (array(y_true), array(y_pred)), 1)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    ax.imshow(shares, cmap=fading(), vmin=0, vmax=1)
    for row, column in np.argwhere(counts):
        wrong = row != column
        strong = shares[row, column] > 0.5
        ax.text(
            column,
            row,
            counts[row, column],
            ha="center",
            va="center",
            fontsize=8,
            fontweight="bold" if wrong else "normal",
            color="white" if strong else COLOURS[3] if wrong else INK,
        )
    ax.set_xticks(range(k), classes, rotation=45 if max(map(len, classes)) > 2 else 0)
    ax.set_yticks(range(k), classes)
    accuracy = np.trace(counts) / max(1, counts.sum())
    ax.set(xlabel="answer", ylabel="truth", title=f"accuracy {accuracy:.1%}")
    ax.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=INK, alpha=0.2, lw=0.6)
    tidy(ax).spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    return ax
