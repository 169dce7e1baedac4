"""Inside the jail: execute the cells, then each exercise in a process of its own."""

import ast
import contextlib
import mmap
import os
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from ..catalogue import Checks
from ..exercise import Exercise
from ..observe import observe_all
from ..transport import Tensors, dump_observation, load_tree
from ..tree import plain
from . import lock
from .job import Cell, Job, send_frame
from .shell import error_of, fresh_shell

DONE = -1  # written to the shared progress once all cells are through
ENTERED = b"+"  # the first byte on the pipe: without it, what failed is our fault


class Progress:
    """Which cell runs now; shared with the supervisor, which survives us.

    Student code can write here, too: the supervisor takes the time itself.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)
        self.set(0)

    def set(self, cell: int) -> None:
        """Cell `cell` starts now."""
        self._memory[:8] = struct.pack("q", cell)

    def get(self) -> int:
        """The cell, as far as the child can be believed."""
        return int(struct.unpack("q", self._memory[:8])[0])


def run(
    job: Job,
    checks: Checks | None,
    given: Any,
    tensors: Tensors,
    skipped: set[int],
    pipe: int,
    progress: Progress,
    folder: Path,
) -> NoReturn:
    """The child's whole life."""
    _enter(job, folder, pipe)
    os.write(pipe, ENTERED)
    shell = fresh_shell()
    for index, cell in enumerate(job.cells):
        progress.set(index)
        if index in skipped:
            continue
        error = _execute(shell, cell)
        send_frame(pipe, {"cell": index, "error": error}, {})
    progress.set(DONE)
    if checks is not None:
        for exercise in checks.exercises.values():
            _run_exercise(job, exercise, shell.user_ns, given, tensors, pipe)
    os._exit(0)


def _enter(job: Job, folder: Path, pipe: int) -> None:
    """Leave everything behind but the pipe and the job's folder."""
    os.setsid()
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for name in os.listdir("/proc/self/fd") if Path("/proc/self/fd").exists() else ():
        if int(name) > 2 and int(name) != pipe:
            with contextlib.suppress(OSError):
                os.close(int(name))
    sys.path[:] = [p for p in sys.path if p]  # no imports from the job's folder
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if not job.trusted:
        lock.limit_process(job.megabytes)
        lock.restrict_files(lock.readable_folders(), [folder, Path(os.devnull)])
        lock.drop_capabilities()
        lock.restrict_calls()


def _execute(shell: Any, cell: Cell) -> Any:
    source = cell.source
    if cell.definitions_only:
        source = _definitions(source)
    result = shell.run_cell(source, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    return None if error is None else error_of(_plain_syntax_error(error, source))


def _plain_syntax_error(error: BaseException, source: str) -> BaseException:
    """Python's own words; IPython's allow for input that goes on."""
    if isinstance(error, SyntaxError):
        try:
            compile(source, "cell", "exec")
        except SyntaxError as plainly:
            return plainly
    return error


def _definitions(source: str) -> str:
    """Functions, classes and imports of a demonstration that a student edited."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    tree.body = [node for node in tree.body if isinstance(node, kinds)]
    return ast.unparse(tree)


def _run_exercise(
    job: Job,
    exercise: Exercise,
    names: dict[str, Any],
    given: Any,
    tensors: Tensors,
    pipe: int,
) -> None:
    missing = [f for f in exercise.functions if not callable(names.get(f))]
    if missing:
        send_frame(pipe, {"exercise": exercise.name, "missing": missing}, {})
        return
    seconds = job.limits.get(exercise.name, 10.0)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if not job.trusted:
            lock.limit_seconds(seconds)
        candidate = {f: names[f] for f in exercise.functions}
        _observe(job, exercise, candidate, given.get(exercise.name, {}), tensors, pipe)
        os._exit(0)
    status = _wait(pid, seconds)
    frame = {"exercise": exercise.name, "status": status, "seconds": seconds}
    send_frame(pipe, frame, {})


def _observe(
    job: Job,
    exercise: Exercise,
    candidate: dict[str, Any],
    given: Any,
    tensors: Tensors,
    pipe: int,
) -> None:
    handed = {case: plain(load_tree(tree, tensors)) for case, tree in given.items()}
    for case, variant, seen in observe_all(exercise, candidate, job.seed, handed):
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
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            _kill_group(pid)
            code = os.waitstatus_to_exitcode(status)
            return None if code == -signal.SIGXCPU else code
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
    _kill_group(pid)
    os.waitpid(pid, 0)
    return None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
