"""Submissions that are more than a notebook: links, extra files, odd names and cells.

One class, graded once: nobody gets more than the answers deserve, and ada, who did
everything right, keeps what she earned.
"""

from pathlib import Path

import pytest

from .hand_ins import DESERVED
from .known import KNOWN, goals
from .ours import odd_class


@pytest.fixture(scope="module")
def klass(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    return odd_class(released_once, tmp_path_factory.mktemp("attacked") / "course")


@pytest.mark.parametrize("way", goals("hand in", DESERVED))
def test_it_earns_what_the_answers_deserve(klass, way) -> None:
    _, graded, held = klass
    deserved = DESERVED[way]
    if deserved is None:
        assert way.__name__ not in graded.results
        assert held.get(way.__name__, (0, 0))[0] == 0
    else:
        assert sum(graded.results[way.__name__].scores.values()) == deserved
        assert held[way.__name__] == (deserved, 8)


def test_ada_keeps_what_she_earned(klass) -> None:
    _, graded, held = klass
    assert sum(graded.results["ada"].scores.values()) == 6
    assert held["ada"] == (6, 8)


def test_each_refusal_is_one_printable_line(klass) -> None:
    _, graded, _ = klass
    refused = [way for way, deserved in DESERVED.items() if deserved is None]
    problems = [
        p for p in graded.problems if p.split(":")[0] not in KNOWN.get("hand in", {})
    ]
    assert len(problems) == len(refused), "\n".join(problems)
    assert all(problem.isprintable() for problem in problems)
    assert all("report" not in problem for problem in problems)


def test_no_secret_was_copied(klass) -> None:
    school, _, _ = klass
    seed = school.course.seed
    for folder in ("autograded", "feedback"):
        for path in (school.course.root / folder).rglob("*"):
            assert not path.is_file() or seed not in path.read_text(errors="ignore")
