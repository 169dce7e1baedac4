"""What a hostile child can do to the frames of a submission that is not its own."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from .submissions import SIZES, Frame, Numbers

Frames = list[Frame]
WORDS = ("", "x", "plain", "float64", "shown", "\"'><img src=x onerror=alert(1)>", "\n")
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**63, -(2**63), 2**1000, 10**400, 0.5, 1e308,
    float("nan"), float("inf"), "nan", "-inf", "0", "1", [], {}, [[]], {"list": []},
    {"dict": {}}, {"kind": "cut"}, {"kind": "none"}, {"kind": "number", "value": 7},
    {"kind": "bool", "value": True, "dtype": "float"},
    {"kind": "text", "value": "x", "dtype": "str"},
    {"kind": "other", "dtype": "<b>"},
    {"kind": "array", "dtype": "int64", "value": "0"},
    "tensor", "array", "number", "bool", "text", "none", "cut", "other", "close",
    "exact", "up_to_sign", "same_subspace", "same_distribution", "float32", "bool",
    "int64", "complex64", "complex128", "bfloat16", *WORDS,
)  # fmt: skip
DTYPES = (
    "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "U16", "U32", "U64",
    "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "C64", "F4", "", "x",
)  # fmt: skip
FILLS = ("00", "ff", "01", "0000807f", "0000c07f", "000000000000f07f", "ffff7f7f", "7f")


def _swap(frames: Frames, i: int, j: int) -> None:
    i, j = i % len(frames), j % len(frames)
    frames[i], frames[j] = frames[j], frames[i]


def _drop(frames: Frames, i: int, j: int) -> None:
    start = i % len(frames)
    del frames[start : start + 1 + j % 5]


def _repeat(frames: Frames, i: int, j: int) -> None:
    frames.insert(j % len(frames), frames[i % len(frames)].clone())


def _turn(frames: Frames, i: int, j: int) -> None:
    frames[i % len(frames) :] = frames[i % len(frames) :][::-1]


def _exchange_observations(frames: Frames, i: int, j: int) -> None:
    one, two = _shown(frames, i), _shown(frames, j)
    one.data["observation"], two.data["observation"] = (
        two.data["observation"],
        one.data["observation"],
    )
    one.tensors, two.tensors = two.tensors, one.tensors


def _address_anew(frames: Frames, i: int, j: int) -> None:
    name = ("exercise", "case", "variant")[i % 3]
    _shown(frames, i).data[name] = _shown(frames, j).data[name]


def _replace(frames: Frames, i: int, j: int) -> None:
    holder, key = _place(frames[i % len(frames)], i // 7 + j)
    holder[key] = json.loads(json.dumps(HOSTILE[j % len(HOSTILE)]))


def _leave_out(frames: Frames, i: int, j: int) -> None:
    holder, key = _place(frames[i % len(frames)], j)
    del holder[key]


def _graft(frames: Frames, i: int, j: int) -> None:
    holder, key = _place(frames[i % len(frames)], j)
    other, name = _place(frames[j % len(frames)], i)
    holder[key] = json.loads(json.dumps(other[name]))


def _retype(frames: Frames, i: int, j: int) -> None:
    if tensor := _tensor(frames, i):
        tensor.dtype = DTYPES[j % len(DTYPES)]


def _refit(frames: Frames, i: int, j: int) -> None:
    """Another dtype that its bytes do fit."""
    if tensor := _tensor(frames, i):
        tensor.dtype = [*SIZES][j % len(SIZES)]
        size = SIZES[tensor.dtype]
        tensor.raw = tensor.raw[: len(tensor.raw) // size * size]
        tensor.shape = [len(tensor.raw) // size]


def _reshape(frames: Frames, i: int, j: int) -> None:
    if tensor := _tensor(frames, i):
        shape = tensor.shape
        tensor.shape = (
            shape[::-1],
            [1, *shape],
            [*shape, 1],
            [0, *shape],
            [-1],
            [2**62, 4],
            [1] * 70 + shape,
            [],
        )[j % 8]


def _resize(frames: Frames, i: int, j: int) -> None:
    """Fewer or more rows, as many bytes."""
    if (tensor := _tensor(frames, i)) and tensor.shape and tensor.shape[0]:
        row = len(tensor.raw) // tensor.shape[0]
        rows = (0, 1, tensor.shape[0] - 1, tensor.shape[0] + 1, 100)[j % 5]
        tensor.raw = (tensor.raw * (rows + 1))[: rows * row]
        tensor.shape = [rows, *tensor.shape[1:]]


def _flip(frames: Frames, i: int, j: int) -> None:
    if (tensor := _tensor(frames, i)) and tensor.raw:
        at = j % len(tensor.raw)
        changed = tensor.raw[at] ^ (1 << i % 8)
        tensor.raw = tensor.raw[:at] + bytes([changed]) + tensor.raw[at + 1 :]


def _fill(frames: Frames, i: int, j: int) -> None:
    if tensor := _tensor(frames, i):
        pattern = bytes.fromhex(FILLS[j % len(FILLS)])
        length = len(tensor.raw)
        tensor.raw = (pattern * (length // len(pattern) + 1))[:length]


def _rename(frames: Frames, i: int, j: int) -> None:
    frame = _shown(frames, i)
    frame.tensors = {str(int(k) + j % 3 - 1): t for k, t in frame.tensors.items()}


MUTATIONS: tuple[Callable[[Frames, int, int], None], ...] = (
    _swap, _drop, _repeat, _turn, _exchange_observations, _address_anew, _replace,
    _leave_out, _graft, _retype, _refit, _reshape, _resize, _flip, _fill, _rename,
    _replace, _replace, _graft,
)  # fmt: skip
ORDERS: tuple[Callable[[Frames, int, int], None], ...] = (_swap, _drop, _turn)


def _shown(frames: Frames, i: int) -> Frame:
    """A frame that holds an observation, while there is one."""
    found = [
        f
        for f in frames
        if isinstance(f.data, dict) and {"observation", "case"} <= f.data.keys()
    ]
    spare = {"exercise": "", "case": "", "variant": "", "observation": {}}
    return found[i % len(found)] if found else Frame(spare)


def _tensor(frames: Frames, i: int) -> Numbers | None:
    found = [t for f in frames for t in f.tensors.values()]
    return found[i % len(found)] if found else None


def _place(frame: Frame, i: int) -> tuple[Any, Any]:
    """Some place in the JSON of a frame: what holds it, and its key."""
    places = [*_places(frame.data)]
    return places[i % len(places)] if places else ({"": None}, "")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = [*value] if isinstance(value, dict) else []
    keys = [*range(len(value))] if isinstance(value, list) else keys
    for key in keys:
        yield value, key
        yield from _places(value[key])


def mutated(frames: tuple[Frame, ...], steps: list[tuple[int, int, int]]) -> Frames:
    """A copy, after some mutations."""
    return _after(frames, steps, MUTATIONS)


def reordered(frames: tuple[Frame, ...], steps: list[tuple[int, int, int]]) -> Frames:
    """A copy that holds some of the frames, each at most once, in any order."""
    return _after(frames, steps, ORDERS)


def _after(
    frames: tuple[Frame, ...],
    steps: list[tuple[int, int, int]],
    mutations: tuple[Callable[[Frames, int, int], None], ...],
) -> Frames:
    changed = [frame.clone() for frame in frames]
    for which, i, j in steps:
        if changed:
            mutations[which % len(mutations)](changed, i, j)
    return changed


NUMBER = st.integers(0, 2**20)
STEPS = st.lists(st.tuples(st.integers(0, 255), NUMBER, NUMBER), min_size=1, max_size=6)
