"""A worker's end of distributed grading: it has the package and the assignments.

Nothing of the course directory is here: what is needed comes with the work, and the
result goes back as text.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache

from .. import catalogue, pack
from ..errors import AutograderError
from ..jail.job import Cell
from .grade import Grader
from .jailer import Jailer


@dataclass(frozen=True)
class Order:
    """What the submissions of a class have in common.

    Attributes:
        assignment: its name.
        version: of the engine and the assignment, as the driver has them.
        seed: inputs of the cases are drawn from it.
        trust: run without the lock.
        packs: what is expected, as the driver made it: on all workers the same.
    """

    assignment: str
    version: str
    seed: str
    trust: bool
    packs: bytes


_own = threading.local()


def grade(order: Order, student: str, cells: list[Cell]) -> str:
    """The result of one submission, as the text of a result file."""
    if not hasattr(_own, "jailer"):
        _own.jailer = Jailer()  # a warm process for each of a worker's threads
    return _grader(order).grade(student, cells, _own.jailer).to_text()


@lru_cache(maxsize=2)
def _grader(order: Order) -> Grader:
    grader = Grader(catalogue.find(order.assignment), order.seed, order.trust)
    if grader.version != order.version:
        raise AutograderError(
            f"a worker has other files of {order.assignment} or of the engine than the "
            "driver: install the same version on all workers."
        )
    grader.packs = pack.loaded(order.packs)
    return grader.prepare()
