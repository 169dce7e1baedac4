"""Cutting data into parts and batches.

Letters: N examples, B batch size.

Left out: workers, prefetching and samplers. Whole tensors need none of them; for
data that do not fit in memory use `torch.utils.data.DataLoader`.
"""

from collections.abc import Iterator
from itertools import accumulate

import torch
from torch import Generator, Tensor

from course.errors import ArgumentError


def minibatches(
    *tensors: Tensor,
    batch_size: int,
    shuffle: bool = True,
    generator: Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, ...]]:
    """Go once through `tensors` in batches, on the device where they live.

    Args:
        tensors: each (N, ...), cut alike along the first axis.
        batch_size: examples in a batch; the last batch may be smaller.
        shuffle: draw a fresh order, else keep the order (batches are then views).
        generator: a CPU generator for the order; None takes torch's global one.
        drop_last: leave out a last batch that is smaller than `batch_size`.

    Returns:
        An iterator over tuples, each tensor (B, ...).

    Raises:
        ArgumentError: no tensor, differing lengths, or a batch size below one.
    """
    _check_batches(tensors, batch_size)
    # Errors above come at the call; a generator function would delay them.
    return _cut(tensors, batch_size, shuffle, generator, drop_last)


def _cut(
    tensors: tuple[Tensor, ...],
    batch_size: int,
    shuffle: bool,
    generator: Generator | None,
    drop_last: bool,
) -> Iterator[tuple[Tensor, ...]]:
    n = len(tensors[0])
    stop = n - n % batch_size if drop_last else n
    # Drawn on the CPU, so that CPU and CUDA see the same order.
    order = torch.randperm(n, generator=generator) if shuffle else None
    for start in range(0, stop, batch_size):
        piece = slice(start, min(start + batch_size, n))
        if order is None:
            yield tuple(t[piece] for t in tensors)
        else:
            yield tuple(t[order[piece].to(t.device)] for t in tensors)


def _check_batches(tensors: tuple[Tensor, ...], batch_size: int) -> None:
    if not tensors:
        raise ArgumentError(
            "minibatches wants at least one tensor, but got none.\n"
            "Next step: call minibatches(x, y, batch_size=...)."
        )
    lengths = [len(t) for t in tensors]
    if len(set(lengths)) > 1:
        raise ArgumentError(
            "minibatches wants tensors with the same number of examples, "
            f"but got {lengths}.\n"
            "Next step: check that x and y come from the same part of the data."
        )
    if batch_size < 1:
        raise ArgumentError(
            f"minibatches wants a batch_size of at least 1, but got {batch_size}.\n"
            "Next step: pass a positive number, for instance batch_size=128."
        )


def split(
    n: int, *fractions: float, generator: Generator | None = None
) -> tuple[Tensor, ...]:
    """Cut the indices 0..n-1 into disjoint random parts.

    `split(10, 0.8, 0.2)` gives parts of 8 and 2; fractions that sum to less than
    one leave the rest out.

    Args:
        n: how many examples there are.
        fractions: the share of each part, each above 0, at most 1 in sum.
        generator: a CPU generator; None takes torch's global one.

    Returns:
        One index tensor for each fraction, (about n·fraction,) int64.

    Raises:
        ArgumentError: no fraction, one that is not positive, or a sum above 1.
    """
    # A little more than 1 is forgiven: 0.7 + 0.2 + 0.1 need not sum exactly.
    if not fractions or min(fractions) <= 0 or sum(fractions) > 1 + 1e-9:
        raise ArgumentError(
            "split wants positive fractions that sum to at most 1, "
            f"but got {list(fractions)}.\n"
            "Next step: for a part for training and one for validation write "
            "split(n, 0.8, 0.2)."
        )
    ends = [round(n * share) for share in accumulate(fractions)]
    order = torch.randperm(n, generator=generator)
    starts = [0, *ends[:-1]]
    return tuple(order[a:b] for a, b in zip(starts, ends, strict=True))
