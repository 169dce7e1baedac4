"""Quick exercises share a process; a wrong verdict comes from one of its own."""

import pytest

from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.grading.results import SubmissionResult
from autograder.jail.job import NOTHING_GIVEN, Cell, Job, Outcome
from autograder.verdicts import Verdict

from .conftest import School

IMPORTS = Cell("import os\nimport time\nimport numpy as np\nimport torch")
SPOILS = """
def softmax(z):
    global double
    double = lambda n: 0
    return torch.softmax(z, 1)
"""
ENDS = "def softmax(z):\n    os._exit(0)\n"
HANGS = "def center(x):\n    while True:\n        time.sleep(1)\n"


class Counting(Jailer):
    """A jailer that notes what shared a process, and what had one of its own."""

    def __init__(self, jailer: Jailer) -> None:
        self._jailer = jailer
        self.runs: list[tuple[list[str], list[str]]] = []

    def run(self, job: Job, given: bytes = NOTHING_GIVEN) -> Outcome:
        self.runs.append((job.together, job.alone))
        return self._jailer.run(job, given)


def graded(
    school: School, jailer: Jailer, **changed: str
) -> tuple[SubmissionResult, list[tuple[list[str], list[str]]]]:
    counting = Counting(jailer)
    grader = Grader(school.assignment, school.course.seed, jailer=counting)
    answers = school.right() | changed
    cells = [IMPORTS, *(Cell(text, name) for name, text in answers.items())]
    return grader.grade("ada", cells), counting.runs


def verdicts(result: SubmissionResult) -> dict[str, Verdict]:
    return {e.name: e.verdict for e in result.exercises.values()}


def test_right_answers_run_once_in_one_process(school, jailer) -> None:
    result, runs = graded(school, jailer)
    assert set(verdicts(result).values()) == {Verdict.PASSED}
    assert runs == [(["softmax", "center", "double"], [])]


def test_a_wrong_answer_runs_once_more_alone(school, jailer) -> None:
    result, runs = graded(school, jailer, center="def center(x):\n    return x\n")
    assert verdicts(result)["center"] == Verdict.FAILED
    assert runs[1:] == [([], ["center"])]


def test_the_first_of_them_has_nothing_before_it(school, jailer) -> None:
    result, runs = graded(school, jailer, softmax="def softmax(z):\n    return z\n")
    assert verdicts(result)["softmax"] == Verdict.FAILED
    assert len(runs) == 1


def test_an_answer_that_spoils_another_costs_it_nothing(school, jailer) -> None:
    result, runs = graded(school, jailer, softmax=SPOILS)
    assert set(verdicts(result).values()) == {Verdict.PASSED}
    assert runs[1:] == [([], ["double"])]


def test_those_after_one_that_ends_the_process_share_another(school, jailer) -> None:
    result, runs = graded(school, jailer, softmax=ENDS)
    assert verdicts(result) == {
        "softmax": Verdict.ERRORED,
        "center": Verdict.PASSED,
        "double": Verdict.PASSED,
    }
    assert runs[1:] == [(["center", "double"], ["softmax"])]
    case = result.exercises["check-softmax"].cases[0]
    assert case.mismatch
    assert "ended the Python process (exit code 0)" in case.mismatch.sentence
    assert result.flags == ["cell 2 uses _exit"]


def test_one_that_hangs_costs_itself_only(school, jailer, monkeypatch) -> None:
    monkeypatch.setattr("autograder.pack.BASE_SECONDS", 0.5)
    result, _ = graded(school, jailer, center=HANGS)
    assert verdicts(result) == {
        "softmax": Verdict.PASSED,
        "center": Verdict.TIMED_OUT,
        "double": Verdict.PASSED,
    }


BOMBS = {
    "processes": "def softmax(z):\n"
    "    while True:\n        os.fork() or time.sleep(9)\n",
    "processes that stay": "def softmax(z):\n    for _ in range(600):\n"
    "        os.fork() or (os.setsid(), time.sleep(9))\n    return z\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("place", ["alone", "together"])
def test_one_that_takes_too_much_of_the_machine_costs_itself_only(
    school, jailer, monkeypatch, bomb: str, place: str
) -> None:
    monkeypatch.setattr("autograder.pack.BASE_SECONDS", 3)
    if place == "alone":
        monkeypatch.setattr("autograder.grading.grade.QUICK_SECONDS", 0.0)
    result, _ = graded(school, jailer, softmax=BOMBS[bomb])
    own = verdicts(result)
    assert own.pop("softmax") not in (Verdict.PASSED, Verdict.MISSING)
    assert own == {"center": Verdict.PASSED, "double": Verdict.PASSED}
