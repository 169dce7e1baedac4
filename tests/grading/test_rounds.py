"""Once feedback was given, other inputs are drawn."""

from autograder.gradebook import api
from autograder.grading.grade import grader_for
from autograder.grading.run import grade_class

from .conftest import TOY, School

WRONG = {"double": "def double(n):\n    return n * n + 1\n"}


def expected(school: School, student: str) -> str:
    """What the report says was expected of `double`."""
    result = grade_class(school.course, TOY).results[student]
    mismatch = result.exercises["check-double"].cases[0].mismatch
    assert mismatch
    return mismatch.expected


def test_who_hands_in_again_after_feedback_is_asked_something_else(school) -> None:
    school.hand_in("ada", school.notebook(WRONG))
    asked = [expected(school, "ada")]
    for answer in ("n + 1000", "n + 2000", "n + 3000"):
        api.generate_feedback(school.course.root, TOY)
        text = f"def double(n):\n    return {answer}\n"
        school.hand_in("ada", school.notebook({"double": text}))
        asked.append(expected(school, "ada"))
    assert len(set(asked)) > 2  # of 87 numbers, two may be the same


def test_before_feedback_all_are_asked_the_same(school) -> None:
    school.hand_in("ada", school.notebook(WRONG))
    first = expected(school, "ada")
    school.hand_in("bob", school.notebook(WRONG))
    assert expected(school, "bob") == first


def test_who_changed_nothing_keeps_the_result(school) -> None:
    school.hand_in("ada", school.notebook(WRONG))
    first = grade_class(school.course, TOY).results["ada"]
    api.generate_feedback(school.course.root, TOY)
    again = grade_class(school.course, TOY).results["ada"]
    assert again.key == first.key


def test_a_round_ends_when_feedback_tells_of_it(school) -> None:
    rounds = school.course.rounds
    rounds.told(TOY)
    assert rounds.now(TOY) == 0  # nobody was graded yet
    school.hand_in("ada", school.notebook(WRONG))
    grade_class(school.course, TOY)
    assert rounds.now(TOY) == 0
    for _ in range(2):  # the second time it tells nothing new
        api.generate_feedback(school.course.root, TOY)
        assert rounds.now(TOY) == 1


def test_the_seed_of_a_round_stays_the_same(school) -> None:
    seeds = []
    for _ in range(2):
        seeds.append(grader_for(school.course, TOY).seed)
        school.course.rounds.graded(TOY)
        school.course.rounds.told(TOY)
    assert grader_for(school.course, TOY).earlier == tuple(seeds)
