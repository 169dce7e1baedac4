"""What can be observed of an answer, as plain data: nests of leaves.

A tree is a dict, a list or a `Leaf`. Nothing in it runs code: it can be written to JSON
and safetensors (`transport.py`) and read back by a process that trusts nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .devices import device_of, on_cpu
from .marks import Marked

MAX_DEPTH = 12
MAX_LEAVES = 4096
MAX_TEXT = 4000


@dataclass
class Leaf:
    """One observed value.

    Attributes:
        kind: tensor, array, number, bool, text, none, cut (a gradient that does not
            reach its input) or other.
        value: a detached CPU tensor for tensor and array; else a Python value.
        dtype: "float32", "int64", ...; the Python type's name for other kinds.
        device: "cpu" or "cuda".
        judge: how it is compared; meaningful only on a reference's leaf.
        options: the judge's options.
        tolerance: rounding error allowed, as `tolerance.attach` measured it.
        allowed: what `tolerance_of` made of it, kept.
    """

    kind: str
    value: Any
    dtype: str = ""
    device: str = "cpu"
    judge: str = "close"
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0
    allowed: torch.Tensor | None = field(default=None, repr=False, compare=False)


Tree = Any  # dict[str, Tree] | list[Tree] | Leaf


class TooMuchError(ValueError):
    """An answer returned a nest that is too deep or too large to compare."""


def to_tree(value: Any) -> Tree:
    """Convert what a case returned; raises TooMuchError beyond the limits."""
    return _convert(value, 0, [0])


def _convert(value: Any, depth: int, count: list[int]) -> Tree:
    if depth > MAX_DEPTH:
        raise TooMuchError(f"the returned nest is deeper than {MAX_DEPTH} levels")
    if isinstance(value, Marked):
        node = _convert(value.value, depth, count)
        for leaf in leaves(node):
            leaf.judge, leaf.options = value.judge, dict(value.options)
        if value.judge == "cut":
            return Leaf("cut", None)
        return node
    if isinstance(value, dict):
        return {str(k): _convert(v, depth + 1, count) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_convert(v, depth + 1, count) for v in value]
    count[0] += 1
    if count[0] > MAX_LEAVES:
        raise TooMuchError(f"the returned nest has more than {MAX_LEAVES} values")
    return _leaf(value)


def _leaf(value: Any) -> Leaf:
    if isinstance(value, torch.Tensor):
        plain = on_cpu(value)
        return Leaf("tensor", plain, _dtype(plain), device_of(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        plain = torch.from_numpy(np.array(value, order="C"))
        return Leaf("array", plain, str(value.dtype))
    if isinstance(value, (bool, np.bool_)):
        return Leaf("bool", bool(value), "bool")
    if isinstance(value, (int, np.integer)):
        return Leaf("number", int(value), "int")
    if isinstance(value, (float, np.floating)):
        return Leaf("number", float(value), "float")
    if isinstance(value, str):
        return Leaf("text", value[:MAX_TEXT], "str")
    if value is None:
        return Leaf("none", None, "None")
    return Leaf("other", None, type(value).__name__)


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Every leaf, in order."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for child in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(child)


def plain(tree: Tree) -> Any:
    """The nest with bare values, as a judge function receives it."""
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, dict):
        return {k: plain(v) for k, v in tree.items()}
    return [plain(v) for v in tree]
