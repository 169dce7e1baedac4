"""Two classes of points in the plane, one inside the other: no network needed.

Letters: N points.
"""

import math

import torch
from torch import Generator, Tensor

from course.errors import ArgumentError

RADIUS = math.sqrt(2 / math.pi)  # half of the square's area

Points = tuple[Tensor, Tensor]


def disk(n: int = 1000, seed: int = 0) -> tuple[Points, Points]:
    """Draw points of the square [-1, 1]²; those in the disk at its centre are class 1.

    The disk has the radius √(2/π) ≈ 0.80, so that the classes are equally likely.
    No line separates them, and a straight line can hardly beat guessing.

    Args:
        n: points for training, and as many again for testing.
        seed: the same seed gives the same points.

    Returns:
        train: x (n, 2) float32, y (n,) int64.
        test: other n points, x and y alike.

    Raises:
        ArgumentError: no point at all.

    Source: F. Fleuret, Deep Learning, EPFL EE-559, practical 5.
    """
    if n < 1:
        raise ArgumentError(
            f"disk wants n of at least 1, but got {n}.\n"
            "Next step: leave n out for 1000 points."
        )
    x = 2 * torch.rand(2 * n, 2, generator=Generator().manual_seed(seed)) - 1
    y = (x.norm(dim=1) < RADIUS).long()
    return (x[:n], y[:n]), (x[n:], y[n:])
