"""Answers that know nothing of the exercise earn nothing, or next to it."""

import pytest

from . import lazy
from .conftest import attack
from .known import goals


@pytest.mark.parametrize("goal", goals("lazy", lazy.TABLES))
def test_a_table_of_the_public_outputs(goal: str) -> None:
    assert lazy.score_of_a_table(lazy.TABLES[goal]) < 0.5


@pytest.mark.parametrize("goal", goals("lazy", lazy.NOTHING))
def test_returning_nothing(goal: str) -> None:
    assert lazy.score_of_nothing(lazy.NOTHING[goal]) == 0


@pytest.mark.parametrize("goal", goals("lazy", ["labels looked up in course.data"]))
def test_labels_looked_up(goal: str) -> None:
    assert lazy.untrained_net_that_looks_labels_up() != "passed"


@pytest.mark.parametrize("goal", goals("lazy", ["what the first report told"]))
def test_what_the_first_report_told(grader, goal: str) -> None:
    """A second hand-in repeats what the report on the first one said."""
    case = attack(grader, "").exercises["check-double"].cases[0]
    again = f"def double(n):\n    return {case.mismatch.expected}\n"
    assert sum(attack(grader, "", again).scores.values()) == 0
