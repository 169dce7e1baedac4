"""Cutting a part out of two tensors that a person can look at: a matrix or a sequence.

The part holds the element that is furthest off. Leaves out how it is drawn: that is
`report/pictures.py` and `report/curves.py`.
"""

from dataclasses import dataclass

import torch

SIDE = 64  # rows and columns of a matrix at most
LENGTH = 240  # elements of a sequence at most
SHORTEST = 4  # fewer are told better in figures
QUANTILES = 101


@dataclass
class Excerpt:
    """The same part of what was expected and of what came.

    Attributes:
        expected, got: (L) or (H, W) float64.
        worst: the index, in the part, of the element that is furthest off; or ().
        part: the part as an index (`[1, :, 3:67]`) or in words; "" for all there is.
    """

    expected: torch.Tensor
    got: torch.Tensor
    worst: tuple[int, ...] = ()
    part: str = ""


def excerpt(expected: torch.Tensor, got: torch.Tensor, worst: int) -> Excerpt | None:
    """The matrix or sequence around one element, or None if there is none to see.

    Args:
        expected, got: of the same shape.
        worst: the element, in the flattened tensors.
    """
    shape = expected.shape
    shown = [axis for axis, size in enumerate(shape) if size > 1][-2:]
    long_enough = len(shown) == 2 or (shown and shape[shown[0]] >= SHORTEST)
    complex_ = expected.is_complex() or got.is_complex()
    if complex_ or not long_enough or not expected.numel():
        return None
    place = [int(i) for i in torch.unravel_index(torch.tensor(worst), shape)]
    most = SIDE if len(shown) == 2 else LENGTH
    index: list[int | slice] = list(place)
    for axis in shown:
        start = min(max(place[axis] - most // 2, 0), max(shape[axis] - most, 0))
        index[axis] = slice(start, min(start + most, shape[axis]))
    here = tuple(index)
    inside = tuple(place[axis] - here[axis].start for axis in shown)  # type: ignore[union-attr]
    part = _as_index(here, shape)
    return Excerpt(expected[here].double(), got[here].double(), inside, part)


def _as_index(index: tuple[int | slice, ...], shape: torch.Size) -> str:
    """As Python writes it; "" if nothing is left out."""
    words = []
    for at, size in zip(index, shape, strict=True):
        if isinstance(at, int):
            words.append(str(at))
        else:
            whole = at.start == 0 and at.stop == size
            words.append(":" if whole else f"{at.start}:{at.stop}")
    everything = all(
        w == ":" or (w == "0" and n == 1) for w, n in zip(words, shape, strict=True)
    )
    return "" if everything else "[" + ", ".join(words) + "]"


def quantiles(expected: torch.Tensor, got: torch.Tensor) -> Excerpt | None:
    """Of two sets of samples, flat: the samples in order, as many of both."""
    if min(len(expected), len(got)) < SHORTEST:
        return None
    steps = torch.linspace(0, 1, QUANTILES)
    wanted, came = (
        x.sort().values[(steps * (len(x) - 1)).round().long()].double()
        for x in (expected, got)
    )
    return Excerpt(wanted, came, part="the samples in order, from 0 to 100 percent")
