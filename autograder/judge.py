"""Comparing what an answer showed with what the reference showed.

Order of checks (the first failure is explained): kind, shape, dtype, device, missing
gradient, nan, value. Pure functions of plain data; nothing here calls an answer. Only
the marks on the reference's leaves count.
"""

from functools import partial
from typing import Any

import torch

from .alignment import ALIGN, kolmogorov_smirnov
from .explain import (
    Mismatch,
    agreeing,
    describe,
    diagnose,
    elaborate,
    index_of,
    mismatch_at,
    shortened,
    shown_value,
    wide,
    wrong_values,
)
from .tolerance import tolerance_of
from .tree import ARRAYS, Leaf, Tree

FALSE_ALARM = 1e-6
SCALARS = {"number", "bool"}


def compare(got: Tree, expected: Tree, path: str = "") -> Mismatch | None:
    """The first difference between two trees, or None."""
    if isinstance(expected, Leaf):
        if isinstance(got, Leaf):
            return _compare_leaves(got, expected, path)
        what = "has the wrong structure"
        return mismatch_at("kind", path, what, describe(expected), describe(got))
    wanted, found = _children(expected), _children(got)
    if type(got) is not type(expected) or wanted.keys() != found.keys():
        same = type(got) is type(expected)
        what = "has the wrong parts" if same else "has the wrong structure"
        return mismatch_at("kind", path, what, describe(expected), describe(got))
    for name, child in wanted.items():
        if mismatch := compare(found[name], child, f"{path}[{shortened(name, 40)}]"):
            return mismatch
    return None


def outgrown(got: Tree, expected: Tree, path: str = "") -> Mismatch | None:
    """What is too large for a case's own judge, which may not look at sizes first."""
    if isinstance(expected, Leaf) and isinstance(got, Leaf):
        a, b = (x.value for x in (got, expected))
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            sizes = zip(a.shape, b.shape, strict=False)
            if a.dim() != b.dim() or any(m > 4 * n + 100 for m, n in sizes):
                what = "has the wrong shape"
                return mismatch_at(
                    "shape", path, what, describe(expected), describe(got)
                )
        return None
    wanted, found = _children(expected), _children(got)
    if len(found) > 4 * len(wanted) + 100:
        return mismatch_at("kind", path, "has too many parts")
    for name in wanted.keys() & found.keys():
        inside = f"{path}[{shortened(name, 40)}]"
        if mismatch := outgrown(found[name], wanted[name], inside):
            return mismatch
    return None


def _children(tree: Tree) -> dict[str, Tree]:
    if isinstance(tree, dict):
        return {repr(k): v for k, v in tree.items()}
    return {str(i): v for i, v in enumerate(tree)} if isinstance(tree, list) else {}


def _compare_leaves(got: Leaf, expected: Leaf, path: str) -> Mismatch | None:
    if got.kind == "cut" and expected.kind != "cut":
        cut = "does not depend on the input: the graph is cut"
        return mismatch_at("cut", path, cut)
    if not fits(got, expected):
        what = "has the wrong type"
        return mismatch_at("kind", path, what, describe(expected), describe(got))
    if expected.kind in {"none", "other", "cut"}:
        return None
    if _is_exact(expected):
        one, two = (_bare(leaf) for leaf in (expected, got))
        if one == two:
            return None
        one, two = (shortened(repr(value)) for value in (one, two))
        return mismatch_at("value", path, "is wrong", one, two)
    return _compare_arrays(got, expected, path)


def fits(got: Leaf, expected: Leaf) -> bool:
    """Whether the kinds go together.

    Where the reference gives a number or a truth value, a tensor or array without axes
    serves as well.
    """
    if got.kind == expected.kind:
        return got.kind != "other" or got.dtype == expected.dtype
    if expected.kind == "tensor" or not (_is_single(got) and _is_single(expected)):
        return False
    return (got.dtype == "bool") == (expected.dtype == "bool")


def _is_single(leaf: Leaf) -> bool:
    return leaf.kind in SCALARS or (leaf.kind in ARRAYS and leaf.value.dim() == 0)


def _is_exact(expected: Leaf) -> bool:
    """Whether a text, truth value or whole number is expected; a float may equal it."""
    return expected.kind in {"text", "bool"} or isinstance(expected.value, int)


def _bare(leaf: Leaf) -> Any:
    return leaf.value.item() if isinstance(leaf.value, torch.Tensor) else leaf.value


def as_tensor(leaf: Leaf) -> torch.Tensor:
    """A number or array as a tensor; numbers as float64 or int64."""
    if isinstance(leaf.value, torch.Tensor):
        return leaf.value
    if isinstance(leaf.value, int) and abs(leaf.value) < 2**63:
        return torch.tensor(leaf.value)
    return torch.tensor(float(leaf.value), dtype=torch.float64)


def _compare_arrays(got: Leaf, expected: Leaf, path: str) -> Mismatch | None:
    a, b = as_tensor(got), as_tensor(expected)
    samples = expected.judge == "same_distribution"
    if a.shape != b.shape and not samples:
        what = "has the wrong shape"
        return mismatch_at("shape", path, what, describe(expected), describe(got))
    arrays = expected.kind in ARRAYS and got.kind in ARRAYS
    right = [] if samples else ["shape"]
    if arrays:
        if got.dtype != expected.dtype:
            what = "has the wrong dtype"
            wrong = mismatch_at("dtype", path, what, expected.dtype, got.dtype)
            return agreeing(wrong, expected, *right) if right else wrong
        right.append("dtype")
        if got.device != expected.device:
            what = "is on the wrong device"
            wrong = mismatch_at("device", path, what, expected.device, got.device)
            return agreeing(wrong, expected, *right)
        right.append("device")
    compared = (
        _same_distribution if samples else partial(_compare_values, leaf=expected)
    )
    mismatch = compared(a, b, path=path)
    if mismatch and arrays:
        agreeing(mismatch, expected, *right)
    return mismatch


def _compare_values(
    a: torch.Tensor, b: torch.Tensor, path: str, leaf: Leaf
) -> Mismatch | None:
    if a.dtype == b.dtype and torch.equal(a, b):
        return None
    align = ALIGN.get(leaf.judge)
    if not _is_inexact(a) and not _is_inexact(b):
        a, b = (x.to(torch.int64) if x.dtype == torch.bool else x for x in (a, b))
        a = align(a, b, leaf.options) if align else a
        wrong = a != b
        return wrong_values(a, b, wrong, path) if bool(wrong.any()) else None
    a, b = wide(a), wide(b)
    if mismatch := _stray_nan(a, b, path):
        return mismatch
    tolerance = 0.0 if leaf.judge == "exact" else tolerance_of(leaf, b)
    a = align(a, b, leaf.options) if align else a
    right = within(a, b, tolerance)
    return None if bool(right.all()) else wrong_values(a, b, ~right, path)


def _is_inexact(x: torch.Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def _stray_nan(a: torch.Tensor, b: torch.Tensor, path: str) -> Mismatch | None:
    found = a.isnan()
    count = int(found.sum())
    if count == 0 or bool(b.isnan().any()):
        return None
    if found.numel() == 1:
        return mismatch_at("nan", path, "is nan", shown_value(b), "nan")
    worst = int(found.flatten().nonzero()[0])
    places = "one place" if count == 1 else f"{count} places"
    what = f"holds nan in {places}, first at {index_of(worst, a.shape)}"
    value = shown_value(b.flatten()[worst])
    mismatch = mismatch_at("nan", path, what, value, "nan")
    mismatch.values, mismatch.worst = (a, b), worst
    return mismatch


def within(a: torch.Tensor, b: torch.Tensor, tolerance: Any) -> torch.Tensor:
    """Elementwise: equal, both nan, or closer than the tolerance."""
    same = (a == b) | (a.isnan() & b.isnan())
    close: torch.Tensor = (a - b).abs() <= tolerance
    return same | close


def _same_distribution(a: torch.Tensor, b: torch.Tensor, path: str) -> Mismatch | None:
    a, b = a.double().flatten(), b.double().flatten()
    if 2 * len(a) < len(b):  # a few follow every distribution
        wanted, came = (f"{len(x)} samples" for x in (b, a))
        return mismatch_at("shape", path, "holds too few samples", wanted, came)
    if bool(a.isnan().any()):
        return mismatch_at("nan", path, "holds nan")
    distance, limit = kolmogorov_smirnov(a, b, FALSE_ALARM)
    if distance <= limit:
        return None
    expected, got = (
        f"mean {float(x.mean()):.4g}, std {float(x.std(correction=0)):.4g}"
        for x in (b, a)
    )
    what = "does not follow the right distribution"
    mismatch = mismatch_at("distribution", path, what, expected, got)
    mismatch.details.append(
        f"largest gap between the distribution functions {distance:.3f} "
        f"(limit {limit:.3f})"
    )
    mismatch.values = a, b
    return mismatch


__all__ = [
    "Mismatch",
    "as_tensor",
    "compare",
    "describe",
    "diagnose",
    "elaborate",
    "fits",
    "outgrown",
    "within",
]
