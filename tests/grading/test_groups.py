"""Groups: one hands in, all get the grade; what cannot be decided is said."""

import pytest

from autograder.errors import CourseDirectoryError
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.gradebook.groups import read_groups
from autograder.gradebook.settle import settle_class
from autograder.grading.run import grade_class

from .conftest import TOY, School


def groups(course: Course, *lines: str, head: str = "group,student") -> None:
    (course.root / "groups.csv").write_text("\n".join([head, *lines]) + "\n")


def answered(school: School, student: str, **others: str) -> None:
    answers = school.right() | {"why": "Because."} | others
    school.hand_in(student, school.notebook(answers))


def scores(course: Course) -> dict[str, float]:
    return {s: score for s, (score, _) in api.scores(course.root, TOY).items()}


@pytest.fixture
def red(school: School) -> Course:
    """ada and bob are the red group, and ada handed in."""
    groups(school.course, "red,ada", "red,bob")
    answered(school, "ada")
    return school.course


def test_every_member_gets_the_grade(red: Course) -> None:
    assert grade_class(red, TOY).problems == []
    assert scores(red) == {"ada": 6, "bob": 6}


def test_points_and_comments_by_hand_are_shared(red: Course) -> None:
    grade_class(red, TOY)
    with api.gradebook(red.root) as gradebook:
        grade = gradebook.find_grade("why", TOY, TOY, "ada")
        grade.manual_score, grade.needs_manual_grade = 2, False
        gradebook.find_comment("why", TOY, TOY, "ada").manual_comment = "Well put."
        gradebook.db.commit()
    settle_class(red.root, TOY)
    assert scores(red) == {"ada": 8, "bob": 8}
    with api.gradebook(red.root) as gradebook:
        assert gradebook.find_comment("why", TOY, TOY, "bob").comment == "Well put."


def test_only_one_copy_waits_for_a_person(red: Course) -> None:
    grade_class(red, TOY)
    with api.gradebook(red.root) as gradebook:
        found = gradebook.assignment_submissions(TOY)
        waits = {s.student_id: s.needs_manual_grade for s in found}
    assert waits == {"ada": True, "bob": False}


def test_every_member_gets_a_feedback_page(red: Course) -> None:
    grade_class(red, TOY)
    api.generate_feedback(red.root, TOY)
    pages = sorted(p.parts[-3] for p in red.root.glob("feedback/*/*/*.html"))
    assert pages == ["ada", "bob"]


def test_two_who_hand_in_are_a_conflict(school: School, red: Course) -> None:
    groups(red, "red,ada", "red,bob", "red,cleo")
    answered(school, "bob", double="def double(n):\n    return n\n")
    assert grade_class(red, TOY).problems == [
        f"group red: ada and bob handed in {TOY}; each gets the grade of the own "
        "submission, and cleo without one. Keep one in submitted/ and grade again."
    ]
    assert scores(red) == {"ada": 6, "bob": 5}


def test_who_hands_in_after_all_is_graded_alone(school: School, red: Course) -> None:
    grade_class(red, TOY)
    with api.gradebook(red.root) as gradebook:
        gradebook.find_grade("why", TOY, TOY, "ada").manual_score = 2
        gradebook.db.commit()
    settle_class(red.root, TOY)
    groups(red, "red,ada", "blue,bob")
    answered(school, "bob")
    assert grade_class(red, TOY).problems == []
    assert scores(red) == {"ada": 8, "bob": 6}  # not the group's points by hand


def test_who_leaves_the_group_loses_the_grade(red: Course) -> None:
    grade_class(red, TOY)
    groups(red, "red,ada")
    grade_class(red, TOY)
    assert scores(red) == {"ada": 6}
    assert not (red.root / "autograded" / "bob" / TOY).exists()


def test_a_group_may_be_for_one_assignment(school: School) -> None:
    head = "group,student,assignment"
    groups(school.course, "red,ada,other", f"blue,ada,{TOY}", "blue,bob,", head=head)
    assert read_groups(school.course.root, TOY) == {"blue": ["ada", "bob"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "team,who\nred,ada\n",
            "groups.csv has no column group, student; its first line is "
            "'group,student' or 'group,student,assignment'.",
        ),
        (
            "group,student\nred,ada\nblue,ada\n",
            "groups.csv, line 3: ada is in red and in blue; a student has one group "
            "per assignment.",
        ),
        (
            "group,student\nred,../ada\n",
            "groups.csv, line 2: a group and a student are expected; mend it.",
        ),
        (
            "group,student\nred,..\n",
            "groups.csv, line 2: a group and a student are expected; mend it.",
        ),
        (
            "group,student\nred,\n",
            "groups.csv, line 2: a group and a student are expected; mend it.",
        ),
    ],
)
def test_a_wrong_file_is_refused(school: School, text: str, message: str) -> None:
    (school.course.root / "groups.csv").write_text(text)
    with pytest.raises(CourseDirectoryError) as caught:
        read_groups(school.course.root, TOY)
    assert str(caught.value) == message
