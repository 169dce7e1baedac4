"""Notebooks with asserts: tests run beside the student's code, as in nbgrader.

So some attacks work here as they do there; which ones is written down in `AS_WEAK`.
"""

import pytest

from . import plain
from .known import goals
from .ours import plain_class

ALL = [*plain.CELLS, *plain.ANSWERS, *plain.FIGURES, *plain.NOISE]
ALL += [plain.words(way) for way in plain.WAYS]


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory):
    """What each attack earned, in one class, and problems."""
    return plain_class(tmp_path_factory.mktemp("plain") / "course")


@pytest.mark.parametrize("goal", goals("figure", ALL))
def test_it_earns_what_it_deserves(scores, goal: str) -> None:
    if goal in plain.AS_WEAK:
        assert scores[0][goal] == plain.POINTS
    else:
        assert scores[0][goal] == plain.deserved(goal)


def test_no_submission_is_lost(scores) -> None:
    assert scores[1] == []
