"""The adding problem: sequences whose answer depends on two of their steps.

Letters: N sequences, T steps.

Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), section 5.4, in the
form of Le, Jaitly and Hinton (2015): numbers between 0 and 1, and their plain sum.
Left out: negative numbers, markers at the ends, and sequences of unequal length.
"""

import torch
from torch import Generator, Tensor

from course.errors import ArgumentError


def adding(
    n: int, length: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw sequences of numbers, two of which are marked, and the sum of those two.

    One mark is in the first half, one in the second, so the answer cannot be read off
    the last steps. Whoever always answers 1 is off by 1/6 = 0.167 in the mean square:
    a network that does not beat that has learned nothing.

    Args:
        n: N, how many sequences.
        length: T, at least 2.
        generator: a CPU generator; None takes torch's global one.

    Returns:
        x: (N, T, 2) float32, a number in [0, 1) and its mark, 0 or 1.
        y: (N, 1) float32, the sum of the two marked numbers.

    Raises:
        ArgumentError: sequences of fewer than two steps.
    """
    if length < 2:
        raise ArgumentError(
            f"adding marks two steps, so length must be at least 2, but got {length}.\n"
            "Next step: pass for instance length=30."
        )
    half = length // 2
    numbers = torch.rand(n, length, generator=generator)
    first = torch.randint(0, half, (n,), generator=generator)
    second = torch.randint(half, length, (n,), generator=generator)
    rows, marks = torch.arange(n), torch.zeros(n, length)
    marks[rows, first] = marks[rows, second] = 1
    return torch.stack([numbers, marks], dim=2), (numbers * marks).sum(1, keepdim=True)
