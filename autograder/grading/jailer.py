"""The trusted end of the jail: starts the warm process and reads what comes out."""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from ..errors import AutograderError
from ..jail import cgroups, leftovers, lock, namespaces
from ..jail.job import Job, Mark, Outcome, read_block, write_block
from ..transport import Tensors, TransportError, dump_tree, from_bytes
from ..tree import to_tree

MAX_FRAMES = 100_000
MAX_JSON = 32 * 2**20  # of all frames together: Python takes 20 times as much
PASSED_ON = ("PATH", "LANG", "LC_ALL", "COURSE_DATA", "SYSTEMROOT")


class Jailer:
    """A warm process, started on first use; a context manager.

    Where the machine has them, it lives in namespaces of its own, and its submissions
    in a cgroup; one for trusted students has neither.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._trusted = False
        self._group: cgroups.Group | None = None
        self._folder = ""
        self._log: IO[bytes] | None = None

    def __enter__(self) -> "Jailer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process and remove its folder."""
        if self._process:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        if self._group:
            self._group.remove()
            self._group = None
        if self._log:
            self._log.close()
            self._log = None
        if self._folder:
            leftovers.remove(self._folder)
            self._folder = ""

    def run(self, job: Job, given: Mapping[str, Mapping[str, Any]]) -> Outcome:
        """Run a job. `given`: inputs made outside, by exercise and case."""
        if not job.trusted:
            lock.require()
            _require_loopback(job)
        tensors: Tensors = {}
        dumped = {
            exercise: {c: dump_tree(to_tree(g), tensors) for c, g in cases.items()}
            for exercise, cases in given.items()
        }
        process = self._started(job.trusted)
        assert process.stdin
        assert process.stdout
        try:
            write_block(process.stdin, job.to_bytes(dumped, tensors))
            header = json.loads(read_block(process.stdout))
            frames = read_block(process.stdout)
        except (EOFError, BrokenPipeError, TransportError):
            reason = self._last_words()
            self.close()
            raise AutograderError(
                f"the process that runs submissions ended: {reason}; run the command "
                "again, results so far are kept."
            ) from None
        if "weak" in header:
            raise lock.LockError(
                f"the jail does not hold here: a submission could {header['weak']}; "
                f"{lock.ELSEWHERE}"
            )
        bad = {int(k): v for k, v in header["bad_cells"].items()}
        marks = [(int(offset), float(when)) for offset, when in header["marks"]]
        return Outcome(bad, header["ending"], frames, marks)

    def _started(self, trusted: bool) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._trusted != trusted:
            self.close()
        if self._process is None:
            self._trusted = trusted
            self._process = self._start(alone=not trusted)
        return self._process

    def _start(self, alone: bool) -> "subprocess.Popen[bytes]":
        self._folder = inside = tempfile.mkdtemp(prefix="autograder-")
        self._log = open(os.path.join(self._folder, "log"), "w+b")  # noqa: SIM115
        folders: dict[str, int] = {}
        if alone:
            with contextlib.suppress(cgroups.NoCgroupsError):
                self._group = cgroups.make()
                folders = self._group.opened()
        told = {"network": namespaces.network(), "cgroups": folders}
        command = [sys.executable, "-m", "autograder.jail.warm", json.dumps(told)]
        if alone and not namespaces.missing():
            inside = str(namespaces.FOLDER)
            command = namespaces.wrapped(command)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=self._folder,
                env=_environment(inside),
                pass_fds=tuple(folders.values()),
            )
        finally:
            for descriptor in folders.values():
                os.close(descriptor)

    def _last_words(self) -> str:
        assert self._log
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"


_shared: list[Jailer] = []


def shared_jailers(count: int) -> list[Jailer]:
    """The first warm processes of this process; ended at exit at the latest."""
    while len(_shared) < count:
        _shared.append(Jailer())
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


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but what Python needs; one thread; no GPU; no screen."""
    kept = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
    if data := kept.get("COURSE_DATA"):
        kept["COURSE_DATA"] = str(Path(data).resolve())  # not below its folder
    return kept | {
        "HOME": folder,
        "TMPDIR": folder,
        "MPLCONFIGDIR": folder,
        "IPYTHONDIR": folder,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


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
