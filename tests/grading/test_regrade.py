"""A check was wrong when the class was graded, and has been corrected since."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.catalogue import Assignment
from autograder.gradebook import api
from autograder.gradebook.course import Course

from .conftest import CATALOGUE, TOY, School
from .test_command_line import run


def wrong_catalogue(folder: Path) -> Path:
    """The reference of `double` is wrong, and the logits of a case are too small."""
    shutil.copytree(CATALOGUE, folder)
    for part, right, wrong in (
        ("solutions/t01_toy/reference.py", "2 * n", "2 * n + 1"),
        ("assignments/t01_toy/checks.py", "1e4 * rng", "rng"),
    ):
        text = (folder / part).read_text()
        assert right in text
        (folder / part).write_text(text.replace(right, wrong))
    return folder


@pytest.fixture(scope="module")
def graded_wrongly(
    released_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("regrade")
    root = folder / "course"
    shutil.copytree(released_once, root)
    school = School(Course.open(root), Assignment(TOY, CATALOGUE))
    overflows = school.mistake("softmax", "no_shift")
    del overflows["double"]
    for student, answers in {
        "ada": school.right(),
        "bob": overflows,
        "cleo": {},
    }.items():
        school.hand_in(student, school.notebook(answers))
    graded = subprocess.run(
        [Path(sys.executable).parent / "autograder", "grade", TOY, "--course", root],
        env=os.environ | {"COURSE_REPOSITORY": str(wrong_catalogue(folder / "wrong"))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert graded.returncode == 0, graded.stderr
    return root


@pytest.fixture
def school(graded_wrongly: Path, tmp_path: Path) -> School:
    """The class as it was graded, in a copy of this test's own."""
    root = tmp_path / "course"
    shutil.copytree(graded_wrongly, root)
    return School(Course.open(root), Assignment(TOY, CATALOGUE))


def regrade(school: School, *arguments: str) -> tuple[int, list[str]]:
    code, text = run("regrade", TOY, *arguments, "--course", str(school.course.root))
    return code, text.splitlines()


def test_says_whose_score_changes_and_in_which_cases(school: School) -> None:
    school.hand_in("dan", school.notebook(school.right()))
    assert regrade(school) == (
        0,
        [
            "ada  5 → 6 of 6",
            "  double  0 → 1: numbers FAILED → PASSED",
            "bob  5 → 4.33 of 6",
            "  softmax  2 → 1.33: large_logits PASSED → FAILED",
            "scores that change: 2 of 3 (1 up, 1 down); "
            "nothing was stored, --apply does that",
            "never graded before: dan",
        ],
    )


def test_changes_no_file_of_the_course(school: School) -> None:
    def files() -> dict[Path, bytes]:
        found = (p for p in school.course.root.rglob("*") if p.is_file())
        kept = school.course.expected  # a cache, which may grow
        return {p: p.read_bytes() for p in found if kept not in p.parents}

    school.hand_in("dan", school.notebook({}))
    before = files()
    code, lines = regrade(school)
    assert (code, lines[0]) == (0, "ada  5 → 6 of 6")
    assert files() == before


def test_apply_stores_and_imports_what_was_shown(school: School) -> None:
    school.hand_in("dan", school.notebook(school.right()))
    code, lines = regrade(school, "--apply")
    assert code == 0
    assert lines[-2:] == [
        "scores that change: 2 of 3 (1 up, 1 down); stored and imported",
        "graded for the first time: dan",
    ]
    held = {s: score for s, (score, _) in api.scores(school.course.root, TOY).items()}
    assert held == {"ada": 6, "bob": 4.33, "cleo": 0, "dan": 6}
    assert regrade(school) == (0, ["no score changes (4 compared)"])


def test_who_handed_in_again_is_marked(school: School) -> None:
    school.hand_in("bob", school.notebook(school.right()))
    assert regrade(school, "bob")[1][0] == "bob  5 → 6 of 6  (handed in again since)"


def test_json_has_the_same(school: School) -> None:
    school.hand_in("dan", school.notebook({}))
    code, lines = regrade(school, "--json")
    data = json.loads("\n".join(lines))
    assert (code, data["assignment"], data["stored"]) == (0, TOY, False)
    assert data["changes"][0] == {
        "student": "ada",
        "before": 5,
        "after": 6,
        "points": 6,
        "handed_in_again": False,
        "exercises": [
            {
                "name": "double",
                "before": 0,
                "after": 1,
                "cases": [{"name": "numbers", "before": "FAILED", "after": "PASSED"}],
            }
        ],
    }
    assert (data["unchanged"], data["ungraded"]) == (["cleo"], ["dan"])
    assert data["problems"] == []


def test_a_correction_that_breaks_the_judge_is_told_by_the_exit_code(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("autograder.grading.grade.judge_exercise", broken)
    code, lines = regrade(school, "cleo")
    assert code == 1
    assert lines[1].endswith(
        "rows_sum_to_one MISSING → BROKEN, "
        "large_logits MISSING → BROKEN, one_row MISSING → BROKEN"
    )


def test_a_submission_that_cannot_be_read_is_a_problem(school: School) -> None:
    path = school.course.submission("ada", TOY)
    path.write_text("{")
    code, lines = regrade(school)
    assert code == 2
    assert lines[0] == "bob  5 → 4.33 of 6"
    assert lines[-1] == (
        f"autograder: ada: ada/{TOY}/{TOY}.ipynb cannot be read: it is not JSON; "
        "open it in Jupyter, save it and hand it in again."
    )


def test_an_unknown_student_is_named(school: School) -> None:
    assert regrade(school, "zoe") == (
        2,
        [f"autograder: zoe handed in nothing for {TOY}; there are: ada, bob, cleo."],
    )


def test_an_assignment_of_plain_nbgrader_is_refused(school: School) -> None:
    (school.course.root / "source" / "plain").mkdir()
    assert run("regrade", "plain", "--course", str(school.course.root)) == (
        2,
        "autograder: plain was not written for this engine: its tests are in the "
        "notebook; correct them there, then run 'autograder grade plain'.",
    )
