"""The one place where tolerances are derived.

The reference runs in float64 as an oracle. Two things show how the computation
amplifies rounding: the error of its float32 run against the oracle, and how far the
oracle moves when what is drawn is off by a float32 rounding error. (The first alone may
be zero by luck; the second knows nothing of rounding on the way.) A right answer may
order its operations differently, so it is given SLACK times the larger one, and never
less than a few units in the last place; subnormal numbers may be flushed to zero.
Rounding errors scale with eps, so the float64 tolerance is the float32 one times the
ratio of the eps, unless the oracle moves further when what is drawn is off by a float64
rounding error (a saturated float32 result shows no error at all).
"""

from collections.abc import Sequence
from typing import Any

import torch

from .tree import ARRAYS, Leaf, Tree

FLOATS = {"float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
NUMBERS = {"float": "float32", "int": "float32"}  # Python's usually come from float32
SLACK = 16.0
ULPS_OF_VALUE = 64.0  # relative to the element
ULPS_OF_SCALE = 32.0  # relative to the largest element
# In float64 there is room: no wrong idea hides below a millionth of a millionth, and
# an algorithm that is right but less stable than the reference is let through.
ROOM = {"float64": 64.0}
# What moves further than this, relative to the largest element, has jumped over an
# edge (an argmax, a threshold): that is no rounding error.
JUMP = 1e-3


def eps_of(dtype: str) -> float:
    """Machine epsilon of a dtype."""
    return float(torch.finfo(getattr(torch, NUMBERS.get(dtype, dtype))).eps)


# Singular values below this share of the largest are float32's noise.
RANK = ULPS_OF_VALUE * eps_of("float32")


def tolerance_of(leaf: Leaf, expected: torch.Tensor) -> torch.Tensor:
    """Absolute error allowed per element of `expected` (float64).

    `leaf.tolerance` is the amplified rounding error that `attach` measured.
    """
    if leaf.allowed is None:
        dtype = leaf.dtype if leaf.dtype in FLOATS else "float32"
        size = expected.abs().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
        scale = size.max() if size.numel() else torch.zeros(())
        unit = eps_of(dtype) * ROOM.get(dtype, 1.0)
        floor = unit * (ULPS_OF_VALUE * size + ULPS_OF_SCALE * scale)
        smallest = torch.finfo(getattr(torch, dtype)).tiny
        leaf.allowed = floor + (smallest + leaf.tolerance)
    return leaf.allowed


def attach(
    tree: Tree,
    oracle: Tree,
    single: Tree,
    jittered: Sequence[Tree] = (),
    scale: float = 0.0,
    finely: Sequence[Tree] = (),
) -> None:
    """Write the allowed rounding error into the leaves of `tree`.

    Args:
        tree: the reference's observation in the variant at hand.
        oracle: its float64 observation.
        single: its plain (float32) observation.
        jittered: its observations in float64 on inputs that were rounded off.
        scale: how large the inputs are.
        finely: like jittered, with float64's rounding error.
    """
    if isinstance(tree, Leaf):
        if tree.dtype in FLOATS or tree.dtype in NUMBERS:
            error = _error(single, oracle, jittered, scale)
            error *= eps_of(tree.dtype) / eps_of("float32")
            if tree.dtype == "float64":
                error = max(error, SLACK * _moved(oracle, finely))
            tree.tolerance, tree.allowed = error, None
        return
    for name in tree if isinstance(tree, dict) else range(len(tree)):
        moved = [t[name] for t in jittered if _has(t, tree, name)]
        fine = [t[name] for t in finely if _has(t, tree, name)]
        attach(tree[name], oracle[name], single[name], moved, scale, fine)
    if isinstance(tree, list) and not len(tree) == len(oracle) == len(single):
        raise ValueError("lists of different lengths")


def _has(jittered: Tree, tree: Tree, name: Any) -> bool:
    if isinstance(jittered, dict):
        return name in jittered
    return isinstance(jittered, list) and len(jittered) == len(tree)


def _error(single: Leaf, oracle: Leaf, jittered: Sequence[Tree], scale: float) -> float:
    """Rounding error (in float32) that a right answer may show."""
    exact = _wide(oracle)
    size = _largest(exact)
    moved = _gaps(oracle, jittered)
    errors = [_gap(_wide(single), exact), *(m for m in moved if m <= JUMP * size)]
    error = SLACK * max(errors)
    noise = ULPS_OF_VALUE * eps_of("float64") * scale
    if size <= noise and (size == 0 or max(moved, default=0.0) > size / 2):
        # Terms cancel to zero: what is left depends on the order of operations.
        error += ULPS_OF_SCALE * eps_of("float32") * scale
    return error


def _gaps(oracle: Leaf, jittered: Sequence[Tree]) -> list[float]:
    """How far the oracle moves in each jittered run."""
    exact = _wide(oracle)
    return [
        _gap(_wide(leaf), exact)
        for leaf in jittered
        if isinstance(leaf, Leaf) and isinstance(leaf.value, type(oracle.value))
    ]


def _moved(oracle: Leaf, finely: Sequence[Tree]) -> float:
    """The largest move that is no jump."""
    size = _largest(_wide(oracle))
    return max((g for g in _gaps(oracle, finely) if g <= JUMP * size), default=0.0)


def _wide(leaf: Leaf) -> torch.Tensor:
    value = leaf.value
    if leaf.kind not in ARRAYS:
        return torch.tensor(float(value), dtype=torch.float64)
    kind = torch.complex128 if value.is_complex() else torch.float64
    wide: torch.Tensor = value.to(kind)
    return wide


def _largest(x: torch.Tensor) -> float:
    if x.numel() == 0:
        return 0.0
    return float(x.abs().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).max())


def _gap(one: torch.Tensor, two: torch.Tensor) -> float:
    return _largest(one - two) if one.shape == two.shape else 0.0
