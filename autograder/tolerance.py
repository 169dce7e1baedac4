"""The one place where tolerances are derived.

The reference runs in float64 as an oracle. The error of its float32 run against the
oracle shows how the computation amplifies rounding; a right answer may order its
operations differently, so it is given SLACK times that error, and never less than a
few units in the last place (subnormal numbers may be flushed to zero). Rounding errors scale with eps, so the float64 tolerance is
the float32 one times the ratio of the eps.
"""

from typing import Any

import torch

from .tree import Leaf, Tree

FLOATS = {"float16", "bfloat16", "float32", "float64", "float"}
NUMBERS = {"float": "float32", "int": "float32"}  # Python's usually come from float32
SLACK = 16.0
ULPS_OF_VALUE = 64.0  # relative to the element
ULPS_OF_SCALE = 8.0  # relative to the largest element


def eps_of(dtype: str) -> float:
    """Machine epsilon of a dtype."""
    return float(torch.finfo(getattr(torch, NUMBERS.get(dtype, dtype))).eps)


def tolerance_of(leaf: Leaf, expected: torch.Tensor) -> torch.Tensor:
    """Absolute error allowed per element of `expected` (float64).

    `leaf.tolerance` is the amplified rounding error that `attach` measured.
    """
    if leaf.allowed is not None:
        return leaf.allowed
    dtype = leaf.dtype if leaf.dtype in FLOATS else "float32"
    eps = eps_of(dtype)
    size = expected.abs().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    scale = size.max() if size.numel() else torch.zeros(())
    smallest = torch.finfo(getattr(torch, NUMBERS.get(dtype, dtype))).tiny
    floor = eps * (ULPS_OF_VALUE * size + ULPS_OF_SCALE * scale) + smallest
    leaf.allowed = floor + leaf.tolerance
    return leaf.allowed


def attach(tree: Tree, oracle: Tree, single: Tree) -> None:
    """Write the allowed rounding error into the leaves of `tree`.

    Args:
        tree: the reference's observation in the variant at hand.
        oracle: its float64 observation.
        single: its plain (float32) observation.
    """
    if isinstance(tree, dict):
        for name in tree:
            attach(tree[name], oracle[name], single[name])
    elif isinstance(tree, list):
        for one, two, three in zip(tree, oracle, single, strict=True):
            attach(one, two, three)
    elif tree.dtype in FLOATS:
        error = _largest_gap(single.value, oracle.value)
        ratio = eps_of(tree.dtype) / eps_of("float32")
        tree.tolerance, tree.allowed = SLACK * error * ratio, None


def _largest_gap(single: Any, oracle: Any) -> float:
    one = torch.as_tensor(single, dtype=torch.float64)
    two = torch.as_tensor(oracle, dtype=torch.float64)
    if one.shape != two.shape or one.numel() == 0:
        return 0.0
    return float((one - two).abs().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).max())
