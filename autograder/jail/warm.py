"""The warm process: imports once, forks per submission, supervises, knows no secret.

Reads jobs from standard input and writes outcomes to standard output, until the input
ends. Started by `grading.jailer` with an environment of its own.
"""

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..catalogue import Checks, load_module
from ..startup import importing
from ..transport import from_bytes
from . import leftovers, lock, pages, probe
from .cgroups import Limits
from .child import DONE, ENTERED, Progress, Work, run
from .job import Given, Job, read_block, write_block
from .namespaces import network
from .processes import kill_all
from .rehearsal import rehearse
from .watching import MAX_TASKS, Received, Watch, listen, most_memory

MAX_BAD_CELLS = 8


def serve() -> None:
    """Serve jobs until the input ends."""
    told = json.loads(sys.argv[1])
    limits = Limits(told["cgroups"])
    jobs, outcomes = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed goes to the log, not into the protocol
    lock.adopt_orphans()
    _open_many_files()
    pages.collapse()
    imported: set[str] = set()
    checks: dict[str, Checks] = {}
    tried: dict[bool, str] = {}  # the lock, with loopback or without: its weakness
    while True:
        try:
            job, given = Job.from_bytes(read_block(jobs)), read_block(jobs)
        except EOFError:
            return
        if new := set(job.imports) - imported:
            _import(new)
            imported |= new
        if not job.trusted and job.loopback not in tried:
            tried[job.loopback] = _weakness(job, told["network"])
        if not job.trusted and tried[job.loopback]:
            write_block(outcomes, json.dumps({"weak": tried[job.loopback]}).encode())
            write_block(outcomes, b"")
            continue
        if job.checks and job.checks not in checks:
            checks[job.checks] = _load_checks(job)
        own = checks[job.checks] if job.checks else None
        header, frames = _serve(Work(job, own, *_unpacked(given), limits))
        write_block(outcomes, json.dumps(header).encode())
        write_block(outcomes, frames)


def _open_many_files() -> None:
    """One folder for each level of a nest that a submission made."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _weakness(job: Job, outer_network: str) -> str:
    """What a submission locked in could do all the same, or ""."""
    if job.loopback and network() == outer_network:
        return "reach this machine's network"
    return probe.weakness(Path(tempfile.gettempdir()), job.megabytes)


def get_ready() -> None:
    """Import what every submission needs, and rehearse."""
    import torch

    from .. import checking  # noqa: F401

    torch.set_num_threads(1)
    rehearse()


def _import(statements: Iterable[str]) -> None:
    """Do the imports of a notebook, as far as they can be done."""
    with importing():
        for statement in statements:
            with contextlib.suppress(Exception):  # the set-up cell will say what it is
                exec(statement, {})
    pages.collapse()


@lru_cache(maxsize=2)
def _unpacked(given: bytes) -> Given:
    """Unpack what is the same for all submissions of an assignment."""
    unpacked: Given = from_bytes(given)
    return unpacked


def _load_checks(job: Job) -> Checks:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checks.py"
        path.write_text(job.checks, encoding="utf-8")
        return Checks(load_module(path, f"checks_of_{job.assignment}"))


def _serve(work: Work) -> tuple[dict[str, Any], bytes]:
    """Run a job, again without a cell that hung or died, until it goes through."""
    bad: dict[int, str] = {}
    while True:
        folder = Path(tempfile.mkdtemp(prefix="job-"))
        try:
            ending, received, cell = _attempt(work, set(bad), folder)
        finally:
            leftovers.remove(folder)
        if cell is None or cell in bad or len(bad) >= MAX_BAD_CELLS:
            header = {"bad_cells": bad, "ending": ending, "marks": received.marks}
            return header, bytes(received.data)
        bad[cell] = ending


def _attempt(
    work: Work, skipped: set[int], folder: Path
) -> tuple[str, Received, int | None]:
    """-> why it ended early or "", what came, the cell it stopped in."""
    progress = Progress()
    work.limits.set(most_memory(work.job), MAX_TASKS)
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            run(work, skipped, write_end, progress, folder)
        except BaseException:
            os.write(write_end, traceback.format_exc().encode())
        finally:
            os._exit(70)
    os.close(write_end)
    watch = Watch(work.job, folder, work.limits)
    received = listen(read_end, pid, progress, watch)
    os.close(read_end)
    cell = progress.get()
    status = kill_all(pid)
    if not received.data.startswith(ENTERED):
        reason = received.data.decode(errors="replace")
        raise RuntimeError(f"the jail could not be entered: {reason}")
    received.leave_out(len(ENTERED))
    if watch.excess:
        ending = watch.excess
    elif cell == DONE and status == 0:
        ending = ""
    elif status < 0:
        ending = f"ended the Python process ({signal.Signals(-status).name})"
    else:
        ending = f"ended the Python process (exit code {status})"
    stopped_in = cell if 0 <= cell < len(work.job.cells) and ending else None
    return ending, received, stopped_in
