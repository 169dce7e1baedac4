"""The contract that every assignment keeps: nothing to prove is left unproven."""

import pytest

from autograder import catalogue
from autograder.authoring.verify import verify


@pytest.mark.parametrize("name", catalogue.names())
def test_references_pass_and_every_known_mistake_is_named(name: str) -> None:
    tally = verify(catalogue.find(name))
    assert tally.problems == []
    assert tally.named == tally.caught == tally.misconceptions
    assert tally.references_passed == tally.exercises
    assert tally.alternatives_passed == tally.alternatives
