"""Warm processes side by side, each with a thread that waits for it."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import LifoQueue
from threading import Lock
from typing import Any, TypeVar

from .jailer import Jailer, shared_jailers

Result = TypeVar("Result")

WORTH_STARTING = 5.0  # seconds of work left; to start takes two of a processor's
LATEST = 0.3  # weight of the latest piece of work in the average


class Crew:
    """Runs work that needs a warm process, a few pieces at a time; a context manager.

    It begins with one warm process and starts others while enough work is left. They
    are shared with later crews of this process.
    """

    def __init__(self, size: int, pieces: int) -> None:
        """`size`: most warm processes; `pieces`: how much work will come."""
        self.size = size
        self._left = pieces
        self._average = 0.0  # seconds for a piece of work
        self._open = 0  # warm processes in use
        self._warm: set[Jailer] = set()  # those that have done something
        self._changing = Lock()
        self._free: LifoQueue[Jailer] = LifoQueue()
        self._open_another()
        self._threads = ThreadPoolExecutor(size)

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def start(self, work: Callable[[Jailer], Result]) -> "Future[Result]":
        """Run `work(jailer)` as soon as a warm process is free."""
        return self._threads.submit(self._run, work)

    def _run(self, work: Callable[[Jailer], Any]) -> Any:
        jailer = self._free.get()
        start = time.monotonic()
        try:
            return work(jailer)
        finally:
            self._free.put(jailer)
            with self._changing:
                self._count(jailer, time.monotonic() - start)

    def _count(self, jailer: Jailer, seconds: float) -> None:
        self._left -= 1
        if jailer in self._warm:
            self._average += LATEST * (seconds - self._average)
        self._warm.add(jailer)
        ahead = self._left * self._average / self._open
        if self._open < self.size and ahead > WORTH_STARTING:
            self._open_another()

    def _open_another(self) -> None:
        self._open += 1
        self._free.put(shared_jailers(self._open)[-1])
