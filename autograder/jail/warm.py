"""The warm process: imports once, forks per submission, supervises, knows no secret.

Reads jobs from standard input and writes outcomes to standard output, until the input
ends. Started by `grading.jailer` with an environment of its own.
"""

import contextlib
import json
import os
import selectors
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from ..catalogue import Checks, load_module
from ..transport import MAX_BYTES, Tensors
from . import leftovers, lock
from .child import DONE, ENTERED, Progress, run
from .job import Job, read_block, write_block
from .shell import fresh_shell

MAX_BAD_CELLS = 8
MAX_CELLS_SECONDS = 900.0  # for all cells of a submission
MAX_PROCESSES = 256  # for one submission, also where the kernel does not count root
MEMORY_SHARE = 2  # a submission may have this many times what a process may
SLACK_SECONDS = 5.0
LOOK_SECONDS = 0.2


def main() -> None:
    """Serve jobs until the input ends."""
    jobs, outcomes = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed goes to the log, not into the protocol
    lock.adopt_orphans()
    _import_what_notebooks_import()
    checks: dict[str, Checks] = {}
    while True:
        try:
            job, given, tensors = Job.from_bytes(read_block(jobs))
        except EOFError:
            return
        if job.checks and job.checks not in checks:
            checks[job.checks] = _load_checks(job)
        own = checks[job.checks] if job.checks else None
        header, frames = _serve(job, own, given, tensors)
        write_block(outcomes, json.dumps(header).encode())
        write_block(outcomes, frames)


def _import_what_notebooks_import() -> None:
    import matplotlib.pyplot
    import torch
    import torch.nn.functional

    import course.data
    import course.nn
    import course.train
    import course.viz  # noqa: F401

    torch.set_num_threads(1)
    matplotlib.use("Agg")
    fresh_shell()


def _load_checks(job: Job) -> Checks:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checks.py"
        path.write_text(job.checks, encoding="utf-8")
        return Checks(load_module(path, f"checks_of_{job.assignment}"))


def _serve(
    job: Job, checks: Checks | None, given: Any, tensors: Tensors
) -> tuple[dict[str, Any], bytes]:
    """Run a job, again without a cell that hung or died, until it goes through."""
    bad: dict[int, str] = {}
    while True:
        folder = Path(tempfile.mkdtemp(prefix="job-"))
        try:
            ending, frames, cell = _attempt(
                job, checks, given, tensors, set(bad), folder
            )
        finally:
            leftovers.remove(folder)
        if cell is None or cell in bad or len(bad) >= MAX_BAD_CELLS:
            return {"bad_cells": bad, "ending": ending}, frames
        bad[cell] = ending


def _attempt(
    job: Job,
    checks: Checks | None,
    given: Any,
    tensors: Tensors,
    skipped: set[int],
    folder: Path,
) -> tuple[str, bytes, int | None]:
    """-> why it ended early or "", the bytes that came, the cell it stopped in."""
    progress = Progress()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            run(job, checks, given, tensors, skipped, write_end, progress, folder)
        except BaseException:
            os.write(write_end, traceback.format_exc().encode())
        finally:
            os._exit(70)
    os.close(write_end)
    frames, excess = _listen(job, read_end, pid, progress)
    os.close(read_end)
    cell = progress.get()
    status = _kill_all(pid)
    if not frames.startswith(ENTERED):
        reason = frames.decode(errors="replace")
        raise RuntimeError(f"the jail could not be entered: {reason}")
    frames = frames.removeprefix(ENTERED)
    if excess:
        ending = excess
    elif cell == DONE and status == 0:
        ending = ""
    elif status < 0:
        ending = f"ended the Python process ({signal.Signals(-status).name})"
    else:
        ending = f"ended the Python process (exit code {status})"
    stopped_in = cell if 0 <= cell < len(job.cells) and ending else None
    return ending, frames, stopped_in


def _listen(job: Job, pipe: int, pid: int, progress: Progress) -> tuple[bytes, str]:
    """Collect what the child writes until it ends or takes too much of something.

    Returns:
        The bytes, and what it took too much of, or "".
    """
    received = bytearray()
    watch = _Watch(job)
    os.set_blocking(pipe, False)
    ended = os.pidfd_open(pid)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        excess = ""
        while not excess:
            ready = {key.fd for key, _ in selector.select(timeout=0.1)}
            if pipe in ready and not _drain(pipe, received):
                selector.unregister(pipe)
            if ended in ready:
                _drain(pipe, received)
                break
            if len(received) >= MAX_BYTES:
                excess = "wrote too much"
            else:
                excess = watch.excess(progress.get())
    os.close(ended)
    return bytes(received), excess


class _Watch:
    """What a submission uses, seen from outside, where it cannot lie."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._start = self._since = self._looked = time.monotonic()
        self._cell: int | None = None
        self._done: float | None = None
        self._most = MEMORY_SHARE * job.megabytes * lock.MEGABYTE
        self._own = _resident(os.getpid())

    def excess(self, cell: int) -> str:
        """What it takes too much of, or ""; `cell` is what the child says it runs."""
        now = time.monotonic()
        if cell != self._cell:
            self._cell, self._since = cell, now
        if cell == DONE and self._done is None:
            self._done = now
        if self._done is not None:
            late = now - self._done > sum(self._job.limits.values()) + SLACK_SECONDS
        else:
            late = now - self._since > self._job.cell_seconds
        if late or now - self._start > self._most_seconds():
            return "took too long"
        if now - self._looked < LOOK_SECONDS or self._job.trusted:
            return ""
        self._looked = now
        return self._too_many()

    def _most_seconds(self) -> float:
        return MAX_CELLS_SECONDS + sum(self._job.limits.values()) + SLACK_SECONDS

    def _too_many(self) -> str:
        running = _descendants()
        if len(running) > MAX_PROCESSES:
            return "started too many processes"
        # Most of it is shared with this process: counted exactly if it looks like much.
        if sum(map(_resident, running)) - self._own > self._most:
            own = sum(map(_proportional, running))
            return "used too much memory" if own > self._most else ""
        return ""


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _proportional(pid: int) -> int:
    """Memory of a process, what it shares divided among those that share it."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _drain(pipe: int, received: bytearray) -> bool:
    """Read what is there; False once the other end is closed."""
    while len(received) < MAX_BYTES:
        try:
            chunk = os.read(pipe, 1 << 20)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        received += chunk
    return True


def _kill_all(pid: int) -> int:
    """Kill everything that was started, whatever session it moved to.

    Orphans become children of this process (it is their subreaper), which runs one
    submission at a time: so every child left is one to kill.

    Returns:
        The exit status of `pid`.
    """
    status = 0
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                code = os.waitpid(child, 0)[1]
                status = code if child == pid else status
    return os.waitstatus_to_exitcode(status)


def _children(pid: int | None = None) -> list[int]:
    """Children of a process, of this one by default.

    Quickly, so that a process that forks and ends all the time is caught.
    """
    own = os.getpid() if pid is None else pid
    found = []
    try:
        for task in os.listdir(f"/proc/{own}/task"):
            found += Path(f"/proc/{own}/task/{task}/children").read_text().split()
        return [int(child) for child in found]
    except OSError:  # a kernel without these files, or a process that has just ended
        return _children_by_parent(own) if pid is None else []


def _children_by_parent(own: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == own:
                    found.append(int(entry.name))
    return found


def _descendants() -> list[int]:
    """Every process of the submission: its orphans are children of this process."""
    waiting = _children()
    found: list[int] = []
    while waiting and len(found) <= MAX_PROCESSES:
        found.append(waiting.pop())
        waiting += _children(found[-1])
    return found


if __name__ == "__main__":
    main()
