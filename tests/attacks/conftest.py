"""One grader for all attacks; the school of the grading tests."""

from pathlib import Path

import pytest

from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.grading.results import SubmissionResult
from autograder.jail import lock
from autograder.jail.job import Cell

from ..grading.conftest import (  # noqa: F401 (fixtures)
    CATALOGUE,
    TOY,
    _toy_catalogue,
    jailer,
    released_once,
    school,
)

WATCHED = Path(__file__).resolve().parent / "catalogue"
SETUP = "import numpy as np\nimport torch"
WRONG = "def double(n):\n    return n * n + 1\n"
RIGHT = "def double(n):\n    return 2 * n\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="this kernel has no Landlock")
    for item in items:
        if lock.landlock_version() < 1 and "attacks" in item.nodeid:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def grader() -> Grader:
    return Grader(Assignment(TOY, CATALOGUE), "seed of the attacks")


def attack(grader: Grader, cell: str, answer: str = WRONG) -> SubmissionResult:
    """The result of a submission that is an attack and an answer to `double`."""
    return grader.grade("mallory", [Cell(SETUP), Cell(cell), Cell(answer, "double")])


def told(grader: Grader, code: str, cell: str = "") -> str:
    """What code in the jail evaluates to, or raises, as an answer's fault tells."""
    answer = f"def double(n):\n    import os\n    raise ValueError({code})\n"
    case = attack(grader, cell, answer).exercises["check-double"].cases[0]
    assert case.mismatch
    return case.mismatch.sentence.removeprefix("your answer raised ")
