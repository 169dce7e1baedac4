"""Ways to be given points for a wrong answer: none may earn any.

`double` is answered wrongly and the other exercises not at all, so what every author
here deserves is 0 points.
"""

import pytest

from autograder.jail.job import Cell

from .conftest import SETUP, WRONG, attack
from .forged import ANSWERS, CELLS


@pytest.mark.parametrize("goal", CELLS)
def test_a_tampered_jail_gives_no_points(grader, goal: str) -> None:
    result = attack(grader, CELLS[goal])
    assert sum(result.scores.values()) == 0
    assert not result.broken


@pytest.mark.parametrize("goal", ANSWERS)
def test_what_is_not_an_answer_earns_nothing(grader, goal: str) -> None:
    result = attack(grader, "", ANSWERS[goal])
    assert sum(result.scores.values()) == 0
    assert not result.broken


def test_a_right_answer_is_not_taken_back_by_forged_frames(grader) -> None:
    """What was shown first counts, also against its author."""
    forged = CELLS["frames for all exercises before they run"]
    right = "def double(n):\n    return 2 * n\n"
    assert sum(attack(grader, forged, right).scores.values()) == 0


def test_an_attack_leaves_the_next_submission_alone(grader) -> None:
    attack(grader, CELLS["builtins that lie"])
    right = [Cell(SETUP), Cell("def double(n):\n    return 2 * n\n", "double")]
    assert sum(grader.grade("ada", right).scores.values()) == 1


def test_the_wrong_answer_is_wrong_by_itself(grader) -> None:
    assert sum(attack(grader, "", WRONG).scores.values()) == 0
