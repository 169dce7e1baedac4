"""The trusted end of the jail: starts the warm process and reads what comes out."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from typing import IO, Any

from ..errors import AutograderError
from ..jail import leftovers, lock
from ..jail.job import Job, Outcome, read_block, write_block
from ..transport import Tensors, TransportError, dump_tree, from_bytes
from ..tree import to_tree

MAX_FRAMES = 100_000
MAX_JSON = 32 * 2**20  # of all frames together: Python takes 20 times as much
PASSED_ON = ("PATH", "LANG", "LC_ALL", "COURSE_DATA", "SYSTEMROOT")


class Jailer:
    """A warm process, started on first use; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
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
            self._process.wait(timeout=10)
            self._process.stdout.close()
            self._process = None
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
        tensors: Tensors = {}
        dumped = {
            exercise: {c: dump_tree(to_tree(g), tensors) for c, g in cases.items()}
            for exercise, cases in given.items()
        }
        process = self._started()
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
        bad = {int(k): v for k, v in header["bad_cells"].items()}
        return Outcome(bad, header["ending"], frames)

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._folder = tempfile.mkdtemp(prefix="autograder-")
            self._log = open(os.path.join(self._folder, "log"), "w+b")  # noqa: SIM115
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autograder.jail.warm"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=self._folder,
                env=_environment(self._folder),
            )
        return self._process

    def _last_words(self) -> str:
        assert self._log
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"


@cache
def shared_jailer() -> Jailer:
    """The one warm process of this process; ended at exit at the latest."""
    jailer = Jailer()
    atexit.register(jailer.close)
    return jailer


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but what Python needs; one thread; no GPU; no screen."""
    kept = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
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
            yield content, tensors
