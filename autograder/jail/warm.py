"""The warm process: imports once, forks per submission, supervises, knows no secret.

Reads jobs from standard input and writes outcomes to standard output, until the input
ends. Started by `grading.jailer` with an environment of its own.
"""

import contextlib
import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from ..catalogue import Checks, load_module
from ..transport import MAX_BYTES, Tensors
from . import lock
from .child import DONE, ENTERING, Progress, run
from .job import Job, read_block, write_block
from .shell import fresh_shell

MAX_BAD_CELLS = 8
SLACK_SECONDS = 5.0


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
            shutil.rmtree(folder, ignore_errors=True)
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
    frames, timed_out = _listen(job, read_end, pid, progress)
    os.close(read_end)
    cell = progress.get()[0]
    status = _kill_all(pid)
    if cell == ENTERING:
        raise RuntimeError(f"the jail could not be entered: {frames.decode()}")
    if timed_out:
        ending = "took too long"
    elif cell == DONE and status == 0:
        ending = ""
    elif status < 0:
        ending = f"ended the Python process ({signal.Signals(-status).name})"
    else:
        ending = f"ended the Python process (exit code {status})"
    stopped_in = cell if 0 <= cell < len(job.cells) and ending else None
    return ending, frames, stopped_in


def _listen(job: Job, pipe: int, pid: int, progress: Progress) -> tuple[bytes, bool]:
    """Collect what the child writes until it ends or runs out of time."""
    received = bytearray()
    finish = sum(job.limits.values()) + SLACK_SECONDS
    done_at: float | None = None
    os.set_blocking(pipe, False)
    ended = os.pidfd_open(pid)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        timed_out = False
        while len(received) < MAX_BYTES and not timed_out:
            ready = {key.fd for key, _ in selector.select(timeout=0.1)}
            if pipe in ready and not _drain(pipe, received):
                selector.unregister(pipe)
            if ended in ready:
                _drain(pipe, received)
                break
            cell, seconds = progress.get()
            if cell == DONE:
                done_at = done_at or time.monotonic()
                timed_out = time.monotonic() - done_at > finish
            else:
                timed_out = seconds > job.cell_seconds
        else:
            timed_out = True
    os.close(ended)
    return bytes(received), timed_out


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


def _children() -> list[int]:
    own = os.getpid()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == own:
                    found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()
