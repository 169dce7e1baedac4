"""One grader at a time in a course directory."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .manifest import PRIVATE


@contextmanager
def alone(root: Path, wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the course directory; a second grader waits until the first has ended.

    The kernel lets go of it when a process ends, however it does.

    Args:
        root: the course directory.
        wait: told in words if somebody else holds it.
    """
    with (root / PRIVATE / "grading.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait("another grader is at work in this course directory; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
