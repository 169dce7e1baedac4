"""What can be observed of an answer, as plain data: nests of leaves.

A tree is a dict, a list or a `Leaf`. Nothing in it runs code: it can be written to JSON
and safetensors (`transport.py`) and read back by a process that trusts nobody.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .devices import device_of, on_cpu
from .marks import Marked

ARRAYS = {"tensor", "array"}
MAX_DEPTH = 12
MAX_LEAVES = 4096
MAX_TEXT = 4000
COMPLEX = "complex128"
MAX_BITS = 1000  # of a whole number; a float has 1024


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
        return {_cut(str(k)): _convert(v, depth + 1, count) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_convert(v, depth + 1, count) for v in value]
    count[0] += 1
    if count[0] > MAX_LEAVES:
        raise TooMuchError(f"the returned nest has more than {MAX_LEAVES} values")
    return _leaf(value)


def _leaf(value: Any) -> Leaf:
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray) and hasattr(torch, value.dtype.name):
        dtype = value.dtype.newbyteorder("=")
        plain = torch.from_numpy(np.array(value, dtype, order="C"))
        return Leaf("array", plain, _dtype(plain))
    if isinstance(value, (bool, np.bool_)):
        return Leaf("bool", bool(value), "bool")
    if isinstance(value, (int, np.integer)):
        return _whole(int(value))
    if isinstance(value, (float, np.floating)):
        return Leaf("number", float(value), "float")
    if isinstance(value, (complex, np.complexfloating)):
        return Leaf("array", torch.tensor(complex(value)).to(torch.complex128), COMPLEX)
    if isinstance(value, str):
        return Leaf("text", _cut(value), "str")
    if value is None:
        return Leaf("none", None, "None")
    return Leaf("other", None, type(value).__name__[:40])


def _tensor(value: torch.Tensor) -> Leaf:
    if value.layout != torch.strided or value.device.type == "meta":
        return Leaf("other", None, f"{value.layout} tensor on {value.device.type}")
    # A copy: the answer may go on writing into what it returned.
    plain = on_cpu(value).resolve_conj().resolve_neg().clone()
    return Leaf("tensor", plain, _dtype(plain), device_of(value))


def _whole(value: int) -> Leaf:
    if value.bit_length() > MAX_BITS:
        return Leaf("other", None, f"int of {value.bit_length()} bits")
    return Leaf("number", value, "int")


def _cut(text: str) -> str:
    """The text; if it is long, its beginning and a checksum of the whole."""
    raw = text.encode(errors="replace")  # half a surrogate pair cannot be shown
    if len(text) <= MAX_TEXT:
        return raw.decode()
    digest = hashlib.sha256(raw).hexdigest()
    text = raw.decode()
    return f"{text[: MAX_TEXT - 80]} ... (sha256 {digest})"


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
