"""Release, hand in, grade, feedback: every kind of submission gets what it deserves."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.gradebook import api
from autograder.grading.run import Graded, grade_class
from autograder.report import to_text
from autograder.verdicts import Verdict

from .conftest import TOY, School

ENDLESS = "def double(n):\n    while True:\n        pass\n"
AT_TOP = "while True:\n    pass\n"
EXITS = "import os\n\ndef double(n):\n    os._exit(0)\n"
EXITS_AT_TOP = "import os\nos._exit(3)\n"
BOMB = "def double(n):\n    return bytearray(10**13)\n"
SEGFAULT = "import ctypes\n\ndef double(n):\n    ctypes.string_at(0)\n"
RAISES = "def double(n):\n    return n.no_such\n"
SYNTAX = "def double(n:\n"
HELPER = "def double(n):\n    return helper(n)\n"


@pytest.fixture(scope="module")
def klass(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    """A class, graded once; the environment names the toy catalogue meanwhile."""
    import shutil

    from autograder import catalogue
    from autograder.gradebook.course import Course

    from .conftest import CATALOGUE

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        root = tmp_path_factory.mktemp("class") / "course"
        shutil.copytree(released_once, root)
        school = School(Course.open(root), catalogue.find(TOY))
        right = school.right()
        submissions = {
            "right": right,
            "other style": school.alternative("softmax", "loop"),
            "no shift": school.mistake("softmax", "no_shift"),
            "wrong axis": school.mistake("softmax", "wrong_axis"),
            "in place": school.mistake("softmax", "in_place"),
            "untouched": {},
            "syntax": right | {"double": SYNTAX},
            "raises": right | {"double": RAISES},
            "endless": right | {"double": ENDLESS},
            "exits": right | {"double": EXITS},
            "exits at top": right | {"double": EXITS_AT_TOP},
            "bomb": right | {"double": BOMB},
            "segfault": right | {"double": SEGFAULT},
            "added helper": right | {"double": HELPER},
        }
        for student, answers in submissions.items():
            notebook = school.notebook(answers)
            if student == "added helper":
                from nbformat.v4 import new_code_cell

                cell = new_code_cell("def helper(n):\n    return 2 * n\n")
                notebook.cells.insert(1, cell)
            school.hand_in(student, notebook)
        graded = grade_class(school.course, TOY)
        yield school, graded


SCORES = {
    "right": 6,
    "other style": 6,
    "no shift": 4 + 2 * 2 / 3,  # fails the large logits only
    "wrong axis": 4,
    "in place": 4,
    "untouched": 0,
    "syntax": 5,
    "raises": 5,
    "endless": 5,
    "exits": 5,
    "exits at top": 5,
    "bomb": 5,
    "segfault": 5,
    "added helper": 6,
}


@pytest.mark.parametrize("student", SCORES)
def test_every_submission_gets_its_score(klass, student: str) -> None:
    _, graded = klass
    assert sum(graded.results[student].scores.values()) == pytest.approx(
        SCORES[student], abs=0.01
    )


def test_nothing_goes_wrong_on_our_side(klass) -> None:
    _, graded = klass
    assert graded.problems == []
    assert not graded.broken


VERDICTS = {
    "untouched": "MISSING",
    "syntax": "ERRORED",
    "raises": "ERRORED",
    "endless": "TIMED_OUT",
    "exits": "ERRORED",
    "exits at top": "ERRORED",
    "bomb": "OUT_OF_MEMORY",
    "segfault": "ERRORED",
}


@pytest.mark.parametrize("student", VERDICTS)
def test_each_way_to_fail_has_its_verdict(klass, student: str) -> None:
    assert exercise(klass, student, "double").verdict == VERDICTS[student]


SENTENCES = {
    "syntax": "your cell raised SyntaxError: '(' was never closed",
    "raises": "your answer raised AttributeError: 'int' object has no attribute "
    "'no_such'",
    "endless": "your answer did not come to an end within 5 seconds",
    "exits": "your answer ended the Python process (exit code 0)",
    "exits at top": "your cell ended the Python process (exit code 3)",
    "segfault": "your answer ended the Python process (signal 11)",
}


@pytest.mark.parametrize("student", SENTENCES)
def test_each_way_to_fail_is_told_in_a_sentence(klass, student: str) -> None:
    case = exercise(klass, student, "double").cases[0]
    assert case.mismatch.sentence.startswith(SENTENCES[student])


def test_a_known_mistake_is_named(klass) -> None:
    found = exercise(klass, "no shift", "softmax")
    assert found.misconception == "no shift"
    assert found.hint == "You do not subtract the largest logit, so exp overflows."


def test_the_gradebook_holds_the_same_scores(klass) -> None:
    school, graded = klass
    held = api.scores(school.course.root, TOY)
    assert {s: round(score, 2) for s, (score, _) in held.items()} == {
        s: round(sum(r.scores.values()), 2) for s, r in graded.results.items()
    }


def test_the_maximum_counts_written_answers(klass) -> None:
    school, _ = klass
    assert {most for _, most in api.scores(school.course.root, TOY).values()} == {8.0}


def test_feedback_shows_the_report_and_no_hidden_code(klass) -> None:
    school, _ = klass
    api.generate_feedback(school.course.root, TOY)
    page = school.course.root / "feedback" / "no shift" / TOY / f"{TOY}.html"
    text = page.read_text()
    assert "Large logits do not overflow." in text
    assert "You do not subtract the largest logit" in text
    assert "rng.normal(1, 7)" not in text


def test_unchanged_work_is_not_graded_again(klass) -> None:
    school, before = klass
    path = school.course.results / TOY / "right" / f"{TOY}.json"
    written = path.stat().st_mtime_ns
    again: Graded = grade_class(school.course, TOY, ["right"])
    assert path.stat().st_mtime_ns == written
    assert again.results["right"].scores == before.results["right"].scores


def test_a_torn_result_is_graded_again(klass) -> None:
    school, before = klass
    path = school.course.results / TOY / "right" / f"{TOY}.json"
    path.write_text(path.read_text()[:100])
    again = grade_class(school.course, TOY, ["right"])
    assert again.results["right"].scores == before.results["right"].scores


def test_stock_nbgrader_gives_the_same_grades(klass) -> None:
    school, graded = klass
    for result in (school.course.results / TOY).rglob("*.json"):
        result.unlink()
    tool = Path(sys.executable).parent / "nbgrader"
    for arguments in (
        ["autograde", TOY, "--force", "--student=no shift"],
        ["autograde", TOY, "--force", "--student=exits"],
        ["generate_feedback", TOY, "--force", "--student=exits"],
    ):
        run = subprocess.run(
            [str(tool), *arguments],
            cwd=school.course.root,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr[-2000:]
    held = api.scores(school.course.root, TOY)
    for student in ("no shift", "exits"):
        ours = sum(graded.results[student].scores.values())
        assert held[student][0] == pytest.approx(ours)


def exercise(klass, student: str, name: str):
    return klass[1].results[student].exercises[f"check-{name}"]


@pytest.mark.parametrize("gone", ["double", "softmax"])
def test_a_submission_without_one_of_the_cells_is_graded_once(
    school: School, gone: str
) -> None:
    notebook = school.notebook(school.right())
    notebook.cells = [
        c
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") != gone
    ]
    school.hand_in("ada", notebook)
    first = grade_class(school.course, TOY).results["ada"]
    path = school.course.results / TOY / "ada" / f"{TOY}.json"
    written = path.stat().st_mtime_ns
    again = grade_class(school.course, TOY).results["ada"]
    assert path.stat().st_mtime_ns == written
    assert again.key == first.key
    assert again.exercises[f"check-{gone}"].verdict == Verdict.MISSING


RENAMED = "def dubble(n):\n    return 2 * n\n"


def test_a_renamed_function_is_not_called_an_untouched_stub(school: School) -> None:
    school.hand_in("ada", school.notebook(school.right() | {"double": RENAMED}))
    found = grade_class(school.course, TOY).results["ada"].exercises["check-double"]
    assert found.verdict == Verdict.MISSING
    assert "does not define double, but dubble: give it back its name" in to_text(found)
