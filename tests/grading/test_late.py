"""Late penalties: nbgrader's plugins, and points that are given by hand later."""

import pytest

from autograder.classreport.facts import gather
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.gradebook.settle import settle_class
from autograder.grading.run import grade_class

from .conftest import TOY, School

POLICY = """
from nbgrader.plugins import LateSubmissionPlugin

class QuarterOff(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 4 if total_seconds_late > 3600 else None

c.AssignLatePenalties.plugin_class = QuarterOff
"""


@pytest.fixture
def course(school: School) -> Course:
    """ada was in time, bob two hours late, cleo a minute."""
    config = school.course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + POLICY)
    with api.gradebook(school.course.root) as gradebook:
        gradebook.update_or_create_assignment(TOY, duedate="2026-11-01 12:00:00 UTC")
    answers = school.right() | {"why": "Because."}
    for student, when in {"ada": "11:00", "bob": "14:00", "cleo": "12:01"}.items():
        path = school.hand_in(student, school.notebook(answers))
        (path.parent / "timestamp.txt").write_text(f"2026-11-01 {when}:00 UTC")
    assert grade_class(school.course, TOY).problems == []
    return school.course


def penalties(course: Course) -> dict[str, float]:
    with api.gradebook(course.root) as gradebook:
        found = gradebook.assignment_submissions(TOY)
        return {s.student_id: s.late_submission_penalty for s in found}


def give(course: Course, student: str, points: float) -> None:
    """Points by hand, as formgrader gives them."""
    with api.gradebook(course.root) as gradebook:
        grade = gradebook.find_grade("why", TOY, TOY, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_grading_asks_the_plugin(course: Course) -> None:
    assert penalties(course) == {"ada": 0, "bob": 1.5, "cleo": 0}


def test_points_given_by_hand_later_count_at_the_next_grading(course: Course) -> None:
    give(course, "bob", 2)
    assert grade_class(course, TOY).problems == []  # nothing is imported anew
    assert penalties(course)["bob"] == 2


def test_the_class_report_has_them(course: Course) -> None:
    give(course, "bob", 2)
    settle_class(course.root, TOY)
    people = {p.student: p for p in gather(course, TOY, likeness=False).people}
    assert (people["bob"].score, people["bob"].penalty) == (6, 2)


def test_the_feedback_has_them(course: Course) -> None:
    give(course, "bob", 2)
    api.generate_feedback(course.root, TOY)
    page = course.root / "feedback" / "bob" / TOY / f"{TOY}.html"
    text = page.read_text()
    assert "<strong>6</strong> of 8 points" in text
    assert "2 points taken off for handing in late." in text


def test_a_later_deadline_takes_the_penalty_back(course: Course) -> None:
    with api.gradebook(course.root) as gradebook:
        gradebook.update_or_create_assignment(TOY, duedate="2026-11-01 18:00:00 UTC")
    settle_class(course.root, TOY)
    assert penalties(course)["bob"] == 0


def test_a_policy_that_fails_is_named(course: Course) -> None:
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("score / 4", "score / 0"))
    graded = grade_class(course, TOY)
    assert "cleo" in graded.results
    assert graded.problems[-1] == (
        "the late policy failed for bob (ZeroDivisionError: float division by zero); "
        "mend the plugin that nbgrader_config.py names."
    )
