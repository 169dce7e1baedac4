"""Scores come from our results and from nothing else."""

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import api
from autograder.grading import grade as grading
from autograder.grading.results import SubmissionResult
from autograder.grading.run import grade_class
from autograder.verdicts import Verdict

from .conftest import TOY, School


def held(school: School, student: str = "ada") -> float:
    return api.scores(school.course.root, TOY)[student][0]


def test_a_missing_result_is_zero_and_flagged(school: School, monkeypatch) -> None:
    grade = grading.Grader.grade

    def without_double(*arguments) -> SubmissionResult:
        result = grade(*arguments)
        del result.scores["check-double"], result.exercises["check-double"]
        return result

    monkeypatch.setattr(grading.Grader, "grade", without_double)
    school.hand_in("ada", school.notebook(school.right()))
    graded = grade_class(school.course, TOY)
    assert graded.results["ada"].flags == ["no result for check-double: 0 points"]
    assert held(school) == 5
    again = grade_class(school.course, TOY)
    assert len(again.results["ada"].flags) == 1
    page = school.course.root / "autograded" / "ada" / TOY / f"{TOY}.ipynb"
    assert "There is no result for this cell: 0 points." in page.read_text()


@pytest.mark.parametrize("score", [-1.0, 1.5, 1e9])
def test_a_score_out_of_range_is_refused_with_the_next_step(
    school: School, monkeypatch, score: float
) -> None:
    grade = grading.Grader.grade

    def generous(*arguments) -> SubmissionResult:
        result = grade(*arguments)
        result.scores["check-double"] = score
        del result.exercises["check-double"]
        return result

    monkeypatch.setattr(grading.Grader, "grade", generous)
    school.hand_in("ada", school.notebook(school.right()))
    graded = grade_class(school.course, TOY)
    assert len(graded.problems) == 1
    assert "check-double earned" in graded.problems[0]
    assert "release the assignment again" in graded.problems[0]


def test_our_own_crash_costs_no_points_and_is_broken(
    school: School, monkeypatch
) -> None:
    judge = grading.judge_exercise

    def crashing(exercise, *rest):
        if exercise.name == "double":
            raise ZeroDivisionError("ours")
        return judge(exercise, *rest)

    monkeypatch.setattr(grading, "judge_exercise", crashing)
    school.hand_in("ada", school.notebook(school.right()))
    graded = grade_class(school.course, TOY)
    result = graded.results["ada"].exercises["check-double"]
    assert graded.broken
    assert (result.verdict, result.score) == (Verdict.BROKEN, 1)
    assert "please report" in result.flags[0]
    assert held(school) == 6


def waiting(school: School) -> set[str]:
    """Check cells of ada that formgrader lists as to be looked at."""
    with Gradebook(f"sqlite:///{school.course.root / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook(TOY, TOY, "ada")
        found = {g.name for g in notebook.grades if g.needs_manual_grade}
    return {name for name in found if name.startswith("check-")}


def test_honest_answers_wait_for_nobody(school: School) -> None:
    school.hand_in("ada", school.notebook(school.right()))
    grade_class(school.course, TOY)
    assert waiting(school) == set()


def test_code_that_no_answer_needs_waits_for_a_person(school: School) -> None:
    answers = school.right()
    answers["double"] = "import gc\n\n" + answers["double"]
    school.hand_in("ada", school.notebook(answers))
    graded = grade_class(school.course, TOY)
    assert graded.results["ada"].unusual == ["cell 4 imports gc"]
    assert held(school) == 6
    assert waiting(school) == {"check-softmax", "check-center", "check-double"}


def test_our_own_crash_waits_for_a_person(school: School, monkeypatch) -> None:
    def crashing(exercise, *rest):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(grading, "judge_exercise", crashing)
    school.hand_in("ada", school.notebook(school.right()))
    grade_class(school.course, TOY)
    assert waiting(school) == {"check-softmax", "check-center", "check-double"}


NOISE = {
    "a warning": "import warnings\nwarnings.warn('careful')",
    "standard error": "import sys\nprint('noise', file=sys.stderr)",
    "a progress bar": "from tqdm import tqdm\nlist(tqdm(range(3)))",
    "a number": "5",
    "nothing of use": "print(float('nan'), -1)",
    "torch's own warning": "torch.nn.functional.softmax(torch.zeros(2))",
}


@pytest.mark.parametrize("goal", NOISE)
def test_noise_costs_no_points(school: School, goal: str) -> None:
    right = school.right()
    inside = NOISE[goal].replace("\n", "\n    ")
    answers = right | {
        "softmax": f"{NOISE[goal]}\n\n{right['softmax']}",
        "double": f"def double(n):\n    {inside}\n    return 2 * n\n\n{NOISE[goal]}",
    }
    school.hand_in("ada", school.notebook(answers))
    graded = grade_class(school.course, TOY)
    assert sum(graded.results["ada"].scores.values()) == 6
    assert held(school) == 6
