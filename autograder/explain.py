"""Saying where two values differ, in a sentence, figures and an excerpt."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch

from .excerpt import Excerpt, excerpt, quantiles
from .tree import ARRAYS, Leaf, Tree

MAX_SHOWN = 80  # characters of a value in a report
ALIKE = 1e-4  # of the largest value: what differs less looks the same to a person


@dataclass
class Mismatch:
    """Where and how two observations differ.

    Attributes:
        code: kind of difference (shape, dtype, device, value, ...): stable, compared
            when a misconception is recognised.
        sentence: one line for the student.
        expected, got: short descriptions, may be empty.
        details: more lines (a diagnosis).
        agreed: what was compared before, and is right: shape, dtype, device.
        excerpt: a part of both to look at; `elaborate` cuts it out.
        values: (got, expected) as compared, for `elaborate`.
        worst: the element that is furthest off, in the flattened values.
    """

    code: str
    sentence: str
    expected: str = ""
    got: str = ""
    details: list[str] = field(default_factory=list)
    agreed: str = ""
    excerpt: Excerpt | None = None
    values: tuple[torch.Tensor, torch.Tensor] | None = field(default=None, repr=False)
    worst: int = 0


def mismatch_at(
    code: str, path: str, sentence: str, expected: str = "", got: str = ""
) -> Mismatch:
    """A mismatch of the output, or of the part of it that `path` names."""
    subject = f"output{path}" if path else "the output"
    return Mismatch(code, f"{subject} {sentence}", expected, got)


def wrong_values(
    a: torch.Tensor, b: torch.Tensor, wrong: torch.Tensor, path: str
) -> Mismatch:
    """Explain where `a` (got) differs from `b` (expected).

    Args:
        a, b: values of the same shape.
        wrong: (same shape) bool, which of them count as different.
        path: names the part of the output.
    """
    gap = (wide(a) - wide(b)).abs().nan_to_num(nan=math.inf)
    gap = torch.where(wrong, gap, -1.0)
    worst = int(gap.flatten().argmax()) if gap.numel() else 0
    count, total = int(wrong.sum()), wrong.numel()
    sentence = "is wrong"
    if total > 1:
        share = "every value" if count == total else f"{count} of {total} values"
        sentence += f" in {share}, worst at {index_of(worst, b.shape)}"
    expected, got = _figures(b.flatten()[worst].item(), a.flatten()[worst].item())
    mismatch = mismatch_at("value", path, sentence, expected, got)
    mismatch.values, mismatch.worst = (a, b), worst
    return mismatch


def wide(x: torch.Tensor) -> torch.Tensor:
    """The values in float64 or complex128."""
    return x.to(torch.complex128 if x.is_complex() else torch.float64)


def _figures(expected: Any, got: Any) -> tuple[str, str]:
    """Both figures, with as many digits as it takes to tell them apart."""
    if not isinstance(expected, (float, complex)):
        return f"{expected}", f"{got}"
    for digits in (6, 9, 17):
        one, two = f"{expected:.{digits}g}", f"{got:.{digits}g}"
        if one != two:
            break
    return one, two


def shown_value(value: torch.Tensor) -> str:
    """A tensor's only value, in six digits."""
    return f"{value.item():.6g}"


def agreeing(mismatch: Mismatch, leaf: Leaf, *names: str) -> Mismatch:
    """Note which of shape, dtype and device are right."""
    values = {
        "shape": tuple(leaf.value.shape),
        "dtype": leaf.dtype,
        "device": leaf.device,
    }
    *first, last = (f"{name} {values[name]}" for name in names)
    mismatch.agreed = f"{', '.join(first)} and {last} are" if first else f"{last} is"
    mismatch.agreed += " right"
    return mismatch


def elaborate(mismatch: Mismatch) -> None:
    """Add a diagnosis and an excerpt; only worth their time for what is shown."""
    if not mismatch.values:
        return
    got, expected = mismatch.values
    if mismatch.code == "distribution":
        mismatch.excerpt = quantiles(expected, got)
        return
    if not is_close(mismatch) and bool(got.isfinite().any()):
        mismatch.excerpt = excerpt(expected, got, mismatch.worst)
    diagnosis = diagnose(got, expected)
    if diagnosis and diagnosis not in mismatch.details:
        mismatch.details.append(diagnosis)


def is_close(mismatch: Mismatch) -> bool:
    """Whether only the last digits differ."""
    if mismatch.code != "value" or mismatch.values is None:
        return False
    got, expected = mismatch.values
    gap, size = float((got - expected).abs().max()), float(expected.abs().max())
    return gap < ALIKE * size < math.inf


def diagnose(a: torch.Tensor, b: torch.Tensor) -> str:
    """A simple relation between what came and what was expected, if there is one."""
    if a.is_complex() or b.is_complex() or b.numel() < 2:
        return ""
    a, b = a.double(), b.double()
    if not (bool(a.isfinite().all()) and bool(b.isfinite().all())):
        return ""
    largest = float(b.abs().max())
    slack = ALIKE * largest
    gap = float((a - b).abs().max()) if a.shape == b.shape else math.inf
    if 0 < gap < slack:
        digits = int(-math.log10(gap / largest))
        return f"your values agree with the expected ones to {digits} digits"

    def like(x: torch.Tensor) -> bool:
        return x.shape == b.shape and bool(((x - b).abs() <= slack).all())

    if like(-a):
        return "your values are the expected ones with the opposite sign"
    square = float((a * a).sum())
    ratio = float((a * b).sum()) / square if square else 0.0
    if ratio > 0 and math.isfinite(ratio) and like(a * ratio):
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
    """A short description: `float32 tensor (3, 4)`, `2 values: ...`."""
    if isinstance(tree, dict):
        names = [shortened(repr(name), 30) for name in [*tree][:6]]
        more = ", ..." if len(tree) > len(names) else ""
        return "dict with " + (", ".join(names) + more or "nothing")
    if isinstance(tree, list):
        parts = ", ".join(describe(t) for t in tree[:4])
        values = "1 value" if len(tree) == 1 else f"{len(tree)} values"
        text = f"{values}: {parts}" if tree else values
        return shortened(text + (", ..." if len(tree) > 4 else ""), 3 * MAX_SHOWN)
    return _describe_leaf(tree)


def _describe_leaf(leaf: Leaf) -> str:
    if leaf.kind in ARRAYS:
        place = f" on {leaf.device}" if leaf.device != "cpu" else ""
        return f"{leaf.dtype} {leaf.kind} {tuple(leaf.value.shape)}{place}"
    if leaf.kind in {"number", "bool", "text"}:
        return f"{leaf.dtype} {shortened(repr(leaf.value))}"
    return {"none": "None", "cut": "no gradient"}.get(leaf.kind, leaf.dtype)


def shortened(text: str, width: int = MAX_SHOWN) -> str:
    """The text, its middle left out if it is long."""
    if len(text) <= width:
        return text
    half = (width - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def index_of(flat: int, shape: Any) -> str:
    """The place of an element as `[i, j]`."""
    index = []
    for size in reversed(shape):
        index.append(flat % size)
        flat //= size
    return "[" + ", ".join(map(str, reversed(index))) + "]"
