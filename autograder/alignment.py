"""Bringing an answer's values into the form of the expected ones, as a mark allows.

Each function takes `a` (got) and `b` (expected), of the same shape, in float64 or
integer, and returns `a` as it is to be compared with `b`, element by element.
"""

import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import torch

from .tolerance import RANK

Tensor = torch.Tensor
ALL_ORDERS = 6  # up to this many slices, every order is tried
HUGE = 1e100  # stands for infinity where distances are computed


def up_to_sign(a: Tensor, b: Tensor, options: dict[str, Any]) -> Tensor:
    """Negate the slices along `dim` that point the other way; a vector is one slice."""
    if a.dim() == 0:
        return a.abs() * b.sign() if bool(b) else a
    dim = int(options.get("dim", 0)) % a.dim()
    others = [d for d in range(a.dim()) if d != dim] or [dim]
    dots = (a * b).sum(others, keepdim=True)
    return torch.where(dots < 0, -a, a)


def up_to_permutation(a: Tensor, b: Tensor, options: dict[str, Any]) -> Tensor:
    """Put the slices along `dim` into the order that fits best."""
    if a.dim() == 0 or a.numel() == 0:
        return a
    dim = int(options.get("dim", 0))
    rows_a, rows_b = a.movedim(dim, 0), b.movedim(dim, 0)
    order = _matching(_cost(rows_a, rows_b))
    return rows_a[order].movedim(0, dim)


def _cost(a: Tensor, b: Tensor) -> Tensor:
    """(n, n) distances between the slices of a and those of b."""
    one, two = (
        x.reshape(len(x), -1).double().nan_to_num(3 * HUGE, HUGE, -HUGE) for x in (a, b)
    )
    # the fast way through a matrix product loses the digits that tell rows apart
    return torch.cdist(one, two, compute_mode="donot_use_mm_for_euclid_dist")


def _matching(cost: Tensor) -> list[int]:
    """For each column its row, each row used once; nearest first beyond ALL_ORDERS."""
    table = cost.tolist()
    n = len(table)
    if n <= ALL_ORDERS:
        return list(
            min(
                permutations(range(n)),
                key=lambda order: sum(table[i][j] for j, i in enumerate(order)),
            )
        )
    free = set(range(n))
    order = []
    for j in range(n):
        nearest = min(free, key=lambda i: table[i][j])
        free.remove(nearest)
        order.append(nearest)
    return order


def same_subspace(a: Tensor, b: Tensor, options: dict[str, Any]) -> Tensor:
    """Express the rows of b (q, D) by the rows of a; a itself if that cannot be."""
    if a.numel() == 0 or not bool(a.isfinite().all()):
        return a
    basis, wanted = (x if x.dim() > 1 else x[None] for x in (a, b))
    basis = _unit_rows(basis)
    if not torch.equal(_rank(basis), _rank(_unit_rows(wanted))):
        return a
    coefficients = torch.linalg.lstsq(basis.mT, wanted.mT, driver="gelsd").solution
    projected: Tensor = (basis.mT @ coefficients).mT
    return projected.reshape(b.shape)


def _unit_rows(x: Tensor) -> Tensor:
    """Rows of length one: how long a spanning vector is does not matter."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return torch.where(length > 0, x / length, x)


def _rank(x: Tensor) -> Tensor:
    # Rows usually come from float32, whose noise would count as a direction.
    rank: Tensor = torch.linalg.matrix_rank(x, rtol=RANK)
    return rank


ALIGN: dict[str, Callable[[Tensor, Tensor, dict[str, Any]], Tensor]] = {
    "up_to_sign": up_to_sign,
    "up_to_permutation": up_to_permutation,
    "same_subspace": same_subspace,
}


def kolmogorov_smirnov(a: Tensor, b: Tensor, false_alarm: float) -> tuple[float, float]:
    """Two-sample test: (largest gap between the distribution functions, its limit).

    Args:
        a, b: (n,) and (m,) samples.
        false_alarm: asymptotic level of the limit.
    """
    a, b = a.sort().values, b.sort().values
    both = torch.cat((a, b))
    gap = (
        torch.searchsorted(a, both, right=True) / len(a)
        - torch.searchsorted(b, both, right=True) / len(b)
    ).abs()
    sizes = (len(a) + len(b)) / (len(a) * len(b))
    return float(gap.max()), math.sqrt(-0.5 * math.log(false_alarm / 2) * sizes)
