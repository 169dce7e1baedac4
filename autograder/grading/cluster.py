"""The driver's end of distributed grading: submissions go to a Dask cluster.

Workers grade; results stream back; only the driver writes. Whatever dies, a worker or
the scheduler, its submissions are sent again.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from .. import pack
from ..errors import AutograderError
from ..jail.job import Cell
from .grade import Grader
from .remote import Order, grade
from .results import SubmissionResult

WAIT_SECONDS = 120  # for a scheduler that went away, and for the first worker
ATTEMPTS = 5  # to send a submission, if schedulers go away
FAILURES = 3  # workers that may die of a submission before it is given up
AHEAD = 4  # submissions sent ahead for each thread of the cluster


class Cluster:
    """A Dask cluster that grades; a context manager.

    Attributes:
        size: submissions that are worth sending ahead.
    """

    def __init__(self, address: str, grader: Grader) -> None:
        """`address`: of the scheduler, such as tcp://host:8786."""
        self._address, self._grader = address, grader
        self._order = Order(
            grader.assignment.name,
            grader.version,
            grader.seed,
            grader.trust,
            pack.dumped(grader.packs),
        )
        self._client: Any = None
        self._connect()
        self.size = AHEAD * self._threads()

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def start(self, student: str, cells: list[Cell]) -> Callable[[], SubmissionResult]:
        """Send a submission; the result of the call waits for its result."""
        sent = [self._client, self._send(student, cells)]
        key = self._grader.key(cells)

        def result() -> SubmissionResult:
            for left in reversed(range(ATTEMPTS)):
                if sent[0] is not self._client:  # another one noticed before us
                    sent[:] = [self._client, self._send(student, cells)]
                try:
                    text = sent[1].result()
                except (CancelledError, OSError, TimeoutError):
                    if not left:
                        raise
                    self._connect()
                    continue
                except self._killed:
                    raise AutograderError(
                        f"{FAILURES} workers died of this submission; grade it on "
                        "this machine, without --scheduler."
                    ) from None
                if found := SubmissionResult.from_text(text, key):
                    return found
                raise AutograderError("a worker sent something else than its result.")
            raise AssertionError("unreachable")

        return result

    def _connect(self) -> None:
        try:
            import distributed
            from distributed.scheduler import KilledWorker
        except ModuleNotFoundError:
            raise AutograderError(
                "--scheduler needs Dask: pip install 'deep-learning-course[cluster]'."
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we say it
        self._killed: Any = KilledWorker
        make: Any = distributed.Client
        if self._client:
            self._client.close(timeout=1)
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._client = make(self._address, timeout=5, set_as_default=False)
                self._client.wait_for_workers(1, timeout=end - time.monotonic())
                break
            except (OSError, TimeoutError):
                if time.monotonic() > end:
                    raise AutograderError(
                        f"no scheduler with a worker answers at {self._address}; start "
                        "'dask scheduler' and 'dask worker', see docs/distributed.md."
                    ) from None
                time.sleep(1)
        self._shared = self._client.scatter(self._order, broadcast=True)

    def _threads(self) -> int:
        return int(sum(self._client.nthreads().values()))

    def _send(self, student: str, cells: list[Cell]) -> Any:
        return self._client.submit(
            grade, self._shared, student, cells, pure=False, retries=0
        )
