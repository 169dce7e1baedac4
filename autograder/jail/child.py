"""Inside the jail: execute the cells, then the exercises."""

import contextlib
import mmap
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..catalogue import Checks
from ..exercise import Exercise
from ..observe import observe_all
from ..transport import Tensors, dump_observation, load_tree
from ..tree import plain
from . import lock
from .cgroups import Limits
from .job import Job, send_frame
from .shell import execute, fresh_shell

# Written to the shared progress, where a cell's index is while it runs:
DONE = -1  # all is through
ALONE = -2  # exercises run in processes of their own
TOGETHER = -3  # the first of those that run here; one less for each that follows
FORK_TRIES, FORK_PAUSE = 20, 0.1  # seconds; the supervisor reaps the dead meanwhile
ENTERED = b"+"  # the first byte on the pipe: without it, what failed is our fault


class Progress:
    """What runs now; shared with the supervisor, which survives us.

    Student code can write here, too: the supervisor takes the time itself.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)
        self.set(0)

    def set(self, what: int) -> None:
        """This starts now: a cell's index, or one of the numbers above."""
        self._memory[:8] = struct.pack("q", what)

    def get(self) -> int:
        """What runs, as far as the child can be believed."""
        return int(struct.unpack("q", self._memory[:8])[0])


@dataclass
class Work:
    """What a child is forked with.

    Attributes:
        job: what to run.
        checks: the exercises, if there are any.
        given: their inputs made outside, as dumped trees.
        tensors: the numbers of `given`.
        limits: of the kernel, for all its processes together.
    """

    job: Job
    checks: Checks | None
    given: Any
    tensors: Tensors
    limits: Limits

    def exercise(self, name: str) -> Exercise:
        """One of the job's."""
        assert self.checks
        return self.checks.exercises[name]


def run(
    work: Work, skipped: set[int], pipe: int, progress: Progress, folder: Path
) -> NoReturn:
    """The child's whole life."""
    job = work.job
    _enter(work, folder, pipe)
    os.write(pipe, ENTERED)
    shell = fresh_shell()
    for index, cell in enumerate(job.cells):
        progress.set(index)
        if index in skipped:
            continue
        error, value = execute(shell, cell)
        send_frame(pipe, {"cell": index, "error": error, "value": value}, {})
    progress.set(ALONE)
    for name in job.alone:
        if candidate := _candidate(work, name, shell.user_ns, pipe):
            _run_alone(work, name, candidate, pipe)
    if job.loopback and not job.trusted and job.together:
        lock.restrict_calls()
    for position, name in enumerate(job.together):
        progress.set(TOGETHER - position)
        if candidate := _candidate(work, name, shell.user_ns, pipe):
            observe_exercise(work, work.exercise(name), candidate, pipe)
            _send_end(pipe, name, 0, job.limits[name])
    progress.set(DONE)
    os._exit(0)


def _enter(work: Work, folder: Path, pipe: int) -> None:
    """Leave everything behind but the pipe and the job's folder."""
    job = work.job
    os.setsid()
    if not job.trusted:
        work.limits.enter()
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    sys.path[:] = [p for p in sys.path if p]  # no imports from the job's folder
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if not job.trusted:
        lock.enter(folder, job.megabytes, job.loopback)


def _candidate(
    work: Work, name: str, names: dict[str, Any], pipe: int
) -> dict[str, Any]:
    """The answer's functions; {} if one is missing, which is then told."""
    wanted = work.exercise(name).functions
    if missing := [f for f in wanted if not callable(names.get(f))]:
        send_frame(pipe, {"exercise": name, "missing": missing}, {})
        return {}
    return {f: names[f] for f in wanted}


def _run_alone(work: Work, name: str, candidate: dict[str, Any], pipe: int) -> None:
    job, exercise = work.job, work.exercise(name)
    seconds = job.limits[name]
    pid = _forked()
    if pid == 0:
        os.setpgid(0, 0)
        if not job.trusted:
            lock.limit_seconds(seconds)
            if job.loopback and not exercise.processes:
                lock.restrict_calls()
        observe_exercise(work, exercise, candidate, pipe)
        os._exit(0)
    _send_end(pipe, name, _wait(pid, seconds), seconds)


def _forked() -> int:
    """Fork; after an exercise that left many processes, as soon as they are gone."""
    for _ in range(FORK_TRIES):
        with contextlib.suppress(BlockingIOError):
            return os.fork()
        time.sleep(FORK_PAUSE)
    return os.fork()


def _send_end(pipe: int, name: str, status: int | None, seconds: float) -> None:
    frame = {"exercise": name, "status": status, "seconds": seconds}
    send_frame(pipe, frame, {})


def observe_exercise(
    work: Work, exercise: Exercise, candidate: dict[str, Any], pipe: int
) -> None:
    """Run every case in every variant and send what is seen."""
    given = work.given.get(exercise.name, {})
    handed = {c: plain(load_tree(tree, work.tensors)) for c, tree in given.items()}
    for case, variant, seen in observe_all(exercise, candidate, work.job.seed, handed):
        found: Tensors = {}
        frame = {
            "exercise": exercise.name,
            "case": case.name,
            "variant": variant.name,
            "observation": dump_observation(seen, found),
        }
        send_frame(pipe, frame, found)


def _wait(pid: int, seconds: float) -> int | None:
    """Exit status, negative for a signal; None if it had to be killed."""
    ended = os.pidfd_open(pid)
    in_time = bool(select.select([ended], [], [], seconds)[0])
    os.close(ended)
    _kill_group(pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if in_time and code != -signal.SIGXCPU else None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
