"""Warm processes side by side, each with a thread that waits for it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import LifoQueue
from typing import Any, TypeVar

from .jailer import Jailer, shared_jailers

Result = TypeVar("Result")


class Crew:
    """Runs work that needs a warm process, a few pieces at a time; a context manager.

    The warm processes are shared with later crews of this process.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._free: LifoQueue[Jailer] = LifoQueue()  # the last one used is started
        for jailer in reversed(shared_jailers(size)):
            self._free.put(jailer)
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
        try:
            return work(jailer)
        finally:
            self._free.put(jailer)
