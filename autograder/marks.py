"""Marks that a case puts on what it returns: how a value is to be compared.

Only the marks on the reference's output count, so a student's process cannot choose
how it is judged. `Marked` values are plain data; the comparing is in `judge.py`.
"""

from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Marked:
    """A value and the name of its judge."""

    value: Any
    judge: str
    options: dict[str, Any] = field(default_factory=dict)


def close(value: Any) -> Marked:
    """Equal up to the derived rounding error (what unmarked floats get)."""
    return Marked(value, "close")


def exact(value: Any) -> Marked:
    """Bit for bit the same floats."""
    return Marked(value, "exact")


def up_to_sign(value: Any, dim: int = 0) -> Marked:
    """Each slice along `dim` may be negated, as an eigenvector may."""
    return Marked(value, "up_to_sign", {"dim": dim})


def up_to_permutation(value: Any, dim: int = 0) -> Marked:
    """Slices along `dim` may come in any order, as clusters may."""
    return Marked(value, "up_to_permutation", {"dim": dim})


def same_subspace(value: Any) -> Marked:
    """Rows (q, D) that span the same q-dimensional space."""
    return Marked(value, "same_subspace")


def same_distribution(samples: Any) -> Marked:
    """Samples of the same distribution (two-sample Kolmogorov-Smirnov test)."""
    return Marked(samples, "same_distribution")


CUT = Marked(None, "cut")
"""Stands for a gradient that does not reach its input."""


def gradient(output: torch.Tensor, *inputs: torch.Tensor) -> Any:
    """Gradients of `output`, contracted with fixed random weights.

    Args:
        output: any shape; weighted by a fixed normal tensor of its shape, since a
            plain sum hides many mistakes (a softmax sums to a constant).
        inputs: tensors drawn with `grad=True`.

    Returns:
        One gradient, or a list of them; `CUT` where the graph does not reach.
    """
    if not (isinstance(output, torch.Tensor) and output.requires_grad):
        return CUT if len(inputs) == 1 else [CUT for _ in inputs]
    generator = torch.Generator().manual_seed(20)
    weights = torch.randn(output.shape, generator=generator, dtype=torch.float64)
    total = (output * weights.to(output.dtype).to(output.device)).sum()
    grads = torch.autograd.grad(total, inputs, allow_unused=True, retain_graph=True)
    found = [CUT if g is None else g for g in grads]
    return found[0] if len(found) == 1 else found
