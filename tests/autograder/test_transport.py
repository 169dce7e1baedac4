"""Trees travel as plain bytes, and what comes back is trusted with nothing."""

import json
import math

import numpy as np
import pytest
import torch

from autograder.faults import Fault
from autograder.observe import Observation
from autograder.transport import (
    TransportError,
    dump_observation,
    dump_tree,
    from_bytes,
    load_observation,
    load_tree,
    to_bytes,
)
from autograder.tree import plain, to_tree


def sent(value):
    tensors = {}
    frame = to_bytes(dump_tree(to_tree(value), tensors), tensors)
    return plain(load_tree(*from_bytes(frame)))


VALUES = {
    "numbers": [1, 2.5, -0.0, 10**250, -(2**70), math.inf, -math.inf],
    "truth": [True, False],
    "nothing": None,
    "text": "ä “quoted” \u2028 \x00",
    "nests": {"a": [[], {}, [{"b": 1}]]},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_plain_values_arrive_unchanged(value):
    assert sent(value) == value


def test_nan_arrives():
    assert math.isnan(sent(math.nan))


@pytest.mark.parametrize(
    "dtype",
    [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8,
     torch.uint8, torch.int64, torch.bool, torch.complex64, torch.complex128],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)], ids=str)
def test_tensors_arrive_unchanged(dtype, shape):
    value = torch.ones(shape, dtype=dtype)
    arrived = sent(value)
    assert arrived.dtype == dtype
    assert torch.equal(arrived, value)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_arrays_of_any_byte_order_arrive(order):
    value = np.arange(6, dtype=f"{order}f4").reshape(2, 3).T
    assert sent(value).tolist() == value.tolist()


def test_tensors_that_share_memory_arrive():
    x = torch.arange(6.0)
    assert [v.tolist() for v in sent([x, x[::2]])] == [x.tolist(), x[::2].tolist()]


def test_an_observation_arrives_unchanged():
    seen = Observation(
        to_tree({"x": torch.ones(2)}), None, ["x"], ["aten::add"], 0.5, drew=False
    )
    tensors = {}
    arrived = load_observation(dump_observation(seen, tensors), tensors)
    assert plain(arrived.tree)["x"].tolist() == [1, 1]
    arrived.tree = seen.tree = None
    assert arrived == seen


def test_a_fault_arrives_unchanged():
    seen = Observation(None, Fault("ValueError", "no", ["f, line 1: x"]))
    assert load_observation(dump_observation(seen, {}), {}) == seen


def leaf(**fields):
    return {"kind": "tensor", "dtype": "float32", "value": "0"} | fields


MALFORMED = {
    "no tree": 7,
    "an unknown kind": leaf(kind="code"),
    "a missing tensor": leaf(value="9"),
    "a key that is no text": leaf(value=["0"]),
    "another dtype than it says": leaf(dtype="float64"),
    "complex numbers that are none": leaf(dtype="complex64"),
    "a number as text": leaf(kind="number", value="1"),
    "truth for a number": leaf(kind="number", value=True),
    "a number that no float can hold": leaf(kind="number", value=10**400),
    "a dtype that is no text": leaf(dtype=5),
    "options that are no numbers": leaf(options={"dim": "import os"}),
    "a tolerance that is no number": leaf(tolerance="lots"),
    "an endless nest": json.loads('{"list": [' * 20 + "]}" * 20),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_trees_are_refused(data):
    with pytest.raises(TransportError):
        load_tree(data, {"0": torch.ones(3)})


OBSERVATIONS = {
    "no object": [],
    "a fault that is none": {"fault": "ValueError"},
    "a fault of numbers": {"fault": [1, 2, 3]},
    "names that are none": {"forbidden": "abc"},
    "endless time": {"seconds": 10**400},
}


@pytest.mark.parametrize("data", OBSERVATIONS.values(), ids=OBSERVATIONS)
def test_malformed_observations_are_refused(data):
    with pytest.raises(TransportError):
        load_observation(data, {})


FRAMES = {
    "empty": b"",
    "short": b"1234567",
    "longer than it is": (99).to_bytes(8, "big") + b"{}",
    "no JSON": (2).to_bytes(8, "big") + b"{{",
    "no safetensors": (2).to_bytes(8, "big") + b"{}" + b"garbage",
    "deep JSON": (10**5).to_bytes(8, "big") + b"[" * 10**5,
    "a pickle": (2).to_bytes(8, "big") + b"{}" + b"\x80\x04\x95.",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_malformed_frames_are_refused(frame):
    with pytest.raises(TransportError):
        from_bytes(frame)


@pytest.mark.parametrize("seconds", [-1.0, "nan", "inf", 10**400, True, [1]])
def test_a_time_that_cannot_be_is_refused(seconds) -> None:
    with pytest.raises(TransportError):
        load_observation({"tree": None, "fault": None, "seconds": seconds}, {})


@pytest.mark.parametrize("kind", [[], {}, None, 3, "tensors"])
def test_a_kind_that_is_no_kind_is_refused(kind) -> None:
    with pytest.raises(TransportError):
        load_tree({"kind": kind}, {})
