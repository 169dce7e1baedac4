"""Comparing what an answer showed with what the reference showed.

Order of checks (the first failure is explained): raised, kind, shape, dtype, device,
missing gradient, nan, value. Pure functions of plain data; nothing here calls an answer.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import torch

from .tolerance import FLOATS, tolerance_of
from .tree import Leaf, Tree

ARRAYS = {"tensor", "array"}


@dataclass
class Mismatch:
    """Where and how two observations differ.

    Attributes:
        code: kind of difference (shape, dtype, device, value, ...): stable, compared
            when a misconception is recognised.
        sentence: one line for the student.
        expected, got: short descriptions, may be empty.
        details: more lines (worst element, a diagnosis).
        pictures: (expected, got) as 2-D tensors when the values are image-like.
        values: (got, expected) as compared, for `elaborate`.
    """

    code: str
    sentence: str
    expected: str = ""
    got: str = ""
    details: list[str] = field(default_factory=list)
    pictures: tuple[torch.Tensor, torch.Tensor] | None = None
    values: tuple[torch.Tensor, torch.Tensor] | None = field(default=None, repr=False)


def compare(got: Tree, expected: Tree, path: str = "") -> Mismatch | None:
    """The first difference between two trees, or None."""
    if isinstance(expected, dict) or isinstance(expected, list):
        return _compare_nests(got, expected, path)
    if not isinstance(got, Leaf):
        return _mismatch("kind", path, "is a nest", describe(expected), describe(got))
    return _compare_leaves(got, expected, path)


def _compare_nests(got: Tree, expected: Tree, path: str) -> Mismatch | None:
    wanted = _children(expected)
    if isinstance(got, Leaf) or type(got) is not type(expected):
        return _mismatch(
            "kind", path, "has the wrong structure", describe(expected), describe(got)
        )
    found = _children(got)
    if wanted.keys() != found.keys():
        return _mismatch(
            "kind", path, "has the wrong parts", describe(expected), describe(got)
        )
    for name, child in wanted.items():
        mismatch = compare(found[name], child, f"{path}[{name}]")
        if mismatch:
            return mismatch
    return None


def _children(tree: Tree) -> dict[str, Tree]:
    if isinstance(tree, dict):
        return {repr(k): v for k, v in tree.items()}
    return {str(i): v for i, v in enumerate(tree)}


def _compare_leaves(got: Leaf, expected: Leaf, path: str) -> Mismatch | None:
    if got.kind == "cut" and expected.kind != "cut":
        return _mismatch(
            "cut", path, "does not depend on the input: the graph is cut", "", ""
        )
    if not _same_kind(got, expected):
        return _mismatch(
            "kind", path, "has the wrong type", describe(expected), describe(got)
        )
    if expected.kind in {"none", "other", "cut"}:
        return None
    if expected.kind in {"text", "bool"}:
        if got.value == expected.value:
            return None
        return _mismatch(
            "value", path, "is wrong", repr(expected.value), repr(got.value)
        )
    a, b = as_tensor(got), as_tensor(expected)
    if expected.judge == "same_distribution":
        return _same_distribution(a, b, path)
    if a.shape != b.shape:
        return _mismatch(
            "shape", path, "has the wrong shape", describe(expected), describe(got)
        )
    if expected.kind in ARRAYS and got.kind in ARRAYS:
        if got.dtype != expected.dtype:
            return _mismatch(
                "dtype", path, "has the wrong dtype", expected.dtype, got.dtype
            )
        if got.device != expected.device:
            return _mismatch(
                "device", path, "is on the wrong device", expected.device, got.device
            )
    return _compare_values(a, b, expected, path)


def _same_kind(got: Leaf, expected: Leaf) -> bool:
    if got.kind == expected.kind:
        return True
    # Where the reference gives a plain number, a 0-d tensor or array serves as well.
    if expected.kind in {"number", "array"} and got.kind in {"number", *ARRAYS}:
        return as_tensor(got).dim() == 0 and as_tensor(expected).dim() == 0
    return False


def as_tensor(leaf: Leaf) -> torch.Tensor:
    """A number or array as a tensor; numbers as float64 or int64."""
    if isinstance(leaf.value, torch.Tensor):
        return leaf.value
    if isinstance(leaf.value, int) and abs(leaf.value) < 2**63:
        return torch.tensor(leaf.value)
    return torch.tensor(float(leaf.value), dtype=torch.float64)


def _compare_values(
    a: torch.Tensor, b: torch.Tensor, expected: Leaf, path: str
) -> Mismatch | None:
    if not a.is_floating_point() and not b.is_floating_point():
        wrong = a != b
        if expected.judge == "up_to_permutation":
            return _judged(a, b, 0.0, expected, path)
        if not wrong.any():
            return None
        return _explain(a, b, wrong, path)
    if expected.judge in JUDGES and torch.equal(a, b):
        return None
    a, b = a.double(), b.double()
    if bool(a.isnan().any()) and not bool(b.isnan().any()):
        count = int(a.isnan().sum())
        where = _index(int(a.isnan().flatten().nonzero()[0]), a.shape)
        return _mismatch(
            "nan", path, f"holds nan in {_places(count)}, first at {where}", "", ""
        )
    tolerance = tolerance_of(expected, b)
    return _judged(a, b, tolerance, expected, path)


def _judged(
    a: torch.Tensor, b: torch.Tensor, tolerance: Any, expected: Leaf, path: str
) -> Mismatch | None:
    judge = JUDGES.get(expected.judge, _close)
    aligned = judge(a, b, tolerance, expected.options)
    if aligned is None:
        return None
    return _explain(aligned, b, ~within(aligned, b, tolerance), path)


def within(a: torch.Tensor, b: torch.Tensor, tolerance: Any) -> torch.Tensor:
    """Elementwise: equal, both nan, or closer than the tolerance."""
    same = (a == b) | ((a != a) & (b != b))
    return same | ((a - b).abs() <= tolerance)


# Each returns None if the values agree, else the candidate's values as aligned.


def _close(a: Any, b: Any, tolerance: Any, options: Any) -> torch.Tensor | None:
    return None if bool(within(a, b, tolerance).all()) else a


def _exact(a: Any, b: Any, tolerance: Any, options: Any) -> torch.Tensor | None:
    return None if bool(within(a, b, 0.0).all()) else a


def _up_to_sign(a: Any, b: Any, tolerance: Any, options: Any) -> torch.Tensor | None:
    dim = int(options.get("dim", 0))
    others = [d for d in range(a.dim()) if d != dim % max(a.dim(), 1)]
    dots = (a * b).sum(others, keepdim=True) if others else a * b
    return _close(torch.where(dots < 0, -a, a), b, tolerance, options)


def _up_to_permutation(
    a: Any, b: Any, tolerance: Any, options: Any
) -> torch.Tensor | None:
    dim = int(options.get("dim", 0))
    rows_a, rows_b = a.movedim(dim, 0), b.movedim(dim, 0)
    order = _matching(rows_a, rows_b)
    aligned = rows_a[order].movedim(0, dim)
    return _close(aligned, b, tolerance, options)


def _matching(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """For each row of b its nearest row of a, each used once."""
    n = len(b)
    cost = torch.cdist(
        a.reshape(n, -1).double().nan_to_num(), b.reshape(n, -1).double().nan_to_num()
    )
    if n <= 6:
        best = min(
            permutations(range(n)), key=lambda p: float(cost[list(p), range(n)].sum())
        )
        return torch.tensor(best, dtype=torch.long)
    order = []
    for j in range(n):
        i = int(cost[:, j].argmin())
        order.append(i)
        cost[i] = math.inf
    return torch.tensor(order)


def _same_subspace(a: Any, b: Any, tolerance: Any, options: Any) -> torch.Tensor | None:
    if torch.linalg.matrix_rank(a) < torch.linalg.matrix_rank(b):
        return a
    coefficients = torch.linalg.lstsq(a.T, b.T).solution
    projected = (a.T @ coefficients).T
    return _close(projected, b, tolerance, options)


JUDGES: dict[str, Callable[..., torch.Tensor | None]] = {
    "close": _close,
    "exact": _exact,
    "up_to_sign": _up_to_sign,
    "up_to_permutation": _up_to_permutation,
    "same_subspace": _same_subspace,
}

FALSE_ALARM = 1e-6


def _same_distribution(a: torch.Tensor, b: torch.Tensor, path: str) -> Mismatch | None:
    """Two-sample Kolmogorov-Smirnov test (asymptotic level FALSE_ALARM)."""
    a, b = a.double().flatten().sort().values, b.double().flatten().sort().values
    if len(a) == 0 or bool(a.isnan().any()):
        return _mismatch("nan", path, "holds no samples, or nan", "", "")
    both = torch.cat((a, b))
    gap = (
        torch.searchsorted(a, both, right=True) / len(a)
        - torch.searchsorted(b, both, right=True) / len(b)
    ).abs()
    distance = float(gap.max())
    sizes = (len(a) + len(b)) / (len(a) * len(b))
    limit = math.sqrt(-0.5 * math.log(FALSE_ALARM / 2) * sizes)
    if distance <= limit:
        return None
    return _mismatch(
        "distribution",
        path,
        "does not follow the right distribution",
        f"mean {float(b.mean()):.4g}, std {float(b.std()):.4g}",
        f"mean {float(a.mean()):.4g}, std {float(a.std()):.4g}",
        [
            f"largest gap between the distribution functions {distance:.3f} (limit {limit:.3f})"
        ],
    )


# Explaining


def _mismatch(
    code: str,
    path: str,
    sentence: str,
    expected: str,
    got: str,
    details: list[str] | None = None,
) -> Mismatch:
    subject = f"output{path}" if path else "the output"
    return Mismatch(code, f"{subject} {sentence}", expected, got, details or [])


def _explain(
    a: torch.Tensor, b: torch.Tensor, wrong: torch.Tensor, path: str
) -> Mismatch:
    gap = (a.double() - b.double()).abs().nan_to_num(nan=math.inf)
    gap = torch.where(wrong, gap, torch.zeros_like(gap))
    worst = int(gap.flatten().argmax()) if gap.numel() else 0
    count, total = int(wrong.sum()), wrong.numel()
    sentence = "is wrong"
    if total > 1:
        share = "every value" if count == total else f"{count} of {total} values"
        sentence += f" in {share}, worst at {_index(worst, b.shape)}"
    expected, got = (f"{x.flatten()[worst].item():.6g}" for x in (b, a))
    mismatch = _mismatch("value", path, sentence, expected, got)
    if b.dim() >= 2 and min(b.shape[-2:]) > 1:
        mismatch.pictures = _pictures(a, b, worst)
    mismatch.values = a, b
    return mismatch


def elaborate(mismatch: Mismatch) -> None:
    """Add a diagnosis; only worth its time for a mismatch that is shown."""
    if mismatch.values and (diagnosis := diagnose(*mismatch.values)):
        mismatch.details.append(diagnosis)


def _pictures(
    a: torch.Tensor, b: torch.Tensor, worst: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The 2-D slices that hold the worst element."""
    page = worst // (b.shape[-1] * b.shape[-2])
    return (
        b.reshape(-1, *b.shape[-2:])[page, :64, :64].double(),
        a.reshape(-1, *a.shape[-2:])[page, :64, :64].double(),
    )


def diagnose(a: torch.Tensor, b: torch.Tensor) -> str:
    """A simple relation between what came and what was expected, if there is one."""
    a, b = a.double(), b.double()
    if not (bool(a.isfinite().all()) and bool(b.isfinite().all())) or b.numel() < 2:
        return ""
    slack = 1e-4 * float(b.abs().max())

    def like(x: torch.Tensor) -> bool:
        return x.shape == b.shape and bool(((x - b).abs() <= slack).all())

    if like(-a):
        return "your values are the expected ones with the opposite sign"
    square = float((a * a).sum())
    ratio = float((a * b).sum()) / square if square else 0.0
    if ratio > 0 and like(a * ratio):
        return f"your values are {1 / ratio:.4g} times the expected ones, everywhere"
    shift = float((b - a).mean())
    if like(a + shift):
        return f"your values are off by {-shift:+.4g}, everywhere"
    if b.dim() >= 2 and b.shape[-1] == b.shape[-2] and like(a.transpose(-1, -2)):
        return "your values are the expected ones with the last two axes swapped"
    for dim in range(b.dim()):
        if b.shape[dim] > 1 and like(a.flip(dim)):
            return f"your values are the expected ones in reverse along axis {dim}"
    return ""


def describe(tree: Tree) -> str:
    """A short description: `float32 tensor (3, 4)`, `list of 2: ...`."""
    if isinstance(tree, dict):
        return "dict with " + (", ".join(map(repr, tree)) or "nothing")
    if isinstance(tree, list):
        parts = ", ".join(describe(t) for t in tree[:4])
        return f"{len(tree)} values: {parts}" + (", ..." if len(tree) > 4 else "")
    if tree.kind in ARRAYS:
        place = f" on {tree.device}" if tree.device != "cpu" else ""
        return f"{tree.dtype} {tree.kind} {_shape(tree.value.shape)}{place}"
    if tree.kind in {"number", "bool", "text"}:
        return f"{tree.dtype} {tree.value!r:.60}"
    return {"none": "None", "cut": "no gradient"}.get(tree.kind, tree.dtype)


def _shape(shape: Any) -> str:
    return str(tuple(shape))


def _index(flat: int, shape: Any) -> str:
    index = []
    for size in reversed(shape):
        index.append(flat % size)
        flat //= size
    return "[" + ", ".join(map(str, reversed(index))) + "]"


def _places(count: int) -> str:
    return "one place" if count == 1 else f"{count} places"


__all__ = [
    "FLOATS",
    "Mismatch",
    "as_tensor",
    "compare",
    "describe",
    "diagnose",
    "within",
]
