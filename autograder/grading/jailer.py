"""The trusted end of the jail: hands in jobs and reads what comes out."""

import atexit
import json
from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import Any

from ..errors import AutograderError
from ..jail import lock, namespaces
from ..jail.job import (
    NOTHING_GIVEN,
    Job,
    Mark,
    Outcome,
    read_block,
    write_block,
)
from ..transport import Tensors, TransportError, from_bytes
from .process import WarmProcess, warm_process

MAX_FRAMES = 100_000
MAX_NAMES = 2**20  # bytes of a frame that name its tensors
MAX_JSON = 32 * 2**20  # of all frames together: Python takes 20 times as much


class EndedError(AutograderError):
    """The warm process was killed, or died, while it ran a submission."""


class Jailer:
    """Runs jobs in a warm process, one at a time; a context manager.

    Threads may share it.
    """

    def __init__(self, warm: WarmProcess | None = None) -> None:
        self._warm = warm or WarmProcess()
        self._one_at_a_time = Lock()

    def __enter__(self) -> "Jailer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process and remove its folder."""
        self._warm.close()

    def run(self, job: Job, given: bytes = NOTHING_GIVEN) -> Outcome:
        """Run a job. `given`: inputs made outside, packed by `pack_given`."""
        if not job.trusted:
            lock.require()
            _require_loopback(job)
        with self._one_at_a_time:
            header, frames = self._exchange(job, given)
        if "weak" in header:
            raise lock.LockError(
                f"the jail does not hold here: a submission could {header['weak']}; "
                f"{lock.ELSEWHERE}"
            )
        bad = {int(k): v for k, v in header["bad_cells"].items()}
        marks = [(int(offset), float(when)) for offset, when in header["marks"]]
        return Outcome(bad, header["ending"], frames, marks)

    def _exchange(self, job: Job, given: bytes) -> tuple[dict[str, Any], bytes]:
        process = self._warm.started(job.trusted)
        assert process.stdin
        assert process.stdout
        self._warm.busy = True
        try:
            write_block(process.stdin, job.to_bytes())
            write_block(process.stdin, given)
            header = json.loads(read_block(process.stdout))
            frames = read_block(process.stdout)
        except (EOFError, BrokenPipeError, TransportError):
            reason = self._warm.last_words()
            self.close()
            raise EndedError(
                f"the process that runs submissions ended: {reason}; run the command "
                "again, results so far are kept."
            ) from None
        self._warm.busy = False
        return header, frames


_shared: list[Jailer] = []


def shared_jailers(count: int) -> list[Jailer]:
    """The first warm processes of this process; ended at exit at the latest."""
    while len(_shared) < count:
        _shared.append(Jailer(warm_process()))
        atexit.register(_shared[-1].close)
    return _shared[:count]


def shared_jailer() -> Jailer:
    """The first of them."""
    return shared_jailers(1)[0]


def _require_loopback(job: Job) -> None:
    """Raise LockError if the job wants a loopback and can get none of its own."""
    if job.loopback and (lacks := namespaces.missing()):
        raise lock.LockError(
            f"{job.assignment} has exercises that start processes, which talk over a "
            f"loopback of their own: {lacks}; install bubblewrap 0.7 or newer, "
            f"{lock.ELSEWHERE}"
        )


def frames(outcome: Outcome) -> Iterator[tuple[dict[str, Any], Tensors]]:
    """What the child sent, as far as it can be read; the rest is ignored."""
    for content, tensors, _ in timed_frames(outcome):
        yield content, tensors


def timed_frames(outcome: Outcome) -> Iterator[tuple[dict[str, Any], Tensors, float]]:
    """The frames, each with the second in which the last of it came."""
    data, position, text = outcome.frames, 0, 0
    for _ in range(MAX_FRAMES):
        if position + 16 > len(data):
            return
        length = int.from_bytes(data[position : position + 8], "big")
        text += int.from_bytes(data[position + 8 : position + 16], "big")
        if length > len(data) - position - 8 or text > MAX_JSON:
            return
        block = data[position + 8 : position + 8 + length]
        names_at = 8 + int.from_bytes(block[:8], "big")
        names = int.from_bytes(block[names_at : names_at + 8], "little")
        text += names
        if names > MAX_NAMES or text > MAX_JSON:
            return
        position += 8 + length
        try:
            content, tensors = from_bytes(block)
        except TransportError:
            return
        if isinstance(content, dict):
            yield content, tensors, _arrival(outcome.marks, position)


def _arrival(marks: list[Mark], position: int) -> float:
    index = bisect_left(marks, (position, 0.0))
    return marks[min(index, len(marks) - 1)][1] if marks else 0.0
