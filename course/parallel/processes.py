"""Running a function of a notebook in several processes.

The processes are forked, so that they know everything that the notebook defined, and
nothing has to be importable. A forked process has its parent's memory as it was; what
it changes stays its own, unless it is `shared`. Random generators continue where the
parent's were: the same in every process.

A process that has done its work stays until all have: nobody then loses the other end
of a connection. The parent kills them all before it returns, whatever happened; if it
dies itself, they notice and end.
"""

import io
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn, TypeVar

import torch

from course.errors import ArgumentError, ProcessError, TimeLimitError
from course.parallel.stacks import Stack

T = TypeVar("T")


def launch(function: Callable[[int], T], world: int, seconds: float = 60.0) -> list[T]:
    """Run function(0), ..., function(world - 1), each in a process of its own.

    Each process has one torch thread. What they print is shown when all are done.

    Args:
        function: any function, a local one too; what it returns can be pickled.
        world: how many processes, at least 1.
        seconds: how long all may take together.

    Returns:
        What they returned, in the order of their ranks.

    Raises:
        ArgumentError: no process is asked for, or this system cannot fork.
        TimeLimitError: some were not done in time; it says in which lines they were.
        ProcessError: one ended without a word, or returned what cannot be sent.
        Exception: what the first process raised that failed.
    """
    if world < 1 or not hasattr(os, "fork"):
        raise ArgumentError(
            f"launch starts at least one process on a system that can fork, but got "
            f"world={world} on {sys.platform}.\n"
            "Next step: pass a positive number; on Windows work inside WSL."
        )
    leash, held = os.pipe()
    crew: list[_Process] = []
    try:
        for rank in range(world):
            crew.append(_Process(rank, function, leash, held))
        return _gathered(crew, time.monotonic() + seconds, seconds)
    finally:
        for process in crew:
            process.end()
        os.close(leash)
        os.close(held)
        _show([process.printed for process in crew])


def cpu_only() -> None:
    """Hide the GPUs from this notebook, and let torch use one thread.

    Call it in the first cell. Where a GPU is visible, the first backward pass starts
    threads for it, and after that no forked process can run a backward pass.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    torch.set_num_threads(1)


class _Process:
    """The parent's side of one process."""

    def __init__(
        self, rank: int, function: Callable[[int], Any], leash: int, held: int
    ) -> None:
        self.rank, self.printed = rank, ""
        self.stack = Stack()
        self.pipe, end = Pipe(duplex=False)
        with warnings.catch_warnings():
            # Python 3.12 warns of threads: the child touches none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            _work(rank, function, end, self.stack, leash, held)
        end.close()

    def outcome(self) -> Any:
        """Return what came through the pipe; raise what the process raised."""
        try:
            kind, self.printed, found = pickle.loads(self.pipe.recv_bytes())
        except EOFError:
            how = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.pid = 0
            name = signal.Signals(-how).name if how < 0 else f"exit code {how}"
            raise ProcessError(
                f"Process {self.rank} ended before its function returned ({name}).\n"
                "Next step: look for what ends a process, such as sys.exit, a crash "
                "in native code or too little memory."
            ) from None
        if kind == "raised":
            raise found
        return found

    def end(self) -> None:
        """Kill the process and forget it."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pipe.close()
        self.stack.close()


def _gathered(crew: list[_Process], deadline: float, seconds: float) -> list[Any]:
    """Wait for all outcomes; the first that is an error ends it."""
    found: dict[int, Any] = {}
    while waiting := {p.pipe: p for p in crew if p.rank not in found}:
        ready = wait(list(waiting), max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeLimitError(_late(list(waiting.values()), seconds))
        for process in sorted((waiting[p] for p in ready), key=lambda p: p.rank):  # type: ignore[index]
            found[process.rank] = process.outcome()
    return [found[process.rank] for process in crew]


def _late(waiting: list[_Process], seconds: float) -> str:
    places = "\n".join(f"  process {p.rank}: {p.stack.of(p.pid)}" for p in waiting)
    return (
        f"After {seconds:g} s these processes were not done:\n{places}\n"
        "Next step: if each waits for a message, look for one that was never sent, "
        "or for a circle in which all wait before they send; or allow more seconds."
    )


def _show(printed: list[str]) -> None:
    for rank, text in enumerate(printed):
        for line in text.splitlines():
            print(f"[{rank}] {line}")


def _work(
    rank: int,
    function: Callable[[int], Any],
    pipe: Connection,
    stack: Stack,
    leash: int,
    held: int,
) -> NoReturn:
    """The whole life of a forked process."""
    try:
        os.close(held)
        watch = threading.Thread(target=_end_with_parent, args=(leash,), daemon=True)
        watch.start()
        stack.listen()
        torch.set_num_threads(1)
        pipe.send_bytes(_outcome(rank, function))
        watch.join()
    finally:
        os._exit(1)


def _end_with_parent(leash: int) -> NoReturn:
    os.read(leash, 1)  # nothing is ever written: it returns when the parent is gone
    os._exit(1)


def _outcome(rank: int, function: Callable[[int], Any]) -> bytes:
    """Run the function; pickle (what happened, what was printed, what came)."""
    printed = io.StringIO()
    kind: str
    found: Any
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            kind, found = "returned", function(rank)
        except BaseException as error:
            inner = error.__traceback__ and error.__traceback__.tb_next
            lines = "".join(traceback.format_tb(inner))
            error.add_note(f"in process {rank}:\n{lines}")
            kind, found = "raised", error
    text = printed.getvalue()
    try:
        # Not pickled by multiprocessing, for which torch would share the memory.
        message = pickle.dumps((kind, text, found))
        if kind == "raised":
            pickle.loads(message)
        return message
    except Exception as error:
        what = f"{type(found).__name__} ({error})"
        if kind == "raised":
            what = f"the error {type(found).__name__}: {found}"
        sentence = (
            f"Process {rank} {kind} what cannot be sent back: {what}\n"
            "Next step: return tensors, numbers, strings, or lists and dicts of them."
        )
        return pickle.dumps(("raised", text, ProcessError(sentence)))
