"""The assignment on distributed training, graded in the jail with its processes.

`verify` runs its references without a lock; here they have it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.authoring.answers import reference_answer
from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.jail import lock, namespaces
from autograder.jail.job import Cell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock here"),
    pytest.mark.skipif(
        bool(namespaces.missing()), reason=f"no namespaces here: {namespaces.missing()}"
    ),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]
ROOT = Path(__file__).resolve().parents[2]
IMPORTS = "import math\nimport torch\nfrom course import parallel\n"
HANGS = """
def ring_all_reduce(x, rank, world, send, recv):
    out = x.clone()
    if world > 1:
        recv(out, (rank - 1) % world)
    return out
"""


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Jailer() as jailer:
        yield Grader(Assignment("a26_distributed", ROOT), "seed", jailer=jailer)


@pytest.fixture(scope="module")
def answers(grader: Grader) -> dict[str, str]:
    exercises = grader.assignment.checks.exercises
    return {n: reference_answer(grader.assignment, e) for n, e in exercises.items()}


def cells(answers: dict[str, str]) -> list[Cell]:
    return [Cell(IMPORTS), *map(Cell, answers.values())]


def test_every_reference_passes_in_the_jail(grader: Grader, answers) -> None:
    result = grader.grade("ada", cells(answers))
    assert result.flags == []
    found = {k: e.score for k, e in result.exercises.items()}
    assert found == {k: e.points for k, e in result.exercises.items()}


def test_workers_that_wait_for_ever_cost_that_exercise_only(grader, answers) -> None:
    result = grader.grade("bob", cells(answers | {"ring_all_reduce": HANGS}))
    lost = {k for k, e in result.exercises.items() if e.score < e.points}
    assert lost == {"check-ring_all_reduce"}
    mismatch = result.exercises["check-ring_all_reduce"].cases[0].mismatch
    assert mismatch is not None
    assert "wait for each other" in mismatch.sentence
