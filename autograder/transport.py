"""Trees as bytes: JSON for the structure, safetensors for the numbers.

Reading trusts nobody: sizes are bounded, kinds are checked, nothing is evaluated.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import load, save

from .faults import Fault
from .observe import Observation
from .tree import ARRAYS, MAX_BITS, MAX_DEPTH, MAX_LEAVES, MAX_TEXT, Leaf, Tree

Tensors = dict[str, torch.Tensor]
MAX_BYTES = 256 * 2**20
MAX_NODES = 4 * MAX_LEAVES
KINDS = ARRAYS | {"number", "bool", "text", "none", "cut", "other"}


class TransportError(ValueError):
    """Bytes that are not what they should be."""


def dump_tree(tree: Tree, tensors: Tensors) -> Any:
    """The JSON form of a tree; its arrays are added to `tensors`."""
    if isinstance(tree, dict):
        return {"dict": {k: dump_tree(v, tensors) for k, v in tree.items()}}
    if isinstance(tree, list):
        return {"list": [dump_tree(v, tensors) for v in tree]}
    leaf: dict[str, Any] = {"kind": tree.kind, "dtype": tree.dtype}
    if tree.device != "cpu":
        leaf["device"] = tree.device
    if tree.judge != "close":
        leaf |= {"judge": tree.judge, "options": tree.options}
    if tree.kind in ARRAYS:
        leaf["value"] = _put(tree.value, tensors)
    elif isinstance(tree.value, float) and not math.isfinite(tree.value):
        leaf["value"] = str(tree.value)
    else:
        leaf["value"] = tree.value
    if tree.tolerance:
        leaf["tolerance"] = tree.tolerance
    return leaf


def _put(tensor: torch.Tensor, tensors: Tensors) -> str:
    key = str(len(tensors))
    if tensor.is_complex():  # safetensors knows no complex128
        tensor = torch.view_as_real(tensor)
    # Two leaves may share storage, which safetensors refuses.
    tensors[key] = tensor.detach().clone().contiguous()
    return key


def load_tree(data: Any, tensors: Mapping[str, torch.Tensor]) -> Tree:
    """Rebuild a tree; raises TransportError for anything unexpected."""
    return _load_node(data, tensors, 0, [0])


def _load_node(
    data: Any, tensors: Mapping[str, torch.Tensor], depth: int, count: list[int]
) -> Tree:
    count[0] += 1
    if depth > MAX_DEPTH + 1 or count[0] > MAX_NODES or not isinstance(data, dict):
        raise TransportError("malformed tree")

    def below(child: Any) -> Tree:
        return _load_node(child, tensors, depth + 1, count)

    if "dict" in data:
        children = _checked(data["dict"], dict)
        return {str(k): below(v) for k, v in children.items()}
    if "list" in data:
        return [below(v) for v in _checked(data["list"], list)]
    return _load_leaf(data, tensors)


def _load_leaf(data: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> Leaf:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise TransportError("unknown kind of value")
    leaf = Leaf(
        kind,
        data.get("value"),
        legible(_checked(data.get("dtype", ""), str)[:40]),
        legible(_checked(data.get("device", "cpu"), str)[:40]),
        _checked(data.get("judge", "close"), str)[:40],
        _options(data.get("options", {})),
    )
    if kind in ARRAYS:
        leaf.value = _get(leaf.value, leaf.dtype, tensors)
    elif kind == "number":
        leaf.value = _number(leaf.value)
    elif kind == "bool":
        leaf.value = _checked(leaf.value, bool)
    elif kind == "text":
        leaf.value = _checked(leaf.value, str)[:MAX_TEXT]
    else:
        leaf.value = None
    leaf.tolerance = _measure(data.get("tolerance", 0.0))
    return leaf


def _options(value: Any) -> dict[str, int]:
    options = _checked(value, dict)
    return {str(k): _checked(v, int) for k, v in options.items()}


def _number(value: Any) -> int | float:
    if isinstance(value, str) and value in {"nan", "inf", "-inf"}:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TransportError("malformed number")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise TransportError("number too large")
    return value


def _measure(value: Any) -> float:
    """A finite number that is not negative."""
    number = _number(value)
    if not 0 <= number < 1e300:  # nan is not, either
        raise TransportError("malformed number")
    return float(number)


def _get(key: Any, dtype: str, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    tensor = tensors.get(key) if isinstance(key, str) else None
    if tensor is None:
        raise TransportError("a tensor is missing")
    if dtype.startswith("complex"):
        if not (tensor.is_floating_point() and tensor.shape[-1:] == (2,)):
            raise TransportError("malformed complex numbers")
        if tensor.dtype not in {torch.float16, torch.float32, torch.float64}:
            raise TransportError("malformed complex numbers")
        tensor = torch.view_as_complex(tensor)
    if str(tensor.dtype) != f"torch.{dtype}":
        raise TransportError("a tensor has another dtype than it says")
    return tensor


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TransportError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def dump_observation(observation: Observation, tensors: Tensors) -> dict[str, Any]:
    """The JSON form of an observation; its arrays are added to `tensors`."""
    fault = observation.fault
    return {
        "tree": None
        if observation.tree is None
        else dump_tree(observation.tree, tensors),
        "fault": fault and [fault.type, fault.message, fault.where],
        "mutated": observation.mutated,
        "forbidden": observation.forbidden,
        "seconds": observation.seconds,
        "drew": observation.drew,
    }


def load_observation(data: Any, tensors: Mapping[str, torch.Tensor]) -> Observation:
    """Rebuild an observation; raises TransportError for anything unexpected."""
    data = _checked(data, dict)
    tree, fault = data.get("tree"), data.get("fault")
    return Observation(
        None if tree is None else load_tree(tree, tensors),
        None if fault is None else _load_fault(fault),
        _names(data.get("mutated", [])),
        _names(data.get("forbidden", [])),
        _measure(data.get("seconds", 0.0)),
        bool(data.get("drew", True)),
    )


def _load_fault(fault: Any) -> Fault:
    if not isinstance(fault, list) or len(fault) != 3:
        raise TransportError("malformed fault")
    name, message, where = fault
    return Fault(
        legible(_checked(name, str)[:80]),
        legible(_checked(message, str)[:500]),
        _names(where),
    )


def _names(values: Any) -> list[str]:
    return [legible(_checked(v, str)[:300]) for v in _checked(values, list)[:20]]


def legible(text: str) -> str:
    """The text without what no file can hold or what a terminal obeys."""
    return "".join(c if c.isprintable() or c in " \n\t" else "\ufffd" for c in text)


def to_bytes(data: Any, tensors: Tensors) -> bytes:
    """One frame: length of the JSON part, JSON, safetensors."""
    text = json.dumps(data).encode()
    numbers: bytes = save(tensors)
    return len(text).to_bytes(8, "big") + text + numbers


def from_bytes(frame: bytes) -> tuple[Any, Tensors]:
    """Undo `to_bytes`; raises TransportError for anything malformed."""
    if not 8 <= len(frame) <= MAX_BYTES:
        raise TransportError("frame too short or too long")
    length = int.from_bytes(frame[:8], "big")
    if length > len(frame) - 8:
        raise TransportError("frame cut short")
    try:
        data = json.loads(frame[8 : 8 + length])
        tensors = load(frame[8 + length :])
    except Exception as error:  # the readers raise many kinds, RecursionError included
        raise TransportError(f"unreadable frame: {type(error).__name__}") from None
    return data, tensors
