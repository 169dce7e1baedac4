"""The figures that the notebooks quote are reached, on real data where it is."""

import pytest

from autograder import catalogue


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.names())
def test_quoted_figures_are_reached(name: str) -> None:
    figures = catalogue.find(name).figures()
    asked = {k: (v, floor) for k, (v, floor) in figures.items() if floor is not None}
    assert asked
    assert {k: pair for k, pair in asked.items() if pair[0] < pair[1]} == {}
