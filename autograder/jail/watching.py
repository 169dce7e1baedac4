"""What a submission sends and uses, seen from outside, where it cannot lie."""

import math
import os
import selectors
import time
from pathlib import Path

from ..transport import MAX_BYTES
from . import lock, written
from .cgroups import Limits
from .child import TOGETHER, Progress
from .job import Job, Mark
from .processes import descendants, proportional, reap_orphans, resident

MAX_CELLS_SECONDS = 900.0  # for all cells of a submission
MAX_PROCESSES = 256  # for one submission, also where the kernel does not count root
# At which the kernel refuses more: so many that we have seen too many before.
MAX_TASKS = 2 * MAX_PROCESSES
MEMORY_SHARE = 2  # a submission may have this many times what a process may
SLACK_SECONDS = 5.0
LOOK_SECONDS = 0.2
MARK_SECONDS = 0.02


class Received:
    """The bytes that came, and when: see `Outcome.marks`."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.marks: list[Mark] = []
        self._start = time.monotonic()

    def drain(self, pipe: int) -> bool:
        """Read what is there; False once the other end is closed."""
        before = len(self.data)
        try:
            while len(self.data) < MAX_BYTES:
                chunk = os.read(pipe, 1 << 20)
                if not chunk:
                    return False
                self.data += chunk
        except BlockingIOError:
            pass
        finally:
            if len(self.data) > before:
                self._mark()
        return True

    def leave_out(self, count: int) -> None:
        """Forget the first bytes."""
        del self.data[:count]
        self.marks = [(max(0, offset - count), when) for offset, when in self.marks]

    def _mark(self) -> None:
        now = time.monotonic() - self._start
        if self.marks and now - self.marks[-1][1] < MARK_SECONDS:
            self.marks[-1] = (len(self.data), self.marks[-1][1])
        else:
            self.marks.append((len(self.data), round(now, 3)))


def listen(pipe: int, pid: int, progress: Progress, watch: "Watch") -> Received:
    """Collect what the child writes until it ends or takes too much of something."""
    received = Received()
    os.set_blocking(pipe, False)
    ended = os.pidfd_open(pid)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while not watch.excess:
            ready = {key.fd for key, _ in selector.select(timeout=0.1)}
            if pipe in ready and not received.drain(pipe):
                selector.unregister(pipe)
            if ended in ready:
                received.drain(pipe)
                watch.last_look()
                break
            reap_orphans(pid)
            if len(received.data) >= MAX_BYTES:
                watch.excess = "wrote too much"
            else:
                watch.look(progress.get())
    os.close(ended)
    return received


class Watch:
    """Ends a submission that takes too much.

    Attributes:
        excess: what it took too much of, or "".
    """

    def __init__(self, job: Job, folder: Path, limits: Limits) -> None:
        self.excess = ""
        self._job, self._folder, self._limits = job, folder, limits
        self._start = self._since = self._looked = time.monotonic()
        self._what: int | None = None
        self._cells_over: float | None = None
        self._most = most_memory(job)
        self._own = resident(os.getpid())

    def look(self, what: int) -> None:
        """Look at time always, at the rest now and then.

        Args:
            what: it runs now, as it says itself (see `Progress`).
        """
        now = time.monotonic()
        if self._late(now, what):
            self.excess = "took too long"
        elif now - self._looked >= LOOK_SECONDS and not self._job.trusted:
            self._looked = now
            self.excess = self._limits.exceeded() or self._used()

    def last_look(self) -> None:
        """What the kernel stopped, once the child has ended."""
        self.excess = self._limits.exceeded()

    def _late(self, now: float, what: int) -> bool:
        if what != self._what:
            self._what, self._since = what, now
        if what < 0 and self._cells_over is None:
            self._cells_over = now
        exercises = sum(self._job.limits.values()) + SLACK_SECONDS
        if now - self._start > MAX_CELLS_SECONDS + exercises:
            return True
        if self._cells_over is not None and now - self._cells_over > exercises:
            return True
        return now - self._since > self._limit(what)

    def _limit(self, what: int) -> float:
        """Seconds for a cell, or for an exercise that runs where the cells ran."""
        if what >= 0:
            return self._job.cell_seconds
        position = TOGETHER - what
        if 0 <= position < len(self._job.together):
            return self._job.limits[self._job.together[position]]
        return math.inf  # those that run alone are timed by the child, and all above

    def _used(self) -> str:
        running = descendants(MAX_PROCESSES)
        if len(running) > MAX_PROCESSES:
            return "started too many processes"
        # Most of it is shared with this process: counted exactly if it looks like much.
        if sum(map(resident, running)) - self._own > self._most:
            own = sum(map(proportional, running))
            if own > self._most:
                return "used too much memory"
        if written.too_much(self._folder):
            return "wrote too much into its folder"
        return ""


def most_memory(job: Job) -> int:
    """Bytes for all processes of a submission together."""
    return MEMORY_SHARE * job.megabytes * lock.MEGABYTE
