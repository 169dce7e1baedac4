"""nbgrader's own example, graded through our pipeline: stock's scores come out."""

import shutil
from pathlib import Path

import nbgrader
import pytest

from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.grading.run import grade_class

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


def test_ps1_gets_the_scores_that_nbgrader_gives(tmp_path: Path) -> None:
    if not (GUIDE / "source" / "ps1").is_dir():
        pytest.skip("this nbgrader comes without its example")
    course = Course.init(tmp_path / "course")
    shutil.copytree(GUIDE / "source" / "ps1", course.root / "source" / "ps1")
    for student in ("bitdiddle", "hacker"):
        handed_in = GUIDE / "submitted" / student / "ps1"
        shutil.copytree(handed_in, course.root / "submitted" / student / "ps1")
    api.generate_assignment(course.root, "ps1")
    graded = grade_class(course, "ps1")
    assert graded.problems == []
    assert api.scores(course.root, "ps1") == {
        "bitdiddle": (1.5, 13.0),
        "hacker": (3.0, 13.0),
    }
    api.generate_feedback(course.root, "ps1")
    pages = {
        p.stem: p.read_text() for p in course.root.glob("feedback/bit*/ps1/*.html")
    }
    assert set(pages) == {"problem1", "problem2"}
    for page in pages.values():
        assert "A person still has to grade" in page
        assert "<script" not in page
    assert "Your code" in pages["problem1"]
    assert "The task" in pages["problem1"]
    assert "waits for a person, 1 point<" in pages["problem1"]
    assert "assert squares" not in pages["problem1"]  # the tests are not shown
