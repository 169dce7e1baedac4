"""Attacks of somebody who has read the engine: no more than the answer deserves."""

import pytest

from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.jail.job import Cell

from .clever import ATTACKS
from .conftest import SETUP, WATCHED, told
from .known import goals
from .ours import earned


@pytest.fixture(scope="session")
def watched() -> Grader:
    return Grader(Assignment("t02_watched", WATCHED), "seed of the attacks")


@pytest.mark.parametrize("goal", goals("clever", ATTACKS))
def test_it_earns_no_more_than_it_deserves(grader, watched, goal: str) -> None:
    result = earned(grader, watched, goal)
    assert sum(result.scores.values()) == ATTACKS[goal].deserved
    assert not result.broken


NAMES = "ExercisePack Expected Behaviour Grader Course"


def test_nothing_expected_lies_in_the_memory_of_the_jail(grader) -> None:
    found = "{type(o).__name__ for o in gc.get_objects()}"
    code = f"sorted({found} & set({NAMES!r}.split()))"
    assert told(grader, code, "import gc") == "ValueError: []"


def test_a_judge_is_not_asked_about_giants(watched, monkeypatch) -> None:
    """Whoever compares with everything can fill the memory of the grading process."""
    case = watched.assignment.checks.exercises["sides"].cases[0]
    asked = []
    monkeypatch.setitem(vars(case), "judge", lambda got, *_: asked.append(got.numel()))
    answer = "def sides(x):\n    return torch.zeros(100_000, 1)\n"
    watched.grade("mallory", [Cell(SETUP), Cell(answer, "sides")])
    assert max(asked, default=0) <= 10 * 200
