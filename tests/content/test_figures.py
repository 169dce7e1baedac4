"""The figures that the notebooks quote are reached, on real data where it is.

Long experiments run at their smallest, unless COURSE_FULL is set.
"""

import os

import pytest

from autograder import catalogue


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.names())
def test_quoted_figures_are_reached(name: str, monkeypatch) -> None:
    if not os.environ.get("COURSE_FULL"):
        monkeypatch.setenv("COURSE_SMALLEST", "1")
    figures = catalogue.find(name).figures()
    asked = {k: (v, floor) for k, (v, floor) in figures.items() if floor is not None}
    assert figures
    assert {k: pair for k, pair in asked.items() if pair[0] < pair[1]} == {}
