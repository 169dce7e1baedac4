"""Submissions as the jail would send them: right, wrong, and wrong in a variant."""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.jail.job import Cell, Job, Outcome
from autograder.observe import observe_all
from autograder.transport import dump_observation, to_bytes

HERE = Path(__file__).resolve().parent
TOY = Assignment("t01_toy", HERE.parent / "catalogue")
EVERY_KIND = Assignment("f01_every_kind", HERE / "catalogue")
SEED = "fuzz"
CELLS = [Cell("x", "double"), Cell("y", "shown"), Cell("z")]
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U8": 1, "BOOL": 1}


@dataclass
class Numbers:
    """A tensor of a frame as it travels; nothing in it needs to be true."""

    dtype: str
    shape: list[int]
    raw: bytes

    def clone(self) -> "Numbers":
        return Numbers(self.dtype, list(self.shape), self.raw)


@dataclass
class Frame:
    """One message of a child: JSON and named tensors."""

    data: Any
    tensors: dict[str, Numbers] = field(default_factory=dict)

    @classmethod
    def of(cls, block: bytes) -> "Frame":
        """Take a block apart."""
        length = int.from_bytes(block[:8], "big")
        text, rest = block[8 : 8 + length], block[8 + length :]
        (size,) = struct.unpack("<Q", rest[:8])
        header, raw = json.loads(rest[8 : 8 + size]), rest[8 + size :]
        tensors = {
            name: Numbers(t["dtype"], t["shape"], raw[slice(*t["data_offsets"])])
            for name, t in header.items()
        }
        return cls(json.loads(text), tensors)

    def to_bytes(self) -> bytes:
        """The block with its length, as the child writes it into the pipe."""
        header, raw = {}, b""
        for name, tensor in self.tensors.items():
            place = [len(raw), len(raw) + len(tensor.raw)]
            header[name] = {
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "data_offsets": place,
            }
            raw += tensor.raw
        text, head = json.dumps(self.data).encode(), json.dumps(header).encode()
        block = len(text).to_bytes(8, "big") + text
        block += struct.pack("<Q", len(head)) + head + raw
        return len(block).to_bytes(8, "big") + block

    def clone(self) -> "Frame":
        """A copy that may be changed."""
        tensors = {k: t.clone() for k, t in self.tensors.items()}
        return Frame(json.loads(json.dumps(self.data)), tensors)


class Replay:
    """In place of a jailer: its outcome is what is put into it."""

    def __init__(self) -> None:
        self.outcome = Outcome({}, "", b"")

    def run(self, job: Job, given: bytes = b"") -> Outcome:
        return self.outcome


@cache
def grader(assignment: str) -> Grader:
    """The real grader, to whom any bytes can be given as what the jail sent."""
    found = {a.name: a for a in (TOY, EVERY_KIND)}[assignment]
    return Grader(found, SEED, jailer=Replay())  # type: ignore[arg-type]


def _late(function: Callable[..., Any], wrong: Callable[..., Any]) -> Any:
    """Right in float32, wrong in float64 and whenever it is called again."""
    calls = []

    def answer(x: Any) -> Any:
        calls.append(x)
        double = "64" in str(getattr(x, "dtype", "")) or len(calls) > 20
        return wrong(x) if double else function(x)

    return answer


@cache
def recorded(assignment: str, which: str) -> tuple[Frame, ...]:
    """The frames of a submission.

    Args:
        assignment: its name.
        which: "right", "wrong" (in every case), or "late" (only in variants).
    """
    own = grader(assignment)
    found = [{"cell": index, "error": None} for index in range(len(CELLS))]
    frames = [Frame(data) for data in found]
    for exercise in own.assignment.checks.exercises.values():
        right = own.assignment.reference(exercise)
        wrong = dict(own.assignment.misconceptions(exercise)[0].candidate)
        late = {name: _late(right[name], wrong[name]) for name in right}
        candidate = {"right": right, "wrong": wrong, "late": late}[which]
        given = own.packs[exercise.name].given
        for case, variant, seen in observe_all(exercise, candidate, SEED, given):
            tensors: dict[str, Any] = {}
            data = {
                "exercise": exercise.name,
                "case": case.name,
                "variant": variant.name,
                "observation": dump_observation(seen, tensors),
            }
            frames.append(Frame.of(to_bytes(data, tensors)))
        frames.append(Frame({"exercise": exercise.name, "status": 0, "seconds": 9.0}))
    return tuple(frames)


def sent(frames: Iterator[Frame] | list[Frame] | tuple[Frame, ...]) -> bytes:
    """What comes through the pipe."""
    return b"".join(frame.to_bytes() for frame in frames)
