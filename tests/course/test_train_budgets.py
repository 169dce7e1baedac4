"""How long an experiment trains."""

import pytest

from course.train import budget


def test_an_experiment_takes_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_SMALLEST", raising=False)
    assert budget(1000, smallest=3) == 1000


def test_tests_ask_for_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SMALLEST", "1")
    assert budget(1000, smallest=3) == 3
