"""The command line: whole messages, exit codes, nothing lost."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from nbformat import read, validate
from typer.testing import CliRunner

from autograder import cli
from autograder.errors import AutograderError
from autograder.gradebook.course import Course

from .conftest import CATALOGUE, TOY, School


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and last line, as `main` would give them."""
    outcome = CliRunner().invoke(cli.app, list(arguments))
    if isinstance(outcome.exception, AutograderError):
        return 2, f"autograder: {outcome.exception}"
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.exit_code, outcome.output.strip()


def test_init_makes_a_course_directory(tmp_path: Path) -> None:
    root = tmp_path / "dl"
    assert run("init", str(root)) == (
        0,
        f"{root} is ready; next: autograder release NAME --course {root}",
    )
    assert (root / "nbgrader_config.py").exists()


def test_init_twice_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "dl"
    seed = Course.init(root).seed
    (root / "nbgrader_config.py").write_text("# mine")
    run("init", str(root))
    assert Course.open(root).seed == seed
    assert (root / "nbgrader_config.py").read_text() == "# mine"


def test_init_leaves_a_foreign_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    assert run("init", str(tmp_path)) == (
        2,
        f"autograder: {tmp_path} is not empty and not a course directory; name a new "
        "folder.",
    )


def test_a_folder_that_is_no_course_is_refused(tmp_path: Path) -> None:
    assert run("grade", TOY, "--course", str(tmp_path)) == (
        2,
        f"autograder: {tmp_path} is not a course directory; make one with "
        f"'autograder init {tmp_path.name}', or name another with --course.",
    )


@pytest.mark.parametrize("command", ["release", "grade", "feedback"])
def test_an_unknown_assignment_is_named(school: School, command: str) -> None:
    assert run(command, "a99", "--course", str(school.course.root)) == (
        2,
        f"autograder: assignment 'a99' is unknown; there are: {TOY}.",
    )


def test_grading_without_submissions_says_where_they_go(school: School) -> None:
    code, line = run("grade", TOY, "--course", str(school.course.root))
    folder = school.course.root / "submitted" / "<student>" / TOY
    assert (code, line) == (
        2,
        f"autograder: no submissions of {TOY}; collect them into {folder}.",
    )


def test_an_unknown_student_is_named(school: School) -> None:
    school.hand_in("ada", school.notebook({}))
    assert run("grade", TOY, "zoe", "--course", str(school.course.root)) == (
        2,
        f"autograder: zoe handed in nothing for {TOY}; there are: ada.",
    )


def test_verify_prints_a_full_score() -> None:
    code, line = run("verify", "t01", "--jobs", "1")
    assert code == 0
    assert line.splitlines()[0] == (
        f"{TOY:<28} exercises 3/3  misconceptions caught 9/9, named 9 (100 %)"
        "  alternatives 6/6  points 8"
    )


def test_verify_prints_json() -> None:
    code, text = run("verify", "--json", "--jobs", "1")
    data = json.loads(text)
    wanted = {
        "ok": True,
        "exercises": 3,
        "references_passed": 3,
        "misconceptions": 9,
        "caught": 9,
        "named": 9,
        "alternatives": 6,
        "alternatives_passed": 6,
    }
    assert code == 0
    for part in (data, data["assignments"][TOY]):
        assert {k: part[k] for k in wanted} == wanted


def test_the_released_notebook_is_valid_and_holds_no_answer(school: School) -> None:
    notebook = read(school.released, as_version=4)
    validate(notebook)
    text = school.released.read_text()
    assert "torch.exp" not in text
    assert "Because." not in text
    assert "Rubric" not in text


def test_a_scaffold_stays_around_the_part_to_write(school: School) -> None:
    notebook = read(school.released, as_version=4)
    cell = next(c for c in notebook.cells if "def double" in c.source)
    assert cell.source == (
        "def double(n: int) -> int:\n"
        '    """Return 2 n."""\n'
        "    # YOUR CODE HERE\n"
        "    raise NotImplementedError()\n"
        "    return result"
    )


def test_hidden_cases_are_not_released(school: School) -> None:
    folder = school.released.parent
    assert "one_row" not in (folder / "checks.py").read_text()
    assert b"one_row" not in (folder / "expected.safetensors").read_bytes()


def test_releasing_again_changes_nothing(school: School) -> None:
    before = school.released.read_bytes()
    assert run("release", TOY, "--course", str(school.course.root))[0] == 0
    assert json.loads(school.released.read_bytes()) == json.loads(before)


@pytest.mark.parametrize("part", ["source", "release"])
def test_a_file_changed_by_hand_is_never_overwritten(school, part: str) -> None:
    path = school.course.root / part / TOY / f"{TOY}.ipynb"
    path.write_text(path.read_text() + " ")
    changed = path.read_text()
    assert run("release", TOY, "--course", str(school.course.root)) == (
        2,
        f"autograder: {part}/{TOY}/{TOY}.ipynb was changed by hand and would be "
        "overwritten; move it away, or pass --overwrite.",
    )
    assert path.read_text() == changed


def test_overwrite_overwrites(school: School) -> None:
    path = school.course.root / "release" / TOY / "checks.py"
    original = path.read_text()
    path.write_text("broken")
    course = str(school.course.root)
    assert run("release", TOY, "--overwrite", "--course", course)[0] == 0
    assert path.read_text() == original


def test_grading_without_the_jail_says_so(school: School) -> None:
    school.hand_in("ada", school.notebook(school.right()))
    course = str(school.course.root)
    code, text = run("grade", TOY, "--trust-students", "--course", course)
    assert code == 0
    assert text.splitlines() == [
        "student  exercises        points",
        "ada      ✓✓✓              6 of 6  graded without the jail (--trust-students)",
        "✓ passed",
    ]


def test_grade_prints_json(school: School) -> None:
    school.hand_in("ada", school.notebook(school.mistake("softmax", "wrong_axis")))
    code, text = run("grade", TOY, "--json", "--course", str(school.course.root))
    data = json.loads(text)
    assert (code, data["assignment"], data["problems"]) == (0, TOY, [])
    ada = data["students"]["ada"]
    softmax = ada["exercises"]["softmax"]
    assert ada["points"] == 6
    assert (softmax["verdict"], softmax["misconception"]) == ("FAILED", "wrong axis")
    assert ada["score"] == 4 + softmax["score"]


def test_release_prints_json(school: School) -> None:
    code, text = run("release", TOY, "--json", "--course", str(school.course.root))
    assert (code, json.loads(text)) == (0, {TOY: str(school.released.parent)})


def test_feedback_prints_json(school: School) -> None:
    school.hand_in("ada", school.notebook({}))
    course = ("--course", str(school.course.root))
    run("grade", TOY, *course)
    code, text = run("feedback", TOY, "--json", *course)
    page = school.course.root / "feedback" / "ada" / TOY / f"{TOY}.html"
    assert (code, json.loads(text)) == (0, {"assignment": TOY, "pages": [str(page)]})


def commands(group=None, path: tuple[str, ...] = ()):
    """Every command with the words that call it."""
    group = group or typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("words", [c[0] for c in commands()], ids=" ".join)
def test_help_shows_an_example_that_works(words: tuple[str, ...]) -> None:
    command = dict(commands())[words]
    (example,) = re.findall(r"Example: (.*)", command.help)
    asked = shlex.split(example[example.index("autograder") :])[1:]
    assert tuple(asked[: len(words)]) == words
    command.make_context("", asked[len(words) :])  # raises for an unknown option


def completed(line: str, folder: Path) -> list[str]:
    """What bash is offered for the last word."""
    words = line.split(" ")
    environment = os.environ | {
        "_AUTOGRADER_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "COURSE_REPOSITORY": str(CATALOGUE),
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("autograder")],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_shell_completes_assignments(tmp_path: Path) -> None:
    assert completed("autograder grade t", tmp_path) == [TOY]


def test_the_shell_completes_students(school: School) -> None:
    for student in ("ada", "adele", "bob"):
        school.hand_in(student, school.notebook({}))
    found = completed(f"autograder grade {TOY} ad", school.course.root)
    assert found == ["ada", "adele"]
