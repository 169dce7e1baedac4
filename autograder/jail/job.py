"""What goes into the jail, and the frames that come out."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from ..transport import MAX_BYTES, Tensors, TransportError, dump_tree, to_bytes
from ..tree import to_tree


@dataclass
class Cell:
    """A cell to execute.

    Attributes:
        source: its code.
        grade_id: the exercise whose answer it holds, or a test cell's id, or "".
        definitions_only: take functions, classes and imports, skip the rest.
    """

    source: str
    grade_id: str = ""
    definitions_only: bool = False


@dataclass
class Job:
    """One submission to run. Everything in it may be known to a student.

    Attributes:
        assignment: its name.
        checks: source of checks.py; empty for a notebook with plain asserts.
        cells: what to execute first.
        limits: seconds of wall time by exercise.
        alone: exercises that run first, each in a process of its own.
        together: quick ones, which then run one after the other where the cells ran.
        imports: of the released notebook; done once, before the first fork.
        cell_seconds: wall time per cell.
        megabytes: memory on top of the warm process's.
        seed: of the cases' inputs.
        trusted: run without the lock (the instructor's --trust-students).
        loopback: some exercise declares processes, which talk over loopback.
    """

    assignment: str
    checks: str
    cells: list[Cell]
    limits: dict[str, float] = field(default_factory=dict)
    alone: list[str] = field(default_factory=list)
    together: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    cell_seconds: float = 20.0
    megabytes: int = 2048
    seed: str = ""
    trusted: bool = False
    loopback: bool = False

    def to_bytes(self) -> bytes:
        """The request."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, request: bytes) -> "Job":
        """Undo `to_bytes`."""
        job = cls(**json.loads(request))
        job.cells = [Cell(**cell) for cell in job.cells]  # type: ignore[arg-type]
        return job


Given = tuple[dict[str, Any], Tensors]  # by exercise and case: trees, their numbers


def pack_given(given: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Inputs made outside, by exercise and case, on their way into the jail."""
    tensors: Tensors = {}
    dumped = {
        exercise: {c: dump_tree(to_tree(g), tensors) for c, g in cases.items()}
        for exercise, cases in given.items()
    }
    return to_bytes(dumped, tensors)


NOTHING_GIVEN = pack_given({})


Mark = tuple[int, float]  # so many bytes had come, so many seconds after the start


@dataclass
class Outcome:
    """How a job went, from the warm process: trustworthy, unlike the frames.

    Attributes:
        bad_cells: index of a cell that hung or killed the process -> what happened.
        ending: why the child stopped early, or "".
        frames: raw bytes from the child.
        marks: when they came, to about 20 ms.
    """

    bad_cells: dict[int, str]
    ending: str
    frames: bytes
    marks: list[Mark] = field(default_factory=list)


def write_block(stream: IO[bytes], block: bytes) -> None:
    """One length-prefixed block."""
    stream.write(len(block).to_bytes(8, "big") + block)
    stream.flush()


def read_block(stream: IO[bytes], most: int = 4 * MAX_BYTES) -> bytes:
    """Read a block; EOFError at the end, TransportError if it is too long."""
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    length = int.from_bytes(head, "big")
    if length > most:
        raise TransportError("block too long")
    block = stream.read(length)
    if len(block) < length:
        raise EOFError
    return block


def send_frame(descriptor: int, data: Any, tensors: Tensors) -> None:
    """Write a frame to the supervisor's pipe."""
    frame = to_bytes(data, tensors)
    block = memoryview(len(frame).to_bytes(8, "big") + frame)
    while block:
        block = block[os.write(descriptor, block) :]
